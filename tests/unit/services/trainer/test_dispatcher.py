"""The dispatcher over real processes: how runs start, end, wait, pause, start again and are put away."""

from __future__ import annotations

import json
import math
import os
import signal
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psutil
import pytest
from dispatching import LIMITS, SLEEP, House, until
from synthetic import episode_of, run_of, step_of

from gym_gui.config.settings import Settings
from gym_gui.core.data_model import RunState
from gym_gui.core.errors import (
    DuplicateRunError,
    RunNotFoundError,
    RunTransitionError,
    TrainerRefusedError,
)
from gym_gui.services.bootstrap import open_archive, open_services
from gym_gui.services.trainer.config import ResourceConfig, TrainingConfig
from gym_gui.services.trainer.dispatch import purging
from gym_gui.services.trainer.dispatch.dispatch_facts import Heartbeat
from gym_gui.services.trainer.dispatch.launchers.ray import RayLauncher
from gym_gui.services.trainer.run_store import RunProgress
from gym_gui.services.trainer.states import Retention, TrainingState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.waits

S = TrainingState
ENDED = (S.COMPLETED, S.FAILED, S.CANCELLED)


def says(state: str, reason: str = "", exit_code: int = 0, checkpoint: str | None = None) -> str:
    """Code of a worker that ends with that outcome."""
    outcome = {"state": state, "reason": reason, "steps": 5, "checkpoint": checkpoint}
    return f"open('outcome.json', 'w').write({json.dumps(outcome)!r}); raise SystemExit({exit_code})"


@pytest.fixture
def house(var_dir: Path) -> Iterator[House]:
    with House(var_dir) as house:
        yield house


def test_that_a_worker_gets_all_that_the_contract_names(house: House) -> None:
    code = "import os; print({k: v for k, v in os.environ.items() if k.startswith(('GYM_GUI_', 'OMP', 'CUDA'))})"
    run_id = house.submit(f"{code}; print(os.getsid(0) == os.getpid(), os.getcwd())", resources=ResourceConfig(cpus=2))
    run = house.wait(run_id, *ENDED)
    assert (run.state, run.reason) == (S.COMPLETED, "Its worker ended.")
    folder = house.folder(run_id)
    said = folder.log_path.read_text()
    given = eval(said.splitlines()[0])  # noqa: S307 - a dictionary that our own child printed
    assert given["GYM_GUI_TRAINER"] == "127.0.0.1:1"
    assert given["GYM_GUI_RUN_ID"] == run_id
    assert given["GYM_GUI_WORKER_ID"] == "w0"
    assert given["GYM_GUI_RUN_DIR"] == str(folder.path)
    assert given["GYM_GUI_LIVE_DIR"] == str(house.paths.live_dir)
    assert given["GYM_GUI_RUN_MARK"] == folder.mark
    assert given["OMP_NUM_THREADS"] == "2"
    assert given["CUDA_VISIBLE_DEVICES"] == ""
    assert len(given["GYM_GUI_WORKER_TOKEN"]) > 20
    assert "GYM_GUI_RESUME_FROM" not in given
    assert said.splitlines()[1] == f"True {folder.path}"
    assert TrainingConfig.from_json((folder.path / "config.json").read_text()) == run.config
    assert [one.after for one in house.store.transitions(run_id)] == [S.PENDING, S.DISPATCHING, S.RUNNING, S.COMPLETED]
    # Whoever watches is told after the registry.
    until(lambda: [run.state for run in house.changes][-1] is S.COMPLETED)


