"""A network that is gone for a minute and then comes back, late packets and all: nothing is lost, nothing twice."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from trainer_rig import LOOK_AGAIN, Cable, TrainerProcess, make_batch, publisher, until

from gym_gui.config.settings import load_settings
from gym_gui.core.data_model import RunState
from gym_gui.services.bootstrap import open_archive

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import LogExpectations

# A minute of cut, and as long until the trainer gives the worker up.
pytestmark = [pytest.mark.slow, pytest.mark.waits, pytest.mark.timeout(400)]
CUT_S = 60


def test_that_a_minute_without_network_loses_nothing_and_brings_nothing_twice(
    var_dir: Path, expect_log: LogExpectations
) -> None:
    expect_log(logging.WARNING, "Meanwhile everything is kept")
    with TrainerProcess(var_dir) as trainer, trainer.client() as client:
        cable = Cable(trainer.address)
        worker = publisher(cable.address, var_dir / "elsewhere")
        seq = 0

        def put(count: int) -> None:
            nonlocal seq
            for _ in range(count):
                seq += 1
                worker.put(make_batch(seq, frames=seq % 5 == 0))

        put(20)
        assert worker.flush(20)
        cable.cut()
        for _ in range(CUT_S):
            put(5)
            LOOK_AGAIN.wait(1.0)
        assert not worker.status().connected
        assert worker.status().spooled_bytes > 0
        until(lambda: not any(one.run_id == "a-run" for one in client.status().workers), "its loss at the trainer", 60)
        # What was sent before the worker gave the connection up arrives now, beside all that it sends again.
        cable.go_on()
        until(lambda: worker.status().connected, "the worker's connection")
        put(20)
        until(lambda: worker.status().durable_seq == seq, "everything on the trainer's disk")
        assert worker.status().spooled_bytes == 0
        assert worker.status().dropped_frames == 0
        worker.close(RunState.COMPLETED)
        cable.close()
        until(lambda: not client.status().workers, "the end of the run")
        assert trainer.stop() == 0
    with open_archive(load_settings(var_dir)) as archive:
        library = archive.library
        assert [(run.run.run_id, run.state) for run in library.list_runs()] == [("a-run", RunState.COMPLETED)]
        scalars, _ = library.load_scalars("a-run")
        episodes = library.list_episodes("a-run")
        found = {one.rollup.episode_id: len(library.load_steps("a-run", one.rollup.episode_id)) for one in episodes}
        frames = library.resolve_batch([step.frame_ref or "" for step in library.load_steps("a-run", "s-e30")])
        pictures = [None if frame is None else frame[0, 0, 0] for frame in frames]
    assert sorted(scalars.step.tolist()) == list(range(1, seq + 1))
    assert found == {f"s-e{number}": 50 for number in range(1, seq + 1)}
    assert pictures == [number % 251 for number in range(29 * 56, 29 * 56 + 50)]
