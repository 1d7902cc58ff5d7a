"""What the HUD, the pill, the cards and the status bar say in every state."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gym_gui.controllers.game_card import GameCard
from gym_gui.controllers.session_state import Phase, SessionState
from gym_gui.telemetry.sink_status import SinkStatus
from gym_gui.ui.screens.play_cards import ago_text, caption_text
from gym_gui.ui.screens.play_help import WINDOW_KEYS
from gym_gui.ui.screens.play_hud import game_block, rate_block, score_text, time_text
from gym_gui.ui.screens.play_overlays import pill_text
from gym_gui.ui.status_bar import describe_status
from gym_gui.ui.widgets.basics import key_glyph
from gym_gui.ui.widgets.keyboard import drawn_keys

PLAYING = SessionState(
    phase=Phase.PLAYING,
    env_id="ALE/Breakout-v5",
    run_id="run",
    step=1234,
    total_reward=21.0,
    elapsed_s=61.9,
    true_hz=59.98,
    target_hz=60.0,
    recording=True,
    seed=7,
)
WELL = SinkStatus(
    queue_depth=1,
    saved_steps=10,
    saved_frames=10,
    shed_frames=0,
    lost_frames=0,
    lost_steps=0,
    oldest_unsaved_s=0.1,
    blocked_s=0.0,
    disk_free_bytes=81_000_000_000,
    fault="",
)
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def status(**changes: Any) -> SinkStatus:
    return replace(WELL, **changes)


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (21.0, "21"), (-87.31, "-87.3"), (1250.0, "1,250"), (0.04, "0.0")]
)
def test_that_scores_read_as_people_write_them(value: float, text: str) -> None:
    assert score_text(value) == text


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (61.9, "1:01"), (3723, "1:02:03")])
def test_that_times_read_as_people_write_them(seconds: float, text: str) -> None:
    assert time_text(seconds) == text


def test_that_the_hud_says_score_step_episode_and_time() -> None:
    block = game_block(PLAYING)
    assert (block.title, block.value) == ("Score", "21")
    assert [(row.label, row.value) for row in block.rows] == [
        ("Step", "1,234"),
        ("Episode", "0"),
        ("Time", "1:01"),
        ("Seed", "7"),
    ]


def test_that_the_hud_says_rate_and_late_frames_and_warns_when_slow() -> None:
    block = rate_block(replace(PLAYING, late_frames=3), fault=False)
    assert (block.value, block.role) == ("● Recording", "overlay_good")
    assert [(row.label, row.value, row.role) for row in block.rows] == [
        ("FPS", "60.0", "overlay_text"),
        ("Late", "3", "overlay_text"),
    ]
    slow = rate_block(replace(PLAYING, true_hz=44.0), fault=False)
    assert slow.rows[0].role == "overlay_warn"


def test_that_the_record_light_goes_out_when_nothing_is_kept() -> None:
    assert rate_block(PLAYING, fault=True).value == "● Not recording"
    assert rate_block(replace(PLAYING, recording=False), fault=False).value == "○ Recording is off"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "● Recording"),
        ({"phase": Phase.PAUSED}, "○ Recording paused"),
        ({"phase": Phase.EPISODE_OVER, "waiting": True}, "○ Recording paused"),
        ({"recording": False}, "○ Recording is off"),
    ],
)
def test_that_picture_and_status_bar_say_the_same_of_recording(changes: dict[str, Any], words: str) -> None:
    state = replace(PLAYING, **changes)
    block, line = rate_block(state, fault=False), describe_status(state, WELL, 120_000.0)
    assert block.value == line.record == words
    assert block.role == f"overlay_{line.record_state or 'muted'}"


def test_that_the_pill_tells_what_to_press() -> None:
    assert pill_text(replace(PLAYING, phase=Phase.PAUSED)) == "Paused. P goes on, the period key steps."
    over = replace(PLAYING, phase=Phase.EPISODE_OVER, terminated=True)
    assert pill_text(over) == "Episode over  ·  score 21  ·  next one in a moment, any key skips"
    assert "press any key for the next" in pill_text(replace(over, waiting=True))
    assert "Space or Enter" in pill_text(replace(over, turn_based=True, waiting=True))
    assert pill_text(replace(over, terminated=False, truncated=True)).startswith("Time is up")
    assert pill_text(PLAYING) == ""


def test_that_every_key_of_the_drawing_has_a_label_and_the_listed_signs_are_in_it() -> None:
    drawn = drawn_keys()
    assert all(key_glyph(name).strip() for name in drawn)
    assert len(set(drawn)) == len(drawn)
    listed = {key.lower() for keys, _ in WINDOW_KEYS for key in keys if len(key) == 1}
    assert listed <= set(drawn)
    assert "," in drawn


def test_that_the_status_bar_is_quiet_when_all_is_well() -> None:
    line = describe_status(PLAYING, WELL, 120_000.0)
    assert (line.record, line.record_state) == ("● Recording", "good")
    assert line.facts == "60.0 Hz · late 0 · dropped 0 · unsaved 0.1 s"
    assert line.sentence == ""
    assert line.disk == "disk 81 GB ≈ 188 h"


@pytest.mark.parametrize(
    ("changes", "record_state", "facts_state", "sentence"),
    [
        ({"fault": "The disk is full."}, "bad", "", "The disk is full."),
        ({"shed_frames": 4}, "good", "warn", "some pictures were let go"),
        ({"oldest_unsaved_s": 5.0}, "good", "warn", "The disk is slow"),
    ],
)
def test_that_the_status_bar_says_what_is_wrong(
    changes: dict[str, Any], record_state: str, facts_state: str, sentence: str
) -> None:
    line = describe_status(PLAYING, status(**changes), 120_000.0)
    assert (line.record_state, line.facts_state) == (record_state, facts_state)
    assert sentence in line.sentence


def test_that_nothing_is_said_of_hours_before_anything_is_known() -> None:
    line = describe_status(PLAYING, WELL, None)
    assert (line.disk, line.disk_state) == ("disk 81 GB", "")
    assert describe_status(PLAYING, status(disk_free_bytes=500_000_000), None).disk_state == "warn"


def test_that_a_nearly_full_disk_is_amber() -> None:
    assert describe_status(SessionState(), status(disk_free_bytes=500_000_000), 120_000.0).disk_state == "warn"


def test_that_recording_that_is_off_is_said() -> None:
    assert describe_status(PLAYING, None, 120_000.0).record == "○ Recording is off"


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        (timedelta(seconds=5), "just now"),
        (timedelta(minutes=5), "5 min ago"),
        (timedelta(hours=3), "3 h ago"),
        (timedelta(days=1, hours=2), "yesterday"),
        (timedelta(days=12), "12 d ago"),
    ],
)
def test_that_times_past_are_told_in_the_largest_unit(ago: timedelta, text: str) -> None:
    assert ago_text(NOW - ago, NOW) == text


def test_that_a_card_says_what_is_known_of_its_game() -> None:
    card = GameCard(env_id="ALE/Pong-v5", name="Pong", family="Atari")
    assert caption_text(card, NOW) == "Atari"
    played = replace(card, last_played=NOW - timedelta(minutes=2), best=-3.0)
    assert caption_text(played, NOW) == "2 min ago · best -3"
    assert caption_text(replace(card, available=False, reason="needs the package x"), NOW) == "Needs the package x"


def test_that_a_window_on_a_trainer_says_whose_recordings_it_shows() -> None:
    line = describe_status(SessionState(), None, None, address="there:7777")
    assert (line.record, line.record_state) == ("Trainer there:7777", "")
    assert "nothing is recorded" in line.facts
    assert line.sentence == ""
    assert describe_status(SessionState(), None, None).sentence == "This folder can only be read."