@pytest.mark.parametrize(
    ("code", "state", "reason"),
    [
        (says("completed", "All steps are taken."), S.COMPLETED, "All steps are taken."),
        (says("failed", "The environment raised.", 1), S.FAILED, "The environment raised."),
        (says("cancelled", "Asked.", 3), S.CANCELLED, "Asked."),
        (says("cancelled", "Nobody asked.", 1), S.FAILED, "The worker ended with exit code 1."),
        ("print('oh no'); raise SystemExit(7)", S.FAILED, "The worker ended with exit code 7. Its last lines: oh no"),
        ("import os; os.kill(os.getpid(), 9)", S.FAILED, "The worker was ended by SIGKILL."),
        ("open('outcome.json', 'w').write('{')", S.COMPLETED, "Its worker ended."),
        ("raise SystemExit(3)", S.CANCELLED, "Its worker was asked to stop."),
    ],
)
def test_that_a_run_ends_as_its_worker_does(house: House, code: str, state: TrainingState, reason: str) -> None:
    run = house.wait(house.submit(code), *ENDED)
    assert (run.state, run.reason) == (state, reason)


def test_that_the_word_over_the_wire_counts_where_there_is_no_other(house: House) -> None:
    run_id = house.submit(SLEEP)
    house.register(run_id)
    house.dispatcher.ended(run_id, "w0", RunState.FAULTED, "The environment raised.")
    os.kill(house.pid(run_id), signal.SIGKILL)
    run = house.wait(run_id, *ENDED)
    assert (run.state, run.reason) == (S.FAILED, "The environment raised.")


def test_that_only_the_run_s_secret_registers(house: House) -> None:
    run_id = house.submit(SLEEP)
    house.wait_for_log(run_id)
    assert not house.dispatcher.register(run_id, "w0", "guessed")
    assert not house.dispatcher.register("none", "w0", "guessed")
    assert house.store.get(run_id).state is S.DISPATCHING
    house.register(run_id)
    until(lambda: house.store.get(run_id).workers[0].heartbeat_at)
    run = house.store.get(run_id)
    assert (run.state, run.reason) == (S.RUNNING, "Its worker w0 registered.")
    assert run.workers[0].heartbeat_at == pytest.approx(datetime.now(UTC), abs=timedelta(seconds=5))
    (worker,) = run.workers
    assert worker.born_s == pytest.approx(psutil.Process(worker.pid).create_time(), abs=1)
    assert len(worker.token_digest) == 64


def test_that_a_run_is_cancelled_wherever_it_stands(var_dir: Path) -> None:
    with House(var_dir, limits=replace(LIMITS, max_runs=1)) as house:
        first, second = house.submit(SLEEP, seed=1), house.submit(SLEEP, seed=2)
        house.register(first)
        assert house.dispatcher.status().queue == (second,)
        assert house.dispatcher.cancel(second, "not needed").state is S.CANCELLED
        assert house.dispatcher.cancel(first, "enough").state is S.RUNNING
        assert house.wait(first, *ENDED).reason == "enough"
        for run_id in (first, second):
            assert house.store.get(run_id).state is S.CANCELLED
            assert not house.leftovers(run_id)
            with pytest.raises(RunTransitionError):
                house.dispatcher.cancel(run_id, "again")


def test_that_a_polite_worker_has_time_to_save(house: House) -> None:
    code = (
        "import signal, time, sys\n"
        "def stop(*_):\n"
        "    open('checkpoints/step-000000000005.zip', 'w').write('x')\n"
        f"    {says('cancelled', 'Saved.', 3)}\n"
        "signal.signal(signal.SIGTERM, stop); print('at work', flush=True); time.sleep(600)"
    )
    run_id = house.submit(code)
    house.register(run_id)
    house.dispatcher.cancel(run_id, "enough")
    assert house.wait(run_id, *ENDED).state is S.CANCELLED
    newest = house.folder(run_id).newest_checkpoint()
    assert newest is not None
    assert newest.name == "step-000000000005.zip"


def test_that_a_worker_that_finished_while_being_cancelled_has_finished(house: House) -> None:
    code = (
        "import signal, time\n"
        f"def stop(*_):\n    {says('completed', 'All done.')}\n"
        "signal.signal(signal.SIGTERM, stop); print('at work', flush=True); time.sleep(600)"
    )
    run_id = house.submit(code)
    house.wait_for_log(run_id)
    house.dispatcher.cancel(run_id, "enough")
    assert house.wait(run_id, *ENDED).reason == "All done."


