"""Guard of a worker on a cluster's node: ``python -m ...ray_guard COMMAND``. Where its actor dies, the worker ends.

It reads orders from stdin: ``stop`` asks the worker to stop; the end of the stream, which is the actor's death, too.
Ten seconds after either the worker is killed, and whatever carries its mark with it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from typing import Final

from gym_gui.services.trainer.dispatch import processes
from gym_gui.services.trainer.dispatch.launchers.ray_node import NODE_MARK

GRACE_S: Final = 10.0


def main(command: list[str]) -> int:
    """Run *command* to its end; its exit code, 128 and the signal's number where a signal ended it."""
    worker = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603 - the trainer's own
    threading.Thread(target=_obey, args=(worker,), daemon=True).start()
    code = worker.wait()
    _kill_what_is_left()
    return code if code >= 0 else 128 - code


def _obey(worker: subprocess.Popen[bytes]) -> None:
    sys.stdin.readline()  # either word means the same
    with contextlib.suppress(OSError):
        worker.send_signal(signal.SIGTERM)
    try:
        worker.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        processes.kill_group(worker.pid)


def _kill_what_is_left() -> None:
    mark = os.environ.get(NODE_MARK)
    if mark:
        for pid in processes.marked([mark], NODE_MARK)[mark]:
            processes.kill(pid)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
