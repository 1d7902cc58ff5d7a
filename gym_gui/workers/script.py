"""The worker ``script``: the user's own file, run as from a shell; a plain `RecordTelemetry` in it joins the run."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gym_gui.core.errors import WorkerError
from gym_gui.workers.work import WorkResult

if TYPE_CHECKING:
    from gym_gui.workers.work import Workplace


def run_script(workplace: Workplace) -> WorkResult:
    """Run the file to its end, with its arguments; what it records joins the run by the process's variables.

    Raises:
        WorkerError: there is no such file, or it ended with a code that means failure.
    """
    config = workplace.config
    path = Path(config.script)
    if not path.is_file():
        raise WorkerError(f"There is no script {config.script}.")
    argv, path_entry = [str(path), *config.arguments], str(path.parent.resolve())
    before, sys.argv = sys.argv, argv
    sys.path.insert(0, path_entry)  # as the interpreter does
    try:
        with workplace.stop.heeded() as stopping:
            runpy.run_path(str(path), run_name="__main__")
    except SystemExit as ending:
        if ending.code not in {None, 0} and not stopping.happened:
            raise WorkerError(f"The script ended with {ending.code!r}.") from ending
    finally:
        sys.argv = before
        sys.path.remove(path_entry)
    return WorkResult(steps=workplace.desk.steps, was_stopped=stopping.happened)