def beat(house: House, run_id: str, worker_id: str) -> None:
    """Say for more than a second that a worker lives."""
    beats = threading.Event()
    for _ in range(20):
        beats.wait(0.06)
        house.dispatcher.heartbeat(run_id, worker_id, Heartbeat())


def test_that_silence_fails_a_run_with_its_last_lines(var_dir: Path) -> None:
    with House(var_dir, limits=replace(LIMITS, heartbeat_timeout_s=0.6)) as house:
        run_id = house.submit(SLEEP)
        house.register(run_id)
        beat(house, run_id, "w0")
        assert house.store.get(run_id).state is S.RUNNING  # twice as long as silence may last
        run = house.wait(run_id, *ENDED)
        assert run.state is S.FAILED
        assert run.reason == "Its worker was not heard of for 0.6 s. Its last lines: at work"
        assert not house.leftovers(run_id)


def test_that_the_recorder_that_took_over_from_a_worker_s_own_is_its_sign_of_life(var_dir: Path) -> None:
    with House(var_dir, limits=replace(LIMITS, heartbeat_timeout_s=0.6)) as house:
        run_id = house.submit(SLEEP)
        house.register(run_id)
        beat(house, run_id, f"w0.{house.pid(run_id)}.1")
        assert house.store.get(run_id).state is S.RUNNING
        beat(house, run_id, "w0.1")  # a child of it says nothing of it
        assert house.wait(run_id, *ENDED).state is S.FAILED


def test_that_a_worker_that_never_registers_fails(var_dir: Path) -> None:
    with House(var_dir, limits=replace(LIMITS, start_timeout_s=0.5)) as house:
        run = house.wait(house.submit(SLEEP), *ENDED)
        assert run.reason.startswith("Its worker did not register within 0.5 s.")


def test_that_a_trainer_that_slept_blames_nobody(house: House) -> None:
    run_id = house.submit(SLEEP)
    house.register(run_id)
    loop = house.dispatcher._loop
    with loop.lock:
        # As after an hour of suspension: the clock of the next tick is far ahead.
        assert loop._last_tick is not None
        loop.tick(loop._last_tick + 3_600)
        assert loop.active[run_id].verdict is None
    assert house.store.get(run_id).state is S.RUNNING


def test_that_a_run_that_takes_too_much_memory_fails(house: House) -> None:
    code = "import time; held = bytearray(120_000_000); print('at work', flush=True); time.sleep(600)"
    run = house.wait(house.submit(code, resources=ResourceConfig(memory_mb=60)), *ENDED)
    assert run.state is S.FAILED
    assert "MB of memory; 60 MB are allowed." in run.reason


def test_that_a_failed_run_starts_again_from_its_newest_checkpoint(house: House) -> None:
    code = (
        "import os, pathlib\n"
        "print('from', os.path.basename(os.environ.get('GYM_GUI_RESUME_FROM', 'nothing')), flush=True)\n"
        "made = len(list(pathlib.Path('checkpoints').iterdir()))\n"
        "open(f'checkpoints/step-{made:012d}.zip', 'w').write('x')\n"
        "raise SystemExit(0 if made == 2 else 1)"
    )
    run = house.wait(house.submit(code, restarts=3), S.COMPLETED, S.FAILED)
    assert (run.state, run.restarts) == (S.COMPLETED, 2)
    log = house.folder(run.run_id).log_path.read_text().split("\n")
    assert [line for line in log if line.startswith("from")] == [
        "from nothing",
        "from step-000000000000.zip",
        "from step-000000000001.zip",
    ]
    reasons = [one.reason for one in house.store.transitions(run.run_id) if one.after is S.PENDING]
    assert reasons[1].endswith("It is started again (1 of 3).")


