"""What a row carries beside the columns: read once, shared between rows, and legacy payloads as text."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from payloads import graph, grid, text
from recordings import Recordings
from unit.controllers.replay_desk import Desk, HeldRunner

from gym_gui.controllers import episode_loader
from gym_gui.controllers.episode_loader import INFO_ROWS
from gym_gui.controllers.row_matter import matter_of
from gym_gui.core.data_model import StepRecord
from gym_gui.core.schema.render_payload import GraphPayload, GridPayload, TextPayload

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@pytest.fixture
def recordings(var_dir: Path) -> Iterator[Recordings]:
    made = Recordings(var_dir)
    yield made
    made.close()


def row(**fields: Any) -> StepRecord:
    return StepRecord(
        run_id="run", episode_id="one", step_index=3, timestamp=datetime(2026, 3, 1, tzinfo=UTC), **fields
    )


def walking(step: int) -> Mapping[str, Any]:
    return {"view": grid(step // 4 % 4, step % 4)}


@pytest.mark.parametrize(("view", "kind"), [(grid(1, 2), GridPayload), (graph(), GraphPayload), (text(), TextPayload)])
def test_that_a_view_is_read_as_its_kind(view: dict[str, Any], kind: type) -> None:
    matter = matter_of(row(view=view))
    assert isinstance(matter.payload, kind)
    assert matter.legacy is None
    assert matter.weight > 0


def test_that_a_row_without_a_view_carries_nothing_to_draw() -> None:
    matter = matter_of(row(info={"lives": 3}))
    assert (matter.payload, matter.legacy, matter.weight) == (None, None, 0)
    assert matter.info == {"lives": 3}


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"view": {"kind": "grid", "rows": 3, "columns": 3, "cells": [[1]]}}, "cells are not 3 rows of 3"),
        ({"view": {"rows": 3}}, "says no kind"),
        ({"view": {"kind": "hologram"}}, "'hologram'"),
        ({"payload_version": 0, "render_hint": {"ansi": "@.."}}, "version 0"),
        ({"payload_version": 7, "view": text()}, "version 7"),
    ],
)
def test_that_what_cannot_be_drawn_is_text_with_a_reason(fields: dict[str, Any], why: str) -> None:
    matter = matter_of(row(**fields))
    assert matter.legacy is not None
    assert why in matter.legacy.why
    told = json.loads(matter.legacy.text)
    assert told.get("view") == fields.get("view")
    assert told.get("render_hint") == fields.get("render_hint")


def test_that_an_old_payload_that_can_be_drawn_is_drawn_and_told() -> None:
    matter = matter_of(row(payload_version=0, view=text()))
    assert isinstance(matter.payload, TextPayload)
    assert matter.legacy is not None


def test_that_a_legacy_payload_of_arrays_and_loops_is_told_all_the_same() -> None:
    loop: dict[str, Any] = {}
    loop["self"] = loop
    for extra in ({"board": np.zeros((200, 200))}, loop, {"odd": object()}, {"words": ["x" * 300_000]}):
        legacy = matter_of(row(payload_version=0, extra=extra)).legacy
        assert legacy is not None
        assert 0 < len(legacy.text) < 210_000


def test_that_rows_share_what_stays_as_it_is() -> None:
    first = matter_of(row(view=grid(0, 0)))
    second = matter_of(row(view=grid(0, 1)), first)
    assert isinstance(first.payload, GridPayload)
    assert isinstance(second.payload, GridPayload)
    assert second.payload.cells is first.payload.cells
    assert second.payload.agents != first.payload.agents


def test_that_the_player_tells_what_the_row_carries(recordings: Recordings) -> None:
    recordings.more = lambda step: {**walking(step), "normalization_stats": {"mean": 0.5}}
    desk = Desk(recordings)
    player = desk.open(recordings.record(40))
    player.seek(6)
    assert desk.screen.step is not None
    matter = desk.screen.step.matter
    assert matter is not None
    assert isinstance(matter.payload, GridPayload)
    assert (matter.payload.agents[0].row, matter.payload.agents[0].column) == (1, 2)
    assert matter.normalization_stats == {"mean": 0.5}


def test_that_an_answer_for_the_episode_before_is_dropped(recordings: Recordings) -> None:
    recordings.more = lambda _: {"view": text(1)}
    before = recordings.record(10, pictures=False)
    recordings.more = lambda _: {"view": text(2)}
    after = recordings.record(10, pictures=False)
    runner = HeldRunner()
    desk = Desk(recordings, runner)
    desk.open(before)
    runner.run_one()  # its rows; what they carry is on its way
    desk.open(after)
    runner.run_all()
    assert desk.screen.step is not None
    matter = desk.screen.step.matter
    assert matter is not None
    assert isinstance(matter.payload, TextPayload)
    assert matter.payload.text == text(2)["text"]


def test_that_the_next_rows_are_read_before_playing_comes_to_them(recordings: Recordings) -> None:
    recordings.more = walking
    desk = Desk(recordings)
    player = desk.open(recordings.record(3 * INFO_ROWS, pictures=False), position=INFO_ROWS - 3)
    player.play()
    desk.clock.now_s += 1 / 60
    player.tick(desk.clock.now_s)
    assert player._loader.matter(INFO_ROWS + 1, ask=False) is not None


def test_that_payloads_that_were_read_are_bounded(recordings: Recordings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(episode_loader, "MATTER_PLACES", 3 * INFO_ROWS * 16)
    recordings.more = walking
    player = Desk(recordings).open(recordings.record(10 * INFO_ROWS, pictures=False))
    for page in range(10):
        player.seek(page * INFO_ROWS)
    assert player._loader.matter(0, ask=False) is None
    assert player._loader.matter(9 * INFO_ROWS, ask=False) is not None
