"""SoundOutput: samples to the loudspeaker, from any thread; it never waits, and no sound device is no error.

A thread of its own hands the samples to `sound_process`, which is started with the first sound and ends with `rest`.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Final

from gym_gui.adapters.sdl import sounding_environment
from gym_gui.core.sound import SILENCE

if TYPE_CHECKING:
    from collections.abc import Sequence

_LOGGER = logging.getLogger(__name__)
_WAITING: Final = 16  # steps; what comes beyond is let go: late sound is worse than none
_CLOSE_S: Final = 2.0
_QUIET: Final = bytes([SILENCE])


class SoundOutput:
    """One loudspeaker.

    Args:
        command: What plays standard input; the rate and the samples of a step are put behind it.
    """

    def __init__(self, command: Sequence[str] = (sys.executable, "-m", "gym_gui.controllers.sound_process")) -> None:
        self._command = tuple(command)
        self._lock = threading.Lock()
        self._line: _Line | None = None
        self._ending: list[_Line] = []
        self._muted = False
        self._closed = False

    @property
    def muted(self) -> bool:
        """Whether nothing is played."""
        return self._muted

    @muted.setter
    def muted(self, muted: bool) -> None:
        self._muted = muted
        if muted:
            self.rest()

    @property
    def is_idle(self) -> bool:
        """Whether everything that was given is with the player, or let go."""
        line = self._line
        return line is None or line.is_idle

    def play(self, samples: bytes, rate_hz: int) -> None:
        """Play the samples of one step after those before; returns at once."""
        if self._muted or self._closed:
            return
        line = self._line
        form = (rate_hz, len(samples))
        if line is None or line.form != form:
            # Silence starts nothing: a game that is never heard costs no process.
            if samples.count(_QUIET) == len(samples):
                return
            line = self._open_line(form)
        line.put(samples)

    def rest(self) -> None:
        """Nothing more comes for a while: the device is let go in the background; `play` opens it again."""
        with self._lock:
            self._end(self._line)
            self._line = None

    def close(self) -> None:
        """Let the device go for good, and wait for it; safe to call twice."""
        self._closed = True
        self.rest()
        while self._ending:
            self._ending.pop().wait()

    def _open_line(self, form: tuple[int, int]) -> _Line:
        with self._lock:
            self._end(self._line)
            line = self._line = _Line((*self._command, *map(str, form)), form)
        return line

    def _end(self, line: _Line | None) -> None:
        self._ending = [one for one in self._ending if one.is_alive]
        if line is not None:
            line.end()
            self._ending.append(line)


class _Line:
    """A thread and the process that it feeds; *form*: samples a second, and in a step."""

    def __init__(self, command: Sequence[str], form: tuple[int, int]) -> None:
        self.form = form
        self._command = command
        self._waiting: queue.Queue[bytes] = queue.Queue(_WAITING)
        self._closing = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, name="sound", daemon=True)
        self._thread.start()

    def put(self, samples: bytes) -> None:
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(samples)

    @property
    def is_idle(self) -> bool:
        return self._waiting.empty()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def end(self) -> None:
        self._closing.set()
        self.put(b"")  # wakes it; where the queue is full it is awake

    def wait(self) -> None:
        self._thread.join(_CLOSE_S)
        process = self._process
        if self.is_alive and process is not None:
            process.kill()  # it takes nothing more: what waits for it gets an error, and ends
            self._thread.join(_CLOSE_S)

    def _run(self) -> None:
        try:
            process = subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=sounding_environment(),
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            _LOGGER.info("There is no sound: %s", error)
            return
        self._process = process
        with process:
            self._feed(process)
            with contextlib.suppress(OSError):  # it ended by itself, with samples in the pipe
                assert process.stdin is not None  # noqa: S101 - for the type checker
                process.stdin.close()
            try:
                process.wait(_CLOSE_S / 2)
            except subprocess.TimeoutExpired:
                process.kill()

    def _feed(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None  # noqa: S101 - for the type checker
        while not self._closing.is_set():
            samples = self._waiting.get()
            try:
                process.stdin.write(samples)
                process.stdin.flush()
            except OSError:
                _LOGGER.info("There is no sound device; games are silent.")
                self._closing.wait()  # until this line is closed: the next one tries again
                return
