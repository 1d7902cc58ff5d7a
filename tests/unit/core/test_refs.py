"""Refs and run ids: what is well formed round-trips, everything else is refused wherever it comes in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.core.errors import InvalidFrameRefError, InvalidRunIdError
from gym_gui.core.refs import FrameRef, check_run_id, is_run_id, make_frame_ref, new_run_id, run_name_of

RUN_IDS = st.from_regex(r"\A[A-Za-z0-9._-]{1,128}\Z").filter(lambda text: text.strip(".") != "")
DATASETS = st.from_regex(r"\A[a-z][a-z0-9_]{0,20}(\.[0-9]{1,4})?\Z")
HOSTILE_RUN_IDS = [
    "", ".", "..", "...", "../x", "a/b", "/etc/passwd", "a\\b", "a\x00b", "a b", "a\n", "\na", "a" * 129, "a" * 10_240,
    "run\u0661", "\uff41", "a:b", "CON?", "é", "a%2fb", "~", "a*", "\ud800", "a\r",
]  # fmt: skip
HOSTILE_REFS = [
    "", "h5://", "h5://run", "h5://run/frames", "h5://run/frames/", "h5://run/frames/12abc", "h5://run/frames/-1",
    "h5://run/frames/1 ", " h5://run/frames/1", "h5://run/frames/1\n", "h5://run/frames/\u0661", "h5://run/frames/1.0",
    "h5://run/frames/1e3", "h5://run/frames/+1", "h5://run/frames/0x1", "h5://run/frames/" + "9" * 19, "H5://run/frames/1",
    "h5:/run/frames/1", "http://run/frames/1", "h5://../frames/1", "h5://./frames/1", "h5://.../frames/1",
    "h5://a/b/frames/1", "h5://run/../frames/1", "h5://run/frames/../1", "h5://run/Frames/1", "h5://run/.frames/1",
    "h5://run/frames./1", "h5://run/frames.a/1", "h5://run/frames.12345/1", "h5://run/1frames/1", "h5://run//1",
    "h5://run/frames/1/2", "h5://run/frames/1?x", "h5://run/frames/1#x", "h5://" + "r" * 129 + "/frames/1",
    "h5://run/frames/" + "1" * 10_240, "h5://" + "x" * 10_240, "x" * 10_240, "\x00", "h5://run/fra\x00mes/1",
    "h5://run/frames/\uff11",
]  # fmt: skip


@given(RUN_IDS, DATASETS, st.integers(0, 10**18 - 1))
def test_that_every_ref_reads_back_what_it_spells(run_id: str, dataset: str, index: int) -> None:
    text = make_frame_ref(run_id, dataset, index)
    assert FrameRef.parse(text) == FrameRef(run_id, dataset, index)
    assert FrameRef(run_id, dataset, index).to_uri() == text


@pytest.mark.parametrize("text", HOSTILE_REFS, ids=range(len(HOSTILE_REFS)))
def test_that_a_text_that_is_no_ref_is_none_and_raises_one_short_sentence(text: str) -> None:
    assert FrameRef.parse(text) is None
    with pytest.raises(InvalidFrameRefError) as refusal:
        FrameRef.require(text)
    assert len(str(refusal.value)) < 300


@given(st.text(st.characters()))
def test_that_no_text_at_all_makes_parsing_raise(text: str) -> None:
    ref = FrameRef.parse(text)
    assert ref is None or ref.index >= 0


@pytest.mark.parametrize("text", HOSTILE_RUN_IDS, ids=range(len(HOSTILE_RUN_IDS)))
def test_that_a_hostile_run_id_never_becomes_a_path(text: str) -> None:
    assert not is_run_id(text)
    with pytest.raises(InvalidRunIdError) as refusal:
        check_run_id(text)
    assert len(str(refusal.value)) < 300
    with pytest.raises(InvalidFrameRefError):
        make_frame_ref(text, "frames", 1)


@pytest.mark.parametrize("index", [-1, 10**18])
def test_that_an_index_that_no_ref_can_spell_is_refused(index: int) -> None:
    with pytest.raises(InvalidFrameRefError):
        make_frame_ref("run", "frames", index)


@given(RUN_IDS)
def test_that_a_run_id_is_one_name_in_a_folder(run_id: str) -> None:
    assert check_run_id(run_id) == run_id
    assert PurePosixPath(run_id).name == run_id


@pytest.mark.parametrize("value", [None, 1, b"run", ["run"]], ids=repr)
def test_that_only_text_is_a_run_id(value: object) -> None:
    assert not is_run_id(value)


@given(st.one_of(st.sampled_from(["ALE/Breakout-v5", "pkg.mod:Env-v0", ""]), st.text(max_size=300)))
def test_that_made_run_ids_are_valid_unique_and_in_order_of_time(env_id: str) -> None:
    early = datetime(2026, 1, 2, tzinfo=UTC)
    one, other = new_run_id(env_id, early), new_run_id(env_id, early + timedelta(microseconds=1))
    assert is_run_id(one)
    assert one < other


def test_that_a_factorys_run_is_called_after_its_module() -> None:
    now = datetime(2026, 11, 28, tzinfo=UTC)
    assert "-tictactoe-v3-" in new_run_id("pettingzoo.classic.tictactoe_v3:env", now)
    assert "-pursuit-" in new_run_id("my.worlds:Pursuit", now)


@pytest.mark.parametrize(
    ("run_id", "name"),
    [
        ("20261122-081530-123456-breakout-7f3a", "breakout-7f3a"),
        ("20261122-081530-123456-", "20261122-081530-123456-"),
        ("my-run", "my-run"),
        ("my-20261122-081530-123456-run", "my-20261122-081530-123456-run"),
    ],
)
def test_that_a_run_that_nobody_named_is_called_without_its_time(run_id: str, name: str) -> None:
    assert run_name_of(run_id) == name
