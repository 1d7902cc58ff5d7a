"""LocalProcessDestination: like `LocalDestination`, in a process of its own: for a process that was forked.

A fork copies SQLite's and HDF5's state with the parent's files open in it, and their locks as some thread held them:
neither can be used there. ``python -m gym_gui.wrappers.local_process`` starts from nothing and takes the batches.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gym_gui.core.data_model import RunState
from gym_gui.core.errors import EnvironmentFault, StoreError
from gym_gui.services.batch_destination import DestinationStatus
from gym_gui.wrappers.said_once import SaidOnce

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gym_gui.core.data_model import RunRecord, StepBatch
    from gym_gui.core.schema.run_spaces import RunSpaces
    from gym_gui.services.batch_destination import Order
    from gym_gui.wrappers.local_destination import LocalDestination

_LOGGER = logging.getLogger(__name__)
_START_S: Final = 60.0
_OPEN, _PUT, _FLUSH, _CLOSE = "open", "put", "flush", "close"


class LocalProcessDestination:
    """One run in a var folder, written by another process.

    Args:
        var_dir: The folder; made where it is missing.
        name: What the run is to be called, as for `LocalDestination`.
        session: Which execution of a script records.
        make_run: Makes the record of the run, from its id and its group's.

    Attributes:
        run_id: As `LocalDestination` chose it.
        worker_id: The run's only worker.
        run: The record.

    Raises:
        StoreError: the process cannot be started, or the folder cannot be recorded into.
    """

    def __init__(
        self,
        var_dir: Path,
        name: str,
        *,
        session: str,
        make_run: Callable[[str, str], tuple[RunRecord, RunSpaces]],
    ) -> None:
        self._said = SaidOnce(_LOGGER)
        self._talking = threading.Lock()
        self._closed = False
        self._seq = 0
        self._fault = ""
        record, spaces = make_run(name, name)
        ours, theirs = Pipe()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter, this package
                [sys.executable, "-m", "gym_gui.wrappers.local_process", str(theirs.fileno()), str(var_dir)],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                # Ctrl+C reaches every process of the terminal; this one ends when its script lets go of it.
                start_new_session=True,
            )
        except OSError as fault:
            raise StoreError(f"The process that saves could not be started: {fault}.") from fault
        finally:
            theirs.close()
        self._connection: Connection[Any, Any] = ours
        told = self._ask((_OPEN, name, session, record, spaces), _START_S)
        if not isinstance(told, tuple):
            self._end_process()
            raise StoreError(f"Nothing can be recorded there: {told or 'the process that saves did not answer'}.")
        self.run_id, self.worker_id, self.run = told

    def put(self, batch: StepBatch) -> None:
        """Hand a batch over; waits where the disk is slower than the training."""
        try:
            with self._talking:
                self._connection.send((_PUT, batch))
            self._seq = batch.seq
        except OSError:
            self._fault = "The process that saves is gone."
            self._said.fault("Steps are lost", self._fault)

    def heartbeat(self, *, steps: int, phase: str) -> None:
        """Nobody asks."""

    def orders(self) -> Sequence[Order]:
        """None: nobody is there to give any."""
        return ()

    def answer(self, order: Order, outcome: str, detail: str = "") -> None:
        """Nobody asked."""

    def status(self) -> DestinationStatus:
        """How it stands."""
        return DestinationStatus(durable_seq=self._seq, fault=self._fault)

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until everything is on disk; whether it is."""
        return self._ask((_FLUSH, timeout_s), timeout_s) is True

    def close(self, state: RunState, reason: str = "", *, timeout_s: float = 10.0) -> None:
        """End the run and wait until it is on disk."""
        if self._closed:
            return
        self._closed = True
        self._ask((_CLOSE, state, reason), timeout_s)
        self._end_process()

    def _ask(self, question: tuple[Any, ...], timeout_s: float | None) -> Any:
        try:
            with self._talking:
                self._connection.send(question)
                return self._connection.recv() if self._connection.poll(timeout_s) else None
        except (OSError, EOFError):
            return None

    def _end_process(self) -> None:
        self._connection.close()
        try:
            self._process.wait(_START_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def main(descriptor: int, var_dir: Path) -> None:
    """Serve one `LocalProcessDestination` until it closes or its process dies."""
    connection: Connection[Any, Any] = Connection(descriptor)
    destination: LocalDestination | None = None
    state, reason = RunState.INTERRUPTED, "its process died"
    try:
        _, name, session, record, spaces = connection.recv()
        destination = _opened(connection, var_dir, name, session, record, spaces)
        while destination is not None:
            kind, *arguments = connection.recv()
            if kind == _CLOSE:
                state, reason = arguments
                break
            if kind == _PUT:
                destination.put(arguments[0])
            else:
                connection.send(destination.flush(arguments[0]))
    except (EOFError, OSError):
        pass  # the script is gone: what came is kept
    finally:
        if destination is not None:
            destination.close(state, reason)
    with suppress(OSError):
        connection.send(True)  # nobody may be there any more


def _opened(  # noqa: PLR0917 - the parts of one message
    connection: Any, var_dir: Path, name: str, session: str, record: RunRecord, spaces: RunSpaces
) -> LocalDestination | None:
    from gym_gui.wrappers.local_destination import LocalDestination  # noqa: PLC0415 - opens storage, here only

    def make_run(run_id: str, group: str) -> tuple[RunRecord, RunSpaces]:
        return replace(record, run_id=run_id, metadata={**record.metadata, "group": group}), spaces

    try:
        destination = LocalDestination(var_dir, name, session=session, make_run=make_run)
    except EnvironmentFault as fault:
        connection.send(fault.message)
        return None
    connection.send((destination.run_id, destination.worker_id, destination.run))
    return destination


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