def test_that_restarts_come_to_an_end(house: House) -> None:
    run = house.wait(house.submit("raise SystemExit(1)", restarts=2), S.FAILED)
    assert run.restarts == 2
    assert [one.after for one in house.store.transitions(run.run_id)].count(S.DISPATCHING) == 3


def test_that_a_run_goes_on_from_another_one_s_checkpoint(house: House) -> None:
    first = house.submit("open('checkpoints/step-000000000009.zip', 'w').write('x')", seed=1)
    house.wait(first, S.COMPLETED)
    second = house.submit("import os; print(os.environ['GYM_GUI_RESUME_FROM'])", seed=2, resume_from=first)
    resumed = house.wait(second, *ENDED)
    assert (resumed.resumed_from, resumed.steps_before) == (first, 9)
    assert house.folder(second).log_tail().endswith(f"{first}/checkpoints/step-000000000009.zip")
    with pytest.raises(TrainerRefusedError, match="no checkpoint"):
        house.submit("pass", seed=3, resume_from=second)
    with pytest.raises(RunNotFoundError):
        house.submit("pass", seed=3, resume_from="none")


def test_that_a_run_pauses_and_goes_on_when_its_worker_says_so(house: House) -> None:
    run_id = house.submit(SLEEP)
    house.register(run_id)
    dispatcher = house.dispatcher
    with pytest.raises(RunTransitionError):
        dispatcher.resume(run_id, "")
    assert dispatcher.pause(run_id, "lunch").state is S.RUNNING
    dispatcher.pause(run_id, "lunch")  # once is enough
    (order,) = dispatcher.orders(run_id, "w0")
    assert order.kind == "pause"
    assert not dispatcher.orders(run_id, "w0")
    house.register(run_id)  # it came back, and may not have heard
    assert dispatcher.orders(run_id, "w0") == [order]
    dispatcher.answered(run_id, "w0", order.order_id, "done", "Paused between two steps.")
    run = house.store.get(run_id)
    assert (run.state, run.reason) == (S.PAUSED, "lunch")
    dispatcher.resume(run_id, "")
    (order,) = dispatcher.orders(run_id, "w0")
    dispatcher.answered(run_id, "w0", order.order_id, "done", "Goes on.")
    assert house.store.get(run_id).reason == "Goes on."
    dispatcher.pause(run_id, "")
    dispatcher.resume(run_id, "")  # changed our mind before it heard
    assert [one.kind for one in dispatcher.orders(run_id, "w0")] == ["resume"]
    evaluate = dispatcher.order(run_id, "evaluate", {"episodes": 2})
    assert dispatcher.orders(run_id, "w0") == [evaluate]
    dispatcher.answered(run_id, "w0", evaluate.order_id, "refused", "No.")
    with pytest.raises(RunNotFoundError):
        dispatcher.order("none", "evaluate", {})


def test_that_progress_reaches_the_registry(house: House) -> None:
    run_id = house.submit(SLEEP)
    house.register(run_id)
    progress = RunProgress(steps=12, episodes=1, mean_return=3.0)
    house.dispatcher.progressed(run_id, progress)
    until(lambda: house.store.get(run_id).progress.steps == 12)
    until(lambda: any(run.progress.steps == 12 for run in house.changes))
    last = replace(progress, steps=13)
    house.dispatcher.progressed(run_id, last)
    house.dispatcher.cancel(run_id, "enough")
    house.wait(run_id, S.CANCELLED)
    assert house.store.get(run_id).progress.steps == 13
    house.dispatcher.progressed(run_id, replace(last, steps=14))  # the last batch came late
    assert house.store.get(run_id).progress.steps == 14
    house.dispatcher.progressed("a-script", last)


