"""Every overflow policy keeps to the contract of a subscription, and to its own promise."""

from __future__ import annotations

import threading
from typing import ClassVar

import pytest
from contract.subscription_contract import SubscriptionContract, indices, rare_events, steps
from synthetic import frame_of, observation_of, step_of

from gym_gui.core.data_model import FrameState
from gym_gui.core.errors import BusClosedError
from gym_gui.telemetry.events import StepRecorded
from gym_gui.telemetry.overflow import Block, DropOldest, Latest, ShedFrames
from gym_gui.telemetry.run_bus import RunBus, Subscription

STEP_BYTES = frame_of(0).nbytes + observation_of(0).nbytes


class TestBlock(SubscriptionContract):
    """The producer waits; nothing is dropped."""

    policy: ClassVar = Block(capacity=32, max_bytes=20 * STEP_BYTES)

    def most_events(self) -> int:
        return 32

    def most_bytes(self) -> int:
        return 20 * STEP_BYTES

    def check_account(self, subscription: Subscription, *, offered: int, there: int) -> None:
        assert there == offered
        assert subscription.dropped == subscription.shed_frames == 0

    def test_that_a_full_buffer_makes_the_producer_wait_and_counts_it(self) -> None:
        bus = RunBus()
        subscription = bus.subscribe("block", Block(capacity=4))

        def produce() -> None:
            for event in steps(12):
                bus.publish(event)

        producer = threading.Thread(target=produce)
        producer.start()
        taken = []
        while producer.is_alive() or subscription.depth:
            subscription.wait(0.05)
            taken += subscription.poll(3)
        producer.join()
        assert indices(taken) == list(range(12))
        assert subscription.blocked_s > 0

    def test_that_closing_releases_a_waiting_producer_with_an_error_of_ours(self) -> None:
        subscription = Subscription("block", Block(capacity=1))
        subscription.offer(steps(1)[0])
        errors: list[BaseException] = []

        def produce() -> None:
            try:
                subscription.offer(steps(1)[0])
            except BusClosedError as error:
                errors.append(error)

        producer = threading.Thread(target=produce)
        producer.start()
        producer.join(0.15)
        assert producer.is_alive()
        subscription.close()
        producer.join(5.0)
        assert len(errors) == 1

    def test_that_a_step_larger_than_the_whole_budget_passes_alone(self) -> None:
        subscription = Subscription("block", Block(capacity=4, max_bytes=10))
        subscription.offer(steps(1)[0])
        assert len(subscription.poll()) == 1


class TestShedFrames(SubscriptionContract):
    """The producer never waits; every row is kept."""

    policy: ClassVar = ShedFrames(capacity=32, max_bytes=20 * STEP_BYTES)

    def most_events(self) -> int:
        return 300  # rows are small, and kept

    def most_bytes(self) -> int:
        return 20 * STEP_BYTES

    def check_account(self, subscription: Subscription, *, offered: int, there: int) -> None:
        assert there == offered
        assert subscription.dropped == 0
        assert subscription.blocked_s == 0

    def test_that_rows_stay_and_say_that_their_picture_went(self) -> None:
        subscription = Subscription("shed", ShedFrames(capacity=5))
        for event in steps(12):
            subscription.offer(event)
        found = [event.step for event in subscription.poll() if isinstance(event, StepRecorded)]
        assert [step.step_index for step in found] == list(range(12))
        assert [step.frame_state for step in found] == [FrameState.KEPT] * 5 + [FrameState.SHED] * 7
        assert [step.frame is None for step in found] == [False] * 5 + [True] * 7
        assert all(step.observation is not None for step in found)
        assert subscription.shed_frames == 7

    def test_that_a_picture_that_is_the_observation_goes_with_it(self) -> None:
        subscription = Subscription("shed", ShedFrames(capacity=0))
        frame = frame_of(1)
        subscription.offer(StepRecorded(step_of("run", 0, 1, 1, render_payload=frame, observation=frame)))
        (event,) = subscription.poll()
        assert isinstance(event, StepRecorded)
        assert event.step.observation is None
        assert event.attached_bytes == 0

    @pytest.mark.parametrize("wrapped", [False, True])
    def test_that_large_observations_cannot_fill_the_memory_either(self, *, wrapped: bool) -> None:
        large = frame_of(1)
        observation = {"camera": large} if wrapped else large
        subscription = Subscription("shed", ShedFrames(max_bytes=10 * large.nbytes))
        for number in range(50):
            step = step_of("run", 0, number, number, render_payload=None, observation=observation)
            subscription.offer(StepRecorded(step))
        assert subscription.buffered_bytes <= 10 * large.nbytes
        assert subscription.shed_observations == 40
        assert len(subscription.poll()) == 50

    def test_that_beyond_an_hour_of_rows_the_newest_are_dropped_and_counted(self) -> None:
        subscription = Subscription("shed", ShedFrames(capacity=2, max_rows=10))
        for event in [*steps(15), *rare_events()]:
            subscription.offer(event)
        found = subscription.poll()
        assert indices(found) == list(range(10))
        assert len(found) == 13, "rare events are never dropped"
        assert subscription.dropped == 5


class TestDropOldest(SubscriptionContract):
    """The oldest makes room."""

    policy: ClassVar = DropOldest(capacity=32)

    def most_events(self) -> int:
        return 32

    def most_bytes(self) -> int:
        return 32 * STEP_BYTES

    def check_account(self, subscription: Subscription, *, offered: int, there: int) -> None:
        assert there + subscription.dropped == offered
        assert subscription.blocked_s == 0

    def test_that_the_newest_are_there_and_the_others_counted(self) -> None:
        subscription = Subscription("drop", DropOldest(capacity=4))
        for event in steps(10):
            subscription.offer(event)
        assert indices(subscription.poll()) == [6, 7, 8, 9]
        assert subscription.dropped == 6
        assert (subscription.accepted, subscription.taken) == (10, 10)


class TestLatest(SubscriptionContract):
    """Only the newest step, and what is rare."""

    policy: ClassVar = Latest(rare_capacity=8)

    def most_events(self) -> int:
        return 1

    def most_bytes(self) -> int:
        return 0

    def check_account(self, subscription: Subscription, *, offered: int, there: int) -> None:
        assert 0 < there <= offered
        assert subscription.blocked_s == 0

    def test_that_the_newest_step_is_there_and_no_other(self) -> None:
        subscription = Subscription("latest", Latest())
        for event in [*steps(10), *rare_events()]:
            subscription.offer(event)
        found = subscription.poll()
        assert indices(found) == [9]
        assert len(found) == 4

    def test_that_a_full_buffer_of_rare_events_counts_what_it_drops(self) -> None:
        subscription = Subscription("latest", Latest(rare_capacity=4))
        for _ in range(3):
            for event in rare_events():
                subscription.offer(event)
        assert len(subscription.poll()) == 4
        assert subscription.dropped == 5


def test_that_a_closed_bus_refuses_readers_and_lets_events_go_nowhere() -> None:
    bus = RunBus()
    subscription = bus.subscribe("early", DropOldest())
    bus.close()
    bus.close()
    with pytest.raises(BusClosedError):
        bus.subscribe("late", DropOldest())
    bus.publish(steps(1)[0])
    assert subscription.poll() == []


def test_that_every_subscription_gets_the_same_object() -> None:
    bus = RunBus()
    one, other = bus.subscribe("one", DropOldest()), bus.subscribe("other", Latest())
    event = steps(1)[0]
    bus.publish(event)
    assert one.poll()[0] is event
    assert other.poll()[0] is event
