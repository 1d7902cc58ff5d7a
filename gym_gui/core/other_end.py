"""A process that loads, and that nobody waits for any more: it ends at once, and not when it has loaded."""

from __future__ import annotations

import os
import select
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOOK_MS: Final = 100


@contextmanager
def ends_with_other_end(descriptor: int) -> Iterator[None]:
    """While the block runs, end this process where the pipe's other end is closed and nothing is left to read.

    For a block that holds nothing which would have to be closed: whatever is open is lost, as by ``kill -9``. Once
    there is something to read, whoever reads it decides. A system without ``poll`` goes on to the block's end.
    """
    if not hasattr(select, "poll"):
        yield
        return
    done = threading.Event()
    thread = threading.Thread(target=_watch, args=(descriptor, done), name="other-end", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()


def _watch(descriptor: int, done: threading.Event) -> None:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    while not done.is_set():
        for _, event in poll.poll(_LOOK_MS):
            if not event & select.POLLIN:
                os._exit(0)
            return
