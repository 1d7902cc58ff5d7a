"""LocalLauncher: a worker is a process of this machine; for a run that learns, one that waited for it."""

from __future__ import annotations

import logging
import sys
import time
from typing import TYPE_CHECKING, Final

from gym_gui.core.typing_compat import override
from gym_gui.core.variables import RUN_MARK
from gym_gui.services.trainer.dispatch.launchers.protocol import Launcher
from gym_gui.services.trainer.dispatch.launchers.spare import SpareWorker, has_learner
from gym_gui.services.trainer.dispatch.launchers.starting_process import start_process

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Sequence

    from gym_gui.services.trainer.config import TrainingConfig
    from gym_gui.services.trainer.dispatch.launchers.protocol import Launch

_LOGGER = logging.getLogger(__name__)

WORKER_COMMAND: Final = (sys.executable, "-m", "gym_gui.workers")
# A spare loads for two seconds of a core: not while the run that was just started does the same.
_AFTER_LAUNCH_S: Final = 5.0


class LocalLauncher(Launcher):
    """Starts workers on this machine. One thread at a time.

    Args:
        command: Its words; what is started reads ``config.json`` of its folder.
        spare_s: How long a spare waits after the last start of a run, or after this one's own; 0 for no spares.
    """

    start_timeout_s = 0.0

    def __init__(self, command: Sequence[str] = WORKER_COMMAND, *, spare_s: float = 0.0) -> None:
        self._command = tuple(command)
        self._spare: SpareWorker | None = None
        self._has_spares = spare_s > 0 and self._command == WORKER_COMMAND and has_learner()
        self._not_before_s = time.monotonic()
        self._spare_s = spare_s
        self._needed_s = time.monotonic()

    @override
    def mark_for(self, config: TrainingConfig) -> str:
        if self._spare is not None and self._spare.is_alive and self._spare.fits(config):
            return self._spare.mark
        return ""

    @override
    def pid_for(self, config: TrainingConfig) -> int:
        return self._spare.pid if self._spare is not None and self.mark_for(config) else 0

    @override
    def launch(self, launch: Launch) -> subprocess.Popen[bytes]:
        self._needed_s = time.monotonic()
        self._not_before_s = self._needed_s + _AFTER_LAUNCH_S
        spare = self._spare
        if spare is not None and launch.environment.get(RUN_MARK) == spare.mark:
            self._spare = None
            process = spare.give(launch)
            if process is not None:
                return process
        return start_process(self._command, launch)

    @override
    def look_after(self) -> None:
        now_s = time.monotonic()
        if self._spare is not None and not self._spare.is_alive:
            # Killed, for its memory perhaps: not again until somebody needs one.
            self.close()
            self._needed_s = float("-inf")
        is_wanted = self._has_spares and now_s - self._needed_s < self._spare_s
        if self._spare is not None and not is_wanted:
            self.close()
        elif self._spare is None and is_wanted and now_s >= self._not_before_s:
            try:
                self._spare = SpareWorker()
            except OSError as error:
                _LOGGER.warning("No worker can be loaded beforehand: %s", error)
                self._has_spares = False

    @override
    def close(self) -> None:
        spare, self._spare = self._spare, None
        if spare is not None:
            spare.close()
