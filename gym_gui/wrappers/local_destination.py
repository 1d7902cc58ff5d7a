"""LocalDestination: batches straight into a var folder of this machine, which a window can watch meanwhile.

Destinations of one process share one pipeline a folder: one sink, one thread, one connection.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from filelock import FileLock

from gym_gui.config.schema import SplitRecordConfig
from gym_gui.config.settings import load_settings
from gym_gui.core.errors import GymGuiError, RunNotFoundError, StoreError
from gym_gui.core.refs import check_run_id, numbered_run_id, run_id_with
from gym_gui.replay.run_lock import is_being_written
from gym_gui.services.batch_destination import DestinationStatus
from gym_gui.services.bootstrap import Services, open_services
from gym_gui.wrappers.said_once import SaidOnce

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from gym_gui.core.data_model import RunRecord, RunState, StepBatch
    from gym_gui.core.schema.run_spaces import RunSpaces
    from gym_gui.services.batch_destination import Order

_LOGGER = logging.getLogger(__name__)
_NAMING_FILE: Final = "naming.lock"
_NAMING_S: Final = 20.0
_START_S: Final = 20.0
_WORKER: Final = "w0"
# A batch has waited for company already, for `round_thread.SEND_S`: together they stay below a quarter of a second.
_FLUSH_S: Final = 0.05


@dataclass(slots=True)
class _Pipeline:
    services: Services
    users: int = 0


# One a folder and process.
_pipelines: dict[Path, _Pipeline] = {}
_lock = threading.RLock()


class LocalDestination:
    """One run in a var folder.

    Args:
        var_dir: The folder; made where it is missing.
        name: What the run is to be called; see `run_id` for what it is.
        session: Which execution of a script records; see `session.session_id`.
        make_run: Makes the record of the run, from its id and the first run's id of its group.
        spaces: What its steps are drawn from.

    Attributes:
        run_id: *name* where it is free, else ``name-2`` and so on; ``name.w1`` and so on where this session records
            it already.
        worker_id: The run's only worker.
        run: The record.

    Raises:
        VarDirError: the folder cannot be written.
        StoreError: the database is foreign, damaged or locked, or the disk refuses.
    """

    def __init__(
        self,
        var_dir: Path,
        name: str,
        *,
        session: str,
        make_run: Callable[[str, str], tuple[RunRecord, RunSpaces]],
    ) -> None:
        self._var_dir = var_dir
        self._services = _acquire(var_dir)
        self._said = SaidOnce(_LOGGER)
        self._closed = False
        self._seq = 0
        self.worker_id = _WORKER
        try:
            # Held until the run is in the database: whoever chooses a name next sees it there.
            with FileLock(var_dir / _NAMING_FILE, timeout=_NAMING_S):
                self.run_id, group = _free_name(self._services, name, session)
                self.run, spaces = make_run(self.run_id, group)
                self._services.telemetry.start_run(self.run, spaces=spaces)
                self._services.telemetry.flush(_START_S)
        except BaseException:
            _release(var_dir)
            raise

    @property
    def paths(self) -> Any:
        """The folder's layout, `VarPaths`."""
        return self._services.paths

    def put(self, batch: StepBatch) -> None:
        """Publish a batch; waits where the disk is slower than the training."""
        self._services.telemetry.record_batch(batch)
        self._seq = batch.seq

    def heartbeat(self, *, steps: int, phase: str) -> None:
        """Nobody asks: the run's lock says that this process lives."""

    def orders(self) -> Sequence[Order]:
        """None: nobody is there to give any."""
        return ()

    def answer(self, order: Order, outcome: str, detail: str = "") -> None:
        """Nobody asked."""

    def status(self) -> DestinationStatus:
        """How the folder's sink stands."""
        sink = self._services.telemetry.status()
        if sink is None:
            return DestinationStatus()
        return DestinationStatus(durable_seq=self._seq, fault=sink.fault)

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until everything is on disk; whether it is."""
        try:
            self._services.telemetry.flush(timeout_s)
        except StoreError as fault:
            self._said.fault("Not everything is on disk", fault)
            return False
        return True

    def close(self, state: RunState, reason: str = "", *, timeout_s: float = 10.0) -> None:
        """End the run and wait until it is on disk."""
        if self._closed:
            return
        self._closed = True
        # A disk that refuses everything would hold whoever publishes for ever, and the training with it.
        ending = threading.Thread(target=self._end, args=(state, reason, timeout_s), name="telemetry-end", daemon=True)
        ending.start()
        ending.join(timeout_s)
        if ending.is_alive():
            self._said.fault("The run's end is not recorded", f"the disk took more than {timeout_s:g} s")
        _release(self._var_dir)

    def _end(self, state: RunState, reason: str, timeout_s: float) -> None:
        try:
            self._services.telemetry.end_run(self.run_id, state, reason)
            self.flush(timeout_s)
        except GymGuiError as fault:
            self._said.fault("The run's end is not recorded", fault)


def _acquire(var_dir: Path) -> Services:
    with _lock:
        pipeline = _pipelines.get(var_dir)
        if pipeline is None:
            settings = replace(load_settings(var_dir), var_dir=var_dir)
            # Batches land as they are in the pipeline's own files only, whatever the window records with.
            own = settings.record if isinstance(settings.record, SplitRecordConfig) else SplitRecordConfig()
            buffer = replace(own.buffer, flush_interval_seconds=_FLUSH_S)
            settings = replace(settings, record=replace(own, buffer=buffer, fallback=[]))
            pipeline = _pipelines[var_dir] = _Pipeline(open_services(settings))
        pipeline.users += 1
        return pipeline.services


def _release(var_dir: Path) -> None:
    with _lock:
        pipeline = _pipelines.get(var_dir)
        if pipeline is None:
            return
        pipeline.users -= 1
        if pipeline.users == 0:
            del _pipelines[var_dir]
            pipeline.services.close()


def _free_name(services: Services, name: str, session: str) -> tuple[str, str]:
    """A run id that nobody has, and the id of its group's first run."""
    check_run_id(name)
    number = 1
    while True:
        group = numbered_run_id(name, number)
        about = _metadata(services, group)
        if about is None:
            return group, group
        if about.get("session") == session and is_being_written(services.paths.replay_dir, group):
            worker = 1
            while _metadata(services, run_id := run_id_with(group, f".w{worker}")) is not None:
                worker += 1
            return run_id, group
        number += 1


def _metadata(services: Services, run_id: str) -> dict[str, Any] | None:
    try:
        return dict(services.library.get_run(run_id).metadata)
    except RunNotFoundError:
        return None
