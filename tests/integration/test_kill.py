"""kill -9 at random instants, again and again: laws L1 (no row without its picture), L2, L4 (flush) and L5 (250 ms).

The parent opens what is left behind the way the next start of the application does, with no manual step.
"""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import h5py
import hdf5plugin
import numpy as np
import pytest
from synthetic import frame_of, observation_of, seen_at, shape_of

from gym_gui.adapters.catalog import make_adapter
from gym_gui.adapters.stepper import EpisodeStepper
from gym_gui.config.settings import Settings
from gym_gui.core.data_model import EpisodeStatus, RunState
from gym_gui.core.errors import StoreError
from gym_gui.replay import FrameResolver, ReplayReader, ReplayWriter
from gym_gui.services.bootstrap import Services, open_archive, open_services
from gym_gui.telemetry.sqlite_store import TelemetrySQLiteStore

pytestmark = pytest.mark.slow

CHILD: Final = Path(__file__).with_name("kill_child.py")
# L5 promises 250 ms. A thread that is due may wait as long again for a core, on a machine that other tests share.
PROMISED_LOSS_S: Final = 0.25
SCHEDULING_SLACK_S: Final = 0.25
START_UP_S: Final = 30.0
TOLD: Final = struct.Struct("<qd")


@dataclass(frozen=True)
class Case:
    """What is recorded when the process dies."""

    rate_hz: float
    episode_steps: int = 40
    variant_steps: int = 0
    kills: int = 1

    @property
    def looked_at(self) -> int:
        """Every which picture is compared: thousands of them would take the time of the next kill."""
        return 1 if self.rate_hz else 17


@dataclass(frozen=True)
class Killed:
    """What a killed recorder had told.

    Attributes:
        told: Step number -> when the recorder had taken it.
        killed_s: When it was killed; both on the machine's monotonic clock.
    """

    told: dict[int, float]
    killed_s: float

    def must_be_there(self) -> set[int]:
        """Steps that were older than the promise when the process died."""
        oldest_s = self.killed_s - PROMISED_LOSS_S - SCHEDULING_SLACK_S
        return {number for number, at_s in self.told.items() if at_s <= oldest_s}


def record_and_kill(how: str, var_dir: Path, run_id: str, case: Case, after_s: float) -> Killed:
    """Start a recorder, kill it *after_s* seconds after its first step."""
    arguments = [how, var_dir, run_id, case.rate_hz, case.episode_steps, case.variant_steps]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(CHILD.parents[1]), str(CHILD.parents[2])])}
    with subprocess.Popen(
        [sys.executable, CHILD, *map(str, arguments)], stdout=subprocess.PIPE, env=environment
    ) as child:
        assert child.stdout is not None
        pipe = child.stdout
        told = bytearray(pipe.read(TOLD.size))
        assert told, "the recorder died before its first step"
        timer = threading.Timer(after_s, child.send_signal, [signal.SIGKILL])
        timer.start()
        told += pipe.read()  # until the pipe closes with the process
        killed_s = time.monotonic()
        timer.join()
    assert child.returncode == -signal.SIGKILL
    whole = len(told) // TOLD.size * TOLD.size
    return Killed(dict(TOLD.iter_unpack(told[:whole])), killed_s)


def _check_run(services: Services, run_id: str, case: Case) -> list[int]:
    """L1: every committed row leads to exactly its picture. Returns the numbers of the rows."""
    found = []
    for summary in services.store.list_episodes(run_id):
        steps = services.store.load_steps(run_id, summary.rollup.episode_id)
        assert [step.step_index for step in steps] == list(range(len(steps)))
        first = summary.rollup.episode_index * (case.episode_steps + 1)
        for step in steps:
            number = first + step.step_index
            found.append(number)
            assert step.frame_ref is not None
            assert step.obs_ref is not None
            assert step.action == (number if step.step_index else None)
            if number % case.looked_at:
                continue
            frame = frame_of(number, shape_of(number, case.variant_steps))
            assert np.array_equal(services.resolver.require(step.frame_ref), frame)
            assert np.array_equal(services.resolver.require(step.obs_ref), seen_at(number, frame))
        ended = bool(steps) and steps[-1].step_index == case.episode_steps
        assert summary.rollup.status is (EpisodeStatus.COMPLETED if ended else EpisodeStatus.INTERRUPTED)
        assert summary.rollup.terminated is ended
        assert summary.rollup.steps == max(0, len(steps) - 1)
    return sorted(found)


