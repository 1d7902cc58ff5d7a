"""What a worker publishes to a real trainer is there, whatever happens to the trainer meanwhile."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from trainer_rig import Cable, TrainerProcess, make_batch, publisher, until

from gym_gui.core.data_model import RunState
from gym_gui.services.trainer.client.remote_library import RemoteLibrary

if TYPE_CHECKING:
    from conftest import LogExpectations

pytestmark = pytest.mark.waits


def test_that_what_a_worker_publishes_is_read_back_through_the_trainer(var_dir: Path) -> None:
    with TrainerProcess(var_dir) as trainer:
        worker = publisher(trainer.address, var_dir / "spool")
        for seq in range(1, 6):
            worker.put(make_batch(seq, frames=True))
        assert worker.flush(30)
        status = worker.status()
        worker.close(RunState.COMPLETED)
        with RemoteLibrary(trainer.client()) as library:
            run = until(
                lambda: next((r for r in library.list_runs() if r.state is RunState.COMPLETED), None), "the end"
            )
            episodes = library.list_episodes("a-run")
            steps = library.load_steps("a-run", episodes[1].rollup.episode_id)
            frame = library.require(steps[3].frame_ref or "")
            scalars, _ = library.load_scalars("a-run")
    assert status.durable_seq == 5
    assert (run.episodes, run.steps, run.frames) == (5, 5 * 49, 250)
    assert [step.step_index for step in steps] == list(range(50))
    assert steps[0].action is None
    assert steps[1].action == 1
    assert frame.shape == (84, 84, 3)
    assert np.unique(frame).tolist() == [(56 + 3) % 251]
    assert scalars.value.tolist() == [1 / seq for seq in range(1, 6)]


@pytest.mark.slow
def test_that_a_killed_trainer_loses_nothing_that_was_put(var_dir: Path, expect_log: LogExpectations) -> None:
    expect_log(logging.WARNING, "Meanwhile everything is kept")
    with TrainerProcess(var_dir) as trainer:
        worker = publisher(trainer.address, var_dir / "spool")
        seq = 0
        for _ in range(3):
            for _ in range(40):
                seq += 1
                worker.put(make_batch(seq, frames=seq % 4 == 0))
            until(lambda: worker.status().durable_seq > 0, "the first batch on disk")
            trainer.kill()
            for _ in range(10):
                seq += 1
                worker.put(make_batch(seq))
            trainer.again()
        assert worker.flush(30)
        until(lambda: worker.status().durable_seq == seq, "everything on the trainer's disk")
        worker.close(RunState.COMPLETED)
        with RemoteLibrary(trainer.client()) as library:
            run = next(run for run in library.list_runs() if run.run.run_id == "a-run")
            scalars, _ = library.load_scalars("a-run")
            frames = [library.require(step.frame_ref or "")[0, 0, 0] for step in library.load_steps("a-run", "s-e4")]
    assert (run.episodes, run.steps, run.dropped_frames) == (seq, seq * 49, 0)
    assert sorted(scalars.step.tolist()) == list(range(1, seq + 1))
    assert frames == [k % 251 for k in range(3 * 56, 3 * 56 + 50)]


def test_that_a_worker_without_a_trainer_spools_and_a_later_process_catches_up(var_dir: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from trainer_rig import make_batch, publisher\n"
        "p = publisher(sys.argv[1], Path(sys.argv[2]))\n"
        "[p.put(make_batch(seq)) for seq in range(1, 21)]\n"
        "import os; os.kill(os.getpid(), 9)\n"
    )
    with TrainerProcess(var_dir) as trainer:
        assert trainer.stop() == 0
        died = subprocess.run(
            [sys.executable, "-c", script, trainer.address, str(var_dir / "elsewhere")],
            env={"PYTHONPATH": f"{Path(__file__).parents[1]}:{Path(__file__).parents[2]}", "PATH": "/usr/bin:/bin"},
            check=False,
        )
        assert died.returncode == -9
        trainer.again()
        worker = publisher(trainer.address, var_dir / "elsewhere", run_id="another", session="t")
        with RemoteLibrary(trainer.client()) as library:
            until(
                lambda: any(r.run.run_id == "a-run" and r.state is RunState.INTERRUPTED for r in library.list_runs()),
                "the dead worker's run",
            )
            run = next(run for run in library.list_runs() if run.run.run_id == "a-run")
        worker.close(RunState.COMPLETED)
    assert (run.episodes, run.steps) == (20, 20 * 49)
    assert not list((var_dir / "elsewhere").glob("*.spool"))


@pytest.mark.slow
def test_that_a_cut_cable_loses_no_scalar(var_dir: Path) -> None:
    with TrainerProcess(var_dir) as trainer:
        cable = Cable(trainer.address)
        worker = publisher(cable.address, var_dir / "elsewhere")
        seq = 0

        def put(count: int) -> None:
            nonlocal seq
            for _ in range(count):
                seq += 1
                worker.put(make_batch(seq))

        put(10)
        assert worker.flush(20)
        cable.cut()
        put(10)
        until(lambda: not worker.status().connected, "the worker's notice")
        put(10)
        assert worker.status().spooled_bytes > 0
        cable.mend()
        put(10)
        until(lambda: worker.status().durable_seq == seq, "everything on the trainer's disk")
        assert worker.status().spooled_bytes == 0
        worker.close(RunState.COMPLETED)
        cable.close()
        with RemoteLibrary(trainer.client()) as library:
            scalars, _ = library.load_scalars("a-run")
            steps = library.get_summary("a-run").steps
    assert sorted(scalars.step.tolist()) == list(range(1, 41))
    assert steps == 40 * 49
