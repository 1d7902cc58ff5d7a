"""A person's game: phases, orders, episodes, what is recorded; on its own thread, in time that the test moves."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

import pytest
from unit.controllers.session_fakes import TIMEOUT_S, Desk, FakeAdapter, KeysAsAction

from gym_gui.controllers.session_state import Phase
from gym_gui.core.data_model import EpisodeStatus, RunState
from gym_gui.core.errors import EnvironmentUnusableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import LogExpectations

    from gym_gui.adapters.base import EnvironmentAdapter


@pytest.fixture
def make_desk() -> Iterator[Callable[[FakeAdapter | Callable[[], EnvironmentAdapter]], Desk]]:
    desks: list[Desk] = []

    def make(adapter: FakeAdapter | Callable[[], EnvironmentAdapter]) -> Desk:
        desks.append(Desk(adapter))
        return desks[-1]

    yield make
    for desk in desks:
        desk.controller.close()


def play(make_desk: Callable[..., Desk], adapter: FakeAdapter, *, seed: int | None = None) -> Desk:
    desk = make_desk(adapter)
    desk.controller.start("Fake-v0", seed=seed)
    desk.wait_for(Phase.PLAYING)
    desk.time.settle()
    return desk


def test_that_a_game_is_loading_at_once_and_made_on_the_session_thread(make_desk: Callable[..., Desk]) -> None:
    may_make = threading.Event()
    made_on: list[str] = []

    def make() -> FakeAdapter:
        made_on.append(threading.current_thread().name)
        assert may_make.wait(TIMEOUT_S)
        return FakeAdapter()

    desk = make_desk(make)
    desk.controller.start("Fake-v0")
    assert desk.controller.state.phase is Phase.LOADING
    assert desk.controller.state.env_id == "Fake-v0"
    may_make.set()
    desk.wait_for(Phase.PLAYING)
    assert made_on == ["session"]


def test_that_the_state_says_what_is_played(make_desk: Callable[..., Desk]) -> None:
    desk = play(make_desk, FakeAdapter(rate_hz=60.0), seed=7)
    state = desk.controller.state
    assert (state.seed, state.step, state.episode_index, state.total_reward) == (7, 0, 0, 0.0)
    assert state.run_id == desk.telemetry.runs[0].run_id
    assert state.episode_id == desk.telemetry.started[0].episode_id
    assert state.target_hz == pytest.approx(60.0)
    assert state.bindings[0].label == "Left"
    assert state.recording


def test_that_step_zero_is_recorded_after_the_run_and_the_episode(make_desk: Callable[..., Desk]) -> None:
    desk = play(make_desk, FakeAdapter())
    assert desk.telemetry.log == ["run", "start", "step"]
    assert desk.telemetry.steps[0].action is None
    assert desk.telemetry.started[0].status is EpisodeStatus.RUNNING


def test_that_steps_come_at_the_games_rate(make_desk: Callable[..., Desk]) -> None:
    desk = play(make_desk, FakeAdapter(rate_hz=50.0))
    desk.time.advance(2.001)
    assert len(desk.telemetry.steps) == 1 + 100
    assert desk.controller.state.true_hz == pytest.approx(50.0)
    assert desk.controller.state.late_frames == 0
    assert desk.controller.state.total_reward == pytest.approx(50.0)


@pytest.mark.parametrize(("speed", "steps"), [(0.25, 12), (2.0, 100), (4.0, 200), (9.0, 200)])
def test_that_speed_multiplies_the_rate_within_its_limits(
    make_desk: Callable[..., Desk], speed: float, steps: int
) -> None:
    desk = play(make_desk, FakeAdapter(rate_hz=50.0))
    desk.order(lambda: desk.controller.set_speed(speed))
    desk.time.advance(1.001)
    assert len(desk.telemetry.steps) == 1 + steps
    assert desk.controller.state.speed == min(4.0, speed)


def test_that_the_keys_held_at_the_step_decide_its_action(make_desk: Callable[..., Desk]) -> None:
    adapter = FakeAdapter()
    desk = play(make_desk, adapter)
    desk.order(lambda: desk.controller.set_held_keys(frozenset({"left", "space"})))
    desk.time.advance(0.021)
    desk.order(lambda: desk.controller.set_held_keys(frozenset({"space"})))
    desk.time.advance(0.020)
    desk.order(lambda: desk.controller.set_held_keys(frozenset()))
    desk.time.advance(0.020)
    assert adapter.actions == [5, 4, 0]


def test_that_a_tap_between_two_steps_is_not_lost(make_desk: Callable[..., Desk]) -> None:
    adapter = FakeAdapter()
    desk = play(make_desk, adapter)
    desk.order(lambda: desk.controller.set_held_keys(frozenset({"left"})))
    desk.order(lambda: desk.controller.set_held_keys(frozenset()))
    desk.time.advance(0.041)
    assert adapter.actions == [1, 0]


def test_that_a_paused_game_stands_still_and_goes_on_at_its_pace(make_desk: Callable[..., Desk]) -> None:
    desk = play(make_desk, FakeAdapter(rate_hz=50.0))
    desk.time.advance(0.101)
    desk.order(desk.controller.pause)
    assert desk.controller.state.phase is Phase.PAUSED
    desk.time.advance(60.0)
    assert len(desk.telemetry.steps) == 1 + 5
    desk.order(desk.controller.resume)
    desk.time.advance(0.101)
    assert len(desk.telemetry.steps) == 1 + 10
    assert desk.controller.state.late_frames == 0
    assert desk.controller.state.elapsed_s == pytest.approx(0.2, abs=0.01)


def test_that_a_single_step_pauses_and_takes_exactly_one(make_desk: Callable[..., Desk]) -> None:
    adapter = FakeAdapter()
    desk = play(make_desk, adapter)
    desk.order(lambda: desk.controller.set_held_keys(frozenset({"right"})))
    for expected in (1, 2, 3):
        desk.order(desk.controller.single_step)
        desk.time.advance(5.0)
        assert desk.controller.state.phase is Phase.PAUSED
        assert adapter.actions == [2] * expected


def test_that_a_turn_based_game_takes_one_step_for_each_press(make_desk: Callable[..., Desk]) -> None:
    adapter = FakeAdapter(turn_based=True)
    desk = play(make_desk, adapter)
    desk.time.advance(10.0)
    assert adapter.actions == []
    desk.order(lambda: desk.controller.set_held_keys(frozenset({"left"})))
    desk.time.advance(10.0)
    assert adapter.actions == [1]
    desk.order(lambda: desk.controller.set_held_keys(frozenset({"left", "right"})))
    desk.order(lambda: desk.controller.set_held_keys(frozenset({"left", "right", "x"})))
    assert adapter.actions == [1, 2]


def test_that_a_real_time_game_goes_on_by_itself_after_its_end(make_desk: Callable[..., Desk]) -> None:
    adapter = FakeAdapter(rate_hz=50.0, episode_steps=5)
    desk = play(make_desk, adapter)
    desk.time.advance(0.101)
    state = desk.wait_for(Phase.EPISODE_OVER)
    assert state.terminated
    assert desk.telemetry.ended[0].status is EpisodeStatus.COMPLETED
    assert desk.telemetry.ended[0].steps == 5
    desk.time.advance(1.45)
    assert desk.controller.state.phase is Phase.EPISODE_OVER
    desk.time.advance(0.06)
    state = desk.wait_for(Phase.PLAYING)
    assert state.episode_index == 1
    assert len(set(adapter.seeds)) == 2
    assert [rollup.seed for rollup in desk.telemetry.started] == adapter.seeds


def test_that_a_real_time_game_that_nobody_plays_waits_for_a_key_after_two_episodes(
    make_desk: Callable[..., Desk],
) -> None:
    desk = play(make_desk, FakeAdapter(rate_hz=50.0, episode_steps=5))
    desk.time.advance(0.101)
    assert not desk.wait_for(Phase.EPISODE_OVER).waiting
    desk.time.advance(1.51)
    desk.time.advance(0.101)
    assert desk.wait_for(Phase.EPISODE_OVER).waiting
    desk.time.advance(3600.0)
    assert (desk.controller.state.phase, desk.controller.state.episode_index) == (Phase.EPISODE_OVER, 1)
    assert len(desk.telemetry.started) == 2, "nothing is recorded for nobody"
    desk.order(lambda: desk.controller.set_held_keys(frozenset({"left"})))
    state = desk.wait_for(Phase.PLAYING)
    assert (state.episode_index, state.waiting) == (2, False)


def test_that_one_key_an_episode_keeps_a_game_going(make_desk: Callable[..., Desk]) -> None:
    desk = play(make_desk, FakeAdapter(rate_hz=50.0, episode_steps=5))
    for episode in range(4):
        assert desk.wait_for(Phase.PLAYING).episode_index == episode
        desk.order(lambda: desk.controller.set_held_keys(frozenset({"left"})))
        desk.order(lambda: desk.controller.set_held_keys(frozenset()))
        desk.time.advance(0.101)
        assert not desk.wait_for(Phase.EPISODE_OVER).waiting
        desk.time.advance(1.51)


def test_that_a_key_skips_the_end_but_not_one_that_was_meant_for_the_game(make_desk: Callable[..., Desk]) -> None:
    desk = play(make_desk, FakeAdapter(rate_hz=50.0, episode_steps=5))
    desk.time.advance(0.101)
    desk.wait_for(Phase.EPISODE_OVER)
    desk.order(lambda: desk.controller.set_held_keys(frozenset({"space"})))
    desk.time.advance(0.5)
    assert desk.controller.state.episode_index == 0
    desk.order(lambda: desk.controller.set_held_keys(frozenset({"space", "left"})))
    assert desk.wait_for(Phase.PLAYING).episode_index == 1


def test_that_a_turn_based_game_waits_at_its_end_for_space_or_enter(make_desk: Callable[..., Desk]) -> None:
    desk = play(make_desk, FakeAdapter(turn_based=True, episode_steps=1))
    desk.order(lambda: desk.controller.set_held_keys(frozenset({"left"})))
    desk.wait_for(Phase.EPISODE_OVER)
    desk.time.advance(100.0)
    desk.order(lambda: desk.controller.set_held_keys(frozenset({"left", "right"})))
    assert desk.controller.state.phase is Phase.EPISODE_OVER
    desk.order(lambda: desk.controller.set_held_keys(frozenset({"enter"})))
    assert desk.controller.state.episode_index == 1


def test_that_a_pause_at_the_end_holds_it_on_the_screen(make_desk: Callable[..., Desk]) -> None:
    desk = play(make_desk, FakeAdapter(rate_hz=50.0, episode_steps=5))
    desk.time.advance(0.101)
    desk.wait_for(Phase.EPISODE_OVER)
    desk.time.advance(0.5)
    desk.order(desk.controller.pause)
    desk.time.advance(100.0)
    assert desk.controller.state.phase is Phase.EPISODE_OVER


def test_that_a_reset_abandons_the_episode_and_uses_the_seed(make_desk: Callable[..., Desk]) -> None:
    adapter = FakeAdapter(rate_hz=50.0)
    desk = play(make_desk, adapter, seed=1)
    desk.time.advance(0.061)
    desk.order(lambda: desk.controller.reset(seed=42))
    assert adapter.seeds == [1, 42]
    assert [(rollup.status, rollup.steps) for rollup in desk.telemetry.ended] == [(EpisodeStatus.ABANDONED, 3)]
    state = desk.controller.state
    assert (state.seed, state.step, state.episode_index, state.total_reward) == (42, 0, 1, 0.0)


def test_that_every_episode_gets_a_fresh_31_bit_seed(make_desk: Callable[..., Desk]) -> None:
    adapter = FakeAdapter()
    desk = play(make_desk, adapter)
    for _ in range(20):
        desk.order(desk.controller.reset)
    assert len(set(adapter.seeds)) == 21
    assert all(0 <= seed < 2**31 for seed in adapter.seeds)


def test_that_leaving_completes_the_run(make_desk: Callable[..., Desk]) -> None:
    adapter = FakeAdapter(rate_hz=50.0)
    desk = play(make_desk, adapter)
    desk.time.advance(0.061)
    desk.leave()
    assert desk.controller.state.phase is Phase.IDLE
    assert desk.telemetry.ended[-1].status is EpisodeStatus.ABANDONED
    assert desk.telemetry.ended_runs == [(desk.telemetry.runs[0].run_id, RunState.COMPLETED)]
    assert desk.telemetry.log[-2:] == ["end", "run ended"]
    assert adapter.closed
    assert adapter.threads == {"session"}


def test_that_another_game_ends_the_one_before(make_desk: Callable[..., Desk]) -> None:
    adapters: list[FakeAdapter] = []

    def make() -> FakeAdapter:
        adapters.append(FakeAdapter())
        return adapters[-1]

    desk = make_desk(make)
    desk.controller.start("Fake-v0")
    first = desk.wait_for(Phase.PLAYING)
    desk.controller.start("Other-v0")
    assert desk.controller.state.phase is Phase.LOADING
    second = desk.wait_for(Phase.PLAYING)
    assert second.env_id == "Other-v0"
    assert second.run_id != first.run_id
    assert adapters[0].closed
    assert not adapters[1].closed


def test_that_a_game_left_while_it_loads_records_nothing(make_desk: Callable[..., Desk]) -> None:
    may_make = threading.Event()
    adapter = FakeAdapter()

    def make() -> FakeAdapter:
        assert may_make.wait(TIMEOUT_S)
        return adapter

    desk = make_desk(make)
    desk.controller.start("Fake-v0")
    desk.controller.stop()
    may_make.set()
    assert desk.controller.wait_at_rest(TIMEOUT_S)
    assert desk.telemetry.log == []
    assert desk.controller.state.phase is Phase.IDLE


def test_that_an_environment_that_raises_in_step_keeps_what_came_before(make_desk: Callable[..., Desk]) -> None:
    adapter = FakeAdapter(rate_hz=50.0, raise_in_step=3)
    desk = make_desk(adapter)
    desk.controller.start("Fake-v0")
    desk.wait_for(Phase.PLAYING)
    desk.time.advance(0.061)
    desk.time.jump_to_end(0.02)
    state = desk.wait_for(Phase.FAULTED)
    assert state.message == "Fake-v0 raised in step: ValueError: planted."
    assert desk.controller.wait_at_rest(TIMEOUT_S)
    assert [(rollup.status, rollup.steps, rollup.fault) for rollup in desk.telemetry.ended] == [
        (EpisodeStatus.FAULTED, 3, "Fake-v0 raised in step: ValueError: planted.")
    ]
    assert len(desk.telemetry.steps) == 4
    assert desk.telemetry.ended_runs[0][1] is RunState.FAULTED
    assert adapter.closed


def test_that_a_faulted_game_can_be_tried_again(make_desk: Callable[..., Desk]) -> None:
    adapters = [FakeAdapter(raise_in_reset=0), FakeAdapter()]
    desk = make_desk(lambda: adapters.pop(0))
    desk.controller.start("Fake-v0", seed=5)
    state = desk.wait_for(Phase.FAULTED)
    assert "raised in reset" in state.message
    assert desk.telemetry.ended[0].status is EpisodeStatus.FAULTED
    assert desk.telemetry.ended[0].seed == 5
    desk.controller.retry()
    assert desk.wait_for(Phase.PLAYING).seed == 5


def test_that_an_environment_that_cannot_be_made_says_why(make_desk: Callable[..., Desk]) -> None:
    def make() -> FakeAdapter:
        raise EnvironmentUnusableError("Fake-v0 needs the package fake.", hint="Install it.")

    desk = make_desk(make)
    desk.controller.start("Fake-v0")
    state = desk.wait_for(Phase.FAULTED)
    assert (state.message, state.hint) == ("Fake-v0 needs the package fake.", "Install it.")
    assert desk.telemetry.log == []


def test_that_a_fault_of_ours_is_logged_and_shown_and_the_thread_lives(
    make_desk: Callable[..., Desk], expect_log: LogExpectations
) -> None:
    expect_log(logging.ERROR, "The game loop of Fake-v0 failed")
    adapters: list[FakeAdapter] = []

    def fail() -> None:
        raise ZeroDivisionError("planted")

    def make() -> FakeAdapter:
        adapters.append(FakeAdapter(on_step=(lambda: None) if adapters else fail))
        return adapters[-1]

    desk = make_desk(make)
    desk.controller.start("Fake-v0")
    desk.wait_for(Phase.PLAYING)
    desk.time.jump_to_end(0.03)
    state = desk.wait_for(Phase.FAULTED)
    assert "ZeroDivisionError: planted" in state.message
    assert desk.telemetry.ended[0].status is EpisodeStatus.FAULTED
    desk.controller.start("Fake-v0")
    desk.wait_for(Phase.PLAYING)


def test_that_a_stall_is_counted_and_not_caught_up(make_desk: Callable[..., Desk]) -> None:
    desk = play(make_desk, FakeAdapter(rate_hz=50.0))
    desk.time.advance(0.101)
    desk.time.jump(0.5)
    steps = len(desk.telemetry.steps)
    assert desk.controller.state.late_frames in range(23, 26)
    desk.time.advance(0.1)
    assert len(desk.telemetry.steps) in range(steps + 4, steps + 7)


def test_that_close_ends_the_thread_and_is_safe_twice(make_desk: Callable[..., Desk]) -> None:
    desk = play(make_desk, FakeAdapter())
    desk.controller.close()
    desk.controller.close()
    assert desk.telemetry.ended_runs
    desk.controller.start("Fake-v0")
    assert desk.controller.state.phase is Phase.IDLE
    assert "session" not in {thread.name for thread in threading.enumerate()}


def test_that_an_environment_that_does_not_answer_is_said_and_forgotten_when_it_does(
    make_desk: Callable[..., Desk],
) -> None:
    may_answer, was_asked = threading.Event(), threading.Event()

    def hang() -> None:
        was_asked.set()
        assert may_answer.wait(TIMEOUT_S)

    desk = make_desk(FakeAdapter(on_step=hang))
    desk.controller.start("Fake-v0")
    desk.wait_for(Phase.PLAYING)
    desk.time.settle()
    desk.time.jump_to_end(0.03)
    assert was_asked.wait(TIMEOUT_S)
    assert desk.controller.state.unanswered_s == 0
    desk.time.go_by(3.2)
    state = desk.controller.state
    assert (state.unanswered_s, state.true_hz) == (3, 0.0)
    assert state.message == "The environment has not answered for 3 s."
    may_answer.set()
    desk.time.settle()
    assert desk.controller.state.unanswered_s == 0
    assert desk.controller.state.message == ""


def test_that_a_game_without_any_key_is_refused_before_it_is_recorded(make_desk: Callable[..., Desk]) -> None:
    class NoKeys(KeysAsAction):
        @property
        def bindings(self) -> tuple[()]:
            return ()

        def action_for(self, held: frozenset[str]) -> None:
            """No key says anything."""

    class Silent(FakeAdapter):
        @property
        def controls(self) -> KeysAsAction:
            return NoKeys(turn_based=False)

    desk = make_desk(Silent())
    desk.controller.start("Fake-v0")
    desk.wait_for(Phase.FAULTED)
    assert desk.controller.state.message == "Fake-v0 takes actions that no key can say."
    assert "gym-gui record Fake-v0" in desk.controller.state.hint
    assert desk.telemetry.log == []
