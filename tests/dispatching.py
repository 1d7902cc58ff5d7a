"""A dispatcher over real child processes that tests can wait for, and a look at what is left of them."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from gym_gui.config.paths import VarPaths
from gym_gui.services.trainer.config import ResourceConfig, TrainingConfig
from gym_gui.services.trainer.dispatch import processes
from gym_gui.services.trainer.dispatch.dispatch_facts import Alert, DispatchLimits
from gym_gui.services.trainer.dispatch.dispatcher import Dispatcher
from gym_gui.services.trainer.dispatch.launchers.local import LocalLauncher
from gym_gui.services.trainer.dispatch.run_folder import RunFolder
from gym_gui.services.trainer.registry.registry import RunRegistry

if TYPE_CHECKING:
    from collections.abc import Callable

    from gym_gui.services.trainer.run_store import RunStore, TrainingRun
    from gym_gui.services.trainer.states import TrainingState

WAIT_S: Final = 25.0
# A worker that does what its configuration's first argument says, in Python.
RUN_ARGUMENT: Final = "import json; exec(json.load(open('config.json'))['arguments'][0])"
COMMAND: Final = (sys.executable, "-S", "-E", "-u", "-c", RUN_ARGUMENT)
SLEEP: Final = "import time; print('at work'); time.sleep(600)"
LIMITS: Final = DispatchLimits(
    max_runs=4, cpus=4.0, gpus=(), stop_grace_s=5.0, hung_grace_s=0.2, restart_delay_s=0.01, disk_low_mb=0
)


def until(condition: Callable[[], Any], *, timeout_s: float = WAIT_S) -> Any:
    """What *condition* says once it is true."""
    deadline_s = time.monotonic() + timeout_s
    while not (said := condition()):
        assert time.monotonic() < deadline_s, "it never came"
        threading.Event().wait(0.005)
    return said


class House:
    """A dispatcher, its registry and what it said.

    Args:
        folder: The var folder.
        store: The registry; None for SQLite in that folder, closed with the house.
        limits: Of the dispatcher.
        launchers: Other than the local one of tests.
    """

    def __init__(
        self,
        folder: Path,
        *,
        store: RunStore | None = None,
        limits: DispatchLimits = LIMITS,
        launchers: dict[str, Any] | None = None,
    ) -> None:
        self.paths = VarPaths(folder)
        self._own = RunRegistry(self.paths.trainer_db) if store is None else None
        self.store: RunStore = store or self._own  # type: ignore[assignment]  # one of the two is there
        self.changes: list[TrainingRun] = []
        self.alerts: list[Alert] = []
        self.dispatcher = Dispatcher(
            self.store,
            launchers or {"local": LocalLauncher(COMMAND)},
            paths=self.paths,
            trainer_address="127.0.0.1:1",
            limits=limits,
            on_change=self.changes.append,
            on_alert=self.alerts.append,
        )
        self.dispatcher.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close(cancel_runs=True)

    def close(self, *, cancel_runs: bool) -> None:
        """End."""
        self.dispatcher.close(cancel_runs)
        if self._own is not None:
            self._own.close()

    def submit(self, code: str, *, seed: int = 0, resume_from: str | None = None, **changes: Any) -> str:
        """A run that does *code*; its id."""
        config = TrainingConfig(worker="script", arguments=(code,), seed=seed, resources=ResourceConfig(cpus=1.0))
        return self.dispatcher.submit(replace(config, **changes), resume_from=resume_from).run_id

    def wait(self, run_id: str, *states: TrainingState) -> TrainingRun:
        """The run once it is in one of these states."""
        until(lambda: self.store.get(run_id).state in states)
        return self.store.get(run_id)

    def pid(self, run_id: str) -> int:
        """The number of its worker process, once it has one."""
        workers = until(lambda: self.store.get(run_id).workers)
        return int(workers[0].pid)

    def folder(self, run_id: str) -> RunFolder:
        """What is on disk of it."""
        return RunFolder(self.paths, run_id)

    def wait_for_log(self, run_id: str, word: str = "at work", *, timeout_s: float = WAIT_S) -> None:
        """Until the worker has printed *word*."""
        until(lambda: word in self.folder(run_id).log_tail(), timeout_s=timeout_s)

    def token(self, run_id: str) -> str:
        """The secret that its worker was given."""
        environment = Path(f"/proc/{self.pid(run_id)}/environ").read_bytes()
        found = [one for one in environment.split(b"\0") if one.startswith(b"GYM_GUI_WORKER_TOKEN=")]
        return found[0].partition(b"=")[2].decode()

    def register(self, run_id: str) -> None:
        """Do what its worker would do: show its secret."""
        self.wait_for_log(run_id)
        assert self.dispatcher.register(run_id, "w0", self.token(run_id))

    def leftovers(self, run_id: str) -> set[int]:
        """Processes of the run that live."""
        mark = self.folder(run_id).mark
        return processes.marked([mark])[mark] if mark else set()
