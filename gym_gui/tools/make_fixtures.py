"""Write sample step payloads of each family of games here, and of others with --also, for tests of their readers.

``python -m gym_gui.tools.make_fixtures [--out FOLDER] [--also ENV_ID]...``
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.adapters.catalog import make_adapter
from gym_gui.adapters.stepper import EpisodeStepper
from gym_gui.adapters.vector import VectorStepper
from gym_gui.core.data_model import RunRecord, StepRecord
from gym_gui.core.errors import EnvironmentFault
from gym_gui.core.schema import to_document, to_payload
from gym_gui.core.spaces import SpaceSerializer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
# A larger observation is a ref: a sample is for reading.
_INLINE_BYTES: Final = 1_024
_START: Final = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
RUN_ID: Final = "sample"


def environment_sample(env_id: str, options: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The first steps of a seeded episode as v1 payloads, with the run's spaces.

    Raises:
        UnknownEnvironmentError: no such id.
        EnvironmentUnusableError: it cannot be made here.
        EnvironmentRaisedError: the environment raised.
    """
    adapter = make_adapter(env_id, env_kwargs=options)
    try:
        spaces, about = adapter.describe_space(), adapter.description
        stepper = EpisodeStepper(adapter, _run(about.env_id, spaces.signature))
        adapter.seed_actions(_SEED)
        records = [stepper.reset(seed=_SEED)]
        while len(records) <= _STEPS and not records[-1].done:
            records.append(stepper.step(adapter.sample_action()))
        rollup = stepper.rollup
    finally:
        adapter.close()
    return {
        "env_id": about.env_id,
        "env_kwargs": dict(about.env_kwargs),
        "space_signature": spaces.signature,
        "spaces": {"observation": spaces.observation, "action": spaces.action},
        "steps": [to_document(to_payload(_detached(record), rollup)) for record in records],
    }


def vector_sample() -> dict[str, Any]:
    """The first steps of a vector environment: each sub-environment's are an episode of their own."""
    import gymnasium  # noqa: PLC0415 - 0.4 s: not for --help

    env = gymnasium.make_vec(VECTOR_ENVIRONMENT, num_envs=_BATCH, vectorization_mode="sync")
    try:
        spaces = env.single_observation_space, env.single_action_space
        signature = SpaceSerializer.pair_signature(*spaces)
        stepper = VectorStepper(env, _run(VECTOR_ENVIRONMENT, signature), render=False)
        events = stepper.reset(seed=_SEED)
        for index in range(_STEPS):
            events += stepper.step(stepper.batch([(index + place) % 2 for place in range(_BATCH)]))
        return {
            "env_id": VECTOR_ENVIRONMENT,
            "env_kwargs": {},
            "space_signature": signature,
            "spaces": {
                "observation": SpaceSerializer.to_json(spaces[0]),
                "action": SpaceSerializer.to_json(spaces[1]),
                "batched_observation": SpaceSerializer.to_json(env.observation_space),
                "batched_action": SpaceSerializer.to_json(env.action_space),
            },
            "steps": [to_document(to_payload(_detached(one))) for one in events if isinstance(one, StepRecord)],
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
        description="Write sample payloads of each family of games here, and of others with --also.",
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


def _run(env_id: str, signature: str) -> RunRecord:
    return RunRecord(run_id=RUN_ID, env_id=env_id, created_at=_START, space_signature=signature)


def _detached(record: StepRecord) -> StepRecord:
    """*record* as a store gives it back: refs where pictures and large observations were, and a time that stays."""
    index, observation = record.step_index, record.observation
    is_large = isinstance(observation, np.ndarray) and observation.nbytes > _INLINE_BYTES
    dataset = "frames" if observation is record.frame else "observations"
    return replace(
        record,
        timestamp=_START + timedelta(seconds=index),
        render_payload=None,
        frame_ref=None if record.frame is None else f"h5://{RUN_ID}/frames/{index}",
        observation=None if is_large else observation,
        obs_ref=f"h5://{RUN_ID}/{dataset}/{index}" if is_large else None,
    )


def _file_name(env_id: str, options: Mapping[str, Any]) -> str:
    name = env_id.rpartition(":")[2].replace("/", "-")
    return "-".join([name, *(str(value) for value in options.values())]) + ".json"


if __name__ == "__main__":
    sys.exit(main())
