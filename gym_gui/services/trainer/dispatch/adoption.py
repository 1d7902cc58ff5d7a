"""Adoption: the runs that an earlier trainer of this var folder left active, taken over as they are."""

from __future__ import annotations

import secrets
import socket
from typing import TYPE_CHECKING

from gym_gui.core.errors import StoreError
from gym_gui.services.trainer.dispatch.active_run import ActiveRun, FoundProcess, Verdict
from gym_gui.services.trainer.dispatch.run_folder import RunFolder
from gym_gui.services.trainer.dispatch.verdicts import UNSTARTED
from gym_gui.services.trainer.states import TrainingState

if TYPE_CHECKING:
    from gym_gui.config.paths import VarPaths
    from gym_gui.services.trainer.dispatch.dispatch_facts import DispatchLimits
    from gym_gui.services.trainer.run_store import RunStore

HOLDING = frozenset({TrainingState.DISPATCHING, TrainingState.RUNNING, TrainingState.PAUSED})


def owner_name(paths: VarPaths) -> str:
    """What the trainer of this var folder calls itself in a registry that it may share; the same after a restart.

    Raises:
        StoreError: the folder cannot be written.
    """
    path = paths.trainer_dir / "owner"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(f"{socket.gethostname()}-{secrets.token_hex(4)}")
        except FileExistsError:
            pass
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise StoreError(
            f"The trainer's folder cannot be written: {error.strerror or error}.", hint=f"Folder: {path.parent}"
        ) from error


def adopted(store: RunStore, paths: VarPaths, owner: str, limits: DispatchLimits, now: float) -> list[ActiveRun]:
    """The active runs that *owner* left, each with its process if that was recorded; nothing is changed yet.

    Those whose process is gone end at the supervisor's first look: as their ``outcome.json`` says, or as failed.

    Raises:
        StoreError: the registry cannot be read.
    """
    return [
        _adopt(store, RunFolder(paths, run.run_id), run.run_id, limits, now)
        for run in store.list(HOLDING, limit=1_000_000)
        if run.owner == owner
    ]


def _adopt(store: RunStore, folder: RunFolder, run_id: str, limits: DispatchLimits, now: float) -> ActiveRun:
    run = store.get(run_id)
    worker = run.workers[0] if run.workers else None
    mark = folder.mark
    active = ActiveRun(
        run=run,
        folder=folder,
        mark=mark,
        token_digest=worker.token_digest if worker else "",
        since=now,
        start_timeout_s=limits.start_timeout_s,
        late_after_s=limits.heartbeat_timeout_s,
        cancel_reason=folder.cancel_reason,
    )
    if worker is not None:
        active.process = FoundProcess(worker, mark)
        if run.state is not TrainingState.DISPATCHING:
            # It was heard of before; it has to find us now.
            active.heard_of(worker.worker_id, now + max(0.0, limits.adoption_grace_s - limits.heartbeat_timeout_s))
    elif run.state is TrainingState.DISPATCHING:
        active.verdict = Verdict(TrainingState.PENDING, UNSTARTED)
    return active