def test_that_no_more_run_than_may(var_dir: Path) -> None:
    with House(var_dir, limits=replace(LIMITS, max_runs=2)) as house:
        runs = [house.submit(SLEEP, seed=seed, priority=seed % 2) for seed in range(4)]
        until(lambda: house.dispatcher.status().running == 2)
        status = house.dispatcher.status()
        assert (status.waiting, status.capacity) == (2, 2)
        house.dispatcher.cancel(runs[0], "enough")
        house.wait(runs[1], S.DISPATCHING)
        assert house.store.get(runs[3]).state in {S.DISPATCHING, S.PENDING}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (TrainingConfig(worker="magic"), "no worker 'magic'"),
        (TrainingConfig(launcher="ray"), "no launcher 'ray'"),
        (TrainingConfig(resources=ResourceConfig(cpus=99)), "counts for 99 cores"),
        (TrainingConfig(resources=ResourceConfig(gpus=1)), "wants 1 GPUs"),
        (TrainingConfig(resources=ResourceConfig(cpus=-1)), "cpus is a number of at least 0, not -1"),
        (TrainingConfig(restarts=-1), "restarts is a whole number of at least 0, not -1"),
        (TrainingConfig(worker="sb3", algorithm="PP0"), r"no algorithm 'PP0'\. Did you mean PPO\?"),
        (TrainingConfig(worker="sb3", algorithm="PPO", policy="mlp"), "no policy 'mlp'. Did you mean MlpPolicy?"),
    ],
)
def test_that_what_could_never_run_is_refused(house: House, config: TrainingConfig, message: str) -> None:
    with pytest.raises(TrainerRefusedError, match=message):
        house.dispatcher.submit(config)
    assert not house.store.list()


def test_that_a_repeated_call_submits_once(house: House) -> None:
    config = TrainingConfig(worker="script", arguments=(SLEEP,))
    first = house.dispatcher.submit(config, run_id="mine")
    assert house.dispatcher.submit(config, run_id="mine").run_id == first.run_id
    with pytest.raises(DuplicateRunError, match="mine"):
        house.dispatcher.submit(config)
    with pytest.raises(TrainerRefusedError, match="another run mine"):
        house.dispatcher.submit(replace(config, seed=9), run_id="mine")


def test_that_a_worker_that_cannot_be_started_fails_its_run(house: House) -> None:
    blocked = house.paths.trainer_runs_dir
    blocked.parent.mkdir(parents=True, exist_ok=True)
    blocked.write_text("no folder")
    run = house.wait(house.submit(SLEEP), *ENDED)
    assert run.state is S.FAILED
    assert run.reason.startswith("The run's folder cannot be written")


def test_that_a_log_does_not_fill_the_disk(var_dir: Path) -> None:
    code = "import time\nwhile True: print('x' * 5_000, flush=True); time.sleep(0.001)"
    with House(var_dir, limits=replace(LIMITS, log_bytes=20_000)) as house:
        run_id = house.submit(code)
        kept = house.folder(run_id).log_path.with_suffix(".log.1")
        until(kept.is_file)
        first = kept.stat().st_mtime_ns
        until(lambda: kept.stat().st_mtime_ns > first)  # and again
        assert sorted(path.name for path in kept.parent.glob("worker-w0*")) == ["worker-w0.log", "worker-w0.log.1"]


def test_that_purging_says_what_it_deletes_and_leaves_the_record(house: House) -> None:
    run_id = house.submit("open('checkpoints/step-000000000001.zip', 'w').write('x' * 2_000_000)")
    house.wait(run_id, S.COMPLETED)
    with pytest.raises(RunTransitionError, match="Archive it first"):
        house.dispatcher.purge(run_id, "")
    assert house.folder(run_id).path.is_dir()
    assert house.dispatcher.archive(run_id, "old").retention is Retention.RETAINED
    house.dispatcher.unarchive(run_id, "")
    house.dispatcher.archive(run_id, "old")
    what = purging.describe(house.paths, run_id)
    assert f"{run_id}: 1 checkpoint file of 2.0 MB" in what
    assert house.dispatcher.purge(run_id, "gone") == what
    assert not house.folder(run_id).path.exists()
    assert house.store.get(run_id).retention is Retention.PURGED