def _snapshot(var_dir: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(var_dir.rglob("*")) if path.suffix == ".h5"}


def _read_with_another_tool(path: Path, case: Case, rows: int) -> None:
    """Plain h5py, its locks on and the registered filter from `hdf5plugin`: what a stranger's script does."""
    assert hdf5plugin.FILTERS["zstd"] == 32015
    with h5py.File(path, "r") as file:
        assert len(file["rewards"]) == rows
        index = file["index"][:]
        for row in range(0, rows, 11):
            variant = int(index["frame_variant"][row])
            frames = file[f"frames.{variant}" if variant else "frames"]
            expected = frame_of(row, shape_of(row, case.variant_steps))
            assert np.array_equal(frames[index["frame"][row]], expected)


def _resume(var_dir: Path, run_id: str, case: Case) -> None:
    """A run that was interrupted can be recorded on; nothing of it is erased."""
    replay_dir = var_dir / "replay"
    with ReplayReader(replay_dir / f"{run_id}.h5") as reader:
        before = reader.num_steps
    with ReplayWriter(run_id, replay_dir) as writer:
        assert writer.step_count == before
        refs = [
            writer.record_step(frame_of(number), observation_of(number), number, 0.0, False)
            for number in range(before, before + 20)
        ]
    with FrameResolver(replay_dir) as resolver, ReplayReader(replay_dir / f"{run_id}.h5") as reader:
        assert reader.num_steps == before + 20
        for number, ref in enumerate(refs, start=before):
            assert ref is not None
            assert np.array_equal(resolver.require(ref), frame_of(number))
        for number in range(0, before, 53):
            expected = frame_of(number, shape_of(number, case.variant_steps))
            assert np.array_equal(reader.get_step(number)["frame"], expected)


def _check_after_kill(var_dir: Path, run_id: str, case: Case, killed: Killed) -> None:
    path = var_dir / "replay" / f"{run_id}.h5"
    with open_services(Settings(var_dir=var_dir)) as services:
        states = {one.run.run_id: one.state for one in services.store.list_runs()}
        if run_id not in states:
            assert not killed.must_be_there(), "the run itself is gone"
            return
        assert states[run_id] is RunState.INTERRUPTED
        found = _check_run(services, run_id, case)
        assert found == list(range(len(found)))
        missing = killed.must_be_there() - set(found)
        assert not missing, f"older than the promise, and gone: {sorted(missing)}"
    with ReplayReader(path) as reader:
        assert reader.num_steps == len(found)
    _read_with_another_tool(path, case, len(found))
    before = _snapshot(var_dir)
    with open_archive(Settings(var_dir=var_dir)) as archive:
        assert [step.step_index for step in archive.store.load_steps(run_id, "e0000")] == list(
            range(min(len(found), case.episode_steps + 1))
        )
    assert _snapshot(var_dir) == before
    _resume(var_dir, run_id, case)


CASES: Final = [
    pytest.param(Case(60, kills=3), id="60-hz"),
    pytest.param(Case(200, variant_steps=25, kills=4), id="200-hz-pictures-change-size"),
    pytest.param(Case(0, kills=4), id="as-fast-as-possible"),
    pytest.param(Case(0, episode_steps=300, variant_steps=100, kills=4), id="fast-and-pictures-change-size"),
]


