"""Runs for tests of exports: recorded through the pipeline, and compared after a way out and back in."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.config.settings import Settings
from gym_gui.core.data_model import EpisodeRollup, EpisodeStatus, FrameState, RunRecord, RunState, StepRecord
from gym_gui.core.packing import from_array
from gym_gui.recording.export.run import open_source
from gym_gui.services.bootstrap import open_services

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

START: Final = datetime(2026, 3, 14, 8, 0, 0, 123456, tzinfo=UTC)
RUN: Final = "run-1"
SHAPE: Final = (21, 16, 3)  # odd, as half of Atari is


def frame_of(number: int, shape: tuple[int, int, int] = SHAPE) -> NDArray[np.uint8]:
    """A picture that only *number* has."""
    frame = np.full(shape, 40, np.uint8)
    frame[number % shape[0], :, 0] = 255
    frame[:, number % shape[1], 1] = number % 251
    frame[-1, -1] = (number & 255, number >> 8, 7)
    return frame


def step(index: int, **values: Any) -> StepRecord:
    """An attached step of episode 0."""
    usual: dict[str, Any] = {
        "run_id": RUN,
        "episode_id": "ep-0",
        "step_index": index,
        "action": index % 4 if index else None,
        "reward": index / 4 if index else None,
        "info": {"lives": 3 - index // 4},
        "timestamp": START + timedelta(microseconds=16_667 * index),
    }
    given = usual | values
    frame = given.get("render_payload")
    given.setdefault("frame_state", FrameState.NONE if frame is None else FrameState.KEPT)
    return StepRecord(**given)


def record(var_dir: Path, episodes: Sequence[Iterable[StepRecord]], *, run_id: str = RUN, **run: Any) -> RunRecord:
    """Record episodes of attached steps, as playing does; the run."""
    usual: dict[str, Any] = {"env_id": "Made/Up-v0", "player": "random", "versions": {"numpy": np.__version__}}
    made = RunRecord(run_id=run_id, created_at=START, **usual | run)
    with open_services(Settings(var_dir=var_dir)) as services:
        services.telemetry.start_run(made)
        for place, steps in enumerate(episodes):
            rollup = EpisodeRollup(
                run_id=run_id, episode_id=f"ep-{place}", episode_index=place, seed=7 + place, started_at=START
            )
            services.telemetry.record_episode_start(rollup)
            last, total = None, 0.0
            for last in steps:
                services.telemetry.record_step(replace(last, run_id=run_id, episode_id=rollup.episode_id))
                total += last.reward or 0.0
            ended = replace(rollup, status=EpisodeStatus.COMPLETED, ended_at=START, total_reward=total)
            if last is not None:
                ended = replace(ended, steps=last.step_index, terminated=last.terminated, truncated=last.truncated)
            services.telemetry.complete_episode(ended)
        services.telemetry.end_run(run_id, RunState.COMPLETED)
        services.telemetry.flush()
    return made


def same(found: Any, expected: Any) -> bool:
    """Equal in every type, dtype, shape and bit; a dict's keys may stand in any order."""
    if type(found) is not type(expected):
        return False
    if isinstance(expected, (np.ndarray, np.generic)):
        whole = (found.dtype, found.shape, found.tobytes()) == (expected.dtype, expected.shape, expected.tobytes())
    elif isinstance(expected, dict):
        whole = found.keys() == expected.keys() and all(same(found[key], expected[key]) for key in expected)
    elif isinstance(expected, (tuple, list)):
        whole = len(found) == len(expected) and all(map(same, found, expected))
    elif isinstance(expected, float):
        whole = np.float64(found).tobytes() == np.float64(expected).tobytes()
    else:
        whole = found == expected
    return bool(whole)


def differences(
    var_dir: Path, run_id: str, other_dir: Path, other_run: str, *, ignoring: Collection[str] = ()
) -> list[str]:
    """What is not the same in two recordings of one run: fields of episodes and steps, and every array."""
    found: list[str] = []
    skipped = {"run_id", "episode_id", "frame_ref", "obs_ref", *ignoring}
    with open_source(var_dir) as one, open_source(other_dir) as other:
        ours, theirs = one.rows.list_episodes(run_id), other.rows.list_episodes(other_run)
        if len(ours) != len(theirs):
            return [f"{len(ours)} and {len(theirs)} episodes"]
        for left, right in zip(ours, theirs, strict=True):
            found += [
                f"episode {left.rollup.episode_index}: {name}"
                for name in (each.name for each in fields(EpisodeRollup))
                if name not in skipped and not same(getattr(right.rollup, name), getattr(left.rollup, name))
            ]
            steps = one.rows.load_steps(run_id, left.rollup.episode_id)
            others = other.rows.load_steps(other_run, right.rollup.episode_id)
            if len(steps) != len(others):
                return [*found, f"{len(steps)} and {len(others)} steps"]
            for name in (each.name for each in fields(StepRecord)):
                found += [
                    f"step {a.step_index} {name}: {getattr(b, name)!r}, not {getattr(a, name)!r}"
                    for a, b in zip(steps, others, strict=True)
                    if name not in skipped and not same(getattr(b, name), getattr(a, name))
                ]
            for kind in ("frame_ref", "obs_ref"):
                if kind in ignoring:
                    continue
                was = one.arrays([getattr(each, kind) for each in steps])
                now = other.arrays([getattr(each, kind) for each in others])
                found += [
                    f"{kind} {place}" for place, (a, b) in enumerate(zip(was, now, strict=True)) if not _alike(a, b)
                ]
    return found


def _alike(expected: NDArray[Any] | None, found: NDArray[Any] | None) -> bool:
    if expected is None or found is None:
        return expected is found
    return same(from_array(np.asarray(found)), from_array(np.asarray(expected)))
