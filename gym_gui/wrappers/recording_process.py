"""The recording process: what a `RecordingLink` starts.

It takes rows from a pipe and arrays from shared memory, and does with them what a training should not pay for. When its
training process dies, by whatever, it keeps everything that came and ends.
"""

from __future__ import annotations

import importlib
import logging
import mmap
import os
import signal
import threading
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Any, Final

from gym_gui.core.other_end import ends_with_other_end
from gym_gui.core.typing_compat import override
from gym_gui.wrappers import recording_words as words
from gym_gui.wrappers.recording_channel import RecordingChannel

if TYPE_CHECKING:
    from collections.abc import Callable

_INPUT: Final = 0


class _Forwarding(logging.Handler):
    """Has the training process say what is to be said: its handlers are the script's."""

    def __init__(self, say: Callable[..., None]) -> None:
        super().__init__()
        self._say = say

    @override
    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)
        self._say(words.NO_CHANNEL, words.LOG, record.name, record.levelno, text)


def main(descriptor: int) -> None:
    """Serve one training process until it lets go.

    Args:
        descriptor: Of the memory that both see.
    """
    _outlast_politeness()
    _give_way()
    # What anybody prints here goes where errors go, and not between the words.
    output = os.dup(1)
    os.dup2(2, 1)
    memory = mmap.mmap(descriptor, os.fstat(descriptor).st_size)
    os.close(descriptor)
    writing = threading.Lock()

    def say(*message: Any) -> None:
        try:
            with writing:
                words.write_words(output, words.words_of(message))
        except OSError:
            pass  # nobody is there any more; what came is kept all the same

    root = logging.getLogger()
    root.handlers[:] = [_Forwarding(say)]
    root.setLevel(logging.WARNING)
    logging.getLogger("gym_gui").setLevel(logging.INFO)
    channels: dict[int, RecordingChannel] = {}
    newest: RecordingChannel | None = None
    while (message := words.read_words(_INPUT)) is not None:
        number, word, *arguments = message
        if word == words.OPEN:
            newest = channels[number] = RecordingChannel(number, arguments[0], memory, say, newest)
        elif word == words.WARM:
            with ends_with_other_end(_INPUT) if not channels else nullcontext():
                importlib.import_module("gym_gui.services.trainer.client.publisher")
        elif not _passed_on(channels, number, word, arguments) and word == words.CLOSE:
            say(number, words.CLOSED)  # it was stopped before it had said what it would record
    for channel in channels.values():
        channel.abandon()
    for channel in channels.values():
        channel.join()


def _passed_on(channels: dict[int, RecordingChannel], number: int, word: str, arguments: list[Any]) -> bool:
    """Let a channel hear it; whether there is that channel."""
    channel = channels.get(number)
    if channel is None:
        return False
    channel.hear(word, arguments)
    if word == words.CLOSE:
        _ended(channels)
    return True


def _outlast_politeness() -> None:
    """Our end is our training's: whoever asks all of a run's processes to end would else take away its last words."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)


def _give_way() -> None:
    """Where cores are scarce, the training's thread keeps its own: a thread of ours that wakes up does not take it."""
    with suppress(OSError, AttributeError):  # a system without, or one that does not let us
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def _ended(channels: dict[int, RecordingChannel]) -> None:
    for number in [number for number, channel in channels.items() if channel.is_done]:
        del channels[number]
