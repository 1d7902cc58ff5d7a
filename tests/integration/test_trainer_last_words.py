"""What comes of a worker whose run is over already: kept whole, and no episode stays open."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from trainer_rig import TrainerProcess, make_batch, until

from gym_gui.config.settings import load_settings
from gym_gui.core.data_model import EpisodeStatus, RunState
from gym_gui.services.bootstrap import open_archive
from gym_gui.services.trainer.client.channel import make_stub, open_channel
from gym_gui.services.trainer.client.remote_library import RemoteLibrary
from gym_gui.services.trainer.config import TrainingConfig
from gym_gui.services.trainer.proto import trainer_pb2 as pb
from gym_gui.services.trainer.states import TrainingState
from gym_gui.services.trainer.wire.batch_wire import batch_to_wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gym_gui.core.data_model import StepBatch
    from gym_gui.services.trainer.client.client import TrainerClient

pytestmark = pytest.mark.waits


class Publishing:
    """A worker of the test's own: what it is given to say is said at once."""

    def __init__(self, trainer: TrainerProcess, run_id: str, session: str) -> None:
        self._channel = open_channel(trainer.address)
        stub = make_stub(self._channel)
        request = pb.RegisterWorkerRequest(run=run_id, session=session, stream="late", host="h")
        self.registered = stub.RegisterWorker(request)
        self._said: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._replies = stub.Publish(self._requests())

    def say(self, **body: Any) -> None:
        self._said.put(body)

    def batch(self, seq: int, **changes: Any) -> None:
        made: StepBatch = replace(make_batch(seq, run_id=self.registered.run_id, stream="late"), **changes)
        self.say(batch=batch_to_wire(made))

    def open_batch(self, seq: int) -> None:
        """A batch whose episode goes on."""
        flags = make_batch(seq).flags.copy()
        flags[-1] = 0
        self.batch(seq, ended=(), flags=flags)

    def await_durable(self, seq: int) -> None:
        for reply in self._replies:
            assert not reply.refused
            if reply.durable_seq >= seq:
                return

    def close(self) -> None:
        self._said.put(None)
        list(self._replies)
        self._channel.close()

    def _requests(self) -> Iterator[pb.PublishRequest]:
        names = {"run_id": self.registered.run_id, "worker_id": self.registered.worker_id, "stream": "late"}
        while (body := self._said.get()) is not None:
            yield pb.PublishRequest(**names, **body)


def check(var_dir: Path, run_id: str, state: RunState) -> dict[str, EpisodeStatus]:
    """The late episodes and how they ended; each counts its rows, and the run is *state*."""
    with open_archive(load_settings(var_dir)) as archive:
        assert archive.library.get_summary(run_id).state is state
        found = [one.rollup for one in archive.library.list_episodes(run_id)]
        for rollup in found:
            assert rollup.status is not EpisodeStatus.RUNNING
            assert rollup.steps == max(0, len(archive.library.load_steps(run_id, rollup.episode_id)) - 1)
    return {one.episode_id: one.status for one in found if one.episode_id.startswith("late")}


