"""RecordWriter: the one thread that owns a recorder's backend; batches, flushes by its clock, and keeps its faults.

`put`, `flush` and `close` run on callers' threads, everything else on the writer's.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import threading
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from gym_gui.core.errors import EnvironmentFault, GymGuiError, InvalidActionError, RecordingError, SchemaMismatchError
from gym_gui.recording import switching
from gym_gui.recording.buffer import Held, RecordBuffer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gym_gui.recording.config import RecorderConfig

_LOGGER = logging.getLogger(__name__)
# The writer lets other threads run between batches of so many.
_BATCH: Final = 64
# Of the time that a record may be in memory only, the share that it may wait for those before it.
_BACKLOG: Final = 0.5
_RETRY_S: Final = 0.5
_STALLED_S: Final = 1.5


class StepItem(NamedTuple):
    """A step as it waits.

    Attributes:
        data: The caller's dictionary, owned.
        number: The step's number.
        episode: The caller's number (or name) of its episode.
        metadata: What else the caller gave.
        since_s: When it came, ``time.perf_counter``.
    """

    data: dict[str, Any]
    number: int
    episode: int | str
    metadata: dict[str, Any]
    since_s: float

    @property
    def at_s(self) -> float:
        """When it came, seconds since 1970."""
        return _wall_clock_s(self.since_s)


class EpisodeItem(NamedTuple):
    """The summary of an episode as it waits."""

    data: dict[str, Any]
    episode: int | str
    metadata: dict[str, Any]
    since_s: float

    @property
    def at_s(self) -> float:
        """When it came, seconds since 1970."""
        return _wall_clock_s(self.since_s)


class Hooks(NamedTuple):
    """What the writer calls, on its own thread.

    Attributes:
        write_steps: Write steps, all or none; bytes written.
        write_episodes: Write summaries, all or none; bytes written.
        flush_backend: Make what was written visible to other processes.
        close_backend: Let go of files.
    """

    write_steps: Callable[[Sequence[StepItem]], int]
    write_episodes: Callable[[Sequence[EpisodeItem]], int]
    flush_backend: Callable[[], None]
    close_backend: Callable[[], None]


class RecordWriter:
    """Takes items, and sees to it that they are written.

    Args:
        config: The budget and the clock.
        hooks: The backend's side.

    Attributes:
        buffer: What waits.
        thread: The writer's; None before the start and after the end.
        pending: What went wrong, and the caller has not heard of.
    """

    def __init__(self, config: RecorderConfig, hooks: Hooks) -> None:
        self.buffer: RecordBuffer[StepItem | EpisodeItem] = RecordBuffer(
            config.buffer, name=config.backend, give_up=self._give_up
        )
        self._name = config.backend
        self._interval_s = config.buffer.flush_interval_seconds
        self._hooks = hooks
        self._held: list[Held[StepItem | EpisodeItem]] = []  # taken from the buffer, not written yet
        self.thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._progress = threading.Condition()
        self._flush_upto = 0
        self._flushed = 0
        self._unflushed_since_s: float | None = None  # when the oldest that was taken and not flushed came
        self._busy_s = 0.0
        self._busy_records = 0
        self._stopping = False
        self._fault: GymGuiError | None = None  # stands as long as the disk refuses
        self.pending: Exception | None = None
        self.closed = False
        self.steps = 0
        self.episodes = 0
        self.bytes = 0
        self.lost_steps = 0

    def put(self, item: StepItem | EpisodeItem, size_bytes: int, since_s: float) -> None:
        """Take an item; waits while the buffer is full.

        Raises:
            RecordingError: the backend refused since the last call (this item was taken all the same), the buffer is
                full and the disk refuses (it was not), or the recorder is closed.
        """
        if self.thread is None:
            self.start()
        self.buffer.put(item, size_bytes, since_s)
        if self.pending is not None:
            self.raise_pending()

    def flush(self) -> None:
        """Return when everything put before is on disk.

        Raises:
            RecordingError: the disk refuses; what waits is kept and tried again.
        """
        upto = self.buffer.accepted
        with self._progress:
            self._flush_upto = max(self._flush_upto, upto)
            self.buffer.wake()
            flushed, moved_s = self._flushed, time.perf_counter()
            while self._flushed < upto and self.thread is not None:
                self._progress.wait(_RETRY_S)
                if self._flushed > flushed:
                    flushed, moved_s = self._flushed, time.perf_counter()
                if self._fault is not None and time.perf_counter() - moved_s > _STALLED_S:
                    self.pending = None
                    raise _again(self._fault)
        self.raise_pending()

    def close(self) -> None:
        """Write everything, close the backend, end the thread; safe to call twice.

        Raises:
            RecordingError: not everything could be written.
        """
        with self._starting:
            self.closed = True
            thread, self.thread = self.thread, None
        if thread is not None:
            self._stopping = True
            self.buffer.wake()
            thread.join()
            switching.leave()
            atexit.unregister(self._at_exit)
        self.raise_pending()

    def raise_pending(self) -> None:
        """Hand over what went wrong on the writer's thread, once."""
        error, self.pending = self.pending, None
        if error is not None:
            raise _again(error) from error

    def start(self) -> None:
        """Start the thread; a second call does nothing. Without it the first item does, and waits for it.

        Raises:
            RecordingError: it was closed.
        """
        with self._starting:
            if self.closed:
                raise RecordingError("The recorder is closed; nothing more can be recorded with it.")
            if self.thread is None:
                thread = threading.Thread(target=self._run, name=f"recorder-{self._name}", daemon=True)
                switching.enter()
                thread.start()
                # A program that ends without closing its recorder keeps what it recorded.
                atexit.register(self._at_exit)
                self.thread = thread

    def _at_exit(self) -> None:
        with contextlib.suppress(Exception):  # the process is at its end: there is no one to tell
            self.close()

    def _give_up(self) -> None:
        if self.closed:
            raise RecordingError("The recorder was closed while a step waited for room.")
        if self._fault is not None:
            self.pending = None
            raise _again(self._fault)

    # The writer's thread.

    def _run(self) -> None:
        while True:
            stopping = self._stopping
            if not stopping:
                self._sleep()
            written = self._write_waiting()
            if written and (stopping or self._is_due()):
                self._flush()
            if stopping and (self._fault is not None or not self.buffer.held_records):
                break
        self._end()

    def _sleep(self) -> None:
        if self._fault is not None:
            self.buffer.pause(_RETRY_S)
            return
        if self._due_s() is None and not self._is_asked():
            self.buffer.wait(None)
        due_s = self._due_s()
        if due_s is not None and not self._is_asked() and not self._stopping:
            left_s = due_s - time.perf_counter()
            if left_s > 0:
                self.buffer.wait(left_s)

    def _due_s(self) -> float | None:
        """When the oldest record that is not flushed must be; None where all are."""
        since_s = self.buffer.oldest_s() if self._unflushed_since_s is None else self._unflushed_since_s
        return None if since_s is None else since_s + self._interval_s

    def _is_asked(self) -> bool:
        return self._flush_upto > self._flushed

    def _is_due(self) -> bool:
        if self._is_asked():
            return self.buffer.written >= self._flush_upto
        due_s = self._due_s()
        return due_s is not None and due_s <= time.perf_counter()

    def _write_waiting(self) -> bool:
        """Write until nothing waits, flushing in between what has become due; False where the disk refuses."""
        while self._held or self.buffer.held_records:
            started_s = time.perf_counter()
            self._held = self._held or self.buffer.take(_BATCH)
            if self._unflushed_since_s is None and self._held:
                self._unflushed_since_s = self._held[0][2]
            written = self.buffer.written
            if not self._write_held():
                return False
            self._busy_s += time.perf_counter() - started_s
            self._busy_records += self.buffer.written - written
            if self._is_due() and not self._flush():
                return False
        return True

    def _flush(self) -> bool:
        started_s, written = time.perf_counter(), self.buffer.written
        try:
            self._hooks.flush_backend()
        except Exception as error:  # noqa: BLE001 - the thread's edge: it must outlive its faults, and say so
            self._refused(_world(error))
            return False
        self._busy_s += time.perf_counter() - started_s
        self._fault = self._unflushed_since_s = None
        self._keep_pace()
        with self._progress:
            self._flushed = written
            self._progress.notify_all()
        return True

    def _keep_pace(self) -> None:
        """What waits must be on disk before it is too old: a backend that is slow may hold fewer records."""
        if self._busy_records >= _BATCH:
            rate_hz = self._busy_records / max(self._busy_s, 1e-6)
            self.buffer.limit(int(rate_hz * self._interval_s * _BACKLOG))
            self._busy_s, self._busy_records = 0.0, 0

    def _write_held(self) -> bool:
        """Write what was taken; False where the disk refuses, then it is kept."""
        while self._held:
            is_step = isinstance(self._held[0][0], StepItem)
            count = next(
                (place for place, one in enumerate(self._held) if isinstance(one[0], StepItem) is not is_step),
                len(self._held),
            )
            group = self._held[:count]
            try:
                self._write(group)
            except (SchemaMismatchError, InvalidActionError) as error:
                if count > 1:
                    if not self._one_by_one(group):
                        return False
                    continue
                self._lose(group, error)
            except EnvironmentFault as error:
                self._refused(error)
                return False
            except Exception as error:  # noqa: BLE001 - the thread's edge, and hooks may be anyone's
                self._lose(group, error)
            self._forget(group)
        return True

    def _one_by_one(self, group: Sequence[Held[StepItem | EpisodeItem]]) -> bool:
        for one in group:
            try:
                self._write([one])
            except (SchemaMismatchError, InvalidActionError) as error:
                self._lose([one], error)
            except EnvironmentFault as error:
                self._refused(error)
                return False
            except Exception as error:  # noqa: BLE001 - as above
                self._lose([one], error)
            self._forget([one])
        return True

    def _write(self, group: Sequence[Held[StepItem | EpisodeItem]]) -> None:
        steps = [one[0] for one in group if isinstance(one[0], StepItem)]
        episodes = [one[0] for one in group if isinstance(one[0], EpisodeItem)]
        if steps:
            self.bytes += self._hooks.write_steps(steps)
        if episodes:
            self.bytes += self._hooks.write_episodes(episodes)
        self.steps += len(steps)
        self.episodes += len(episodes)

    def _forget(self, group: list[Held[StepItem | EpisodeItem]]) -> None:
        del self._held[: len(group)]
        self.buffer.done(group)

    def _lose(self, group: Sequence[Held[StepItem | EpisodeItem]], error: Exception) -> None:
        self.lost_steps += sum(isinstance(one[0], StepItem) for one in group)
        _LOGGER.error("%d records were not kept: %s", len(group), error)
        self.pending = error

    def _refused(self, error: GymGuiError) -> None:
        if self._fault is None or str(error) != str(self._fault):
            _LOGGER.error("Recorder %s cannot write: %s", self._name, error)
            self.pending = error
        self._fault = error
        with self._progress:
            self._progress.notify_all()

    def _end(self) -> None:
        left = self.buffer.held_records
        try:
            self._hooks.close_backend()
        except Exception as error:  # noqa: BLE001 - the thread's edge: whoever waits for the end must hear of it
            self._refused(_world(error))
        if left:
            self.lost_steps += left
            _LOGGER.error("%d records were not written: %s", left, self._fault)
            self.pending = self.pending or self._fault
        with self._progress:
            self.thread = None
            self._progress.notify_all()


def _wall_clock_s(since_s: float) -> float:
    # One clock is asked on the caller's thread; the other is worked out here, where there is time.
    return time.time() - (time.perf_counter() - since_s)


def _world(error: Exception) -> GymGuiError:
    return error if isinstance(error, GymGuiError) else RecordingError(f"The backend met an error: {error!r}.")


def _again(error: Exception) -> GymGuiError:
    """The same fault as a new exception: one that was raised before carries the other thread's trace."""
    if isinstance(error, SchemaMismatchError):
        return SchemaMismatchError(error.message, hint=error.hint)
    if isinstance(error, GymGuiError):
        return RecordingError(error.message, hint=error.hint)
    return RecordingError(f"The backend met an error: {error!r}.")
