"""RecordingLink: the recording process of this process, started with the first recorder, and the way to it.

What costs a training its interpreter (packing, compressing, SQLite, HDF5, gRPC) happens there. A child that is forked
has a recording process of its own; nothing of storage or gRPC is ever open in a training process.
"""

from __future__ import annotations

import itertools
import logging
import mmap
import os
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final, Protocol

import gym_gui
from gym_gui.core.errors import StoreError
from gym_gui.wrappers import recording_words as words
from gym_gui.wrappers.chunk_room import SharedRoom
from gym_gui.wrappers.newest_picture import PLACE_BYTES

_LOGGER = logging.getLogger(__name__)
_MIB: Final = 1024 * 1024
# Never touched as a whole: the system gives a page when it is first written to.
_MEMORY_BYTES: Final = 1024 * _MIB
_PLACES: Final = 256
# A round of a fast training. What is in the pipe outlives the training, and whoever wrote it waited for nobody.
_PIPE_BYTES: Final = _MIB
_ENDING_S: Final = 5.0
# This very package, wherever a script found it; everything else as Python finds it.
_PROGRAM: Final = """
import sys
sys.path.insert(0, sys.argv[1])
import gym_gui
sys.path.append(sys.path.pop(0))
from gym_gui.wrappers.recording_process import main
main(int(sys.argv[2]))
"""

_lock = threading.Lock()
_link: RecordingLink | None = None
# What a forked child got from its parent: never touched, never collected.
_inherited: list[object] = []


class Listener(Protocol):
    """Hears what the recording process says to one channel; on the link's thread, which it must not hold up."""

    def hear(self, word: str, arguments: tuple[Any, ...]) -> None:
        """One message."""

    def lost(self) -> None:
        """The recording process is gone."""


class RecordingLink:
    """One recording process.

    Attributes:
        memory: Shared with it.
        room: Of buffers in it.

    Raises:
        StoreError: it cannot be started.
    """

    def __init__(self) -> None:
        self._listeners: dict[int, Listener] = {}
        self._numbers = itertools.count(1)
        self._writing = threading.Lock()
        self.is_lost = False
        try:
            with _memory_file() as file:
                os.ftruncate(file.fileno(), _MEMORY_BYTES)
                self.memory = mmap.mmap(file.fileno(), _MEMORY_BYTES)
                self._process = _start(file.fileno())
        except (OSError, ValueError) as fault:
            raise StoreError(f"The process that records could not be started: {fault}.") from fault
        self.room = SharedRoom(self.memory, PLACE_BYTES * _PLACES)
        assert self._process.stdin is not None  # noqa: S101 - asked for above
        assert self._process.stdout is not None  # noqa: S101 - same
        self._to, self._from = self._process.stdin.fileno(), self._process.stdout.fileno()
        _widen(self._to)
        threading.Thread(target=self._hear, name="recording-link", daemon=True).start()

    def join(self, listener: Listener) -> int:
        """A new channel's number."""
        number = next(self._numbers)
        self._listeners[number] = listener
        return number

    def leave(self, number: int) -> None:
        """The channel is closed."""
        self._listeners.pop(number, None)

    @staticmethod
    def place_of(number: int) -> int:
        """Offset of a channel's newest picture."""
        return number % _PLACES * PLACE_BYTES

    def say(self, number: int, word: str, *arguments: Any, patience_s: float | None = None) -> bool:
        """Tell the recording process; waits while it is behind. Whether it was told.

        Args:
            number: The channel.
            word: What kind of message.
            arguments: What belongs to it.
            patience_s: How long others may be telling it something; None for as long as they do.
        """
        data = words.words_of((number, word, *arguments))
        if not self._writing.acquire(timeout=-1 if patience_s is None else patience_s):
            return False
        try:
            if self.is_lost:
                return False
            words.write_words(self._to, data)
        except OSError:
            return False
        finally:
            self._writing.release()
        return True

    def descriptors(self) -> tuple[int, int]:
        """Both ends that are this process's."""
        return self._to, self._from

    def _hear(self) -> None:
        try:
            while (message := words.read_words(self._from)) is not None:
                self._tell(*message)
        except Exception:
            _LOGGER.exception("The recording process was not understood")
        # Whoever waits for room in the pipe is let go by its reader's end.
        with self._writing:
            self.is_lost = True
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()
        for listener in list(self._listeners.values()):
            listener.lost()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_ENDING_S)

    def _tell(self, number: int, word: str, *arguments: Any) -> None:
        if number == words.NO_CHANNEL:
            name, level, text = arguments
            logging.getLogger(name).log(level, "%s", text)
            return
        listener = self._listeners.get(number)
        if listener is not None:
            listener.hear(word, arguments)


def is_possible() -> bool:
    """Whether this system can have a recording process, which is handed memory by a descriptor."""
    return os.name == "posix" and bool(sys.executable)


def link() -> RecordingLink:
    """This process's link, made where there is none.

    Raises:
        StoreError: the process cannot be started.
    """
    global _link  # noqa: PLW0603 - one a process
    with _lock:
        if _link is None or _link.is_lost:
            _link = RecordingLink()
        return _link


def _memory_file() -> IO[bytes]:
    """A file that no folder has: in memory where the system can, else among its temporary files."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("gym-gui-recording"), "r+b", buffering=0)
    return tempfile.TemporaryFile(buffering=0)


def start_early() -> None:
    """Start this process's recording process ahead of any recording: it loads meanwhile what it publishes with."""
    if is_possible():
        with suppress(StoreError):  # whoever records is told
            link().say(words.NO_CHANNEL, words.WARM)


def _widen(pipe: int) -> None:
    """Let *pipe* hold more, where the system can."""
    import fcntl  # noqa: PLC0415 - Windows has none, and no recording process

    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with suppress(OSError):  # an administrator may allow less
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _start(descriptor: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - this interpreter, this package
        # -P: what lies in a script's folder is not taken for a module of Python's.
        [sys.executable, "-P", "-c", _PROGRAM, str(Path(gym_gui.__file__).parents[1]), str(descriptor)],
        pass_fds=[descriptor],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
        # Ctrl+C reaches every process of the terminal; this one ends when its script lets go of it.
        start_new_session=True,
    )


def _after_fork() -> None:
    """In the child: the parent's recording process must see the parent's end, whoever was forked from it."""
    global _link, _lock  # noqa: PLW0603 - as above
    _lock = threading.Lock()
    if _link is None:
        return
    if not _link.is_lost:  # or they are closed, and their numbers may be others' by now
        with suppress(OSError):
            nothing = os.open(os.devnull, os.O_RDWR)
            for descriptor in _link.descriptors():
                os.dup2(nothing, descriptor, inheritable=False)
            os.close(nothing)
    _link.is_lost = True
    _inherited.append(_link)
    _link = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
