"""RemotePictures: the newest picture of each worker of the watched run, as they come from a trainer elsewhere.

Any thread; one thread of its own follows the trainer's stream.
"""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING, Final

from gym_gui.controllers.live_source import LivePicture
from gym_gui.core.closing import Closing
from gym_gui.core.errors import EnvironmentFault
from gym_gui.core.typing_compat import override

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gym_gui.services.trainer.client.client import TrainerClient
    from gym_gui.services.trainer.client.client_live import LiveStream

_CLOSE_S: Final = 5.0
_CHANNELS: Final = 3
# A stream that broke is begun anew, but not sixty times a second.
_AGAIN_S: Final = 1.0


class RemotePictures(Closing):
    """The pictures of one run at a time: the one that was asked for last.

    Args:
        client: Of the trainer.
        clock: Monotonic seconds.
    """

    def __init__(self, client: TrainerClient, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._lock = threading.Lock()
        self._feed: _Feed | None = None
        self._begun_s = -math.inf
        self._closed = False

    def newer(self, run_id: str, seen: Mapping[str, int]) -> Sequence[LivePicture]:
        """The newest picture of each worker that has one newer than the `seq` in *seen*."""
        with self._lock:
            feed, before = self._feed, None
            if self._closed:
                return ()
            broken = feed is not None and feed.ended and self._clock() - self._begun_s >= _AGAIN_S
            if feed is None or feed.run_id != run_id or broken:
                before, self._begun_s = feed, self._clock()
                feed = self._feed = _Feed(self._client, run_id)
        if before is not None:
            before.close()
        return feed.newer(seen)

    @override
    def close(self) -> None:
        with self._lock:
            self._closed = True
            feed, self._feed = self._feed, None
        if feed is not None:
            feed.close()


class _Feed:
    """One stream."""

    def __init__(self, client: TrainerClient, run_id: str) -> None:
        self.run_id = run_id
        self._lock = threading.Lock()
        self._newest: dict[str, LivePicture] = {}
        self._stream = client.subscribe([run_id], frames=True)
        self._thread = threading.Thread(target=self._take, args=(self._stream,), name="live-pictures", daemon=True)
        self._thread.start()

    @property
    def ended(self) -> bool:
        """Whether no more will come."""
        return not self._thread.is_alive()

    def newer(self, seen: Mapping[str, int]) -> Sequence[LivePicture]:
        with self._lock:
            return [picture for worker, picture in self._newest.items() if picture.seq > seen.get(worker, 0)]

    def close(self) -> None:
        self._stream.close()
        self._thread.join(_CLOSE_S)

    def _take(self, stream: LiveStream) -> None:
        from gym_gui.services.trainer.client.client_live import LiveFrameUpdate  # noqa: PLC0415 - grpc is loaded by now

        try:
            for update in stream:
                if isinstance(update, LiveFrameUpdate) and update.frame.shape[-1] == _CHANNELS:
                    with self._lock:
                        before = self._newest.get(update.worker_id)
                        self._newest[update.worker_id] = LivePicture(
                            update.run_id,
                            update.worker_id,
                            # It goes on growing from stream to stream, for the viewer remembers what it saw.
                            max(update.time_us, 1 if before is None else before.seq + 1),
                            update.frame,
                            update.episode_id,
                            update.step_index,
                            update.episode_return,
                            update.time_us,
                        )
        except EnvironmentFault:
            return  # the list of runs tells that nobody answers
