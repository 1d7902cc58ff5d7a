"""Faults of workers, of the trainer, of its registry: no orphan, no slot that stays taken, states that are true."""

from __future__ import annotations

import logging
import os
import random
import signal
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from disks import SmallDisk, small_disk
from dispatching import LIMITS, SLEEP, House, until

from gym_gui.config.paths import VarPaths
from gym_gui.core.errors import StoreError
from gym_gui.services.trainer.config import ResourceConfig, TrainingConfig
from gym_gui.services.trainer.dispatch import processes
from gym_gui.services.trainer.dispatch.run_folder import RunFolder
from gym_gui.services.trainer.registry.registry import RunRegistry
from gym_gui.services.trainer.states import TrainingState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import LogExpectations

pytestmark = [pytest.mark.slow, pytest.mark.waits]
__all__ = ["small_disk"]  # a fixture

S = TrainingState
ENDED = (S.COMPLETED, S.FAILED, S.CANCELLED)
CHILD = Path(__file__).parent / "dispatcher_child.py"
KILLS = 30
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEP
# Two children: one in the worker's group, one that left its parent, its group and its session.
FAMILY = (
    "import os, time\n"
    "if os.fork() == 0: time.sleep(600)\n"
    "if os.fork() == 0:\n"
    "    os.setsid()\n"
    "    if os.fork() == 0: time.sleep(600)\n"
    "    os._exit(0)\n"
    "os.wait(); print('at work'); time.sleep(600)"
)


def is_true(house: House, run_id: str) -> None:
    """The registry says what is so: ended, nothing held, nothing left."""
    run = house.store.get(run_id)
    assert run.state in ENDED
    assert run.reason
    assert (run.gpus, run.workers) == ((), ())
    assert not house.leftovers(run_id)
    until(lambda: house.dispatcher.status().running == 0)


@pytest.mark.parametrize("code", [DEAF, FAMILY, f"{FAMILY.replace('os.wait()', DEAF.rpartition(';')[0])}"])
def test_that_cancelling_leaves_no_process(var_dir: Path, code: str) -> None:
    with House(var_dir, limits=replace(LIMITS, stop_grace_s=0.3)) as house:
        run_id = house.submit(code)
        house.wait_for_log(run_id)
        house.dispatcher.cancel(run_id, "enough")
        assert house.wait(run_id, *ENDED).state is S.CANCELLED
        is_true(house, run_id)


def test_that_what_a_worker_leaves_behind_goes_with_it(var_dir: Path) -> None:
    with House(var_dir) as house:
        run_id = house.submit(FAMILY)
        house.wait_for_log(run_id)
        assert len(house.leftovers(run_id)) == 3
        os.kill(house.pid(run_id), signal.SIGKILL)
        assert house.wait(run_id, *ENDED).state is S.FAILED
        is_true(house, run_id)


def test_that_a_worker_that_hangs_fails_and_its_slot_is_free(var_dir: Path) -> None:
    with House(var_dir, limits=replace(LIMITS, max_runs=1, heartbeat_timeout_s=0.5, start_timeout_s=30)) as house:
        hung, waiting = house.submit(SLEEP, seed=1), house.submit("pass", seed=2)
        house.register(hung)
        os.kill(house.pid(hung), signal.SIGSTOP)
        assert "was not heard of" in house.wait(hung, *ENDED).reason
        assert house.wait(waiting, *ENDED).state is S.COMPLETED
        is_true(house, hung)


def test_that_workers_killed_at_random_leave_true_states_and_free_slots(var_dir: Path) -> None:
    chance = random.Random(4)  # noqa: S311 - instants, not secrets
    with House(var_dir, limits=replace(LIMITS, gpus=(0, 1), max_runs=2)) as house:
        for number in range(KILLS):
            run_id = house.submit(
                FAMILY if number % 3 else SLEEP, seed=number, resources=ResourceConfig(cpus=1, gpus=1)
            )
            pid = house.pid(run_id)
            if number % 2:
                house.wait_for_log(run_id)
            threading.Event().wait(chance.random() * 0.05)
            os.kill(pid, signal.SIGKILL)
            if number % 5 == 4:  # somebody cancels at the same time
                house.dispatcher.cancel(run_id, "enough")
        for run in house.store.list():
            house.wait(run.run_id, *ENDED)
            is_true(house, run.run_id)
        assert len(house.store.list()) == KILLS
        assert (
            house.wait(house.submit("pass", seed=1_000, resources=ResourceConfig(gpus=2)), *ENDED).state is S.COMPLETED
        )


