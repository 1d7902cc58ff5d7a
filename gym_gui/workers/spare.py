"""``python -m gym_gui.workers.spare``: a worker with its learner loaded, which waits until it is told which run is its.

It says with one byte that it has loaded. It hears one line of JSON on standard input: variables, folder and log of the
run; it answers with one byte, and from then on it is that run's worker, as if it had been started with them. Where the
input ends instead, its trainer is gone or needs none, and so it ends.
"""

from __future__ import annotations

import contextlib
import multiprocessing.process
import os
import sys

import msgspec

from gym_gui.core.other_end import ends_with_other_end
from gym_gui.services.trainer.dispatch.launchers.spare import HEARD, LOADED, Assignment
from gym_gui.workers.__main__ import main as work
from gym_gui.workers.preloading import preload_learner


def main() -> int:
    """Wait, and work; the exit code."""
    # What anybody prints while loading is no answer.
    answer = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    # What cannot be loaded fails again in the run, whose log has it then.
    with ends_with_other_end(0), contextlib.suppress(Exception):
        preload_learner()
    _say(answer, LOADED)
    line = sys.stdin.buffer.readline()
    if not line.endswith(b"\n"):
        return 0
    _say(answer, HEARD)
    os.close(answer)
    _become(msgspec.json.decode(line, type=Assignment))
    return work(os.environ)


def _say(answer: int, word: bytes) -> None:
    with contextlib.suppress(OSError):  # nobody waits for it any more
        os.write(answer, word)


def _become(assignment: Assignment) -> None:
    """Everything that a process gets from whoever starts it, afterwards."""
    os.environ.update(assignment.environment)
    os.chdir(assignment.folder)
    log = os.open(assignment.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.close(log)
    os.close(nothing)
    # `python -m` puts the folder that it starts in first; processes of a pool begin in the one noted here.
    sys.path.insert(0, assignment.folder)
    multiprocessing.process.ORIGINAL_DIR = assignment.folder  # type: ignore[attr-defined]  # in no stub


if __name__ == "__main__":
    sys.exit(main())
