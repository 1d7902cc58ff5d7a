"""Starting: from a run that has its slot to a process that works on it."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import socket
from typing import TYPE_CHECKING

from gym_gui.core import variables
from gym_gui.core.errors import RunNotFoundError, StoreError, WorkerError
from gym_gui.services.trainer.dispatch import processes
from gym_gui.services.trainer.dispatch.active_run import ActiveRun, ChildProcess, Verdict
from gym_gui.services.trainer.dispatch.launchers.protocol import Launch
from gym_gui.services.trainer.dispatch.run_folder import WORKER_ID, RunFolder
from gym_gui.services.trainer.run_store import WorkerProcess
from gym_gui.services.trainer.states import TrainingState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gym_gui.config.paths import VarPaths
    from gym_gui.services.trainer.dispatch.dispatch_facts import DispatchLimits
    from gym_gui.services.trainer.dispatch.launchers.protocol import Launcher
    from gym_gui.services.trainer.run_store import RunStore, TrainingRun


class Starter:
    """Starts workers.

    Args:
        store: Remembers their processes.
        launchers: Name -> launcher.
        paths: Of the var folder.
        variables: That every worker gets: the trainer's address, say.
        limits: How long it may take.
    """

    def __init__(
        self,
        store: RunStore,
        launchers: Mapping[str, Launcher],
        *,
        paths: VarPaths,
        variables: Mapping[str, str],
        limits: DispatchLimits,
    ) -> None:
        self._store = store
        self._launchers = launchers
        self._paths = paths
        self._variables = variables
        self._limits = limits

    def prepared(self, run: TrainingRun, now: float) -> ActiveRun:
        """A run that was claimed, before anything is started for it."""
        folder = RunFolder(self._paths, run.run_id)
        return ActiveRun(
            run=run,
            folder=folder,
            mark=folder.mark,
            token_digest="",
            since=now,
            start_timeout_s=self._limits.start_timeout_s,
            late_after_s=self._limits.heartbeat_timeout_s,
        )

    def start(self, active: ActiveRun) -> None:
        """Start the worker of a run; where that fails, its verdict says so."""
        token = secrets.token_urlsafe(24)
        active.token_digest = digest_of(token)
        run, folder = active.run, active.folder
        try:
            launcher = self._launcher(run.config.launcher)
            checkpoint = self._checkpoint(run, folder)
            active.mark = folder.prepare(run.config, launcher.mark_for(run.config))
            active.start_timeout_s += launcher.start_timeout_s
            waiting = launcher.pid_for(run.config)
            if waiting:  # it is at work, and may be heard, before this thread goes on
                self._remember(active, waiting)
            environment = self._environment(active, token, checkpoint)
            launch = Launch(config=run.config, environment=environment, folder=folder.path, log_path=folder.log_path)
            active.process = ChildProcess(launcher.launch(launch))
        except WorkerError as error:
            active.verdict = Verdict(TrainingState.FAILED, str(error))
            return
        self.record(active)

    def record(self, active: ActiveRun) -> None:
        """Remember the process in the registry; where that is full, the mark on disk finds it all the same."""
        if active.process is not None:
            self._remember(active, active.process.pid)

    def _remember(self, active: ActiveRun, pid: int) -> None:
        worker = WorkerProcess(
            worker_id=WORKER_ID,
            pid=pid,
            born_s=processes.born_s(pid),
            host=socket.gethostname(),
            token_digest=active.token_digest,
            launcher=active.run.config.launcher,
        )
        with contextlib.suppress(StoreError, RunNotFoundError):
            self._store.set_workers(active.run.run_id, [worker])
            active.run = self._store.get(active.run.run_id)

    def look_after(self) -> None:
        """Let launchers prepare for the next run."""
        for launcher in self._launchers.values():
            launcher.look_after()

    def close(self) -> None:
        """Let go of what launchers prepared; workers go on."""
        for launcher in self._launchers.values():
            launcher.close()

    def _launcher(self, name: str) -> Launcher:
        if name not in self._launchers:
            raise WorkerError(f"This trainer has no launcher {name!r}.")
        return self._launchers[name]

    def _environment(self, active: ActiveRun, token: str, checkpoint: str) -> dict[str, str]:
        gpus = ",".join(map(str, active.run.gpus))
        return {
            **self._variables,
            variables.RUN_ID: active.run.run_id,
            variables.WORKER_ID: WORKER_ID,
            variables.WORKER_TOKEN: token,
            variables.RUN_DIR: str(active.folder.path.absolute()),
            variables.LIVE_DIR: str(self._paths.live_dir.absolute()),
            variables.RUN_MARK: active.mark,
            **({variables.RESUME_FROM: checkpoint} if checkpoint else {}),
            # A run that asked for none gets none: another run may count on it.
            **({"CUDA_VISIBLE_DEVICES": gpus} if active.run.config.launcher == "local" else {}),
        }

    def _checkpoint(self, run: TrainingRun, folder: RunFolder) -> str:
        own = folder.newest_checkpoint()
        if own is None and run.resumed_from is not None:
            own = RunFolder(self._paths, run.resumed_from).newest_checkpoint()
            if own is None:
                raise WorkerError(f"Run {run.resumed_from} has no checkpoint any more.")
        return "" if own is None else str(own.absolute())


def digest_of(token: str) -> str:
    """What is kept of a worker's secret."""
    return hashlib.sha256(token.encode()).hexdigest()
