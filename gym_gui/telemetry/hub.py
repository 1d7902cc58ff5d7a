"""TelemetryAsyncHub: the asynchronous edge of the bus. Threads publish into it; coroutines read streams out of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from gym_gui.telemetry.overflow import DropOldest, OverflowPolicy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gym_gui.telemetry.events import TelemetryEvent
    from gym_gui.telemetry.run_bus import RunBus


class TelemetryAsyncHub:
    """Publishes to a bus, and lets coroutines follow it.

    Args:
        bus: Where every event goes.
    """

    def __init__(self, bus: RunBus) -> None:
        self._bus = bus

    @property
    def bus(self) -> RunBus:
        """The bus behind the hub."""
        return self._bus

    def publish(self, event: TelemetryEvent) -> None:
        """Hand *event* to every subscription of the bus; from any thread, without an event loop."""
        self._bus.publish(event)

    async def stream(
        self, name: str, policy: OverflowPolicy | None = None, *, run_id: str | None = None
    ) -> AsyncIterator[TelemetryEvent]:
        """Follow the bus from a coroutine, from now until the bus closes.

        Args:
            name: For messages and metrics.
            policy: What gives when the coroutine is slower than the stream; the oldest event by default.
            run_id: Only this run's events; None for every run's.
        """
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()

        def wake() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(ready.set)

        subscription = self._bus.subscribe(name, policy or DropOldest(), run_id=run_id, on_ready=wake)
        try:
            while True:
                ready.clear()
                events = subscription.poll()
                for event in events:
                    yield event
                if not events:
                    if subscription.closed:
                        return
                    await ready.wait()
        finally:
            subscription.close()
