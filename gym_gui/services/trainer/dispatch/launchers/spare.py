"""SpareWorker: a process of this machine that has loaded a learner, and becomes the worker of the next run that fits.

Most of what a run waits for is PyTorch. A spare's mark is chosen when it starts, and the run that gets it takes over
that mark: so it is on disk with the run before the process hears of the run, as with every worker. A spare that its
trainer leaves, by kill -9 say, reads the end of its input and ends.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

import msgspec

from gym_gui.core.variables import RUN_MARK
from gym_gui.services.trainer.dispatch import processes
from gym_gui.services.trainer.dispatch.launchers.starting_process import humble, inherited_variables
from gym_gui.services.trainer.dispatch.limits import threads_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gym_gui.services.trainer.config import TrainingConfig
    from gym_gui.services.trainer.dispatch.launchers.protocol import Launch

# -P: what lies in the folder where it waits is no module of anybody.
SPARE_COMMAND: Final = (sys.executable, "-P", "-m", "gym_gui.workers.spare")
_CPUS: Final = 1.0
#: What a spare says, one byte each: that it has loaded, and that it heard which run is its.
LOADED: Final = b"."
HEARD: Final = b"!"
# One that has loaded answers within milliseconds, or is dying, which takes a busy machine its time. One that still
# loads answers later, and is taken at its word. No longer: all runs wait meanwhile.
_HEARD_S: Final = 2.0
_LOADING_S: Final = 0.25
_LEARNER: Final = "stable_baselines3"


class Assignment(msgspec.Struct, frozen=True):
    """What a spare is told.

    Attributes:
        environment: Variables of the run.
        folder: The run's, where it is to be.
        log: Takes what it prints, at the end.
    """

    environment: dict[str, str]
    folder: str
    log: str


def has_learner() -> bool:
    """Whether there is anything to load beforehand."""
    return find_spec(_LEARNER) is not None


class SpareWorker:
    """One spare, from its start until a run has it or it is closed.

    Args:
        command: Its words.

    Attributes:
        mark: What it carries, and the run that gets it from then on.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(self, command: Sequence[str] = SPARE_COMMAND) -> None:
        self.mark = secrets.token_hex(16)
        self._process = subprocess.Popen(  # noqa: S603 - a command of ours
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={
                **inherited_variables(_CPUS),
                RUN_MARK: self.mark,
                "CUDA_VISIBLE_DEVICES": "",
            },
            cwd=tempfile.gettempdir(),
            start_new_session=True,
        )
        humble(self._process.pid)

    @property
    def pid(self) -> int:
        """Of its process, which the run that gets it keeps."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it waits, or gets ready to."""
        return self._process.poll() is None

    @staticmethod
    def fits(config: TrainingConfig) -> bool:
        """Whether a run would have got the same process: libraries read threads and GPUs when they are loaded.

        A script is started as its author does, with nothing loaded; a random policy needs no learner.
        """
        resources = config.resources
        return config.worker == "sb3" and not resources.gpus and threads_for(resources.cpus) == threads_for(_CPUS)

    def give(self, launch: Launch) -> subprocess.Popen[bytes] | None:
        """Make it the worker of a run; its process, or None where it is gone."""
        told = Assignment(dict(launch.environment), str(launch.folder.absolute()), str(launch.log_path.absolute()))
        stdin = self._process.stdin
        try:
            if stdin is None or not self.is_alive:
                raise BrokenPipeError
            has_loaded = self._says(0.0) == LOADED
            stdin.write(msgspec.json.encode(told) + b"\n")
            stdin.close()
            if not self._heard(has_loaded=has_loaded):
                raise BrokenPipeError
        except OSError:
            self.close()
            return None
        self._close_pipes()
        return self._process

    def _heard(self, *, has_loaded: bool) -> bool:
        """Whether it took the run, as far as can be told: False where it died, or hangs, before it could."""
        said = self._says(_HEARD_S if has_loaded else _LOADING_S)
        if said == LOADED:  # in that very moment
            has_loaded, said = True, self._says(_HEARD_S)
        if said is None:
            return not has_loaded and self.is_alive
        return said == HEARD

    def _says(self, patience_s: float) -> bytes | None:
        """Its next word, empty where it died; None where it says nothing for so long, or cannot be listened to."""
        stdout = self._process.stdout
        if stdout is None or os.name != "posix":
            return None
        ready, _, _ = select.select([stdout], [], [], patience_s)
        return os.read(stdout.fileno(), 1) if ready else None

    def close(self) -> None:
        """End it and what it started; safe to call twice."""
        self._process.kill()
        self._process.wait()
        for pid in processes.marked([self.mark])[self.mark]:  # its recording process, which may load still
            processes.kill(pid)
        self._close_pipes()

    def _close_pipes(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what was never read
                    pipe.close()
