"""Makes files out of finished journals on a thread of its own, so that recording never waits for a compressor."""

from __future__ import annotations

import logging
import queue
import threading
from typing import TYPE_CHECKING, Final

from gym_gui.core.errors import GymGuiError

if TYPE_CHECKING:
    from collections.abc import Callable

_LOGGER = logging.getLogger(__name__)
_STOP: Final = None


class Finisher:
    """Does jobs one after the other, in order; its thread starts with the first.

    A job that fails leaves its journal, from which the next opening of the recording tries again.

    Attributes:
        fault: What went wrong last; whoever tells of it takes it away.
        logs: Whether a fault of the world is logged, too.

    Args:
        name: Of the thread.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: queue.Queue[tuple[Callable[[], None], str] | None] = queue.Queue()
        self._thread: threading.Thread | None = None
        self.fault: Exception | None = None
        self.logs = True

    def submit(self, job: Callable[[], None], trouble: str) -> None:
        """Do *job* after everything that was submitted before; *trouble* is what is logged where it fails."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()
        self._jobs.put((job, trouble))

    def drain(self) -> None:
        """Wait until everything submitted so far is done."""
        if self._thread is not None:
            self._jobs.join()

    def close(self) -> None:
        """Finish everything and end the thread; safe to call twice."""
        if self._thread is not None:
            self._jobs.put(_STOP)
            self._thread.join()
            self._thread = None

    def _work(self) -> None:
        while (found := self._jobs.get()) is not _STOP:
            job, trouble = found
            try:
                job()
            except (GymGuiError, OSError) as error:
                self.fault = error
                if self.logs:
                    _LOGGER.error("%s: %s", trouble, error)  # noqa: TRY400 - the world's fault
            except Exception as error:  # a thread's edge: the journal is kept, and the next job may be fine
                self.fault = error
                _LOGGER.exception("%s", trouble)
            finally:
                self._jobs.task_done()
        self._jobs.task_done()
