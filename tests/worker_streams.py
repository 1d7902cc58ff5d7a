"""A worker's streams for tests: nothing is recorded on disk; steps, numbers, orders and answers are kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, SupportsFloat

import gymnasium as gym

from gym_gui.core.typing_compat import override
from gym_gui.services.batch_destination import DestinationStatus, Order

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from gymnasium.vector import VectorEnv

    from gym_gui.core.data_model import RunState, StepBatch
    from gym_gui.services.trainer.config import TrainingConfig
    from gym_gui.workers.place import WorkerPlace


@dataclass
class RecordingDestination:
    """Takes what a worker says, and gives the orders that a test has laid there."""

    run_id: str = "run"
    worker_id: str = "w0"
    batches: list[StepBatch] = field(default_factory=list)
    beats: list[tuple[int, str]] = field(default_factory=list)
    waiting: list[Order] = field(default_factory=list)
    answers: list[tuple[str, str, str]] = field(default_factory=list)
    on_heartbeat: Callable[[int, str], None] = lambda _steps, _phase: None

    def put(self, batch: StepBatch) -> None:
        self.batches.append(batch)

    def heartbeat(self, *, steps: int, phase: str) -> None:
        self.beats.append((steps, phase))
        self.on_heartbeat(steps, phase)

    def order(self, kind: str, **detail: Any) -> None:
        """Lay an order there."""
        self.waiting.append(Order(order_id=len(self.answers) + len(self.waiting) + 1, kind=kind, detail=detail))

    def orders(self) -> Sequence[Order]:
        taken, self.waiting = self.waiting, []
        return taken

    def answer(self, order: Order, outcome: str, detail: str = "") -> None:
        self.answers.append((order.kind, outcome, detail))

    def status(self) -> DestinationStatus:
        return DestinationStatus()

    def flush(self, timeout_s: float | None = None) -> bool:  # noqa: ARG002 - the protocol's
        return True

    def close(self, state: RunState, reason: str = "", *, timeout_s: float = 10.0) -> None:
        """Nothing is open."""


@dataclass
class StepsSeen:
    """What a recording would have seen of one environment."""

    seeds: list[int | None] = field(default_factory=list)
    actions: list[Any] = field(default_factory=list)
    actors: list[str | None] = field(default_factory=list)


class Watched(gym.Wrapper[Any, Any, Any, Any]):
    """Stands where the recording would."""

    def __init__(self, env: gym.Env[Any, Any], seen: StepsSeen) -> None:
        super().__init__(env)
        self._seen = seen

    @override
    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        self._seen.seeds.append(seed)
        return self.env.reset(seed=seed, options=options)

    @override
    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._seen.actions.append(action)
        self._seen.actors.append(info.get("actor"))
        return observation, reward, terminated, truncated, info


@dataclass
class PlainStreams:
    """`Streams` without a recording."""

    destination: RecordingDestination = field(default_factory=RecordingDestination)
    trained: StepsSeen = field(default_factory=StepsSeen)
    evaluated: StepsSeen = field(default_factory=StepsSeen)
    scalars: list[tuple[int, dict[str, float]]] = field(default_factory=list)
    ended: list[tuple[RunState, str]] = field(default_factory=list)

    def listen(self, obey: Callable[[Order], tuple[str, str] | None]) -> None:
        """Orders are looked for between steps."""

    def announce(self, env: gym.Env[Any, Any]) -> None:
        """Nothing begins."""

    def training(self, env: gym.Env[Any, Any]) -> gym.Env[Any, Any]:
        return Watched(env, self.trained)

    def training_vector(self, envs: VectorEnv[Any, Any, Any]) -> VectorEnv[Any, Any, Any]:
        return envs

    def evaluation(self, env: gym.Env[Any, Any]) -> gym.Env[Any, Any]:
        return Watched(env, self.evaluated)

    def log(self, step: int, values: Mapping[str, float]) -> None:
        self.scalars.append((step, dict(values)))

    def destinations(self) -> Sequence[RecordingDestination]:
        return [self.destination]

    def close(self, state: RunState, reason: str) -> None:
        self.ended.append((state, reason))

    def curve(self, name: str) -> list[tuple[int, float]]:
        """Step and value of one number."""
        return [(step, values[name]) for step, values in self.scalars if name in values]


def place_in(folder: Path, config: TrainingConfig, *, resume_from: Path | None = None) -> WorkerPlace:
    """A worker's place in a folder of the test's own."""
    from gym_gui.workers.place import WorkerPlace  # noqa: PLC0415 - as the type above

    return WorkerPlace(run_id="run", worker_id="w0", run_dir=folder, config=config, resume_from=resume_from)
