"""Whether a run can begin here, found out in a process of its own: an environment that hangs or dies stays alone.

Run as ``python -m gym_gui.workers.fitting_apart``: a run's configuration on standard input, one sentence or nothing on
standard output.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, Final

import msgspec

from gym_gui.core.errors import EnvironmentFault
from gym_gui.services.trainer.config import TrainingConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMAND: Final = (sys.executable, "-P", "-m", "gym_gui.workers.fitting_apart")
# A window that closes waits for it.
_PATIENCE_S: Final = 10.0


def misfit_of(config: TrainingConfig, command: Sequence[str] = COMMAND, patience_s: float = _PATIENCE_S) -> str:
    """One sentence where this machine cannot begin that run; empty where it can, or where that cannot be told.

    Args:
        config: The run's.
        command: Words that start the process.
        patience_s: What a run may take to begin; one that takes longer is not judged.
    """
    try:
        done = subprocess.run(  # noqa: S603 - this interpreter, this package
            command,
            input=msgspec.json.encode(config),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=patience_s,
            check=False,
            cwd=tempfile.gettempdir(),
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    if done.returncode < 0:
        return f"{config.env_id} ended the process that made it (signal {-done.returncode})."
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else ""


def main() -> int:
    """Judge one run."""
    from gym_gui.workers.algorithms import require_learners  # noqa: PLC0415 - only the child pays for it
    from gym_gui.workers.fitting import check_fit  # noqa: PLC0415 - same

    # Environments print; the sentence is ours alone.
    answer = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    config = msgspec.json.decode(sys.stdin.buffer.read(), type=TrainingConfig)
    try:
        if config.worker == "sb3":
            require_learners()
        check_fit(config)
    except EnvironmentFault as fault:
        answer.write(str(fault))
    answer.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
