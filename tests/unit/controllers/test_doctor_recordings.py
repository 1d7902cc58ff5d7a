"""`doctor` on recordings of other backends: their pictures are not missed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elsewhere import record_elsewhere
from synthetic import final_of, run_of

from gym_gui.config.settings import Settings
from gym_gui.controllers.doctor.check import Status
from gym_gui.controllers.doctor.storage import check_runs
from gym_gui.services.bootstrap import open_services

if TYPE_CHECKING:
    from pathlib import Path


def test_that_a_run_of_another_backend_misses_no_replay_file(var_dir: Path) -> None:
    settings = Settings(var_dir=var_dir)
    with open_services(settings) as services:
        for run_id in ("elsewhere", "lost"):
            services.store.insert_run(run_of(run_id))
            services.store.upsert_episode(final_of(run_id, 0, steps=3, frames=4))
    record_elsewhere("hdf5", var_dir / "recordings" / "elsewhere", "elsewhere")
    check = check_runs(settings)
    assert check.status is Status.WARNING
    assert "the replay file of 1 is gone, of lost first" in check.message
