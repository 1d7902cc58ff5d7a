"""Write sample payloads, the same bytes each time: what adapters of every family give, for tests of whoever reads them.

``python -m gym_gui.tools.make_fixtures [--out FOLDER] [--also ENV_ID]...``
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.adapters.catalog import make_adapter
from gym_gui.core.data_model import PAYLOAD_VERSION
from gym_gui.core.errors import EnvironmentFault
from gym_gui.core.info_codec import to_plain
from gym_gui.core.spaces import SpaceSerializer, items_of_batch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gym_gui.adapters.base import AdapterStep

DONE: Final = 0
FAILED: Final = 1
DEFAULT_OUT: Final = Path("tests/data/schema_samples")
#: One or two of each family: toy text, Box2D, Atari, classic control.
ENVIRONMENTS: Final[tuple[tuple[str, Mapping[str, Any]], ...]] = (
    ("FrozenLake-v1", {}),
    ("CliffWalking-v1", {}),
    ("Taxi-v4", {}),
    ("Blackjack-v1", {}),
    ("LunarLander-v3", {}),
    ("BipedalWalker-v3", {}),
    ("ALE/Pong-v5", {}),
    ("ALE/Breakout-v5", {"obs_type": "ram"}),
    ("CartPole-v1", {}),
)
VECTOR_ENVIRONMENT: Final = "CartPole-v1"
_SEED: Final = 7
_STEPS: Final = 3
_BATCH: Final = 3
# A larger array is named by its hash: a sample is for reading.
_WRITTEN_ITEMS: Final = 256


def environment_sample(env_id: str, options: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The first steps of a seeded episode with its spaces.

    Raises:
        UnknownEnvironmentError: no such id.
        EnvironmentUnusableError: it cannot be made here.
        EnvironmentRaisedError: the environment raised.
    """
    adapter = make_adapter(env_id, env_kwargs=options)
    try:
        adapter.seed_actions(_SEED)
        steps = [adapter.reset(seed=_SEED)]
        while len(steps) <= _STEPS and not (steps[-1].terminated or steps[-1].truncated):
            steps.append(adapter.step(adapter.sample_action()))
        spaces, about = adapter.describe_space(), adapter.description
    finally:
        adapter.close()
    return {
        "payload_version": PAYLOAD_VERSION,
        "env_id": about.env_id,
        "env_kwargs": dict(about.env_kwargs),
        "space_signature": spaces.signature,
        "spaces": {"observation": spaces.observation, "action": spaces.action},
        "seed": _SEED,
        "steps": [_step_sample(index, step) for index, step in enumerate(steps)],
    }


def vector_sample() -> dict[str, Any]:
    """The first steps of a vector environment: a row for each sub-environment and step, with its place in the batch."""
    import gymnasium  # noqa: PLC0415 - 0.4 s: not for --help

    env = gymnasium.make_vec(VECTOR_ENVIRONMENT, num_envs=_BATCH, vectorization_mode="sync")
    try:
        mode = env.metadata["autoreset_mode"]
        space = env.single_observation_space
        rows = []
        seeds: Any = [_SEED + place for place in range(_BATCH)]
        observations, _ = env.reset(seed=seeds)
        for index in range(_STEPS + 1):
            actions: Any = np.array([(index + place) % 2 for place in range(_BATCH)])
            ends: Any = np.zeros((2, _BATCH), bool)
            rewards: Any = None
            if index:
                observations, rewards, *ends, _ = env.step(actions)
            for place, observation in enumerate(items_of_batch(space, observations)):
                row = {
                    "step_index": index,
                    "action": int(actions[place]) if index else None,
                    "observation": _plain(observation),
                    "reward": None if rewards is None else float(rewards[place]),
                    "terminated": bool(ends[0][place]),
                    "truncated": bool(ends[1][place]),
                    "vector_metadata": {
                        "autoreset_mode": str(mode.value).lower(),
                        "vector_index": place,
                        "batch_size": _BATCH,
                        "reset_mask": [True] * _BATCH if index == 0 else None,
                        "seeds": seeds if index == 0 else None,
                    },
                }
                rows.append(row)
        return {
            "payload_version": PAYLOAD_VERSION,
            "env_id": VECTOR_ENVIRONMENT,
            "env_kwargs": {},
            "space_signature": SpaceSerializer.pair_signature(space, env.single_action_space),
            "spaces": {
                "observation": SpaceSerializer.to_json(space),
                "action": SpaceSerializer.to_json(env.single_action_space),
                "batched_observation": SpaceSerializer.to_json(env.observation_space),
                "batched_action": SpaceSerializer.to_json(env.action_space),
            },
            "seed": _SEED,
            "steps": rows,
        }
    finally:
        env.close()


