"""What every subscription of a bus keeps to, whatever gives when it is full; each policy subclasses the contract."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, ClassVar

from synthetic import START, episode_of, run_of, step_of

from gym_gui.core.data_model import RunState
from gym_gui.telemetry.events import EpisodeChanged, RunEnded, RunStarted, StepRecorded, TelemetryEvent
from gym_gui.telemetry.run_bus import RunBus, Subscription

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gym_gui.telemetry.overflow import OverflowPolicy

WAIT_S = 10.0


def steps(count: int, *, run_id: str = "run", start: int = 0) -> list[StepRecorded]:
    """Events of steps *start*, *start* + 1, …; each carries a picture."""
    return [StepRecorded(step_of(run_id, 0, number, number)) for number in range(start, start + count)]


def indices(events: list[TelemetryEvent]) -> list[int]:
    """Step indices of the steps among *events*."""
    return [event.step.step_index for event in events if isinstance(event, StepRecorded)]


def rare_events(run_id: str = "run") -> Iterator[TelemetryEvent]:
    """One of each event that is no step."""
    yield RunStarted(run_of(run_id))
    yield EpisodeChanged(episode_of(run_id, 0))
    yield RunEnded(run_id, RunState.COMPLETED, START)


class SubscriptionContract:
    """The conformance class; a subclass says the policy."""

    policy: ClassVar[OverflowPolicy]

    def subscribe(self, bus: RunBus) -> Subscription:
        return bus.subscribe("under-test", self.policy)

    def test_that_what_fits_comes_out_in_order_and_once(self) -> None:
        bus = RunBus()
        subscription = self.subscribe(bus)
        events: list[TelemetryEvent] = [*rare_events(), *steps(1)]
        for event in events:
            bus.publish(event)
        assert subscription.depth == 4
        assert subscription.poll() == events
        assert subscription.poll() == []
        assert subscription.depth == subscription.buffered_bytes == 0
        assert subscription.dropped == subscription.shed_frames == subscription.blocked_s == 0

    def test_that_a_poll_takes_no_more_than_asked(self) -> None:
        bus = RunBus()
        subscription = self.subscribe(bus)
        events = list(rare_events())
        for event in events:
            bus.publish(event)
        assert subscription.poll(2) == events[:2]
        assert subscription.poll(2) == events[2:]

    def test_that_a_waiting_reader_wakes_for_a_step(self) -> None:
        bus = RunBus()
        subscription = self.subscribe(bus)
        woken: list[bool] = []
        reader = threading.Thread(target=lambda: woken.append(subscription.wait(WAIT_S)))
        reader.start()
        bus.publish(steps(1)[0])
        reader.join(WAIT_S / 2)
        assert not reader.is_alive(), "the reader slept through the step"
        assert woken == [True]

    def test_that_a_reader_does_not_wait_for_what_is_there(self) -> None:
        bus = RunBus()
        subscription = self.subscribe(bus)
        bus.publish(steps(1)[0])
        reader = threading.Thread(target=subscription.wait, args=[WAIT_S])
        reader.start()
        reader.join(WAIT_S / 2)
        assert not reader.is_alive(), "the reader waited although a step was there"

    def test_that_nothing_arrives_in_vain_waiting_for_it(self) -> None:
        assert not self.subscribe(RunBus()).wait(0.01)

    def test_that_a_closed_subscription_wakes_its_reader_and_takes_no_more(self) -> None:
        bus = RunBus()
        subscription = self.subscribe(bus)
        bus.publish(steps(1)[0])
        reader = threading.Thread(target=subscription.wait, args=[WAIT_S], kwargs={"count": 1_000})
        reader.start()
        subscription.close()
        reader.join(WAIT_S / 2)
        assert not reader.is_alive()
        bus.publish(steps(1, start=1)[0])
        assert indices(subscription.poll()) == [0], "what was buffered can still be read"
        assert subscription.closed
        assert bus.subscriptions == ()

    def test_that_only_the_run_asked_for_arrives(self) -> None:
        bus = RunBus()
        subscription = bus.subscribe("one-run", self.policy, run_id="mine")
        for event in [*rare_events("other"), *steps(1, run_id="other"), *steps(1, run_id="mine")]:
            bus.publish(event)
        assert [event.run_id for event in subscription.poll()] == ["mine"]

    def test_that_the_reader_is_told_of_every_event(self) -> None:
        bus = RunBus()
        told: list[int] = []
        bus.subscribe("told", self.policy, on_ready=lambda: told.append(1))
        for event in [*rare_events(), *steps(1)]:
            bus.publish(event)
        assert len(told) == 4

    def test_that_what_is_held_stays_bounded(self) -> None:
        """Offered without a reader, with a helper that lets blocked producers go."""
        bus = RunBus()
        subscription = self.subscribe(bus)
        offered = 0

        def produce() -> None:
            nonlocal offered
            try:
                for event in steps(300):
                    subscription.offer(event)
                    offered += 1
            except RuntimeError:
                return  # released by the close below

        producer = threading.Thread(target=produce)
        producer.start()
        producer.join(1.0)
        assert subscription.depth <= self.most_events()
        assert subscription.buffered_bytes <= self.most_bytes()
        subscription.close()
        producer.join(WAIT_S)
        assert not producer.is_alive(), "a producer waits for a reader that will never come"
        self.check_account(subscription, offered=offered, there=len(subscription.poll()))

    def most_events(self) -> int:
        raise NotImplementedError

    def most_bytes(self) -> int:
        raise NotImplementedError

    def check_account(self, subscription: Subscription, *, offered: int, there: int) -> None:
        """Everything that was offered is either there or counted."""
        raise NotImplementedError

    def test_that_many_producers_lose_no_event_to_each_other(self) -> None:
        bus = RunBus()
        subscription = self.subscribe(bus)
        seen: list[TelemetryEvent] = []
        done = threading.Event()

        def read() -> None:
            while not done.is_set() or subscription.depth:
                subscription.wait(0.02)
                seen.extend(subscription.poll())

        def produce(name: str) -> None:
            for event in steps(200, run_id=name):
                bus.publish(event)

        reader = threading.Thread(target=read)
        producers = [threading.Thread(target=produce, args=[f"run-{number}"]) for number in range(3)]
        for thread in [reader, *producers]:
            thread.start()
        for producer in producers:
            producer.join(WAIT_S)
        done.set()
        reader.join(WAIT_S)
        assert not reader.is_alive()
        for number in range(3):
            of_run = indices([event for event in seen if event.run_id == f"run-{number}"])
            assert of_run == sorted(set(of_run)), "order kept, nothing twice"
        self.check_account(subscription, offered=600, there=len(seen))
