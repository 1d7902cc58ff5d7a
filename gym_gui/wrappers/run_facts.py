"""What a run stores about a training script's environment, so that its episodes can be simulated again."""

from __future__ import annotations

import json
import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import gym_gui
from gym_gui.adapters import describe
from gym_gui.adapters.action_words import action_words
from gym_gui.core.clock import utc_now
from gym_gui.core.data_model import RunRecord
from gym_gui.core.errors import EnvironmentFault
from gym_gui.core.schema.run_spaces import RunSpaces
from gym_gui.core.spaces import SpaceSerializer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gymnasium.envs.registration import EnvSpec


#: What stands for an environment in the record of a run that has none.
LEARNER: Final = "learner"
_LEARNERS: Final = ("torch", "stable_baselines3", "sb3_contrib", "tensorflow", "jax", "flax", "ray", "tianshou")


def portable_spaces(spaces: RunSpaces) -> RunSpaces:
    """*spaces* without those that only the script's own code knows."""
    known = [one if _is_portable(one) else None for one in (spaces.action, spaces.observation)]
    return RunSpaces(action=known[0], observation=known[1], by_agent=spaces.by_agent)


def _is_portable(space: Any) -> bool:
    try:
        SpaceSerializer.to_json(space)
    except (EnvironmentFault, TypeError):
        return False
    return True


def run_record_of(
    env: Any, *, run_id: str, player: str, metadata: Mapping[str, Any], env_id: str | None = None
) -> tuple[RunRecord, RunSpaces]:
    """The record of a run in *env*, and what its steps are drawn from.

    Args:
        env: A single environment or a vector environment, as the script made it.
        run_id: The run's id.
        player: Who acts.
        metadata: Anything else worth keeping, JSON values.
        env_id: Its id, where it does not say so itself.
    """
    observation_space, action_space = spaces_of(env)
    spaces = describe.describe_spaces(observation_space, action_space)
    spec = _spec_of(env)
    is_ale = _is_ale(env)
    own = describe.entry_point_module(spec)
    record = RunRecord(
        run_id=run_id,
        env_id=str(spec.id) if spec is not None else env_id or _name_of(env),
        created_at=utc_now(),
        env_kwargs=_json_kwargs(spec),
        render_mode="rgb_array" if env.render_mode == "rgb_array" else None,
        env_spec=describe.spec_json(spec),
        player=player,
        action_space=spaces.action_text,
        observation_space=spaces.observation_text,
        space_signature=spaces.signature,
        step_rate_hz=_rate_hz(env, is_ale=is_ale),
        versions=describe.package_versions(
            dict.fromkeys(filter(None, (own, "ale_py" if is_ale else None, *_learners())))
        ),
        rom_sha256=_rom_sha256(env) if is_ale else None,
        host=f"{platform.node()} ({platform.platform()})",
        app_version=gym_gui.__version__,
        metadata={
            **_started_as(),
            **_meanings(env),
            **spaces.run_metadata(),
            **metadata,
        },
    )
    return record, RunSpaces(action=action_space, observation=observation_space)


def _learners() -> list[str]:
    """What this process learns with: the packages of that kind that it has loaded."""
    return [name for name in _LEARNERS if name in sys.modules]


def learner_record_of(*, run_id: str, player: str, metadata: Mapping[str, Any]) -> tuple[RunRecord, RunSpaces]:
    """The record of a run that holds what a learner logs, and no environment's steps."""
    record = RunRecord(
        run_id=run_id,
        env_id=LEARNER,
        created_at=utc_now(),
        render_mode=None,
        player=player,
        versions=describe.package_versions(_learners()),
        host=f"{platform.node()} ({platform.platform()})",
        app_version=gym_gui.__version__,
        metadata={
            **_started_as(),
            **metadata,
        },
    )
    return record, RunSpaces()


def _started_as() -> dict[str, Any]:
    return {"script": Path(sys.argv[0]).name if sys.argv else "", "command": list(sys.argv), "pid": os.getpid()}


def spaces_of(env: Any) -> tuple[Any, Any]:
    """Observation and action space of one environment, or of one sub-environment of a vector."""
    if hasattr(env, "single_action_space"):
        return env.single_observation_space, env.single_action_space
    return env.observation_space, env.action_space


def _spec_of(env: Any) -> EnvSpec | None:
    """What the environment was made from; of a vector made from functions, what its first environment was."""
    if env.spec is not None or not hasattr(env, "single_action_space"):
        spec: EnvSpec | None = env.spec
        return spec
    try:
        found = env.unwrapped.get_attr("spec")[0]
    except Exception:  # noqa: BLE001 - a vector of another kind, or one that waits for its steps
        return None
    return found if hasattr(found, "id") else None


def _name_of(env: Any) -> str:
    """What an environment is listed as that was made without Gymnasium, and has no id."""
    if not _is_ale(env):
        return type(env.unwrapped).__name__
    # No id, for whose options it need not have; and ALE's own vector keeps nothing of the game that it was made for.
    return f"ALE/{getattr(env.unwrapped, '_game', None) or 'unknown'}"


def _json_kwargs(spec: EnvSpec | None) -> dict[str, Any]:
    """The keyword arguments of ``gymnasium.make`` that JSON can say; the spec has the rest."""
    kept = {}
    for key, value in (spec.kwargs if spec is not None else {}).items():
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError):
            continue
        if key != "render_mode":
            kept[key] = value
    return kept


def _is_ale(env: Any) -> bool:
    return type(env.unwrapped).__module__.partition(".")[0] == "ale_py"


def _rate_hz(env: Any, *, is_ale: bool) -> float:
    if is_ale:
        from gym_gui.adapters.ale import console_rate_hz  # noqa: PLC0415 - its control maps are loaded with it

        return console_rate_hz(env)
    return describe.declared_rate_hz(env)


def _rom_sha256(env: Any) -> str | None:
    from gym_gui.adapters.ale import rom_sha256  # noqa: PLC0415 - as above

    return rom_sha256(env)


def _meanings(env: Any) -> dict[str, Any]:
    if hasattr(env, "single_action_space"):
        return {}
    meanings = action_words(env)
    return {"action_meanings": list(meanings)} if meanings else {}
