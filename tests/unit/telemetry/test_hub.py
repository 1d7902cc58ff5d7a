"""The hub's streams: threads publish, coroutines follow, and nobody waits for ever."""

from __future__ import annotations

import asyncio
import threading

from synthetic import step_of

from gym_gui.telemetry.events import StepRecorded, TelemetryEvent
from gym_gui.telemetry.hub import TelemetryAsyncHub
from gym_gui.telemetry.overflow import DropOldest
from gym_gui.telemetry.run_bus import RunBus

WAIT_S = 20.0


def event(number: int, run_id: str = "run") -> StepRecorded:
    return StepRecorded(step_of(run_id, 0, number, number))


def publish_later(hub: TelemetryAsyncHub, events: list[StepRecorded], *, close: bool) -> threading.Thread:
    def publish() -> None:
        for one in events:
            hub.publish(one)
        if close:
            hub.bus.close()

    thread = threading.Thread(target=publish)
    thread.start()
    return thread


async def subscribed(hub: TelemetryAsyncHub) -> None:
    """Return when a stream listens, which it does when it is first asked for something."""
    async with asyncio.timeout(WAIT_S):
        while not hub.bus.subscriptions:
            await asyncio.to_thread(lambda: None)


async def follow(
    hub: TelemetryAsyncHub, publisher: list[StepRecorded], *, run_id: str | None = None
) -> list[TelemetryEvent]:
    """Everything of a stream until the bus closes, which happens after the last of *publisher*."""
    seen = []
    stream = hub.stream("test", DropOldest(10_000), run_id=run_id)
    first = asyncio.ensure_future(anext(stream))
    await subscribed(hub)
    thread = publish_later(hub, publisher, close=True)
    seen.append(await asyncio.wait_for(first, WAIT_S))
    async with asyncio.timeout(WAIT_S):
        seen.extend([one async for one in stream])
    await asyncio.to_thread(thread.join, WAIT_S)
    return seen


def test_that_a_coroutine_sees_every_event_of_a_thread_in_order_until_the_bus_closes() -> None:
    events = [event(number) for number in range(500)]
    hub = TelemetryAsyncHub(RunBus())
    assert asyncio.run(follow(hub, events)) == events
    assert hub.bus.subscriptions == ()


def test_that_a_stream_follows_one_run() -> None:
    events = [event(number, f"run-{number % 2}") for number in range(100)]
    hub = TelemetryAsyncHub(RunBus())
    assert asyncio.run(follow(hub, events, run_id="run-1")) == events[1::2]


def test_that_a_reader_that_leaves_closes_its_subscription() -> None:
    hub = TelemetryAsyncHub(RunBus())

    async def look_once() -> None:
        stream = hub.stream("test")
        first = asyncio.ensure_future(anext(stream))
        await subscribed(hub)
        hub.publish(event(0))
        await asyncio.wait_for(first, WAIT_S)
        assert len(hub.bus.subscriptions) == 1
        await stream.aclose()  # type: ignore[attr-defined]  # an async generator, declared as what it is used as
        assert not hub.bus.subscriptions

    asyncio.run(look_once())


def test_that_a_publisher_outlives_a_loop_that_ended() -> None:
    hub = TelemetryAsyncHub(RunBus())

    async def leave_without_a_word() -> object:
        stream = hub.stream("test")
        first = asyncio.ensure_future(anext(stream))
        await subscribed(hub)
        hub.publish(event(0))
        await first
        return stream

    kept = asyncio.run(leave_without_a_word())
    hub.publish(event(1))
    hub.bus.close()
    assert kept is not None
