"""``python -m gym_gui.workers``: one worker of a training run, from its variables to its outcome and exit code."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from gym_gui.core.errors import EnvironmentFault
from gym_gui.core.variables import RUN_DIR
from gym_gui.workers.outcome import FAILED, Outcome
from gym_gui.workers.place import WorkerPlace
from gym_gui.workers.session import work

if TYPE_CHECKING:
    from collections.abc import Mapping


def main(variables: Mapping[str, str]) -> int:
    """Work, and say how it ended; the exit code."""
    try:
        place = WorkerPlace.from_variables(variables)
        outcome = work(place)
    except EnvironmentFault as fault:
        print(f"gym-gui worker: {fault}", file=sys.stderr, flush=True)  # noqa: T201 - the run's log
        outcome = Outcome(FAILED, str(fault))
    except Exception as error:  # noqa: BLE001 - the edge of the process: whatever it is, the log and the outcome say it
        traceback.print_exc()
        outcome = Outcome(FAILED, f"{type(error).__name__}: {' '.join(str(error).split())}"[:500])
    folder = variables.get(RUN_DIR)
    if folder and Path(folder).is_dir():
        try:
            outcome.write(Path(folder))
        except OSError as error:  # a full disk: the trainer has heard it over the wire, or sees the exit code
            print(f"gym-gui worker: how it ended cannot be written: {error}", file=sys.stderr, flush=True)  # noqa: T201 - as above
    return outcome.exit_code


if __name__ == "__main__":
    sys.exit(main(os.environ))