def write_fixtures(folder: Path, also: Sequence[str] = ()) -> list[Path]:
    """Write every sample as indented JSON, one file each.

    Args:
        folder: Made where it is missing; files of the same names are replaced.
        also: Ids of further environments.

    Raises:
        EnvironmentFault: an environment cannot be made or raised.
        OSError: the folder cannot be written.
    """
    samples = {
        _file_name(env_id, options): environment_sample(env_id, options)
        for env_id, options in (*ENVIRONMENTS, *((env_id, {}) for env_id in also))
    }
    samples["vector-" + _file_name(VECTOR_ENVIRONMENT, {})] = vector_sample()
    folder.mkdir(parents=True, exist_ok=True)
    for name, sample in samples.items():
        text = json.dumps(sample, indent=1, ensure_ascii=True, allow_nan=False)
        (folder / name).write_bytes(text.encode() + b"\n")
    return [folder / name for name in samples]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit code: 0 done, 1 failed (2 wrong usage, by argparse)."""
    parser = argparse.ArgumentParser(
        prog="python -m gym_gui.tools.make_fixtures",
        description="Write sample payloads of every family of environments, the same bytes each time.",
    )
    parser.add_argument("--out", metavar="FOLDER", type=Path, default=DEFAULT_OUT, help=f"default: {DEFAULT_OUT}")
    parser.add_argument(
        "--also", metavar="ENV_ID", action="append", default=[], help="a further environment; repeatable"
    )
    given = parser.parse_args(arguments)
    try:
        written = write_fixtures(given.out, given.also)
    except EnvironmentFault as fault:
        sys.stderr.write(f"{fault}\n")
        return FAILED
    except OSError as fault:
        sys.stderr.write(f"The samples cannot be written: {fault.strerror}: {fault.filename}\n")
        return FAILED
    sys.stdout.write("".join(f"{path}\n" for path in written))
    return DONE


def _step_sample(index: int, step: AdapterStep) -> dict[str, Any]:
    sample = {
        "step_index": index,
        "action": _plain(step.action),
        "observation": _plain(step.observation),
        "reward": step.reward,
        "terminated": step.terminated,
        "truncated": step.truncated,
        "info": _plain(dict(step.info)),
    }
    if step.frame is not None:
        # Drawn by other packages, whose versions may draw another pixel: the shape is what a reader relies on.
        sample["frame"] = {"dtype": str(step.frame.dtype), "shape": list(step.frame.shape)}
    if step.view is not None:
        sample["view"] = step.view
    return sample


def _plain(value: Any) -> Any:
    """*value* in JSON's types; a large array as its dtype, shape and hash."""
    if isinstance(value, np.ndarray) and value.size > _WRITTEN_ITEMS:
        little = np.ascontiguousarray(value, value.dtype.newbyteorder("<"))
        digest = hashlib.sha256(little.tobytes()).hexdigest()
        return {"dtype": value.dtype.str, "shape": list(value.shape), "sha256": digest}
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return to_plain(value)


def _file_name(env_id: str, options: Mapping[str, Any]) -> str:
    name = env_id.rpartition(":")[2].replace("/", "-")
    return "-".join([name, *(str(value) for value in options.values())]) + ".json"


if __name__ == "__main__":
    sys.exit(main())
