"""`doctor` on recordings of other backends: their pictures are not missed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from synthetic import run_of, step_of

from gym_gui.config.settings import Settings
from gym_gui.controllers.doctor.check import Status
from gym_gui.controllers.doctor.storage import check_runs
from gym_gui.core.data_model import RunState
from gym_gui.core.errors import EnvironmentFault
from gym_gui.services.bootstrap import open_archive, open_services

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import LogExpectations


def record(settings: Settings, run_id: str, backend: str) -> None:
    with open_services(settings, record={"backend": backend}) as services:
        services.telemetry.start_run(run_of(run_id))
        for step in (step_of(run_id, 0, 0, 0), step_of(run_id, 0, 1, 1)):
            services.telemetry.record_step(step)
        services.telemetry.end_run(run_id, RunState.COMPLETED)
        services.telemetry.flush(10)


def test_that_a_run_of_another_backend_misses_no_replay_file(var_dir: Path) -> None:
    settings = Settings(var_dir=var_dir)
    record(settings, "elsewhere", "hdf5")
    record(settings, "lost", "split")
    next((var_dir / "replay").glob("lost*.h5")).unlink()
    check = check_runs(settings)
    assert check.status is Status.WARNING
    assert "the replay file of 1 is gone, of lost first" in check.message


@pytest.mark.parametrize("backend", ["hdf5", "sqlite", "parquet"])
def test_that_a_damaged_recording_of_another_backend_is_told(
    var_dir: Path, backend: str, expect_log: LogExpectations
) -> None:
    settings = Settings(var_dir=var_dir)
    record(settings, "run", backend)
    assert check_runs(settings).status is Status.OK
    if backend == "sqlite":
        expect_log(logging.WARNING, "A recording is not in the library")
    inside = {"hdf5": "*.h5", "sqlite": "*.sqlite", "parquet": "**/trajectory_*.parquet"}[backend]
    (file,) = (var_dir / "recordings" / "run").glob(inside)
    file.write_bytes(file.read_bytes()[:300])
    with open_archive(settings) as archive:
        with pytest.raises(EnvironmentFault):
            archive.library.load_steps("run", "e0000")
        with pytest.raises(EnvironmentFault):
            archive.library.load_columns("run", "e0000")
    check = check_runs(settings)
    assert check.status is Status.WARNING
    assert "the recording of 1 cannot be read, of run first" in check.message
