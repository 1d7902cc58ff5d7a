"""Work off the caller's thread: a runner with threads of its own, and one without, for tests.

`ThreadTaskRunner.submit` may be called on any thread; answers are handed to `deliver`, which brings them home.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_log = logging.getLogger(__name__)


class Ticket:
    """Whether a task's answer is still wanted."""

    def __init__(self) -> None:
        self._cancelled = Event()

    @property
    def cancelled(self) -> bool:
        """Whether the answer is to be dropped."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Drop the answer, and the work too where it has not begun."""
        self._cancelled.set()


class ImmediateTaskRunner:
    """Runs work where it is submitted, before `submit` returns."""

    def submit(
        self,
        work: Callable[[], T],
        on_done: Callable[[T], None] | None = None,
        on_error: Callable[[Exception], None] | None = None,
    ) -> Ticket:
        """Run *work* now and answer now."""
        ticket = Ticket()
        _run_and_answer(work, on_done, on_error, lambda answer: answer())
        return ticket


class ThreadTaskRunner:
    """Runs work on a few threads of its own.

    Args:
        deliver: Takes a callable from a worker thread and has it called on the home thread.
        workers: How many tasks run at once.
        name: Prefix of the threads' names.
    """

    def __init__(self, deliver: Callable[[Callable[[], None]], None], *, workers: int = 2, name: str = "task") -> None:
        self._deliver = deliver
        self._pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix=name)

    def submit(
        self,
        work: Callable[[], T],
        on_done: Callable[[T], None] | None = None,
        on_error: Callable[[Exception], None] | None = None,
    ) -> Ticket:
        """Queue *work*; see `views.TaskRunner`."""
        ticket = Ticket()

        def unless_cancelled(answer: Callable[[], None]) -> None:
            # Asked again at home: a cancel between the end of the work and its answer counts.
            self._deliver(lambda: None if ticket.cancelled else answer())

        def job() -> None:
            if not ticket.cancelled:
                _run_and_answer(work, on_done, on_error, unless_cancelled)

        self._pool.submit(job)
        return ticket

    def close(self) -> None:
        """Drop what has not begun, wait for what has; later `submit` raises RuntimeError."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _run_and_answer(
    work: Callable[[], T],
    on_done: Callable[[T], None] | None,
    on_error: Callable[[Exception], None] | None,
    deliver: Callable[[Callable[[], None]], None],
) -> None:
    try:
        result = work()
    except Exception as error:  # noqa: BLE001 - a worker thread's edge: the fault goes to whoever asked
        fault = error
        if on_error is None:
            _log.exception("A background task failed and nobody had asked for its errors.")
        else:
            answer = on_error
            deliver(lambda: answer(fault))
        return
    if on_done is not None:
        report = on_done
        deliver(lambda: report(result))
