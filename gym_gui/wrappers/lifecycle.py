"""The recorders of this process: ended honestly with it, and let alone by a child that was forked from it.

How a process ends is told by what Python keeps of it: the exception that nobody caught, or the one that is on its way.
Of signals only SIGTERM is heard, which would end the process without a word, and only where the script does not.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from collections import deque
from multiprocessing import parent_process
from multiprocessing.util import Finalize
from threading import get_ident
from typing import TYPE_CHECKING, Any, Final

from gym_gui.core.data_model import RunState
from gym_gui.wrappers.ending import ending_by

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    from gym_gui.wrappers.recorder import Recorder
    from gym_gui.wrappers.step_batcher import Scalar

_EARLY_SCALARS: Final = 100_000
_EXIT_PRIORITY: Final = 10
# Whoever sends SIGTERM waits a little before it sends SIGKILL: ten seconds, as a rule.
_LAST_WORDS_S: Final = 5.0

# Newest last; with the thread that opened it.
_open: list[tuple[Recorder, int]] = []
# What a child got from its parent: never touched, never collected, since collecting would end the parent's runs.
_left_alone: list[object] = []
_seen_opens = 0
_watched_pid = 0
# What was logged before any recorder was open.
_early: deque[Scalar] = deque(maxlen=_EARLY_SCALARS)


def opened(recorder: Recorder) -> None:
    """From now on *recorder* ends with the process at the latest; it gets what was logged before there was any."""
    global _seen_opens  # noqa: PLW0603 - one process, one count
    _seen_opens += 1
    _open.append((recorder, get_ident()))
    _watch_exit()
    early = list(_early)
    _early.clear()
    if early:
        recorder.log(early)


def log(scalars: Sequence[Scalar]) -> bool:
    """What a learner logged, to this thread's newest recorder, else the process's, else to the first one to come.

    Returns:
        Whether there is a recorder.
    """
    recorder = newest()
    if recorder is None:
        _early.extend(scalars)
        return False
    recorder.log(scalars)
    return True


def waiting() -> int:
    """Scalars that wait for a recorder."""
    return len(_early)


def closed(recorder: Recorder) -> None:
    """*recorder* has ended."""
    _open[:] = [(one, thread) for one, thread in _open if one is not recorder]


def ordinal() -> int:
    """How many recorders this process has opened so far."""
    return _seen_opens


def newest() -> Recorder | None:
    """This thread's newest recorder that takes something, else the process's; None where there is none."""
    own = get_ident()
    taking = [(recorder, thread) for recorder, thread in _open if not recorder.is_closed]
    mine = [recorder for recorder, thread in taking if thread == own]
    if mine:
        return mine[-1]
    return taking[-1][0] if taking else None


def _watch_exit() -> None:
    global _watched_pid  # noqa: PLW0603 - as above
    if _watched_pid == os.getpid():
        return
    _watched_pid = os.getpid()
    _hear_sigterm()
    if parent_process() is None:
        atexit.register(_end_all)
    else:
        # A process of multiprocessing leaves without running atexit's functions.
        Finalize(None, _end_all, exitpriority=_EXIT_PRIORITY)


def _hear_sigterm() -> None:
    """Say why before SIGTERM ends the process; a script that has its own way with it keeps that."""
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and os.name == "posix" and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _on_sigterm)


def _on_sigterm(number: int, _frame: FrameType | None) -> None:
    # On a thread of its own: the one that was interrupted may hold what a recorder waits for.
    told = (RunState.CANCELLED, "It was ended by SIGTERM.")
    ending = threading.Thread(target=_end_as, args=told, name="last-words", daemon=True)
    ending.start()
    ending.join(_LAST_WORDS_S)
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _end_all() -> None:
    """At the process's end: what nobody closed."""
    _end_as(*_how_it_ends())


def _end_as(state: RunState, reason: str) -> None:
    for recorder, _ in _open:
        recorder.close(state, reason)
    _open.clear()


def _how_it_ends() -> tuple[RunState, str]:
    # A process of multiprocessing ends while what nobody caught is on its way through it.
    on_its_way = sys.exc_info()[1]
    # The interpreter leaves what nobody caught here, once it has printed it.
    fault: Any = getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
    return ending_by(on_its_way or (None if hasattr(sys, "ps1") else fault))


def _after_fork() -> None:
    """In the child: the parent's recorders are not this process's."""
    global _seen_opens  # noqa: PLW0603 - as above
    for recorder, _ in _open:
        # Or a step in mid-episode would go on writing into the memory that parent and recording process share.
        recorder.is_closed = True
        _left_alone.append(recorder)
    _open.clear()
    _early.clear()
    _seen_opens = 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def is_foreign(recorder: Recorder) -> bool:
    """Whether *recorder* is a parent's."""
    return any(one is recorder for one in _left_alone)
