"""Faults at a whole, real trainer: killed workers and windows, liars, floods, a full disk, clocks that are set.

What is not here: garbage, oversize, two trainers, old clients (`test_trainer_refusals.py`), a killed trainer, a cut
cable (`test_trainer_publishing.py`), orphans, slots (`test_dispatcher_faults.py`). Hundreds of kills at
random instants: ``benchmarks/fault_campaign.py``.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from disks import SmallDisk, small_disk
from gymnasium import spaces
from integration.command_line import gym_gui
from trainer_rig import TrainerProcess, make_batch, publisher, run_record, until

from gym_gui.config.settings import load_settings
from gym_gui.core.data_model import EpisodeStatus, RunState
from gym_gui.core.schema.mismatch import counts_of
from gym_gui.core.schema.run_spaces import RunSpaces
from gym_gui.services.bootstrap import open_archive
from gym_gui.services.trainer.client.channel import make_stub, open_channel
from gym_gui.services.trainer.client.publisher import TrainerPublisher
from gym_gui.services.trainer.client.remote_library import RemoteLibrary
from gym_gui.services.trainer.config import TrainingConfig
from gym_gui.services.trainer.dispatch import processes
from gym_gui.services.trainer.dispatch.run_folder import RunFolder
from gym_gui.services.trainer.proto import trainer_pb2 as pb
from gym_gui.services.trainer.states import TrainingState
from gym_gui.services.trainer.wire.batch_wire import batch_to_wire

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gym_gui.core.data_model import RunSummary
    from gym_gui.services.trainer.client.client import TrainerClient

pytestmark = pytest.mark.slow
__all__ = ["small_disk"]  # a fixture

ENDLESS = 100_000_000
# A trainer whose clock is as many seconds ahead as a file says: what it reads the time with adds them.
SET_CLOCK = """
import sys, time
from datetime import timedelta
from pathlib import Path
import gym_gui.core.clock as clock

ahead, true_now, true_time = Path(sys.argv.pop(1)), clock.utc_now, time.time
seconds = lambda: float(ahead.read_text() or 0)
clock.utc_now = lambda: true_now() + timedelta(seconds=seconds())
time.time = lambda: true_time() + seconds()

