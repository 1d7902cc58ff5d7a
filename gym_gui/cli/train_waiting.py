"""Waiting for a training run to end, with what it writes where somebody wants to see it."""

from __future__ import annotations

import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from gym_gui.cli.options import print_json, say
from gym_gui.cli.run_lines import run_document
from gym_gui.core.errors import EnvironmentFault
from gym_gui.services.trainer.states import TrainingState

if TYPE_CHECKING:
    from gym_gui.services.trainer.client.client import TrainerClient
    from gym_gui.services.trainer.run_store import TrainingRun

CODES: Final = {TrainingState.COMPLETED: 0, TrainingState.FAILED: 1, TrainingState.CANCELLED: 3}


def wait_for(client: TrainerClient, run_id: str, *, follow: bool, as_json: bool) -> int:
    """Return when the run has ended: 0 completed, 1 failed, 3 cancelled.

    Ctrl+C ends the waiting, not the run.
    """
    reader = threading.Thread(target=_show_log, args=(client, run_id), name="log", daemon=True)
    try:
        if follow:
            reader.start()
        run = _ended_run(client, run_id)
        if follow:
            reader.join(5.0)
    except KeyboardInterrupt:
        say(f"The run goes on. `gym-gui train cancel {run_id}` stops it.", err=True)
        return 0
    if as_json:
        print_json(run_document(run))
    else:
        say(f"{run.run_id} {run.state.value}: {run.reason}", err=run.state is TrainingState.FAILED)
    return CODES[run.state]


def _ended_run(client: TrainerClient, run_id: str) -> TrainingRun:
    """The run when it has ended, waited for."""
    run = client.get(run_id)
    while run.state.is_active:
        changes = client.watch_runs((run_id,))
        try:
            for changed, _ in changes:
                if not changed.state.is_active:
                    return changed
        finally:
            changes.close()
        run = client.get(run_id)
    return run


def _show_log(client: TrainerClient, run_id: str) -> None:
    # Standard error: with --json the answer is one document.
    with suppress(EnvironmentFault):  # a trainer that went away: whoever waits for the run says so
        for data in client.read_log(run_id, follow=True):
            sys.stderr.buffer.write(data)
            sys.stderr.flush()
