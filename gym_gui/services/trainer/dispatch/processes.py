"""Processes of a run: found again by pid and birth, or by the run's mark that every descendant inherits; and ended.

A process may leave its parent, its group and its session; its environment it keeps. So the mark, a random word in
``GYM_GUI_RUN_MARK``, finds whatever a worker left behind.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

from gym_gui.core.variables import RUN_MARK

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

# A process's birth is told in ticks since the machine's, whose own time moves as the clock is set.
_BIRTH_TOLERANCE_S: Final = 2.0
_KILL: Final = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows knows one way only


def born_s(pid: int) -> float:
    """When a process was started, seconds since 1970; 0 where it is gone already."""
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return 0.0


def is_alive(pid: int, born: float, mark: str = "") -> bool:
    """Whether the process of that pid and birth lives; a zombie does not.

    Args:
        pid: Its number, which another process may have by now.
        born: When it was started, seconds since 1970.
        mark: Its run's; proves what a set clock would deny.
    """
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        if abs(process.create_time() - born) <= _BIRTH_TOLERANCE_S:
            return True
    except psutil.Error:
        return False
    return bool(mark) and pid in marked([mark])[mark]


def marked(marks: Iterable[str], variable: str = RUN_MARK) -> dict[str, set[int]]:
    """Mark -> pids of the living processes that carry it, in one look at all processes; never this process itself.

    Args:
        marks: Those that are looked for.
        variable: In which they are carried.
    """
    wanted = {mark: f"{variable}={mark}".encode() for mark in marks}
    found: dict[str, set[int]] = {mark: set() for mark in wanted}
    if not wanted:
        return found
    for pid, environment in _environments():
        if variable.encode() not in environment:
            continue
        variables = environment.split(b"\0")
        for mark, text in wanted.items():
            if text in variables:
                found[mark].add(pid)
    return found


def ask_to_stop(pid: int) -> None:
    """SIGTERM to the one process, which looks after its children itself; one that was halted goes on, to hear it."""
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGTERM)
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGCONT)


def kill(pid: int) -> None:
    """End one process at once."""
    with contextlib.suppress(OSError):
        os.kill(pid, _KILL)


def kill_group(pid: int) -> None:
    """End the process that leads a group, and all of the group, at once."""
    if sys.platform == "win32":
        kill(pid)
        return
    with contextlib.suppress(OSError):
        # Only a group that is the worker's own: a pid that was used again may be in another one.
        if os.getpgid(pid) == pid != os.getpgrp():
            os.killpg(pid, _KILL)
            return
    kill(pid)


def memory_bytes(pids: Collection[int]) -> int:
    """Resident memory of these processes together; those that are gone count nothing."""
    total = 0
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            total += psutil.Process(pid).memory_info().rss
    return total


def _environments() -> Iterable[tuple[int, bytes]]:
    own = os.getpid()
    if sys.platform != "linux":
        for process in psutil.process_iter():
            if process.pid != own:
                with contextlib.suppress(psutil.Error, OSError):
                    pairs = process.environ().items()
                    yield process.pid, b"\0".join(f"{name}={value}".encode() for name, value in pairs)
        return
    # psutil makes a dictionary of each environment, which costs ten times as much.
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != own:
            with contextlib.suppress(OSError):  # gone, or another user's
                yield int(entry.name), (entry / "environ").read_bytes()  # empty for a zombie
