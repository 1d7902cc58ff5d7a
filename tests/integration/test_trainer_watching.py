"""Whoever looks at a real trainer sees what happens, and costs it nothing when they stop looking."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
from trainer_rig import TrainerProcess, make_batch, publisher, until

from gym_gui.core.data_model import RunState
from gym_gui.core.errors import TrainerUnavailableError
from gym_gui.services.trainer.client.client import TrainerClient
from gym_gui.services.trainer.client.client_live import (
    LiveBatchUpdate,
    LiveEpisodesUpdate,
    LiveFrameUpdate,
    LiveScalarsUpdate,
)
from gym_gui.services.trainer.client.discovery import await_end, ensure_trainer, find_trainer
from gym_gui.services.trainer.client.remote_library import RemoteLibrary
from gym_gui.services.trainer.client.spool import SpoolFile
from gym_gui.services.trainer.states import TrainingState

if TYPE_CHECKING:
    from conftest import LogExpectations

pytestmark = pytest.mark.waits


def test_that_a_viewer_sees_pictures_batches_episodes_and_scalars(var_dir: Path) -> None:
    seen: dict[type, object] = {}
    with TrainerProcess(var_dir) as trainer, trainer.client() as client:
        stream = client.subscribe(frames=True, steps=True, episodes=True, scalars=True)
        worker = publisher(trainer.address, var_dir / "spool")
        until(lambda: client.status().workers, "the worker")
        feeding = threading.Event()

        def feed() -> None:
            seq = 0
            while not feeding.wait(0.05):
                seq += 1
                worker.put(make_batch(seq, rows=10, frames=True))

        feeder = threading.Thread(target=feed)
        feeder.start()
        for update in stream:
            seen[type(update)] = update
            if len(seen) == 4:
                stream.close()
        feeding.set()
        feeder.join()
        worker.close(RunState.COMPLETED)
    frame = seen[LiveFrameUpdate]
    assert isinstance(frame, LiveFrameUpdate)
    assert frame.frame.shape == (84, 84, 3)
    assert len(np.unique(frame.frame)) == 1
    assert frame.step_index == 9
    batch = seen[LiveBatchUpdate]
    assert isinstance(batch, LiveBatchUpdate)
    assert len(batch.batch) == 10
    episodes, scalars = seen[LiveEpisodesUpdate], seen[LiveScalarsUpdate]
    assert isinstance(episodes, LiveEpisodesUpdate)
    assert len(episodes.rollups) == 2
    assert isinstance(scalars, LiveScalarsUpdate)
    assert list(scalars.scalars.names) == ["loss"]


def test_that_a_stalled_viewer_does_not_hold_up_recording(var_dir: Path) -> None:
    with TrainerProcess(var_dir) as trainer, trainer.client() as client:
        stalled = client.subscribe(steps=True, buffer=8)
        iterator = iter(stalled)
        worker = publisher(trainer.address, var_dir / "spool")
        worker.put(make_batch(1))
        next(iterator)  # and never again
        for seq in range(2, 302):
            worker.put(make_batch(seq, rows=2_000))
        assert worker.flush(30)
        assert worker.status().durable_seq == 301
        assert until(lambda: client.status().drops["viewer-updates"], "the viewer's losses") > 0
        assert client.status().memory_bytes < 600_000_000
        stalled.close()
        worker.close(RunState.COMPLETED)


def test_that_runs_are_watched_as_they_come_further(var_dir: Path) -> None:
    with TrainerProcess(var_dir) as trainer, trainer.client() as client:
        worker = publisher(trainer.address, var_dir / "spool")
        worker.put(make_batch(1))
        assert worker.flush(20)
        with client.watch_runs() as watch:
            changes = iter(watch)
            run, was_there = next(changes)
            assert (run.run_id, run.state, was_there) == ("a-run", TrainingState.RUNNING, True)
            worker.put(make_batch(2))
            run, was_there = next(one for one in changes if one[0].progress.episodes == 2)
            assert (run.progress.steps, run.progress.mean_return, was_there) == (98, 49.0, False)
            assert [one.worker_id for one in run.workers] == ["w0"]
        worker.close(RunState.COMPLETED)
        (listed,) = until(lambda: client.list_runs((TrainingState.COMPLETED,)), "the end of the run")
        assert (listed.run_id, listed.progress.steps) == ("a-run", 98)
        assert [one.after for one in client.transitions("a-run")] == [TrainingState.RUNNING, TrainingState.COMPLETED]


def test_that_a_trainer_takes_in_what_was_spooled_for_its_folder(var_dir: Path, expect_log: LogExpectations) -> None:
    expect_log(logging.WARNING, "Meanwhile everything is kept")
    with TrainerProcess(var_dir) as trainer:
        trainer.stop()
        worker = publisher(trainer.address, var_dir / "spool")
        for seq in range(1, 11):
            worker.put(make_batch(seq))
        worker.close(RunState.COMPLETED, timeout_s=0.1)
        assert list((var_dir / "spool").glob("*.spool"))
        foreign = SpoolFile.create(var_dir / "spool", "elsewhere", {"address": "box.lan:47017"}, b"")
        foreign.append(b"not ours")
        foreign.close()
        trainer.again()
        with RemoteLibrary(trainer.client()) as library:
            until(
                lambda: [one.steps for one in library.list_runs() if one.state is RunState.COMPLETED] == [490],
                "the spooled run",
            )
        left = var_dir / "spool"
        # The file goes once its batches are on disk, which is when the run shows them.
        until(lambda: [path.name for path in left.glob("*.spool")] == ["elsewhere.spool"], "the delivered file's end")


def test_that_a_trainer_takes_in_what_is_spooled_while_it_runs(var_dir: Path, expect_log: LogExpectations) -> None:
    expect_log(logging.WARNING, "Meanwhile everything is kept")
    with TrainerProcess(var_dir) as trainer, RemoteLibrary(trainer.client()) as library:
        nobody = "127.0.0.1:9"
        worker = publisher(nobody, var_dir / "spool")
        worker.put(make_batch(1))
        worker.close(RunState.COMPLETED, timeout_s=0.1)
        until(lambda: [one.steps for one in library.list_runs()] == [49], "the spooled run")
        assert until(lambda: not list((var_dir / "spool").glob("*.spool")), "the delivered file's end")


def test_that_prometheus_is_told(var_dir: Path) -> None:
    with TrainerProcess(var_dir, "--metrics-port", "0") as trainer:
        worker = publisher(trainer.address, var_dir / "spool")
        worker.put(make_batch(1))
        assert worker.flush(20)
        with urllib.request.urlopen(f"http://127.0.0.1:{trainer.metrics_port}/metrics") as answer:
            text = answer.read().decode()
        worker.close(RunState.COMPLETED)
    for line in (
        'gym_gui_run_steps_total{run="a-run"} 49.0',
        'gym_gui_workers{run="a-run"} 1.0',
        'gym_gui_queue_batches{run="a-run"} 0.0',
        'gym_gui_schema_steps_total{run="a-run",version="1.0",worker="w0"} 50.0',
        'gym_gui_drops_total{cause="steps-lost"} 0.0',
        "gym_gui_saved_steps_total 50.0",
    ):
        assert line in text, text
    dashboard = (Path(__file__).parents[2] / "docs" / "ops" / "grafana-trainer.json").read_text()
    shown = set(re.findall(r"(?:gym_gui|process)_\w+", "\n".join(re.findall(r'"expr": "(.*)"', dashboard))))
    assert len(shown) > 15
    assert shown <= set(re.findall(r"^# HELP (\w+)", text, re.MULTILINE))


@pytest.mark.slow
def test_that_a_forked_process_is_a_worker_of_its_own(var_dir: Path) -> None:
    with TrainerProcess(var_dir) as trainer:
        worker = publisher(trainer.address, var_dir / "spool")
        worker.put(make_batch(1))
        assert worker.flush(20)
        child = os.fork()
        if not child:
            code = 1
            try:
                worker.put(make_batch(1, rows=20, stream="child"))
                code = 0 if worker.flush(20) else 2
                worker.close(RunState.COMPLETED)
            finally:
                os._exit(code)
        worker.put(make_batch(2))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert worker.flush(20)
        with RemoteLibrary(trainer.client()) as library:
            until(lambda: len(library.list_episodes("a-run")) == 3, "the child's episode")
            workers = {one.rollup.episode_id: one.rollup.worker_id for one in library.list_episodes("a-run")}
        worker.close(RunState.COMPLETED)
    assert workers == {"s-e1": "w0", "s-e2": "w0", "child-e1": "w1"}


@pytest.mark.slow
def test_that_a_trainer_is_started_where_none_runs_and_found_where_one_does(var_dir: Path) -> None:
    paths = TrainerProcess(var_dir).paths
    assert find_trainer(paths) is None
    paths.prepare()
    with ensure_trainer(paths) as first, ensure_trainer(paths) as second:
        found = find_trainer(paths)
        assert found is not None
        assert first.status().pid == second.status().pid == found.pid
        first.shutdown()
    assert await_end(paths)
    assert find_trainer(paths) is None
    assert not paths.daemon_file.exists()
    # Runs that went on look for the next trainer where the last one was.
    with ensure_trainer(paths) as third:
        assert third.address == found.address
        third.shutdown()
    assert await_end(paths)


def test_that_a_client_of_a_trainer_that_ended_is_told(var_dir: Path) -> None:
    with TrainerProcess(var_dir) as trainer:
        client = TrainerClient(trainer.address)
        stream = client.subscribe(steps=True)
        client.hello()
        assert trainer.stop() == 0
        with pytest.raises(TrainerUnavailableError):
            list(stream)
        client.close()


def test_that_commands_read_through_a_trainer_as_if_it_were_a_folder(var_dir: Path, tmp_path: Path) -> None:
    def answer(*words: str) -> Any:
        command = [sys.executable, "-m", "gym_gui", "--trainer", trainer.address, *words]
        environment = os.environ | {"GYM_GUI_VAR_DIR": str(tmp_path / "own")}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        assert done.returncode == 0, done.stderr
        return msgspec.json.decode(done.stdout)

    with TrainerProcess(var_dir) as trainer:
        worker = publisher(trainer.address, var_dir / "spool")
        worker.put(make_batch(1, frames=True))
        assert worker.flush(20)
        worker.close(RunState.COMPLETED)
        (run,) = answer("runs", "--json")
        (episode,) = answer("episodes", "a-run", "--json")
        steps = answer("steps", "a-run", "0", "--from", "3", "--to", "5", "--json")
        saved = answer("frame", steps[0]["frame_ref"], "-o", str(tmp_path / "frame.png"), "--json")
        status = answer("trainer", "status", "--json")
    assert (run["run_id"], run["frames"]) == ("a-run", 50)
    assert (episode["steps"], episode["return"]) == (49, 49.0)
    assert [(step["step_index"], step["action"], step["reward"]) for step in steps] == [(3, 1, 1.0), (4, 0, 1.0)]
    assert saved["shape"] == [84, 84, 3]
    assert status["pid"] == trainer.pid
    assert not (tmp_path / "own").exists()
