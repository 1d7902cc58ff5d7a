"""Runs on a real Ray of this machine, which ends with them."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import psutil
import pytest
from dispatching import LIMITS, RUN_ARGUMENT, House, until

from gym_gui.services.trainer.dispatch.launchers.ray import RayLauncher
from gym_gui.services.trainer.states import TrainingState

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.version_info >= (3, 14), reason="Ray has no packages for Python 3.14"),
]
pytest.importorskip("ray", reason="Ray is not installed")

S = TrainingState
ENDED = (S.COMPLETED, S.FAILED, S.CANCELLED)
COMMAND: Final = (sys.executable, "-u", "-c", RUN_ARGUMENT)
POLITE = (
    "import os, signal, time\n"
    "def stop(*_):\n"
    "    print('stopping'); open('checkpoints/step-000000000003.zip', 'w').write('x')\n"
    '    open(\'outcome.json\', \'w\').write(\'{"state": "cancelled", "reason": "Saved."}\'); os._exit(3)\n'
    "signal.signal(signal.SIGTERM, stop)\n"
    "print('run', os.environ['GYM_GUI_RUN_ID'], os.environ['OMP_NUM_THREADS'], os.environ['GYM_GUI_RUN_DIR'])\n"
    "print('at work'); time.sleep(600)"
)


def ray_house(folder: Path) -> House:
    return House(folder, launchers={"ray": RayLauncher(COMMAND)}, limits=replace(LIMITS, stop_grace_s=30))


def test_that_a_run_on_ray_is_watched_and_stopped_like_any_other(var_dir: Path) -> None:
    with ray_house(var_dir) as house:
        run_id = house.submit(POLITE, launcher="ray")
        house.wait_for_log(run_id, timeout_s=90)
        folder = house.folder(run_id)
        assert f"run {run_id} 1 {folder.path}" in folder.log_path.read_text()
        house.register(run_id)
        house.dispatcher.cancel(run_id, "enough")
        run = house.wait(run_id, *ENDED)
        assert (run.state, run.reason) == (S.CANCELLED, "enough")
        assert "stopping" in folder.log_path.read_text()
        assert folder.newest_checkpoint() == folder.checkpoints_dir / "step-000000000003.zip"
        assert not house.leftovers(run_id)


def test_that_a_driver_that_is_killed_leaves_nothing_of_its_ray(var_dir: Path) -> None:
    with ray_house(var_dir) as house:
        run_id = house.submit("import time; print('at work'); time.sleep(600)", launcher="ray")
        house.wait_for_log(run_id, timeout_s=90)
        before = house.leftovers(run_id)
        assert len(before) > 2  # the driver, Ray's own processes, the guard and the worker
        os.kill(house.pid(run_id), signal.SIGKILL)
        assert house.wait(run_id, *ENDED).state is S.FAILED
        assert not house.leftovers(run_id)
        until(lambda: not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" for pid in before))
