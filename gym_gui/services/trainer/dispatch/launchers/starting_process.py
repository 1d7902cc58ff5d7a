"""Starting a worker's process: own session, no input, output appended to its log, a little less important."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

from gym_gui.core.errors import WorkerError
from gym_gui.services.trainer.dispatch.limits import threads_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gym_gui.services.trainer.dispatch.launchers.protocol import Launch

NICENESS: Final = 5  # the window and the trainer itself go first
_OOM_SCORE: Final = 500  # where memory runs out, the kernel takes a worker and not the trainer
# What this process was told by a trainer of its own is not for its children.
_NOT_INHERITED: Final = ("GYM_GUI_RUN_", "GYM_GUI_WORKER_", "GYM_GUI_TRAINER", "GYM_GUI_RESUME_FROM")


def start_process(command: Sequence[str], launch: Launch) -> subprocess.Popen[bytes]:
    """Start *command* for a run.

    Raises:
        WorkerError: it cannot be started, or its log not written.
    """
    environment = {**inherited_variables(launch.config.resources.cpus), **launch.environment}
    try:
        with launch.log_path.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - a command of ours; what a client sent is data in a file
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=launch.folder,
                start_new_session=True,
            )
    except OSError as error:
        raise WorkerError(
            f"The worker could not be started: {error.strerror or error}.", hint=str(command[0])
        ) from error
    humble(process.pid)
    return process


def inherited_variables(cpus: float) -> dict[str, str]:
    """Variables of every worker that counts for so many cores, beside what its run adds."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)}
    return {**inherited, "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": str(threads_for(cpus))}


def humble(pid: int) -> None:
    """Make a process give way to others, and leave no core file."""
    # From outside: code between fork and exec may hang in a process of many threads.
    with contextlib.suppress(psutil.Error, OSError):
        process = psutil.Process(pid)
        if sys.platform != "win32":
            process.nice(NICENESS)
        if sys.platform == "linux":
            process.rlimit(psutil.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/oom_score_adj").write_text(f"{_OOM_SCORE}\n", encoding="ascii")