from gym_gui.app import main
sys.exit(main())
"""


def endless(seed: int, **changes: Any) -> TrainingConfig:
    """A run that goes on until it is ended."""
    return TrainingConfig(
        worker="random", env_id="CartPole-v1", total_steps=ENDLESS, seed=seed, frames="every:50", **changes
    )


def summary_of(var_dir: Path, run_id: str) -> RunSummary:
    with open_archive(load_settings(var_dir)) as archive:
        return archive.library.get_summary(run_id)


def check_rows(var_dir: Path, run_id: str) -> None:
    """No episode is open, none has a gap, every picture that a row names is there."""
    with open_archive(load_settings(var_dir)) as archive:
        for one in archive.library.list_episodes(run_id):
            steps = archive.library.load_steps(run_id, one.rollup.episode_id)
            assert one.rollup.status is not EpisodeStatus.RUNNING
            assert [step.step_index for step in steps] == list(range(len(steps)))
            assert one.rollup.steps == max(0, len(steps) - 1)
            frames = archive.library.resolve_batch([step.frame_ref for step in steps if step.frame_ref])
            assert all(frame is not None for frame in frames)


@pytest.mark.parametrize(
    ("number", "says"), [(signal.SIGKILL, "ended by SIGKILL"), (signal.SIGSTOP, "was not heard of for 2 s")]
)
def test_that_registry_and_recording_agree_on_a_worker_that_dies_or_hangs(
    var_dir: Path, number: signal.Signals, says: str
) -> None:
    var_dir.mkdir(exist_ok=True)
    (var_dir / "config.yaml").write_text("trainer:\n  heartbeat_timeout_s: 2.0\n", encoding="utf-8")
    with TrainerProcess(var_dir, "--max-runs", "1") as trainer, trainer.client() as client:
        client.submit(endless(1), run_id="first")
        until(lambda: client.get("first").progress.steps > 500, "steps")
        waiting = client.submit(replace(endless(2), total_steps=50), run_id="next")
        assert waiting.state is TrainingState.PENDING
        (worker,) = client.get("first").workers
        os.kill(worker.pid, number)
        until(lambda: client.get("next").state is TrainingState.COMPLETED, "the run that had to wait for the slot")
        run = client.get("first")
        assert run.reason
        assert run.state is TrainingState.FAILED
        assert says in run.reason
        assert run.workers == ()
        until(lambda: summary_of(var_dir, "first").state is RunState.FAULTED, "the end of the recording")
        until(lambda: client.get("first").progress.steps == summary_of(var_dir, "first").steps, "the true count")
        until(lambda: client.get("next").progress.steps == summary_of(var_dir, "next").steps, "the true count")
        assert trainer.stop() == 0
    assert not processes.is_alive(worker.pid, worker.born_s)
    marks = [RunFolder(trainer.paths, run_id).mark for run_id in ("first", "next")]
    assert not any(processes.marked(marks).values())
    check_rows(var_dir, "first")
    check_rows(var_dir, "next")


def test_that_a_killed_window_ends_no_run_and_its_own_game_is_kept(var_dir: Path) -> None:
    with TrainerProcess(var_dir) as trainer, trainer.client() as client:
        client.submit(endless(1), run_id="training")
        command = [sys.executable, "-m", "gym_gui", "play", "CartPole-v1", "--seed", "7", "--var-dir", str(var_dir)]
        window = subprocess.Popen(command, env=os.environ | {"QT_QPA_PLATFORM": "offscreen"}, stderr=subprocess.DEVNULL)
        try:
            game = until(lambda: next((r for r in runs_of(var_dir) if r.run.run_id != "training"), None), "the game")
            until(lambda: client.get("training").progress.steps > 100, "steps of training")
            until(lambda: summary_of(var_dir, game.run.run_id).steps > 10, "steps of the game")
        finally:
            window.kill()
            window.wait()
        before = client.get("training").progress.steps
        until(lambda: client.get("training").progress.steps > before + 500, "more steps of training")
        assert client.get("training").state is TrainingState.RUNNING
        client.cancel("training", "enough")
        until(lambda: not client.get("training").state.is_active, "the end", 60.0)
        assert client.get("training").state is TrainingState.CANCELLED
        assert trainer.stop() == 0
    check_rows(var_dir, "training")
    # The next who writes to the folder sees to what the window left.
    subprocess.run(
        [sys.executable, "-m", "gym_gui", "record", "CartPole-v1", "--episodes", "1", "--var-dir", str(var_dir)],
        check=True,
        capture_output=True,
    )
    assert summary_of(var_dir, game.run.run_id).state is RunState.INTERRUPTED
    check_rows(var_dir, game.run.run_id)


def has_steps(client: TrainerClient, count: int) -> bool:
    return client.get("training").progress.steps > count


def runs_of(var_dir: Path) -> list[RunSummary]:
    with open_archive(load_settings(var_dir)) as archive:
        return archive.library.list_runs()


def test_that_steps_that_lie_about_their_spaces_are_counted_and_kept(var_dir: Path) -> None:
    told = RunSpaces(action=spaces.Discrete(2), observation=spaces.Box(-1, 1, (4,), np.float32))
    with TrainerProcess(var_dir) as trainer:
        worker = TrainerPublisher(
            trainer.address, run_record("liar"), spaces=told, session="s", spool_dir=var_dir / "spool"
        )
        honest = make_batch(1, run_id="liar")
        worker.put(honest)
        worker.put(replace(make_batch(2, run_id="liar"), actions=np.full(50, 99)))
        assert worker.flush(20)
        worker.close(RunState.COMPLETED)
        assert trainer.stop() == 0
    with open_archive(load_settings(var_dir)) as archive:
        (mismatch,) = counts_of(archive.library.get_run("liar").metadata).by_cause().items()
        steps = archive.library.load_steps("liar", "s-e2")
    assert "action" in mismatch[0]
    assert mismatch[1] == 49  # each of its actions; the state after reset has none
    assert [step.action for step in steps] == [None] + [99] * 49
    assert summary_of(var_dir, "liar").steps == 2 * 49


@pytest.mark.alone
def test_that_a_flood_that_heeds_no_credit_fills_no_memory_and_drowns_nobody(var_dir: Path) -> None:
    with TrainerProcess(var_dir) as trainer, trainer.client() as client:
        channel = open_channel(trainer.address)
        stub = make_stub(channel)
        registered = stub.RegisterWorker(pb.RegisterWorkerRequest(run="flood", session="f", stream="f", host="h"))
        names = {"run_id": registered.run_id, "worker_id": registered.worker_id, "stream": "f"}
        sent, most, over = [0], 0, threading.Event()

        def flood() -> Iterator[pb.PublishRequest]:
            for seq in range(1, 401):
                if over.is_set():
                    return
                sent[0] = seq
                yield pb.PublishRequest(**names, batch=batch_to_wire(make_batch(seq, rows=30_000, run_id="flood")))

        replies: list[pb.PublishReply] = []
        reader = threading.Thread(target=lambda: replies.extend(stub.Publish(flood())))
        reader.start()
        until(lambda: sent[0] > 20, "the flood")
        worker = publisher(trainer.address, var_dir / "spool", run_id="calm", session="c")
        for seq in range(1, 21):
            worker.put(make_batch(seq, run_id="calm"))
            most = max(most, client.status().memory_bytes)
        assert worker.flush(30)
        assert worker.status().durable_seq == 20
        most = max(most, client.status().memory_bytes)
        worker.close(RunState.COMPLETED)
        over.set()
        reader.join()
        channel.close()
        assert trainer.stop() == 0
    assert most < 900_000_000
    assert replies[-1].durable_seq == sent[0]  # what was taken over of the flood is kept, too
    assert summary_of(var_dir, "flood").steps == sent[0] * 29_999


def test_that_what_a_full_disk_refuses_is_saved_when_there_is_room(small_disk: SmallDisk, tmp_path: Path) -> None:
    with TrainerProcess(small_disk.path / "var") as trainer, trainer.client() as client:
        worker = publisher(trainer.address, tmp_path / "spool")
        for seq in range(1, 6):
            worker.put(make_batch(seq))
        assert worker.flush(20)
        small_disk.fill()
        for seq in range(6, 26):
            worker.put(make_batch(seq, rows=200))
        until(lambda: client.status().sink_fault, "the trainer's word of its disk")
        assert worker.status().durable_seq < 25
        listed = gym_gui("train", "list", var_dir=small_disk.path / "var")
        assert "Recording stands still: " in listed.stderr
        small_disk.free()
        until(lambda: worker.status().durable_seq == 25, "everything on the disk")
        until(lambda: not client.status().sink_fault, "the end of the fault")
        worker.close(RunState.COMPLETED)
        assert trainer.stop() == 0
    summary = summary_of(small_disk.path / "var", "a-run")
    assert (summary.state, summary.steps) == (RunState.COMPLETED, 5 * 49 + 20 * 199)
    check_rows(small_disk.path / "var", "a-run")


def test_that_a_clock_that_is_set_ends_no_run_and_loses_no_step(var_dir: Path, tmp_path: Path) -> None:
    ahead = tmp_path / "ahead"
    ahead.write_text("0")
    trainer = TrainerProcess(var_dir)
    trainer.command[1:3] = ["-c", SET_CLOCK, str(ahead)]
    with trainer, trainer.client() as client:
        client.submit(endless(1), run_id="training")
        until(lambda: client.get("training").progress.steps > 100, "steps")
        worker = publisher(trainer.address, var_dir / "spool")
        seq = 0
        for seconds in (7_200, -7_200, 0):
            ahead.write_text(str(seconds))
            for _ in range(5):
                seq += 1
                batch = make_batch(seq)
                worker.put(replace(batch, time_us=batch.time_us + seconds * 1_000_000))  # the worker's clock, too
            assert worker.flush(20)
            enough = client.get("training").progress.steps + 300
            until(partial(has_steps, client, enough), "steps")
            assert client.get("training").state is TrainingState.RUNNING
        worker.close(RunState.COMPLETED)
        client.cancel("training", "enough")
        until(lambda: client.get("training").state is TrainingState.CANCELLED, "the end")
        with RemoteLibrary(client) as library:
            episodes = library.list_episodes("a-run")
            assert len(episodes) == seq
            found = [len(library.load_steps("a-run", one.rollup.episode_id)) for one in episodes]
        assert trainer.stop() == 0
    assert found == [50] * seq
    check_rows(var_dir, "training")
    check_rows(var_dir, "a-run")
