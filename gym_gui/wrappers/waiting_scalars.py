"""What a learner logs where nothing is recorded yet: it waits for a recorder, or gets a run of its own.

A process whose environments all live in other processes never opens a recorder.
"""

from __future__ import annotations

# It wants to be told of the interpreter's end, and cannot be once that has begun.
import concurrent.futures.thread  # noqa: F401 - as the line above says
import logging
import os
import threading
import time
from typing import Final

from gym_gui.core.data_model import RunState
from gym_gui.wrappers import lifecycle
from gym_gui.wrappers.opening import RecordingOptions, open_scalar_recorder

_LOGGER = logging.getLogger(__name__)
#: What such a run is called.
RUN_NAME: Final = "learner"
# Environments are made soon after a script begins, but a learner's packages may be loaded first.
_PATIENCE_S: Final = 30.0
_LOOK_S: Final = 1.0
_MANY: Final = 50_000

_lock = threading.Lock()
_waits_in = 0  # the process that has a thread waiting


def expect_recorder() -> None:
    """Scalars wait for a recorder: see that they are kept if none comes."""
    global _waits_in  # noqa: PLW0603 - one thread a process
    with _lock:
        if _waits_in == os.getpid():
            return
        _waits_in = os.getpid()
    # No daemon: when the script has ended, it still has what it came for to do.
    threading.Thread(target=_wait, name="waiting-scalars", daemon=False).start()


def _wait() -> None:
    global _waits_in  # noqa: PLW0603 - as above
    until_s = time.monotonic() + _PATIENCE_S
    main = threading.main_thread()
    while main.is_alive() and lifecycle.waiting() and lifecycle.waiting() < _MANY and time.monotonic() < until_s:
        main.join(_LOOK_S)
    with _lock:
        _waits_in = 0
    try:
        if not lifecycle.waiting():
            return
        # As it opens, it gets what waits.
        recorder = open_scalar_recorder(RecordingOptions(run=RUN_NAME, frames="none", player="learner"), _let_go)
        _LOGGER.info(
            "Nothing is recorded in this process: what its learner logs goes to run %s. "
            "gym_gui.wrappers.sb3.TelemetryCallback or a ScalarRun gives it another name.",
            recorder.destination.run_id,
        )
        if not main.is_alive():
            recorder.close(RunState.COMPLETED)
            lifecycle.closed(recorder)
    except Exception:
        _LOGGER.exception("What a learner logged could not be kept")


def _let_go(sentence: str) -> None:
    _LOGGER.warning("What the learner logs is let go: %s", sentence)


def _after_fork() -> None:
    global _lock  # noqa: PLW0603 - a parent's thread may have held it
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
