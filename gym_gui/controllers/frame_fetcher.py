"""Gets the picture that is wanted now: one resolve at a time, the newest wish wins, late answers are dropped.

Lives on the thread that the task runner answers on; only the resolving itself happens in tasks.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from gym_gui.controllers.replay_state import FrameSource
    from gym_gui.controllers.views import TaskRunner

WINDOW_BYTES: Final = 48 * 1024 * 1024


class FrameWindow:
    """The pictures around the playhead, by ref, least recently used first out, bounded in bytes."""

    def __init__(self, max_bytes: int = WINDOW_BYTES) -> None:
        self._max_bytes = max_bytes
        self._frames: OrderedDict[str, NDArray[Any]] = OrderedDict()
        self._bytes = 0

    def __contains__(self, ref: str) -> bool:
        return ref in self._frames

    @property
    def size_bytes(self) -> int:
        """Bytes of the pictures that are held."""
        return self._bytes

    def get(self, ref: str) -> NDArray[Any] | None:
        """The picture of *ref*, if it is here."""
        frame = self._frames.get(ref)
        if frame is not None:
            self._frames.move_to_end(ref)
        return frame

    def put(self, ref: str, frame: NDArray[Any]) -> None:
        """Keep *frame*, letting the longest unused ones go; one picture is always kept."""
        known = self._frames.pop(ref, None)
        self._bytes += frame.nbytes - (0 if known is None else known.nbytes)
        self._frames[ref] = frame
        while self._bytes > self._max_bytes and len(self._frames) > 1:
            _, gone = self._frames.popitem(last=False)
            self._bytes -= gone.nbytes

    def clear(self) -> None:
        """Let everything go."""
        self._frames.clear()
        self._bytes = 0


class FrameFetcher:
    """Turns wishes for pictures into answers.

    Args:
        source: Resolves refs, in tasks.
        runner: Where the tasks run.
        on_answer: Called with the wanted ref, its picture or None, and a sentence where there is none; inside
            `want` already where the picture is at hand.
        max_bytes: Bound of the pictures that are held.
    """

    def __init__(
        self,
        source: FrameSource,
        runner: TaskRunner,
        on_answer: Callable[[str, NDArray[Any] | None, str], None],
        *,
        max_bytes: int = WINDOW_BYTES,
    ) -> None:
        self._source = source
        self._runner = runner
        self._on_answer = on_answer
        self._window = FrameWindow(max_bytes)
        self._wanted: str | None = None
        self._ahead: Sequence[str] = ()
        self._in_flight = False
        self._generation = 0

    @property
    def waiting(self) -> bool:
        """Whether a wish is open."""
        return self._wanted is not None

    def want(self, ref: str, ahead: Sequence[str] = ()) -> None:
        """Ask for the picture of *ref*; a wish that is still open is forgotten.

        Args:
            ref: The picture to answer with.
            ahead: Refs that will be wanted next, nearest first; read when nothing else is to be done.
        """
        self._ahead = ahead
        frame = self._window.get(ref)
        self._wanted = ref if frame is None else None
        if frame is not None:
            self._on_answer(ref, frame, "")
        self._proceed()

    def forget(self) -> None:
        """Drop the open wish and every picture; an answer that is on its way will be dropped too."""
        self._generation += 1
        self._wanted = None
        self._ahead = ()
        self._window.clear()

    def _proceed(self) -> None:
        if self._in_flight:
            return
        if self._wanted is not None:
            self._resolve(self._wanted)
        elif missing := self._hungry_for():
            self._read_ahead(missing)

    def _hungry_for(self) -> Sequence[str]:
        """The refs to read ahead: none while the nearer half is at hand, so that reads come in batches."""
        half = (len(self._ahead) + 1) // 2
        if all(ref in self._window for ref in self._ahead[:half]):
            return ()
        return [ref for ref in dict.fromkeys(self._ahead) if ref not in self._window]

    def _resolve(self, ref: str) -> None:
        generation = self._generation

        def answered(frame: NDArray[Any]) -> None:
            self._arrived(generation, ref, frame, "")

        def failed(error: Exception) -> None:
            self._arrived(generation, ref, None, str(error) or type(error).__name__)

        self._in_flight = True
        self._runner.submit(lambda: self._source.require(ref), answered, failed)

    def _arrived(self, generation: int, ref: str, frame: NDArray[Any] | None, message: str) -> None:
        self._in_flight = False
        if generation == self._generation:
            if frame is not None:
                self._window.put(ref, frame)
            if ref == self._wanted:
                self._wanted = None
                self._on_answer(ref, frame, message)
        self._proceed()

    def _read_ahead(self, refs: Sequence[str]) -> None:
        generation = self._generation
        self._in_flight = True
        self._runner.submit(
            lambda: self._source.resolve_batch(refs),
            lambda frames: self._read(generation, refs, frames),
            lambda _error: self._read(generation, refs, ()),
        )

    def _read(self, generation: int, refs: Sequence[str], frames: Sequence[NDArray[Any] | None]) -> None:
        self._in_flight = False
        self._ahead = ()  # what could not be read is asked for by name when its turn comes
        if generation == self._generation:
            for ref, frame in zip(refs, frames, strict=False):
                if frame is not None:
                    self._window.put(ref, frame)
            wanted = self._wanted
            if wanted is not None and (frame := self._window.get(wanted)) is not None:
                self._wanted = None
                self._on_answer(wanted, frame, "")
        self._proceed()
