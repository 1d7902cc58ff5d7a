"""The recording process beside a training: it ends when its training does, and its own end ends no training."""

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
import psutil
import pytest
from gymnasium import spaces
from small_envs import Counting
from trainer_rig import until

from gym_gui.config.settings import load_settings
from gym_gui.core.data_model import RunState
from gym_gui.services.bootstrap import open_archive
from gym_gui.wrappers import RecordTelemetry, recording_link

if TYPE_CHECKING:
    from conftest import LogExpectations

TESTS = Path(__file__).parents[1]

pytestmark = pytest.mark.skipif(
    not recording_link.is_possible(), reason="recordings are made in the process itself here"
)


def recording_processes(of: psutil.Process) -> list[psutil.Process]:
    return [one for one in of.children(recursive=True) if "recording_process" in " ".join(one.cmdline())]


def test_that_no_recording_process_outlives_a_killed_script(var_dir: Path) -> None:
    with subprocess.Popen(
        [sys.executable, str(TESTS / "integration" / "training_child.py"), "endless", "run"],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])},
    ) as script:
        assert script.stdout is not None
        assert len(script.stdout.read(struct.calcsize("<qd") * 20)) == struct.calcsize("<qd") * 20
        (recording,) = recording_processes(psutil.Process(script.pid))
        script.kill()
        script.stdout.read()
    until(lambda: not recording.is_running() or recording.status() == psutil.STATUS_ZOMBIE, "its end")
    with open_archive(load_settings(var_dir)) as found:
        (summary,) = found.library.list_runs()
        assert summary.state is RunState.INTERRUPTED
        assert summary.steps > 0


def test_that_a_killed_recording_process_ends_no_training(var_dir: Path, expect_log: LogExpectations) -> None:
    expect_log(logging.WARNING, "Nothing is recorded: the process that records was ended")
    env = RecordTelemetry(Counting(length=10), run="run")
    env.reset(seed=1)
    for number in range(5):
        env.step(number % 2)
    assert env.flush(20)
    for recording in recording_processes(psutil.Process()):
        recording.send_signal(signal.SIGKILL)
    live: Any = env._live
    until(lambda: live.recorder.is_refused, "the news")
    for number in range(5):  # nothing is recorded of these, and nothing is raised
        env.step(number % 2)
    env._attempts._next_s = 0.0  # no waiting
    env.reset(seed=2)
    env._attempts._next_s = 0.0
    env.reset(seed=3)
    for number in range(10):
        env.step(number % 2)
    env.close()
    with open_archive(load_settings(var_dir)) as found:
        steps = {summary.run.run_id: summary.steps for summary in found.library.list_runs()}
    assert steps.pop("run") == 5
    assert list(steps.values()) == [10]


def test_that_a_recording_process_ends_with_its_training_only(var_dir: Path) -> None:
    env = RecordTelemetry(Counting(length=10), run="run")
    env.reset(seed=1)
    env.step(0)
    for recording in recording_processes(psutil.Process()):
        recording.terminate()  # as whoever ends a run's processes does
    for number in range(9):
        env.step(number % 2)
    env.close()
    with open_archive(load_settings(var_dir)) as found:
        (summary,) = found.library.list_runs()
        assert (summary.state, summary.steps) == (RunState.COMPLETED, 10)


def test_that_a_recording_process_that_hangs_holds_up_no_end(var_dir: Path, expect_log: LogExpectations) -> None:
    expect_log(logging.WARNING, "Not everything was sent")
    env = RecordTelemetry(Counting(length=100_000), run="run", frames="none")
    env.reset(seed=1)
    assert env.flush(20)
    (recording,) = recording_processes(psutil.Process())
    recording.suspend()
    try:
        for number in range(20_000):  # more than its pipe holds
            env.step(number % 2)
        live: Any = env._live
        live.recorder.close(RunState.COMPLETED, timeout_s=0.5)
    finally:
        recording.resume()
    env.close()
    with open_archive(load_settings(var_dir)) as found:
        until(lambda: found.library.list_runs()[0].steps == 20_000, "every step")


def test_that_a_child_does_not_keep_its_parents_recording_alive(var_dir: Path) -> None:
    env = RecordTelemetry(Counting(length=10), run="run")
    env.reset(seed=1)
    to, of = recording_link.link().descriptors()
    child = os.fork()
    if not child:
        leads_to = {Path(f"/proc/self/fd/{number}").readlink() for number in (to, of)}
        os._exit(0 if leads_to == {Path(os.devnull)} else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    env.close()
    with open_archive(load_settings(var_dir)) as found:
        assert [summary.state for summary in found.library.list_runs()] == [RunState.COMPLETED]


class Own(spaces.Discrete):
    """A space that only this file knows."""


class Told(dict[str, Any]):
    """A mapping that only this file knows."""


class OfItsOwn(Counting):
    """Its spaces and infos are of classes that no other process can import."""

    def __init__(self) -> None:
        super().__init__(length=4, action_space=Own(2))

    def step(self, action: Any) -> Any:
        observation, reward, terminated, truncated, _ = super().step(action)
        return observation, reward, terminated, truncated, Told(number=self.number, where=np.arange(3))


def test_that_classes_of_a_scripts_own_are_recorded_by_what_they_hold(var_dir: Path) -> None:
    env = RecordTelemetry(OfItsOwn(), run="run")
    env.reset(seed=1, options={"level": Told(deep=[1, 2])})
    for number in range(4):
        env.step(np.int64(number % 2))
    env.close()
    with open_archive(load_settings(var_dir)) as found:
        (episode,) = found.library.list_episodes("run")
        rows = found.library.load_steps("run", episode.rollup.episode_id)
    assert [row.action for row in rows] == [None, 0, 1, 0, 1]
    assert [row.info.get("number") for row in rows] == [None, 1, 2, 3, 4]
    assert episode.rollup.options == {"level": {"deep": [1, 2]}}
