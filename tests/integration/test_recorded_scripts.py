"""Training scripts in processes of their own: killed, forked, spawned, raising, without a room left on the disk."""

from __future__ import annotations

import logging
import os
import signal
import struct
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from disks import SmallDisk, small_disk
from small_envs import Counting
from synthetic import frame_of

from gym_gui.config.settings import load_settings
from gym_gui.core.data_model import RunState
from gym_gui.services.bootstrap import Archive, open_archive
from gym_gui.wrappers import RecordTelemetry

if TYPE_CHECKING:
    from conftest import LogExpectations

__all__ = ["small_disk"]  # a fixture

TESTS = Path(__file__).parents[1]
ALLOWED_LOSS_S = 0.25


class Noisy(Counting):
    """Its pictures do not compress."""

    def render(self) -> Any:
        return np.random.default_rng(self.number).integers(0, 256, (60, 80, 3), dtype=np.uint8)


def start(how: str, run: str) -> subprocess.Popen[bytes]:
    path = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    return subprocess.Popen(
        [sys.executable, str(TESTS / "integration" / "training_child.py"), how, run],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
    )


def ran(how: str, run: str) -> tuple[int, str]:
    with start(how, run) as script:
        _, said = script.communicate(timeout=100)
    return script.returncode, said.decode()


def archive(var_dir: Path) -> Archive:
    return open_archive(load_settings(var_dir))


def check_rows(found: Archive, run_id: str, *, steps: int | None = None) -> int:
    """Every row and picture of a run is what its number says; how many steps there are."""
    count = 0
    for summary in found.library.list_episodes(run_id):
        rows = found.library.load_steps(run_id, summary.rollup.episode_id)
        assert [row.step_index for row in rows] == list(range(len(rows)))
        for row in rows:
            assert row.frame_ref is not None
            assert row.obs_ref is not None
            assert np.array_equal(found.library.require(row.frame_ref), frame_of(row.step_index))
            assert np.array_equal(found.library.require(row.obs_ref), np.full(3, row.step_index, np.float32))
            assert row.reward == (row.step_index or None)
        count += len(rows) - 1
    assert steps is None or count == steps
    return count