def test_that_a_purge_takes_the_recording_and_its_evaluations_and_no_other(house: House) -> None:
    run_id = house.submit("pass")
    house.wait(run_id, S.COMPLETED)
    with open_services(Settings(var_dir=house.paths.root)) as services:
        for name, metadata in ((run_id, {}), ("evaluated", {"group": run_id}), ("another", {})):
            services.telemetry.start_run(replace(run_of(name), metadata=metadata))
            services.telemetry.record_episode_start(episode_of(name, 0))
            services.telemetry.record_step(step_of(name, 0, 0, 0))
            services.telemetry.end_run(name, RunState.COMPLETED)
    house.dispatcher.archive(run_id, "old")
    said = house.dispatcher.purge(run_id, "gone")
    assert any(one.startswith(f"{run_id}: pictures and arrays") for one in said)
    assert any(one.startswith("evaluated: ") for one in said)
    with open_archive(Settings(var_dir=house.paths.root)) as archive:
        assert [one.run.run_id for one in archive.library.list_runs()] == ["another"]
    assert [path.name for path in house.paths.replay_dir.glob("*.h5")] == ["another.h5"]


def test_that_archived_runs_lose_their_data_with_age(house: House) -> None:
    old, kept = house.submit("pass", seed=1), house.submit("pass", seed=2)
    for run_id in (old, kept):
        house.wait(run_id, S.COMPLETED)
    house.dispatcher.archive(old, "old")
    assert purging.purge_old(house.store, house.paths, "", 1) == []
    owner = house.store.get(old).owner
    assert purging.purge_old(house.store, house.paths, owner, -1) == [old]
    assert house.store.get(old).retention is Retention.PURGED
    assert house.folder(kept).path.is_dir()
    assert purging.purge_old(house.store, house.paths, owner, -1) == []


def test_that_closing_leaves_runs_alone_unless_told(var_dir: Path) -> None:
    house = House(var_dir)
    run_id = house.submit(SLEEP)
    house.register(run_id)
    house.close(cancel_runs=False)
    pid = next(iter(house.leftovers(run_id)))
    with House(var_dir) as second:
        assert second.store.get(run_id).state is S.RUNNING
        assert second.dispatcher.status().running == 1
        os.waitpid(pid, os.WNOHANG)
    os.waitpid(pid, 0)  # in this test alone it is our child still
    with House(var_dir) as third:
        assert third.store.get(run_id).state is S.CANCELLED
        assert third.store.get(run_id).reason == "The trainer was shut down."
        assert math.isnan(third.store.get(run_id).progress.mean_return)


def test_that_what_is_so_already_is_said(house: House) -> None:
    run_id = house.submit("raise SystemExit(0)")
    house.wait(run_id, S.COMPLETED)
    with pytest.raises(RunTransitionError, match=f"^Run {run_id} is not archived.$"):
        house.dispatcher.unarchive(run_id, "")
    house.dispatcher.archive(run_id, "")
    with pytest.raises(RunTransitionError, match=f"^Run {run_id} is archived already.$"):
        house.dispatcher.archive(run_id, "")
    asleep = house.submit(SLEEP)
    house.register(asleep)
    house.dispatcher.pause(asleep, "")
    (order,) = house.dispatcher.orders(asleep, "w0")
    house.dispatcher.answered(asleep, "w0", order.order_id, "done", "")
    with pytest.raises(RunTransitionError, match=f"^Run {asleep} is paused already.$"):
        house.dispatcher.pause(asleep, "")


def test_that_a_ray_cluster_that_does_not_answer_fails_the_run_by_its_address(var_dir: Path) -> None:
    with House(var_dir, launchers={"ray": RayLauncher()}) as house:
        run_id = house.submit(SLEEP, launcher="ray", launcher_options={"address": "127.0.0.1:6999"})
        run = house.wait(run_id, *ENDED)
    sentence = "No Ray cluster answers at 127.0.0.1:6999 (Connection refused); start it, or correct "
    assert (run.state, run.reason) == (S.FAILED, f"{sentence}launcher_options.address.")
