"""The player: opening, moving, playing, and what stands where a picture is missing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pytest
from recordings import SHAPE, Recordings, picture_of, reward_of
from unit.controllers.replay_desk import Desk, HeldRunner

from gym_gui.controllers.playback_clock import BACKWARD, FORWARD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from gym_gui.controllers.replay import ReplayController

T = TypeVar("T")


@pytest.fixture
def recordings(var_dir: Path) -> Iterator[Recordings]:
    made = Recordings(var_dir)
    yield made
    made.close()


@pytest.fixture
def desk(recordings: Recordings) -> Desk:
    return Desk(recordings)


def test_that_opening_shows_the_state_after_reset_and_all_rows(desk: Desk) -> None:
    player = desk.open(desk.recordings.record(40))
    state = player.state
    assert (state.position, state.length, state.loaded, state.loading) == (0, 41, 41, False)
    assert desk.shown == 0
    assert desk.screen.step is not None
    assert (desk.screen.step.reward, desk.screen.step.action) == (None, "")
    assert desk.screen.columns is not None
    assert desk.screen.columns.returns[40] == sum(reward_of(step) for step in range(1, 41))


def test_that_an_episode_is_found_by_index_and_the_last_one_by_none(desk: Desk) -> None:
    run_id = desk.recordings.record(5).run_id
    desk.recordings.record(6, run_id=run_id, episode_index=1)
    desk.player.open(run_id, 0)
    assert desk.player.state.length == 6
    desk.player.open(run_id)
    assert desk.player.state.length == 7


@pytest.mark.parametrize(("asked", "stands"), [(17, 17), (-3, 0), (999, 40)])
def test_that_seeking_shows_that_rows_picture_within_the_episode(desk: Desk, asked: int, stands: int) -> None:
    player = desk.open(desk.recordings.record(40))
    player.seek(asked)
    assert (player.state.position, desk.shown) == (stands, stands)
    assert desk.screen.step is not None
    assert desk.screen.step.step_index == stands


def test_that_steps_home_and_end_move_and_pause(desk: Desk) -> None:
    player = desk.open(desk.recordings.record(40))
    player.play()
    moves: list[tuple[Callable[[], None], int]] = [
        (lambda: player.step(1), 1),
        (lambda: player.step(10), 11),
        (lambda: player.step(-1), 10),
        (lambda: player.step(-10), 0),
        (player.end, 40),
        (player.home, 0),
    ]
    for move, stands in moves:
        move()
        assert (player.state.position, desk.shown) == (stands, stands)
    assert not player.state.playing


def test_that_the_inspector_gets_reward_return_action_with_its_meaning_and_info(desk: Desk) -> None:
    player = desk.open(desk.recordings.record(40))
    player.seek(10)
    step = desk.screen.step
    assert step is not None
    assert (step.action, step.action_name, step.reward, step.total_reward) == ("10", "Up fire", 1.0, 2.0)
    assert step.info == {"lives": 3, "frame_number": 40}
    assert step.frame_ref == f"h5://{player.columns.run_id}/frames/10"
    assert step.frame_size == (40, 30), "width first, as a person says it"


def test_that_events_are_found_in_lives_and_flags(desk: Desk) -> None:
    columns = desk.open(desk.recordings.record(30)).columns
    assert columns.life_losses().tolist() == [10, 20]
    assert columns.flags.nonzero()[0].tolist() == [30]


def test_that_playing_follows_absolute_time_without_drift(desk: Desk) -> None:
    player = desk.open(desk.recordings.record(600))
    player.play()
    for _ in range(300):
        desk.advance(0.0171)  # ticks that are always late
    assert player.state.position == int(300 * 0.0171 * 60)


def test_that_a_tick_names_the_time_until_the_next_row(desk: Desk) -> None:
    player = desk.open(desk.recordings.record(600))
    player.play()
    assert desk.advance(0.0) == pytest.approx(1 / 60)
    assert desk.advance(0.01) == pytest.approx(1 / 60 - 0.01)
    assert desk.advance(1 / 60 - 0.01) == pytest.approx(1 / 60)
    assert player.state.position == 1


@pytest.mark.parametrize(("speed", "rows"), [(0.1, 6), (0.5, 30), (2.0, 120), (16.0, 960)])
def test_that_speed_multiplies_the_runs_own_rate(desk: Desk, speed: float, rows: int) -> None:
    player = desk.open(desk.recordings.record(1000))
    player.set_speed(speed)
    player.play()
    desk.advance(1.0)
    assert player.state.position == rows


@pytest.mark.parametrize(("asked", "is_set"), [(0.0, 0.1), (0.3, 0.3), (99.0, 16.0)])
def test_that_speed_is_bounded(desk: Desk, asked: float, is_set: float) -> None:
    desk.player.set_speed(asked)
    assert desk.player.state.speed == is_set


def test_that_faster_and_slower_walk_through_the_speeds(desk: Desk) -> None:
    desk.player.faster()
    assert desk.player.state.speed == 2.0
    desk.player.slower()
    desk.player.slower()
    assert desk.player.state.speed == 0.5
    desk.player.set_speed(0.3)
    desk.player.faster()
    assert desk.player.state.speed == 0.5


def test_that_changing_speed_while_playing_goes_on_from_here(desk: Desk) -> None:
    player = desk.open(desk.recordings.record(1000))
    player.play()
    desk.advance(1.0)
    player.set_speed(2.0)
    desk.advance(1.0)
    assert player.state.position == 180


def test_that_reverse_plays_backwards_down_to_the_first_row(desk: Desk) -> None:
    player = desk.open(desk.recordings.record(60), position=30)
    player.reverse()
    desk.advance(0.25)
    assert (player.state.position, player.state.direction, desk.shown) == (15, BACKWARD, 15)
    assert desk.advance(10.0) is None
    assert (player.state.position, player.state.playing) == (0, False)


def test_that_playing_stops_at_the_end_and_starts_again_from_the_start(desk: Desk) -> None:
    player = desk.open(desk.recordings.record(30))
    player.play()
    assert desk.advance(10.0) is None
    assert (player.state.position, player.state.playing) == (30, False)
    player.toggle()
    assert (player.state.position, player.state.playing) == (0, True)


@pytest.mark.parametrize(("direction", "stands"), [(FORWARD, 9), (BACKWARD, 22)])
def test_that_a_loop_goes_round(desk: Desk, direction: int, stands: int) -> None:
    player = desk.open(desk.recordings.record(30))  # 31 rows
    player.set_loop(True)
    player.seek(0)
    player.play(direction)
    start = player.state.position
    desk.advance(40 / 60 + 1e-4)
    assert player.state.playing
    assert player.state.position == (start + direction * 40) % 31
    assert (start, player.state.position) in {(0, stands), (30, 21)}


def test_that_j_k_l_shuttle(desk: Desk) -> None:
    player = desk.open(desk.recordings.record(1000), position=500)
    player.set_speed(0.5)
    told = []
    for key in (FORWARD, FORWARD, FORWARD, BACKWARD, BACKWARD, 0):
        player.shuttle(key)
        told.append((player.state.playing, player.state.direction, player.state.speed))
    assert told == [
        (True, 1, 1.0),
        (True, 1, 2.0),
        (True, 1, 4.0),
        (True, -1, 1.0),
        (True, -1, 2.0),
        (False, 1, 0.5),
    ]


@pytest.mark.parametrize(("position", "key"), [(0, BACKWARD), (30, FORWARD)])
def test_that_the_shuttle_does_not_jump_to_the_other_end(desk: Desk, position: int, key: int) -> None:
    player = desk.open(desk.recordings.record(30), position=position)
    player.shuttle(key)
    desk.advance(0.1)
    assert (player.state.position, player.state.playing) == (position, False)


def test_that_events_are_walked_through_and_end_at_the_ends(desk: Desk) -> None:
    player = desk.open(desk.recordings.record(30))
    stands = []
    for direction in (1, 1, 1, 1, -1, -1, -1):
        player.seek_event(direction)
        stands.append(player.state.position)
    assert stands == [10, 20, 30, 30, 20, 10, 10]


def test_that_the_shuttle_stops_doubling_at_the_fastest(desk: Desk) -> None:
    player = desk.open(desk.recordings.record(1000))
    for _ in range(9):
        player.shuttle(FORWARD)
    assert player.state.speed == 16.0


def test_that_time_does_not_move_a_playhead_that_is_held(desk: Desk) -> None:
    player = desk.open(desk.recordings.record(600))
    player.play()
    player.begin_scrub()
    player.seek(300)
    assert desk.advance(1.0) is None
    assert player.state.position == 300
    player.end_scrub()
    desk.advance(0.5)
    assert player.state.position == 330


def test_that_the_newest_wish_wins_and_an_old_answer_is_dropped(recordings: Recordings) -> None:
    runner = HeldRunner()
    desk = Desk(recordings, runner)
    player = desk.open(recordings.record(500))
    runner.run_all()
    desk.screen.frames.clear()
    desk.frames.asked.clear()
    for position in (100, 200, 300, 400):
        player.seek(position)
    assert len(runner.waiting) <= 2  # one picture and one page of infos
    runner.run_all()
    assert desk.screen.frames == [400]
    assert [ref.rsplit("/", 1)[1] for ref in desk.frames.asked] == ["100", "400"]


def test_that_an_answer_for_the_episode_before_is_dropped(recordings: Recordings) -> None:
    runner = HeldRunner()
    desk = Desk(recordings, runner)
    first, second = recordings.record(50), recordings.record(9)
    player = desk.open(first)
    runner.run_all()
    player.seek(33)
    player.open(second.run_id, second.episode_id)
    runner.run_all()
    assert player.state.length == 10
    assert (desk.shown, desk.screen.frames[-1]) == (0, 0)
    assert 33 not in desk.screen.frames


def test_that_pictures_are_read_ahead_in_the_direction_of_travel(desk: Desk) -> None:
    player = desk.open(desk.recordings.record(300), position=200)
    player.play(BACKWARD)
    desk.advance(1.001 / 60)
    assert player.state.position == 199
    ahead = [int(ref.rsplit("/", 1)[1]) for ref in desk.frames.batches[-1]]
    assert ahead == list(range(198, 182, -1))
    asked = len(desk.frames.asked)
    desk.advance(1 / 60)
    assert desk.shown == 198
    assert len(desk.frames.asked) == asked  # it was at hand


def test_that_a_step_without_a_picture_shows_the_last_one_and_says_so(desk: Desk) -> None:
    player = desk.open(desk.recordings.record(40, shed={10, 11, 12}))
    player.seek(11)
    assert desk.shown == 9
    assert player.state.message.startswith("No picture was kept for this step.")
    assert "step 9" in player.state.message
    assert not player.state.missing
    player.seek(13)
    assert (desk.shown, player.state.message) == (13, "")


def test_that_an_episode_without_pictures_says_so_and_keeps_its_rows(desk: Desk) -> None:
    player = desk.open(desk.recordings.record(40, pictures=False))
    player.seek(10)
    assert desk.screen.frame is None
    assert player.state.missing
    assert "draws no picture" in player.state.message
    assert desk.screen.step is not None
    assert desk.screen.step.total_reward == 2.0


@pytest.mark.parametrize("harm", ["missing", "truncated"])
def test_that_a_bad_replay_file_leaves_rows_and_info_working(desk: Desk, harm: str) -> None:
    rollup = desk.recordings.record(40)
    path = desk.recordings.finish(rollup.run_id)
    if harm == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:200])
    player = desk.open(rollup)
    player.seek(10)
    assert desk.screen.frame is None
    assert player.state.missing
    assert rollup.run_id in player.state.message
    assert player.state.length == 41
    assert desk.screen.step is not None
    assert desk.screen.step.info == {"lives": 3, "frame_number": 40}


@pytest.mark.parametrize(("run_id", "said"), [("no-such-run", "no-such-run"), ("../x", "../x")])
def test_that_an_episode_that_is_not_there_is_said(desk: Desk, run_id: str, said: str) -> None:
    desk.player.open(run_id)
    assert said in desk.player.state.fault
    assert not desk.player.state.loading
    desk.player.play()
    assert not desk.player.state.playing


def test_that_a_long_episode_shows_its_first_picture_before_all_rows_are_read(recordings: Recordings) -> None:
    runner = HeldRunner()
    desk = Desk(recordings, runner)
    player = desk.open(recordings.record(9000))
    runner.run_one()
    assert (player.state.length, player.state.loading) == (9001, True)
    player.seek(8000)
    assert player.state.position == 8000
    runner.run_all()
    assert (player.state.loaded, player.state.loading, desk.shown) == (9001, False, 8000)


def test_that_a_typed_step_is_found_where_rows_were_lost(desk: Desk) -> None:
    rollup = desk.recordings.record(10)
    desk.recordings.append(rollup, 15, 20)  # rows 11 to 14 never came
    desk.recordings.store.upsert_episode(replace(rollup, steps=20))
    player = desk.open(rollup)
    assert player.state.length == 17
    player.seek_step(17)
    assert (player.state.position, player.state.step_index, desk.shown) == (13, 17, 17)
    player.seek_step(12)
    assert player.state.step_index == 15


def test_that_a_picture_of_another_size_is_found_too(desk: Desk) -> None:
    rollup = desk.recordings.record(20)
    desk.recordings.append(rollup, 21, 30, shape=(60, 50, 3))
    desk.recordings.store.upsert_episode(replace(rollup, steps=30))
    player = desk.open(rollup)
    player.seek(25)
    assert desk.screen.frame is not None
    assert (desk.screen.frame.shape, desk.shown) == ((60, 50, 3), 25)
    player.seek(15)
    assert (desk.screen.frame.shape, desk.shown) == (SHAPE, 15)


def test_that_closing_forgets_the_picture(desk: Desk) -> None:
    player = desk.open(desk.recordings.record(10))
    player.close()
    assert desk.screen.frame is None
    assert player.state.length == 0


def test_that_the_picture_is_the_one_that_was_recorded(desk: Desk) -> None:
    desk.open(desk.recordings.record(300), position=258)
    assert desk.screen.frame is not None
    assert (desk.screen.frame == picture_of(258)).all()


# Sound.


def sounding(desk: Desk, *, rate_hz: float = 60.0) -> ReplayController:
    """An episode whose step *n* sounds like *n*."""
    desk.recordings.metadata = {"sound_rate_hz": 30_720.0}
    desk.recordings.more = lambda step: {"extra": {"sound": np.full(512, step, np.uint8)} if step else None}
    return desk.open(desk.recordings.record(120, rate_hz=rate_hz))


def test_that_what_is_played_in_time_is_heard_once_and_in_order(desk: Desk) -> None:
    player = sounding(desk)
    assert player.state.has_sound
    player.play()
    for _ in range(30):
        desk.advance(1 / 60 + 0.0004)
    assert desk.heard == [(step, 512, 30_720) for step in range(1, player.state.position + 1)]
    assert player.state.position >= 30


def test_that_after_a_hold_up_only_the_newest_is_heard(desk: Desk) -> None:
    player = sounding(desk)
    player.play()
    desk.advance(1.0)
    assert [step for step, _, _ in desk.heard] == list(range(55, 61))


@pytest.mark.parametrize(
    "change",
    [
        lambda player: player.set_speed(2.0),
        lambda player: player.set_speed(0.5),
        lambda player: player.reverse(),
        lambda player: player.pause(),
        lambda player: player.begin_scrub(),
        lambda player: player.seek(90),
    ],
    ids=["faster", "slower", "backwards", "paused", "held", "a jump"],
)
def test_that_what_would_be_another_sound_is_not_heard(desk: Desk, change: Callable[[ReplayController], None]) -> None:
    player = sounding(desk)
    player.seek(50)
    player.play()
    change(player)
    assert desk.heard == []
    if player.state.position == 90:
        return
    for _ in range(5):
        desk.advance(1 / 30)
    assert desk.heard == []


def test_that_a_run_at_another_rate_and_one_without_sound_are_silent(desk: Desk) -> None:
    player = sounding(desk, rate_hz=30.0)
    player.play()
    desk.advance(0.5)
    desk.recordings.metadata, desk.recordings.more = {}, None
    player = desk.open(desk.recordings.record(40))
    assert not player.state.has_sound
    player.play()
    desk.advance(0.5)
    assert desk.heard == []