def test_that_what_a_killed_worker_left_is_taken_in_whole_after_its_run_failed(var_dir: Path) -> None:
    config = TrainingConfig(worker="random", env_id="CartPole-v1", total_steps=100_000_000, frames="none")
    with TrainerProcess(var_dir) as trainer, trainer.client() as client:
        client.submit(config, run_id="dead")
        until(lambda: client.get("dead").progress.steps > 100, "steps")
        os.kill(client.get("dead").workers[0].pid, signal.SIGKILL)
        until(lambda: client.get("dead").state is TrainingState.FAILED, "the failure")
        with open_archive(load_settings(var_dir)) as archive:
            until(lambda: archive.library.get_summary("dead").state is RunState.FAULTED, "the end of its recording")
            session = archive.library.get_run("dead").metadata["trainer"]["session"]
        # Somebody watches: each step of progress is told, and says that the run is over.
        watch = client.watch_runs()
        next(iter(watch))
        # Its spool file, delivered by another publisher, for longer than the trainer's clock ticks.
        late = Publishing(trainer, "dead", session)
        assert late.registered.run_id == "dead"
        before = client.get("dead").progress.steps
        late.open_batch(1)
        until(lambda: client.get("dead").progress.steps > before, "the registry's notice")
        # The episode goes on, ends, and the next one begins.
        whole = make_batch(1, rows=100, run_id="dead", stream="late")
        late.batch(
            2,
            began=(),
            ended=whole.ended,
            episode_ids=whole.episode_ids,
            step_index=make_batch(1).step_index + 50,
            flags=whole.flags[50:],
        )
        late.open_batch(3)
        late.await_durable(3)
        late.say(end=pb.RunEnd(state="interrupted", reason="Its process died."))
        late.close()
        until(lambda: client.get("dead").progress.steps == before + 49 + 50 + 49, "the true count")
        assert client.get("dead").state is TrainingState.FAILED
        watch.close()
        assert trainer.stop() == 0
    found = check(var_dir, "dead", RunState.FAULTED)
    assert found == {"late-e1": EpisodeStatus.COMPLETED, "late-e3": EpisodeStatus.INTERRUPTED}


def test_that_an_episode_that_begins_after_its_worker_s_end_does_not_stay_open(var_dir: Path) -> None:
    with TrainerProcess(var_dir) as trainer:
        hasty = Publishing(trainer, "hasty", "s")
        hasty.batch(1)
        hasty.say(end=pb.RunEnd(state="completed", seq=2))
        hasty.open_batch(3)
        hasty.await_durable(3)
        hasty.close()
        assert trainer.stop() == 0
    found = check(var_dir, "hasty", RunState.COMPLETED)
    assert found == {"late-e1": EpisodeStatus.COMPLETED, "late-e3": EpisodeStatus.INTERRUPTED}


@pytest.mark.slow
def test_that_a_long_spool_keeps_nobody_waiting(var_dir: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from trainer_rig import make_batch, publisher\n"
        "p = publisher(sys.argv[1], Path(sys.argv[2]))\n"
        "[p.put(make_batch(seq)) for seq in range(1, 3001)]\n"
        "os.kill(os.getpid(), 9)\n"
    )
    with TrainerProcess(var_dir) as trainer:
        assert trainer.stop() == 0
        subprocess.run(
            [sys.executable, "-c", script, trainer.address, str(trainer.paths.spool_dir)],
            env={"PYTHONPATH": f"{Path(__file__).parents[1]}:{Path(__file__).parents[2]}", "PATH": "/usr/bin:/bin"},
            check=False,
        )
        (spool,) = trainer.paths.spool_dir.glob("*.spool")
        trainer.again()
        with trainer.client() as client:
            # It is in the middle of the file, and answers.
            until(lambda: any(one.run_id == "a-run" for one in client.status().workers), "the dead worker")
            assert spool.exists()
            until(lambda: not spool.exists(), "the end of the file", 120.0)
        with RemoteLibrary(trainer.client()) as library:
            assert library.get_summary("a-run").steps == 3_000 * 49


def has_ended(client: TrainerClient, library: RemoteLibrary, run_id: str) -> bool:
    """Whether a run is completed, and recorded as that."""
    told = (client.get(run_id).state, library.get_summary(run_id).state)
    return told == (TrainingState.COMPLETED, RunState.COMPLETED)


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_that_a_run_is_recorded_as_it_ended_where_its_trainer_is_killed_meanwhile(tmp_path: Path) -> None:
    config = TrainingConfig(worker="random", env_id="CartPole-v1", total_steps=2_000, seed=3, frames="none")
    with TrainerProcess(tmp_path / "var") as trainer:
        for number in range(4):
            run_id = f"run-{number}"
            with trainer.client() as client:
                client.submit(config, run_id=run_id)
            outcome = trainer.paths.trainer_runs_dir / run_id / "outcome.json"
            until(outcome.exists, "the worker's end")
            trainer.kill()  # it may know of the end by now, and has most likely not written it down
            trainer.again()
            with trainer.client() as client, RemoteLibrary(trainer.client()) as library:
                assert until(partial(has_ended, client, library, run_id), "the end of run and recording")
