"""TrainingConfig: everything that says what a training run is, its canonical JSON, and the digest of that."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping  # noqa: TC003 - msgspec reads the annotations
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from gym_gui.core.errors import ConfigError

WORKERS: Final = ("random", "sb3", "script")
# A worker that plays a run's evaluations is called as its trainee, with this at the end; its steps are no training.
EVALUATION_SUFFIX: Final = "-eval"
LAUNCHERS: Final = ("local", "ray")


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationConfig:
    """Episodes on fixed seeds, apart from training, recorded with their pictures; the best are kept.

    Attributes:
        every_steps: Steps of training between two evaluations; 0 for none.
        episodes: Episodes each.
        seed: Of the first of them; the next ones count up, the same in each evaluation.
        deterministic: Whether the policy's likeliest action is taken.
    """

    every_steps: int = 0
    episodes: int = 5
    seed: int = 10_000
    deterministic: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointConfig:
    """What is kept to go on from.

    Attributes:
        every_steps: Steps between two checkpoints; 0 for only the last and the best.
        keep: How many of the newest stay; the best one stays beside them.
        replay_memory: Whether the newest one also keeps the steps that DQN, SAC and TD3 learn from; it may be large.
    """

    every_steps: int = 0
    keep: int = 3
    replay_memory: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceConfig:
    """What a run needs, and may use.

    Attributes:
        cpus: Cores that it counts for; the dispatcher starts no more runs than the machine has.
        gpus: Whole GPUs, claimed for the run.
        memory_mb: Megabytes of memory of all its processes; beyond it the run fails. 0 for no limit.
    """

    cpus: float = 1.0
    gpus: int = 0
    memory_mb: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingConfig:
    """What a training run is.

    Attributes:
        worker: ``random``, ``sb3`` or ``script``.
        env_id: The environment; a script may leave it empty.
        env_kwargs: Keyword arguments of ``gymnasium.make``, JSON values.
        total_steps: Steps of all environments together; 0 for as many as a script likes.
        seed: Of the learner and of the first training episode; None lets the worker pick, and say which.
        num_envs: Environments side by side.
        vectorization: ``sync`` (one process) or ``async`` (one each).
        algorithm: Of ``sb3``: PPO, DQN, A2C, SAC or TD3.
        policy: Of ``sb3``: ``MlpPolicy``, ``CnnPolicy``, ``MultiInputPolicy``.
        hyperparameters: Keyword arguments of the algorithm, JSON values.
        atari: Whether Atari's usual wrappers are put around: 84x84 grey, four frames stacked, no-ops, clipped rewards.
        script: Of ``script``: the path of the user's file.
        arguments: Of ``script``: its command line.
        frames: Which training episodes keep pictures: ``all``, ``none``, ``every:N`` or ``best``.
        evaluation: Episodes apart from training.
        checkpoint: What is kept to go on from.
        resources: What it needs.
        restarts: How often a run that failed is started again, from its newest checkpoint.
        launcher: ``local`` or ``ray``.
        launcher_options: Of the launcher: ``address`` of a Ray cluster, say.
        name: What people call it; no part of the digest.
        priority: Higher goes first; no part of the digest.
        tags: For people; no part of the digest.
    """

    worker: str = "random"
    env_id: str = ""
    env_kwargs: Mapping[str, Any] = field(default_factory=dict)
    total_steps: int = 10_000
    seed: int | None = None
    num_envs: int = 1
    vectorization: str = "sync"
    algorithm: str = ""
    policy: str = ""
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    atari: bool = False
    script: str = ""
    arguments: tuple[str, ...] = ()
    frames: str = "every:10"
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    checkpoint: CheckpointConfig = field(default_factory=CheckpointConfig)
    resources: ResourceConfig = field(default_factory=ResourceConfig)
    restarts: int = 0
    launcher: str = "local"
    launcher_options: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    priority: int = 0
    tags: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        """As one line of JSON that `from_json` reads back."""
        return msgspec.json.encode(self, order="deterministic").decode()

    @classmethod
    def from_json(cls, text: str) -> TrainingConfig:
        """The configuration that *text* spells.

        Raises:
            ConfigError: it is no JSON object, or a field is unknown or of a wrong type.
        """
        try:
            document = msgspec.json.decode(text, type=dict[str, Any])
            unknown = document.keys() - cls.__dataclass_fields__.keys()
            if unknown:
                raise ConfigError(f"A training run has no setting {min(unknown)!r}.")
            return msgspec.convert(document, cls)
        except msgspec.MsgspecError as error:
            raise ConfigError(f"The training run's settings cannot be read: {error}.") from error

    def digest(self) -> str:
        """SHA-256, as hex, of all that decides what is trained: two runs of the same digest do the same work."""
        document = msgspec.to_builtins(self)
        for label in ("name", "priority", "tags"):
            del document[label]
        return hashlib.sha256(msgspec.json.encode(document, order="deterministic")).hexdigest()
