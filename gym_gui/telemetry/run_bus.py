"""Fan-out: every subscription has its own bounded buffer, and the policy that says what gives when it is full.

`publish` runs on the producer's thread, `poll` and `wait` on the reader's.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from gym_gui.core.data_model import FrameState
from gym_gui.core.errors import BusClosedError
from gym_gui.telemetry.events import BatchRecorded, StepRecorded, TelemetryEvent
from gym_gui.telemetry.overflow import Block, DropOldest, Latest, OverflowPolicy, ShedFrames

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Block", "DropOldest", "Latest", "OverflowPolicy", "RunBus", "ShedFrames", "Subscription"]

# A blocked producer looks up this often, so that a closed subscription can never hold it for ever.
_RECHECK_S: Final = 0.1


class Subscription:
    """One reader's buffer. Made by `RunBus.subscribe`.

    Attributes:
        name: For messages and metrics.
        policy: What happens when the buffer is full.
        dropped: Events let go (``DropOldest``, ``Latest``'s older steps not counted, rows beyond ``max_rows``).
        shed_frames: Pictures let go.
        shed_observations: Observations let go, where even without pictures the buffer would outgrow its bytes.
        blocked_s: Seconds that producers waited.
    """

    def __init__(
        self,
        name: str,
        policy: OverflowPolicy,
        *,
        run_id: str | None = None,
        on_ready: Callable[[], None] | None = None,
        on_close: Callable[[Subscription], None] | None = None,
    ) -> None:
        self.name = name
        self.policy = policy
        self.dropped = 0
        self.shed_frames = 0
        self.shed_observations = 0
        self.blocked_s = 0.0
        self._run_id = run_id
        self._on_ready = on_ready
        self._on_close = on_close
        self._events: deque[TelemetryEvent] = deque()
        self._latest_step: StepRecorded | None = None
        self._bytes = 0
        self._accepted = 0
        self._taken = 0
        self._closed = False
        self._lock = threading.Lock()
        self._readable = threading.Condition(self._lock)
        self._writable = threading.Condition(self._lock)
        self._wake_at = 0  # events that a waiting reader waits for; 0 where none does
        # Events up to both bounds are taken as they are; beyond them the policy says what gives.
        self._room, self._room_bytes = _room_of(policy)
        self._overflow: Callable[[TelemetryEvent], None] = self._overflow_of(policy)

    @property
    def depth(self) -> int:
        """Events waiting to be read."""
        return len(self._events) + (self._latest_step is not None)

    @property
    def buffered_bytes(self) -> int:
        """Bytes of the arrays that the waiting events carry."""
        return self._bytes

    @property
    def accepted(self) -> int:
        """Events that ever entered the buffer; the number of the newest one."""
        return self._accepted

    @property
    def taken(self) -> int:
        """Events that ever left the buffer; the number of the last one read."""
        return self._taken

    @property
    def closed(self) -> bool:
        """Whether the subscription takes no more events."""
        return self._closed

    def offer(self, event: TelemetryEvent) -> None:
        """Buffer *event* by the policy; called by the bus on the producer's thread."""
        if self._run_id is not None and event.run_id != self._run_id:
            return
        # Spelt out: a core that slept pays a microsecond for every function that it has not at hand.
        with self._lock:
            if self._closed:
                return
            events, size_bytes = self._events, event.attached_bytes
            if len(events) < self._room and self._bytes + size_bytes <= self._room_bytes:
                events.append(event)
                self._bytes += size_bytes
                self._accepted += 1
            else:
                self._overflow(event)
            wake_at = self._wake_at
            if wake_at and len(events) + (self._latest_step is not None) >= wake_at:
                self._readable.notify()
        if self._on_ready is not None:
            self._on_ready()

    def poll(self, max_events: int | None = None) -> list[TelemetryEvent]:
        """The waiting events in order, at most *max_events* of them; never waits."""
        with self._lock:
            events = self._events
            if max_events is None or max_events >= len(events):
                taken = list(events)
                events.clear()
                self._bytes = 0
            else:
                taken = [events.popleft() for _ in range(max_events)]
                self._bytes -= sum(event.attached_bytes for event in taken)
            self._taken += len(taken)
            if self._latest_step is not None and (max_events is None or len(taken) < max_events):
                taken.append(self._latest_step)
                self._latest_step = None
            self._writable.notify_all()
        return taken

    def wait(self, timeout_s: float | None, *, count: int = 1) -> bool:
        """Wait until *count* events are there, the subscription is closed, or it is woken.

        Returns:
            Whether at least one event waits.
        """
        with self._lock:
            if self.depth < count and not self._closed:
                self._wake_at = count
                self._readable.wait(timeout_s)
                self._wake_at = 0
            return self.depth > 0

    def wake(self) -> None:
        """Let a waiting reader look up now."""
        with self._lock:
            self._readable.notify_all()

    def close(self) -> None:
        """Take no more events and let go of every waiting producer; what is buffered can still be read."""
        with self._lock:
            self._closed = True
            self._readable.notify_all()
            self._writable.notify_all()
        if self._on_ready is not None:
            self._on_ready()
        if self._on_close is not None:
            self._on_close(self)

    def _overflow_of(self, policy: OverflowPolicy) -> Callable[[TelemetryEvent], None]:
        if isinstance(policy, Latest):
            return partial(self._keep_latest, policy)
        if isinstance(policy, DropOldest):
            return self._drop_oldest
        if isinstance(policy, ShedFrames):
            return partial(self._shed, policy)
        return partial(self._block, policy)

    def _append(self, event: TelemetryEvent, size_bytes: int) -> None:
        self._events.append(event)
        self._bytes += size_bytes
        self._accepted += 1

    def _keep_latest(self, policy: Latest, event: TelemetryEvent) -> None:
        if type(event) is StepRecorded:
            self._latest_step = event
            return
        if len(self._events) >= policy.rare_capacity:
            self._drop_oldest(event)
        else:
            self._append(event, event.attached_bytes)

    def _drop_oldest(self, event: TelemetryEvent) -> None:
        self._bytes -= self._events.popleft().attached_bytes
        self._taken += 1
        self.dropped += 1
        self._append(event, event.attached_bytes)

    def _shed(self, policy: ShedFrames, event: TelemetryEvent) -> None:
        if isinstance(event, BatchRecorded):
            self._shed_batch(policy, event)
            return
        if not isinstance(event, StepRecorded):
            self._append(event, 0)
            return
        if len(self._events) >= policy.max_rows:
            self.dropped += 1
            self.shed_frames += event.step.frame is not None
            return
        if event.step.frame is not None:
            event = StepRecorded(event.step.without_frame(FrameState.SHED))
            self.shed_frames += 1
        if event.attached_bytes and self._bytes + event.attached_bytes > policy.max_bytes:
            event = StepRecorded(replace(event.step, observation=None))
            self.shed_observations += 1
        self._append(event, event.attached_bytes)

    def _shed_batch(self, policy: ShedFrames, event: BatchRecorded) -> None:
        # Rows, episodes and scalars always stay; what follows is bounded by the worker's credit.
        if len(self._events) >= policy.capacity or self._bytes + event.attached_bytes > policy.max_bytes:
            self.shed_frames += event.batch.frame_count
            event = BatchRecorded(event.batch.without_frames(FrameState.SHED))
        self._append(event, event.attached_bytes)

    def _block(self, policy: Block, event: TelemetryEvent) -> None:
        size_bytes = event.attached_bytes
        if self._is_full(policy, size_bytes):
            started_s = time.perf_counter()
            self._readable.notify()
            while self._is_full(policy, size_bytes) and not self._closed:
                self._writable.wait(_RECHECK_S)
            self.blocked_s += time.perf_counter() - started_s
        if self._closed:
            raise BusClosedError(f"The subscription {self.name} closed while a producer waited for room.")
        self._append(event, size_bytes)

    def _is_full(self, policy: Block, size_bytes: int) -> bool:
        if not self._events:
            return False  # an event larger than the whole budget still passes, alone
        return len(self._events) >= policy.capacity or self._bytes + size_bytes > policy.max_bytes


class RunBus:
    """Hands every event to every subscription; holds nothing itself."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Replaced whole on change, so that publish reads it without the lock.
        self._subscriptions: tuple[Subscription, ...] = ()
        self._closed = False

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        """Every open subscription."""
        return self._subscriptions

    def subscribe(
        self,
        name: str,
        policy: OverflowPolicy,
        *,
        run_id: str | None = None,
        on_ready: Callable[[], None] | None = None,
    ) -> Subscription:
        """Open a subscription that sees every event published from now on.

        Args:
            name: For messages and metrics.
            policy: Which buffer, and what gives when it is full.
            run_id: Only this run's events; None for every run's.
            on_ready: Called on the producer's thread after an event was buffered; it must not block or raise.

        Raises:
            BusClosedError: the bus is closed.
        """
        subscription = Subscription(name, policy, run_id=run_id, on_ready=on_ready, on_close=self._forget)
        with self._lock:
            if self._closed:
                raise BusClosedError(f"The bus is closed; {name} cannot subscribe.")
            self._subscriptions = (*self._subscriptions, subscription)
        return subscription

    def publish(self, event: TelemetryEvent) -> None:
        """Hand *event* to every subscription; waits only where a ``Block`` one is full."""
        for subscription in self._subscriptions:
            subscription.offer(event)

    def close(self) -> None:
        """Close every subscription; later events go nowhere."""
        with self._lock:
            self._closed = True
            open_ones = self._subscriptions
        for subscription in open_ones:
            subscription.close()

    def _forget(self, subscription: Subscription) -> None:
        with self._lock:
            self._subscriptions = tuple(one for one in self._subscriptions if one is not subscription)


def _room_of(policy: OverflowPolicy) -> tuple[int, float]:
    """Events and bytes up to which a policy takes everything as it is."""
    if isinstance(policy, Latest):
        return 0, 0
    if isinstance(policy, DropOldest):
        return policy.capacity, math.inf
    rows = policy.max_rows if isinstance(policy, ShedFrames) else policy.capacity
    return min(policy.capacity, rows), policy.max_bytes
