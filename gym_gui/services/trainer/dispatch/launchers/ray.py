"""RayLauncher: a worker runs on a Ray cluster; a driver process here stands for it, and is watched like any worker."""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from gym_gui.core.typing_compat import override
from gym_gui.services.trainer.dispatch.launchers.local import WORKER_COMMAND
from gym_gui.services.trainer.dispatch.launchers.protocol import Launcher
from gym_gui.services.trainer.dispatch.launchers.starting_process import start_process

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Sequence

    from gym_gui.services.trainer.dispatch.launchers.protocol import Launch

DRIVER: Final = "gym_gui.services.trainer.dispatch.launchers.ray_driver"
# Ray tells its makers of its use unless it is told not to, and writes over what is printed.
_QUIET: Final = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DEDUP_LOGS": "0",
    "RAY_COLOR_PREFIX": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


def is_ray_installed() -> bool:
    """Whether the extra ``cluster`` is there."""
    return find_spec("ray") is not None


class RayLauncher(Launcher):
    """Starts workers on the cluster that ``launcher_options.address`` names, or on a Ray of this machine's own.

    Args:
        command: What runs there; its first word is this Python, and becomes that of the node.
    """

    # The cluster may have no place for a long while.
    start_timeout_s = 3_600.0

    def __init__(self, command: Sequence[str] = WORKER_COMMAND) -> None:
        self._command = tuple(command)

    @override
    def launch(self, launch: Launch) -> subprocess.Popen[bytes]:
        """Start the driver; see `Launcher`."""
        command = (sys.executable, "-m", DRIVER, *self._command)
        return start_process(command, replace(launch, environment={**_QUIET, **launch.environment}))

    @override
    def look_after(self) -> None:
        """Nothing is prepared here."""

    @override
    def close(self) -> None:
        """Likewise."""