@pytest.mark.parametrize("attempt", range(3))
def test_that_a_killed_script_loses_a_quarter_of_a_second_at_most(var_dir: Path, attempt: int) -> None:
    script = start("endless", "run")
    assert script.stdout is not None
    notes = script.stdout.read(16 * (150 + 37 * attempt))
    script.send_signal(signal.SIGKILL)
    killed_after = notes + script.stdout.read()
    script.communicate()
    told = list(struct.iter_unpack("<qd", killed_after[: len(killed_after) // 16 * 16]))
    last_s = told[-1][1]
    safe = [number for number, when_s in told if when_s < last_s - ALLOWED_LOSS_S]
    with archive(var_dir) as found:
        (summary,) = found.library.list_runs()
        assert summary.state is RunState.INTERRUPTED
        assert check_rows(found, "run") >= safe[-1]
        columns, _ = found.library.load_scalars("run")
        assert columns.value.tolist() == list(range(1, len(columns) + 1))
        assert len(columns) >= safe[-1]


@pytest.mark.alone  # it takes a whole core, and its recording process the other one
@pytest.mark.parametrize("kind", ["restless", "laden"])
def test_that_a_loop_that_never_rests_loses_no_more(var_dir: Path, kind: str) -> None:
    """Whoever lets go of the interpreter for an instant only keeps it from all other threads, if he is not told."""
    script = start(kind, "run")
    assert script.stdout is not None
    notes = script.stdout.read(16 * 300)
    script.send_signal(signal.SIGKILL)
    notes += script.stdout.read()
    script.communicate()
    told = list(struct.iter_unpack("<qd", notes[: len(notes) // 16 * 16]))
    safe = max(number for number, when_s in told if when_s < told[-1][1] - ALLOWED_LOSS_S)
    with archive(var_dir) as found:
        (summary,) = found.library.list_runs()
        assert summary.steps >= safe


@pytest.mark.parametrize(
    ("how", "code", "state", "reason"),
    [
        ("unclosed", 0, RunState.COMPLETED, ""),
        ("exiting", 0, RunState.COMPLETED, ""),
        ("raising", 1, RunState.FAULTED, "ValueError: the learner's own fault"),
        ("raising-closed", 1, RunState.FAULTED, "ValueError: the learner's own fault"),
        ("interrupted", -signal.SIGINT, RunState.CANCELLED, "It was stopped with Ctrl+C."),
        ("terminated", -signal.SIGTERM, RunState.CANCELLED, "It was ended by SIGTERM."),
        ("terminated-its-own-way", 7, RunState.COMPLETED, ""),
    ],
)
def test_that_a_run_ends_as_its_script_does(var_dir: Path, how: str, code: int, state: RunState, reason: str) -> None:
    returncode, said = ran(how, "run")
    assert returncode == code, said
    assert "recorded" not in said
    with archive(var_dir) as found:
        (summary,) = found.library.list_runs()
        assert (summary.state, summary.reason) == (state, reason)
        check_rows(found, "run", steps=12)


def test_that_a_second_execution_takes_a_name_of_its_own(var_dir: Path) -> None:
    for _ in range(2):
        ran("unclosed", "run")
    with archive(var_dir) as found:
        assert sorted(summary.run.run_id for summary in found.library.list_runs()) == ["run", "run-2"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_that_a_forked_process_records_beside_its_parent(var_dir: Path) -> None:
    returncode, said = ran("forked", "run")
    assert returncode == 0, said
    with archive(var_dir) as found:
        runs = {summary.run.run_id: summary for summary in found.library.list_runs()}
        assert sorted(runs) == ["run", "run.w1"]
        assert {summary.run.metadata["group"] for summary in runs.values()} == {"run"}
        assert {summary.state for summary in runs.values()} == {RunState.COMPLETED}
        check_rows(found, "run", steps=36)
        check_rows(found, "run.w1", steps=12)


@pytest.mark.parametrize("how", ["async-fork", "async-spawn", "subprocesses"])
def test_that_every_process_of_a_vector_keeps_its_identity(var_dir: Path, how: str) -> None:
    if how == "subprocesses":
        pytest.importorskip("stable_baselines3")
    returncode, said = ran(how, "run")
    assert returncode == 0, said
    with archive(var_dir) as found:
        runs = found.library.list_runs()
        assert sorted(summary.run.run_id for summary in runs) == ["run", "run.w1"]
        assert {summary.run.metadata["group"] for summary in runs} == {"run"}
        assert {summary.state for summary in runs} == {RunState.COMPLETED}
        for summary in runs:
            assert check_rows(found, summary.run.run_id) >= 10


def test_that_a_full_disk_ends_no_training(small_disk: SmallDisk, expect_log: LogExpectations) -> None:
    expect_log(logging.ERROR, "Pictures are not being kept|could not be saved|are waiting|disk")
    expect_log(logging.WARNING, "Not everything is on disk")
    env = RecordTelemetry(Noisy(length=40), run="run", var_dir=str(small_disk.path), live=False)
    env.reset(seed=1)
    small_disk.fill()
    for _ in range(3):
        for number in range(40):
            env.step(number % 2)
        env.reset()
    assert not env.flush(5)
    small_disk.free()
    assert env.flush(20)
    env.close()
    with archive(small_disk.path) as found:
        (summary,) = found.library.list_runs()
        assert summary.steps == 120


def test_that_a_folder_that_cannot_be_written_ends_no_training(tmp_path: Path, expect_log: LogExpectations) -> None:
    expect_log(logging.WARNING, "Nothing is recorded: ")
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    env = RecordTelemetry(Counting(), run="run", var_dir=str(tmp_path / "file"))
    env.reset(seed=1)
    env.step(0)
    env.close()
