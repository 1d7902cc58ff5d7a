"""Two processes on one var folder: what one has flushed the other sees (L4), and neither harms the other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
import pytest
from integration.recording_peer import hash_of
from synthetic import episode_of, frame_of, run_of, same_picture, step_of

from gym_gui.config.settings import Settings
from gym_gui.core.data_model import EpisodeStatus, RunState
from gym_gui.replay import FrameResolver, ReplayReader
from gym_gui.services.bootstrap import open_services

if TYPE_CHECKING:
    from types import TracebackType

pytestmark = pytest.mark.slow
PROGRAM: Final = Path(__file__).with_name("recording_peer.py")
WAIT_S = 20.0


class Peer:
    """The other process."""

    def __init__(self, var_dir: Path) -> None:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(PROGRAM.parents[1]), str(PROGRAM.parents[2])])}
        self._process = subprocess.Popen(
            [sys.executable, PROGRAM, var_dir],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )

    def send(self, do: str, **arguments: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do} | arguments) + "\n")
        self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the other process died"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        self.send(do, **arguments)
        return self.answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()


def test_that_after_a_flush_another_process_sees_every_step_while_recording_goes_on(var_dir: Path) -> None:
    """L4, rows and pictures."""
    with open_services(Settings(var_dir=var_dir)) as services, Peer(var_dir) as peer:
        services.telemetry.start_run(run_of("run"))
        services.telemetry.record_episode_start(episode_of("run", 0))
        recorded = 0
        done = threading.Event()
        flushed: list[int] = []

        def record() -> None:
            nonlocal recorded
            while not done.is_set():
                services.telemetry.record_step(step_of("run", 0, recorded, recorded))
                recorded += 1
                done.wait(0.003)

        recorder = threading.Thread(target=record)
        recorder.start()
        try:
            for _ in range(8):
                before = recorded
                services.telemetry.flush(WAIT_S)
                flushed.append(before)
                rows = peer.ask("read", run_id="run")["rows"]
                assert len(rows) >= before
                for number in range(before):
                    assert rows[str(number)] == hash_of(frame_of(number)), f"step {number} of {before}"
        finally:
            done.set()
            recorder.join()
        assert flushed[-1] > flushed[0] > 0 or flushed[-1] > 0


def test_that_two_recorders_leave_two_whole_runs_and_neither_recovers_the_other(var_dir: Path) -> None:
    with Peer(var_dir) as one, Peer(var_dir) as other:
        assert one.ask("start", run_id="first")["recovered"] == []
        one.ask("record", count=50)
        assert other.ask("start", run_id="second")["recovered"] == [], "a living run is not a dead one"
        for _ in range(4):
            one.send("record", count=150)
            other.send("record", count=150)
            assert one.answer()["recorded"]
            assert other.answer()["recorded"]
        with open_services(Settings(var_dir=var_dir)) as services:
            assert services.recovered_runs == []
            assert {run.state for run in services.store.list_runs()} == {RunState.RUNNING}
        one.ask("end")
        other.ask("record", count=10)
        other.ask("end")
    with open_services(Settings(var_dir=var_dir)) as services:
        for run_id, count in (("first", 650), ("second", 610)):
            steps = services.store.load_steps(run_id, "e0000")
            assert [step.step_index for step in steps] == list(range(count))
            for step in steps[::7]:
                assert step.frame_ref is not None
                assert np.array_equal(services.resolver.require(step.frame_ref), frame_of(step.step_index))
        assert {run.state for run in services.store.list_runs()} == {RunState.COMPLETED}


def test_that_a_second_start_recovers_only_the_dead(var_dir: Path) -> None:
    with Peer(var_dir) as living:
        living.ask("start", run_id="living")
        living.ask("record", count=30)
        with Peer(var_dir) as dying:
            dying.ask("start", run_id="dying")
            dying.ask("record", count=30)
        with open_services(Settings(var_dir=var_dir)) as services:
            assert services.recovered_runs == ["dying"]
        assert living.ask("record", count=30)["recorded"] == 60
        living.ask("end")
    with open_services(Settings(var_dir=var_dir)) as services:
        states = {run.run.run_id: (run.state, run.steps) for run in services.store.list_runs()}
    assert states == {"living": (RunState.COMPLETED, 59), "dying": (RunState.INTERRUPTED, 29)}


def test_that_a_reader_follows_a_writer_of_another_process_through_every_change_of_shape(var_dir: Path) -> None:
    """The writer puts another file in place for each new dataset; a reader never sees less than before."""
    settings = Settings(var_dir=var_dir)
    settings.paths.prepare()
    path = settings.paths.replay_dir / "run.h5"
    with Peer(var_dir) as peer, FrameResolver(settings.paths.replay_dir) as resolver:
        peer.send("write", run_id="run", count=120)
        deadline_s = time.monotonic() + WAIT_S
        while not path.exists():
            assert time.monotonic() < deadline_s
            threading.Event().wait(0.01)
        seen, looks = 0, 0
        with ReplayReader(path) as reader:
            while seen < 120:
                assert time.monotonic() < deadline_s
                rows = reader.num_steps
                assert rows >= seen
                for number in {0, seen // 2, rows - 1} if rows else set():
                    expected = frame_of(number, (20 + number // 2, 70, 3))
                    assert same_picture(reader.get_frame(number), expected)
                    variant = f".{number // 2}" if number >= 2 else ""
                    found = resolver.resolve(f"h5://run/frames{variant}/{number % 2}")
                    assert found is not None
                    assert np.array_equal(found, expected)
                looks += rows > seen
                seen = rows
        assert looks > 3, "it was read while it was written"
        assert peer.answer()["written"] == 120


def test_that_an_open_library_learns_that_another_process_was_killed(tmp_path: Path) -> None:
    with open_services(Settings(var_dir=tmp_path)) as services:
        # One episode without an end: it is under way whenever the kill comes.
        endless = ["MountainCar-v0", "-k", "max_episode_steps=100000000", "--no-frames"]
        words = ["record", *endless, "--steps", "10000000", "--var-dir", str(tmp_path)]
        with subprocess.Popen(
            [sys.executable, "-m", "gym_gui", *words],
            cwd=PROGRAM.parents[2],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as recorder:
            deadline_s = time.monotonic() + WAIT_S
            while not any(one.run.run_id and one.steps for one in services.library.list_runs()):
                assert time.monotonic() < deadline_s, "nothing was recorded"
            before = services.library.recorded_mark()
            recorder.kill()
        assert services.library.recorded_mark() != before
        (summary,) = services.library.list_runs()
        assert summary.state is RunState.INTERRUPTED
        assert {one.rollup.status for one in services.library.list_episodes()} & {EpisodeStatus.INTERRUPTED}
        assert EpisodeStatus.RUNNING not in {one.rollup.status for one in services.library.list_episodes()}
