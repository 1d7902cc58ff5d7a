"""QueueSink: what every sink shares: one subscription, one thread, `flush` as a number, and an eye on the disk.

`start`, `status`, `flush` and `close` run on callers' threads, the rest on the sink's.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final

from gym_gui.core.data_model import EpisodeStatus
from gym_gui.core.errors import StoreError
from gym_gui.telemetry.events import BatchRecorded, EpisodeChanged, EpisodesInterrupted, RunEnded, TelemetryEvent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gym_gui.telemetry.run_bus import Subscription
    from gym_gui.telemetry.sink_status import SinkStatus

_LOGGER = logging.getLogger(__name__)

RETRY_S: Final = 0.5
_STALLED_S: Final = 1.5
_DISK_LOOK_S: Final = 2.0


class QueueSink(ABC):
    """Drains one subscription on one thread.

    Args:
        queue: What is drained; closed with the sink.
        folder: Where it is saved, for the free space.
        thread_name: Of the sink's thread.
    """

    def __init__(self, queue: Subscription, folder: Path, *, thread_name: str) -> None:
        self._queue = queue
        self._folder = folder
        self._thread_name = thread_name
        # Events, from the first, that are on disk; those up to the other number are being waited for.
        self._done = 0
        self._flush_upto = 0
        self._stopping = False
        self._disk_free_bytes = _free_bytes(folder)
        self._disk_seen_s = time.monotonic()
        self._progress = threading.Condition()
        self._thread: threading.Thread | None = None
        self._beside: Callable[[], None] | None = None

    def do_beside(self, work: Callable[[], None]) -> None:
        """Do *work* on the sink's thread, too, whenever it has taken what waited: what no producer need wait for."""
        self._beside = work

    def start(self) -> None:
        """Start the thread; a second call does nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._thread_name, daemon=True)
            self._thread.start()

    @property
    def accepted(self) -> int:
        """The number of the newest event that was handed over to it; any thread."""
        return self._queue.accepted

    @property
    def done(self) -> int:
        """Events, from the first, that are on disk; any thread. `flush` waits for it, who asks often does not."""
        return self._done

    @abstractmethod
    def status(self) -> SinkStatus:
        """How it stands now; may be called from any thread."""

    @abstractmethod
    def records(self, run_id: str) -> bool:
        """Whether it is recording that run now; any thread."""

    def flush(self, timeout_s: float | None = None) -> None:
        """Return when everything published before is on disk, for every process to see.

        Raises:
            StoreError: it could not be done within *timeout_s*, or the disk refuses.
        """
        upto = self._queue.accepted
        with self._progress:
            if self._thread is None and self._done < upto:
                raise StoreError("The sink was not started, so nothing was saved.")
            self._flush_upto = max(self._flush_upto, upto)
            self._queue.wake()
            deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
            done, moved_s = self._done, time.monotonic()
            while self._done < upto and self._thread is not None:
                left_s = RETRY_S if deadline_s is None else deadline_s - time.monotonic()
                if self._done > done:
                    done, moved_s = self._done, time.monotonic()
                # A fault may be one odd step's; only one that holds everything up, a retry included, is the disk's.
                fault = self._standing_fault()
                if fault and time.monotonic() - moved_s > _STALLED_S:
                    raise StoreError(f"Not everything could be saved. {fault}")
                if left_s <= 0:
                    raise StoreError(f"{upto - self._done} events were not saved within {timeout_s} s.")
                self._progress.wait(min(left_s, RETRY_S))

    def close(self) -> None:
        """Save everything, close the files, end the thread; safe to call twice."""
        self._stopping = True
        self._queue.close()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    @abstractmethod
    def _run(self) -> None:
        """Drain until `_stopping`; survive every fault."""

    @abstractmethod
    def _standing_fault(self) -> str:
        """One sentence where saving stands still; empty otherwise."""

    def _tell(self, done: int) -> None:
        """Events up to this number are on disk: let whoever waits look up, and now and then look at the disk."""
        if self._beside is not None:
            try:
                self._beside()
            except Exception:  # the thread's edge: what it does beside saving must not end the saving
                _LOGGER.exception("The sink met a fault of ours in what it does beside saving")
        with self._progress:
            self._done = done
            self._progress.notify_all()
        if time.monotonic() - self._disk_seen_s > _DISK_LOOK_S:
            self._disk_free_bytes = _free_bytes(self._folder)
            self._disk_seen_s = time.monotonic()


def ends_something(event: TelemetryEvent) -> bool:
    """Whether *event* ends an episode or a run."""
    if isinstance(event, BatchRecorded):
        return bool(event.batch.ended)
    if isinstance(event, EpisodeChanged):
        return event.rollup.status is not EpisodeStatus.RUNNING
    return isinstance(event, EpisodesInterrupted | RunEnded)


def _free_bytes(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0
