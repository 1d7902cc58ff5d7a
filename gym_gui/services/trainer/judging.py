"""RunJudge: whether a run can begin on this machine, found out in a process of its own: what hangs or dies stays alone.

The window asks before a run is started, a trainer where whoever submits is elsewhere. Any thread.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import threading
from typing import TYPE_CHECKING, Final

import msgspec

from gym_gui.core.closing import Closing
from gym_gui.core.typing_compat import override
from gym_gui.services.trainer.dispatch.processes import kill_group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gym_gui.services.trainer.config import TrainingConfig

COMMAND: Final = (sys.executable, "-P", "-m", "gym_gui.workers.fitting_apart")
#: What a run may take to begin; one that takes longer is not judged.
PATIENCE_S: Final = 10.0


class RunJudge(Closing):
    """Judges runs, each in a process that is gone when it has answered, when it takes too long, or when this closes.

    Args:
        command: Words that start the process; it gets the configuration and the patience, see
            `gym_gui.workers.fitting_apart`.
        patience_s: See `PATIENCE_S`.
    """

    def __init__(self, command: Sequence[str] = COMMAND, patience_s: float = PATIENCE_S) -> None:
        self._command = tuple(command)
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._judging: set[subprocess.Popen[bytes]] = set()
        self._closed = False

    def misfit_of(self, config: TrainingConfig) -> str:
        """One sentence where this machine cannot begin that run; empty where it can, or where that cannot be told."""
        try:
            process = self._started()
        except OSError:
            return ""
        if process is None:
            return ""
        try:
            told, _ = process.communicate(msgspec.json.encode(config), self._patience_s)
        except subprocess.TimeoutExpired:
            return ""
        finally:
            self._end(process)
        if self._closed or process.returncode > 0:
            return ""
        if process.returncode < 0:
            return f"{config.env_id} ended the process that made it (signal {-process.returncode})."
        return told.decode("utf-8", "replace").strip()

    @override
    def close(self) -> None:
        """End what is being judged; nobody waits for it any more."""
        with self._lock:
            self._closed = True
            for process in self._judging:
                _kill(process)

    def _started(self) -> subprocess.Popen[bytes] | None:
        with self._lock:  # one that is starting when this closes is known, and ended
            if self._closed:
                return None
            process = subprocess.Popen(  # noqa: S603 - this interpreter, this package
                (*self._command, str(self._patience_s)),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=tempfile.gettempdir(),
                start_new_session=True,  # an environment's own processes end with it
            )
            self._judging.add(process)
            return process

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        with self._lock:
            self._judging.discard(process)
            _kill(process)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what it did not read
                    pipe.close()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a process, and what it started; the number of one that is gone may be anybody's."""
    if process.poll() is None:
        kill_group(process.pid)
