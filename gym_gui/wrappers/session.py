"""Who a process is among the processes of one execution of a script: its session, and its name towards a trainer."""

from __future__ import annotations

import multiprocessing
import os
import secrets
import sys

from gym_gui.core import variables


def session_id() -> str:
    """A text that all processes of one execution share, and no other execution has.

    Processes that a script started before any of its recorders opened know each other by their parent; from then on
    the environment variable says it, also to what they start.
    """
    known = os.environ.get(variables.SESSION)
    if known:
        return known
    found = _ray_job() or _of_process(_root_pid())
    os.environ[variables.SESSION] = found
    return found


def new_stream() -> str:
    """A text for one life of a worker, which no other has."""
    return secrets.token_hex(6)


def own_worker_id(ordinal: int) -> str | None:
    """What this process's *ordinal*-th recorder is called towards a trainer that started the run; None lets it choose.

    The process that a trainer started is the worker that it knows; what that process starts are others.
    """
    given = os.environ.get(variables.WORKER_ID)
    if given is None:
        return None
    if multiprocessing.parent_process() is None and ordinal == 0:
        return given
    return f"{given}.{os.getpid()}" if ordinal == 0 else f"{given}.{os.getpid()}.{ordinal}"


def _root_pid() -> int:
    parent = multiprocessing.parent_process()
    return os.getpid() if parent is None or parent.pid is None else parent.pid


def _of_process(pid: int) -> str:
    """A process by its number and its birth, since numbers come again."""
    import psutil  # noqa: PLC0415 - 20 ms, once a process

    try:
        return f"{pid}-{psutil.Process(pid).create_time():.2f}"
    except psutil.Error:
        return f"{pid}-{secrets.token_hex(4)}"


def _ray_job() -> str | None:
    """The job that this Ray worker belongs to; None outside Ray."""
    ray = sys.modules.get("ray")
    if ray is None:
        return None
    try:
        return f"ray-{ray.get_runtime_context().get_job_id()}" if ray.is_initialized() else None
    except Exception:  # noqa: BLE001 - another package's own ways; the session is then this process's
        return None
