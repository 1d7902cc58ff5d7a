"""The recording process beside a training: it ends when its training does, and its own end ends no training."""

from __future__ import annotations

import logging
import os
import signal
import struct
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import pytest
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from small_envs import Counting
from synthetic import frame_of
from trainer_rig import until

import gym_gui
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
        told = struct.calcsize("<qd") * 100  # half a second: the first of them are on their way
        assert len(script.stdout.read(told)) == told
        (recording,) = recording_processes(psutil.Process(script.pid))
        script.kill()
        script.stdout.read()
    until(lambda: not recording.is_running() or recording.status() == psutil.STATUS_ZOMBIE, "its end")
    with open_archive(load_settings(var_dir)) as found:
        (summary,) = found.library.list_runs()
        assert summary.state is RunState.INTERRUPTED
        assert summary.steps > 0


def kill_recording_process(env: Any) -> None:
    for recording in recording_processes(psutil.Process()):
        recording.send_signal(signal.SIGKILL)
    until(lambda: env._live.recorder.is_lost, "the news")


def test_that_an_episode_goes_on_after_its_recording_process_was_killed(
    var_dir: Path, expect_log: LogExpectations
) -> None:
    expect_log(logging.WARNING, "goes on in a new process: the process that records was ended")
    env = RecordTelemetry(Counting(length=10), run="run")
    env.reset(seed=1)
    for number in range(4):
        env.step(number % 2)
    assert env.flush(20)
    kill_recording_process(env)
    gym_gui.log(4, loss=0.5)
    for number in range(6):
        env.step(number % 2)
    env.reset(seed=2)
    for number in range(10):
        env.step(number % 2)
    env.close()
    with open_archive(load_settings(var_dir)) as found:
        library = found.library
        runs = {summary.run.run_id: summary.steps for summary in library.list_runs()}
        assert runs == {"run": 4, "run-2": 16}
        rest, whole = sorted((one.rollup for one in library.list_episodes("run-2")), key=lambda one: one.episode_index)
        assert (rest.steps, rest.terminated, whole.steps, whole.seed) == (6, True, 10, 2)
        assert rest.metadata["broke_off"] == {"run_id": "run", "episode": "ep-000000", "step_index": 4}
        assert rest.frames == 7  # a picture of where it goes on, too
        assert [step.reward for step in library.load_steps("run-2", rest.episode_id)] == [None, 5, 6, 7, 8, 9, 10]
        scalars, _ = library.load_scalars("run-2")
        assert scalars.value.tolist() == [0.5]


@pytest.mark.parametrize("mode", list(AutoresetMode)[:2])
def test_that_a_vector_goes_on_after_its_recording_process_was_killed(
    var_dir: Path, mode: AutoresetMode, expect_log: LogExpectations
) -> None:
    expect_log(logging.WARNING, "goes on in a new process")
    makers = [partial(Counting, length=length) for length in (3, 5)]
    env = RecordTelemetry(SyncVectorEnv(makers, autoreset_mode=mode), run="run")
    env.reset(seed=1)
    for _ in range(4):
        env.step(np.zeros(2, np.int64))
    assert env.flush(20)
    kill_recording_process(env)
    for _ in range(6):  # it is never reset again
        env.step(np.zeros(2, np.int64))
    env.close()
    with open_archive(load_settings(var_dir)) as found:
        rollups = sorted(
            (one.rollup for one in found.library.list_episodes("run-2")), key=lambda one: one.episode_index
        )
    lengths = [[one.steps for one in rollups if one.metadata["vector_index"] == index] for index in range(2)]
    # Where an episode begins in a step of its own, that step is none of either's.
    assert lengths == ([[2, 3, 1], [1, 5, 0]] if mode is AutoresetMode.SAME_STEP else [[3, 2], [1, 4]])


def test_that_a_recording_process_that_dies_again_and_again_does_not_hold_up_a_training(
    var_dir: Path, expect_log: LogExpectations
) -> None:
    expect_log(logging.WARNING, "goes on in a new process")
    expect_log(logging.WARNING, "is ended again and again: nothing is recorded for 5 s")
    env = RecordTelemetry(Counting(length=1_000), run="run")
    env.reset(seed=1)
    for _ in range(4):
        kill_recording_process(env)
        env.step(0)  # recorded by the next one
        assert env.flush(20)
    kill_recording_process(env)
    env.step(0)
    assert env._live is None  # five in a minute are one too many: it waits a little
    env.step(0)
    env._attempts._next_s = 0.0  # no waiting here
    env.step(1)
    assert env.flush(20)
    env.close()
    with open_archive(load_settings(var_dir)) as found:
        assert [summary.steps for summary in found.library.list_runs()] == [1, 1, 1, 1, 1, 0]


def test_that_a_run_that_is_stopped_while_it_begins_is_cancelled(var_dir: Path) -> None:
    code = """
import os, signal, threading
import gymnasium, gym_gui
from gym_gui.wrappers import recording_link

def stop():
    while recording_link._link is None or not recording_link._link._listeners:
        pass
    os.kill(os.getpid(), signal.SIGINT)

env = gym_gui.RecordTelemetry(gymnasium.make("CartPole-v1"), run="run")
threading.Thread(target=stop).start()
env.reset()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=TESTS.parent)
    assert "KeyboardInterrupt" in done.stderr
    with open_archive(load_settings(var_dir)) as found:
        assert [summary.state for summary in found.library.list_runs()] == [RunState.CANCELLED]


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


def test_that_a_child_that_steps_on_changes_nothing_of_its_parents_episode(var_dir: Path) -> None:
    world = Counting(length=12)
    env = RecordTelemetry(world, run="run")
    env.reset(seed=1)
    env.step(0)
    go_on, told = os.pipe()
    child = os.fork()
    if not child:
        world.number += 100  # what it shows is another picture
        os.read(go_on, 1)
        for _ in range(6):
            env.step(0)
        os._exit(0)
    for _ in range(4):  # less than a chunk: these pictures still lie where both can write
        env.step(0)
    os.write(told, b"!")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    for _ in range(7):
        env.step(0)
    env.close()
    for pipe in (go_on, told):
        os.close(pipe)
    with gym_gui.open_library(var_dir) as library:
        (episode,) = library["run"].episodes
        assert [int(picture[0, 0, 0]) for picture in episode.frames] == [
            int(frame_of(number)[0, 0, 0]) for number in range(13)
        ]
        assert all(np.array_equal(episode.frames[number], frame_of(number)) for number in range(13))


def test_that_a_child_takes_nothing_from_its_parent_whose_recording_process_was_killed(
    var_dir: Path, tmp_path: Path, expect_log: LogExpectations
) -> None:
    del var_dir
    expect_log(logging.WARNING, "What was not on disk yet is lost")
    env = RecordTelemetry(Counting(length=10), run="run")
    env.reset(seed=1)
    link = recording_link.link()
    numbers = set(link.descriptors())
    (recording,) = recording_processes(psutil.Process())
    recording.kill()
    until(lambda: link.is_lost, "the news of its end")
    until(lambda: not any(Path(f"/proc/self/fd/{number}").exists() for number in numbers), "closed pipes")
    files = [os.open(tmp_path / f"mine-{place}", os.O_CREAT | os.O_RDWR) for place in range(12)]
    assert numbers <= set(files)  # the system gives numbers out again
    child = os.fork()
    if not child:
        mine = all("mine" in Path(f"/proc/self/fd/{number}").readlink().name for number in files)
        os._exit(0 if mine else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    for number in files:
        os.close(number)
    env.step(0)
    env.close()


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