@pytest.mark.parametrize("case", CASES)
def test_that_a_pipeline_killed_at_any_instant_loses_a_quarter_second_at_most(tmp_path: Path, case: Case) -> None:
    """L1, L5, through everything the product records with."""
    chance = np.random.default_rng([int(case.rate_hz), case.variant_steps])
    for kill in range(case.kills):
        run_id = f"killed-{kill}"
        killed = record_and_kill(
            "pipeline", tmp_path / "var", run_id, case, chance.uniform(0.0, 1.2 if case.rate_hz else 0.6)
        )
        _check_after_kill(tmp_path / "var", run_id, case, killed)


@pytest.mark.parametrize("case", CASES[1:])
def test_that_a_writer_killed_at_any_instant_loses_a_quarter_second_at_most(tmp_path: Path, case: Case) -> None:
    """L5, for a program that uses the replay writer without a pipeline."""
    chance = np.random.default_rng(case.variant_steps)
    replay_dir = tmp_path / "var" / "replay"
    for kill in range(case.kills):
        run_id = f"killed-{kill}"
        killed = record_and_kill(
            "writer", tmp_path / "var", run_id, case, chance.uniform(0.0, 1.2 if case.rate_hz else 0.6)
        )
        with open_services(Settings(var_dir=tmp_path / "var")):
            pass
        with ReplayReader(replay_dir / f"{run_id}.h5") as reader:
            rows = reader.num_steps
            assert killed.must_be_there() <= set(range(rows))
            for number in range(0, rows, case.looked_at * 2):
                step = reader.get_step(number)
                frame = frame_of(number, shape_of(number, case.variant_steps))
                assert np.array_equal(step["frame"], frame)
                assert np.array_equal(step["observation"], seen_at(number, frame))
                assert step["action"] == number
        _read_with_another_tool(replay_dir / f"{run_id}.h5", case, rows)
        _resume(tmp_path / "var", run_id, case)


def test_that_a_killed_command_leaves_a_run_that_its_seeds_and_actions_reproduce(tmp_path: Path) -> None:
    """L1, L5, on a real game: every picture that was kept is the one that the game shows again."""
    command = [sys.executable, "-m", "gym_gui", "record", "ALE/Breakout-v5", "--episodes", "50", "--seed", "7"]
    for after_s in (0.3, 0.9):
        var_dir = tmp_path / f"after-{after_s}"
        with subprocess.Popen([*command, "--var-dir", var_dir], stdout=subprocess.DEVNULL) as child:
            _wait_for_rows(var_dir)
            killer = threading.Timer(after_s, child.kill)
            killer.start()
            killer.join()
        with open_services(Settings(var_dir=var_dir)) as services:
            (run,) = services.store.list_runs()
            assert run.state is RunState.INTERRUPTED
            assert run.frames > 0
            _compare_with_the_game(services, run.run.run_id)


def _wait_for_rows(var_dir: Path) -> None:
    """Return when a run's first rows are committed."""
    deadline_s = time.monotonic() + START_UP_S
    database = var_dir / "telemetry" / "telemetry.sqlite"
    while time.monotonic() < deadline_s:
        if database.is_file():
            store = TelemetrySQLiteStore(database, read_only=True)
            try:
                if any(run.steps > 0 for run in store.list_runs()):
                    return
            except StoreError:
                pass  # its tables are being made
            finally:
                store.close()
        threading.Event().wait(0.02)
    pytest.fail("nothing was recorded")


def _compare_with_the_game(services: Services, run_id: str) -> None:
    run = services.store.get_run(run_id)
    adapter = make_adapter(run.env_id, env_kwargs=run.env_kwargs)
    try:
        for episode in services.store.list_episodes(run_id):
            stepper = EpisodeStepper(adapter, run)
            for stored in services.store.load_steps(run_id, episode.rollup.episode_id):
                if stored.step_index == 0:
                    assert episode.rollup.seed is not None
                    played = stepper.reset(seed=episode.rollup.seed)
                else:
                    played = stepper.step(stored.action)
                assert played.frame is not None
                assert stored.frame_ref is not None
                assert np.array_equal(services.resolver.require(stored.frame_ref), played.frame)
                assert stored.reward == played.reward
    finally:
        adapter.close()