@contextmanager
def trainer(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A dispatcher in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, str(CHILD), str(folder)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def config_of(code: str, seed: int) -> TrainingConfig:
    return TrainingConfig(worker="script", arguments=(code,), seed=seed)


def test_that_a_trainer_killed_at_random_is_taken_over_from(var_dir: Path) -> None:
    chance = random.Random(7)  # noqa: S311 - instants, not secrets
    paths = VarPaths(var_dir)
    outcome = '{"state": "completed", "reason": "Done."}'
    short = f"import time; time.sleep(0.3); open('outcome.json', 'w').write({outcome!r})"
    with closing(RunRegistry(paths.trainer_db)) as store:
        for number in range(24):
            store.add(f"run-{number:02d}", config_of(SLEEP if number % 6 == 5 else short, number))
        for _ in range(8):
            with trainer(var_dir):
                threading.Event().wait(chance.random())
    with House(var_dir) as house:
        for run in house.store.list():
            if run.config.arguments[0] == SLEEP:
                house.wait(run.run_id, S.DISPATCHING, S.RUNNING)
                house.dispatcher.cancel(run.run_id, "enough")
            house.wait(run.run_id, *ENDED)
        for run in house.store.list():
            is_true(house, run.run_id)
            # Nobody killed a worker: none has failed, whatever became of its trainers.
            expected = S.CANCELLED if run.config.arguments[0] == SLEEP else S.COMPLETED
            assert (run.run_id, run.state, run.reason) == (run.run_id, expected, run.reason)


def test_that_what_ended_while_no_trainer_ran_is_told_truly(var_dir: Path) -> None:
    paths = VarPaths(var_dir)
    with closing(RunRegistry(paths.trainer_db)) as store:
        for number in range(3):
            store.add(f"run-{number}", config_of(SLEEP, number))
        with trainer(var_dir):
            until(lambda: all(store.get(f"run-{number}").workers for number in range(3)))
            pids = [store.get(f"run-{number}").workers[0].pid for number in range(3)]
    for pid in pids[:2]:
        os.kill(pid, signal.SIGKILL)
    until(lambda: not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" for pid in pids[:2]))
    (RunFolder(paths, "run-1").path / "outcome.json").write_text('{"state": "completed", "reason": "Solved."}')
    with House(var_dir) as house:
        assert house.wait("run-0", *ENDED).reason.startswith("The worker is gone.")
        assert house.wait("run-1", *ENDED).reason == "Solved."
        assert house.store.get("run-2").state.is_active
        house.register("run-2")
        assert house.store.get("run-2").state is S.RUNNING
        assert house.store.get("run-0").state is S.FAILED


def test_that_two_trainers_on_one_registry_never_share_a_run(tmp_path: Path) -> None:
    code = "import os; print(os.environ['GYM_GUI_RUN_MARK'])"
    with closing(RunRegistry(tmp_path / "shared.sqlite")) as store:
        houses = [House(tmp_path / name, store=store, limits=replace(LIMITS, max_runs=2)) for name in ("a", "b")]
        try:
            runs = [houses[number % 2].submit(code, seed=number) for number in range(16)]
            for run_id in runs:
                houses[0].wait(run_id, *ENDED)
        finally:
            for house in houses:
                house.close(cancel_runs=True)
        for run_id in runs:
            assert store.get(run_id).state is S.COMPLETED
            logs = [house.folder(run_id).log_path for house in houses]
            assert sum(log.is_file() for log in logs) == 1
            assert [one.after for one in store.transitions(run_id)].count(S.DISPATCHING) == 1


def test_that_a_full_disk_stops_no_trainer(small_disk: SmallDisk, expect_log: LogExpectations) -> None:
    expect_log(logging.WARNING, "waits for its registry")
    with House(small_disk.path / "var") as house:
        running = house.submit(SLEEP, seed=1)
        house.register(running)
        small_disk.fill()
        os.kill(house.pid(running), signal.SIGKILL)
        until(lambda: house.dispatcher.status().fault)
        assert house.store.get(running).state is S.RUNNING  # nothing else can be written yet
        small_disk.free()
        assert house.wait(running, *ENDED).state is S.FAILED
        until(lambda: not house.dispatcher.status().fault)
        assert house.wait(house.submit("pass", seed=2), *ENDED).state is S.COMPLETED


def test_that_a_pause_that_a_full_registry_could_not_note_is_noted_later_and_taken_back_at_once(
    small_disk: SmallDisk, expect_log: LogExpectations
) -> None:
    expect_log(logging.WARNING, "waits for its registry")
    with House(small_disk.path / "var") as house:
        run_id = house.submit(SLEEP)
        house.register(run_id)
        house.dispatcher.pause(run_id, "lunch")
        (order,) = house.dispatcher.orders(run_id, "w0")
        small_disk.fill()
        with pytest.raises(StoreError):
            house.dispatcher.answered(run_id, "w0", order.order_id, "done", "")
        house.dispatcher.resume(run_id, "back")  # the worker does stand still, whatever the registry says
        (taken_back,) = house.dispatcher.orders(run_id, "w0")
        assert taken_back.kind == "resume"
        until(lambda: house.dispatcher.status().fault)
        small_disk.free()
        assert house.wait(run_id, S.PAUSED).reason == "lunch"
        house.dispatcher.answered(run_id, "w0", taken_back.order_id, "done", "")
        assert house.store.get(run_id).state is S.RUNNING


def test_that_a_run_that_a_full_disk_ended_says_so_once_there_is_room(
    small_disk: SmallDisk, expect_log: LogExpectations
) -> None:
    expect_log(logging.WARNING, "waits for its registry")
    # It cannot even write how it ended, nor a line of its log.
    fills = "import os\nwith open('../filler', 'ab', 0) as f:\n  while True: f.write(bytes(4096))"
    with House(small_disk.path / "var") as house:
        run_id = house.submit(fills)
        until(lambda: house.dispatcher.status().fault)
        (small_disk.path / "var" / "trainer" / "runs" / "filler").unlink()
        run = house.wait(run_id, TrainingState.FAILED)
    assert run.reason.startswith("The worker ended with exit code 1. The disk was full. Free some room;")


def test_that_a_mark_finds_what_a_pid_would_not(var_dir: Path) -> None:
    with House(var_dir) as house:
        run_id = house.submit(SLEEP)
        pid, mark = house.pid(run_id), house.folder(run_id).mark
        born = processes.born_s(pid)
        assert processes.is_alive(pid, born)
        # The clock was set by an hour: the birth says another process, the mark says ours.
        assert not processes.is_alive(pid, born + 3_600)
        assert processes.is_alive(pid, born + 3_600, mark)
        assert not processes.is_alive(os.getpid(), born + 3_600, mark)
