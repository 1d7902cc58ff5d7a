"""A step batch survives the wire bit by bit; what is no batch is refused with one sentence."""

from __future__ import annotations

import contextlib
from dataclasses import fields, replace
from typing import Any

import msgspec
import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from trainer_rig import make_batch

from gym_gui.core.data_model import ArrayBlock, ArrayKind, EpisodeRollup, StepBatch
from gym_gui.core.data_model.batch import ScalarColumns
from gym_gui.core.errors import TrainerRefusedError
from gym_gui.core.value_codec import decode_value, encode_value
from gym_gui.replay.layout import ArraySpec
from gym_gui.services.trainer.proto import trainer_pb2 as pb
from gym_gui.services.trainer.wire.batch_wire import batch_of_wire, batch_to_wire
from gym_gui.services.trainer.wire.documents import of_text

NAMES = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=20)
ACTIONS = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    hnp.arrays(np.float32, st.integers(1, 4), elements=st.floats(-1, 1, width=32)),
    st.tuples(st.integers(0, 5), st.booleans()),
)
INT64 = st.integers(-(2**61), 2**61)


def column(dtype: Any, rows: int, low: int, high: int) -> Any:
    return hnp.arrays(dtype, rows, elements=st.integers(low, high))


@st.composite
def batches(draw: st.DrawFn) -> StepBatch:
    rows = draw(st.integers(0, 12))
    episodes = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    agents = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    metrics = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    dtype = np.dtype(draw(st.sampled_from(["u1", "<f4", "<i8", "?"])))
    shape = draw(st.lists(st.integers(1, 5), max_size=3).map(tuple))
    spec = ArraySpec.for_items("observations", dtype, shape)
    items = draw(st.integers(1, 4))
    encoded = st.lists(ACTIONS.map(encode_value), min_size=rows, max_size=rows)
    info = st.one_of(st.none(), st.sampled_from(['{"lives":3}', '{"a":{"b":[1,2,"ü"]}}']))
    packed = encode_value({"time_step": 3})
    extra = st.one_of(st.none(), st.just(packed if isinstance(packed, bytes) else b""))
    return StepBatch(
        run_id="r",
        worker_id="w0",
        stream="s",
        seq=draw(st.integers(1, 2**62)),
        episode_ids=episodes,
        episode=draw(column(np.int32, rows, 0, len(episodes) - 1)),
        step_index=draw(column(np.int64, rows, 0, 2**40)),
        agent_ids=agents,
        agent=draw(st.one_of(st.none(), column(np.int32, rows, 0, len(agents) - 1))) if rows else None,
        actions=draw(st.one_of(column(np.int64, rows, -(2**62), 2**62), encoded if rows else st.nothing())),
        rewards=draw(hnp.arrays(np.float64, rows, elements=st.floats())),
        flags=draw(column(np.uint8, rows, 0, 255)),
        time_us=draw(column(np.int64, rows, 0, 2**52)),
        infos=draw(st.one_of(st.none(), st.lists(info, min_size=rows, max_size=rows))),
        extras=draw(st.one_of(st.none(), st.lists(extra, min_size=rows, max_size=rows))),
        frames=draw(st.one_of(st.none(), column(np.int64, rows, -1, 2**40))) if rows else None,
        blocks=(
            ArrayBlock(
                kind=ArrayKind.OBSERVATION,
                first=draw(st.integers(0, 2**40)),
                count=items,
                dtype=dtype,
                item_shape=shape,
                chunk_items=spec.chunk_items,
                compressed=False,
                data=draw(st.binary(min_size=items * _size(dtype, shape), max_size=items * _size(dtype, shape))),
            ),
        ),
        scalars=ScalarColumns(
            names=metrics,
            name=draw(column(np.int32, rows, 0, len(metrics) - 1)),
            step=draw(hnp.arrays(np.int64, rows, elements=INT64)),
            time_us=draw(hnp.arrays(np.int64, rows, elements=INT64)),
            value=draw(hnp.arrays(np.float64, rows, elements=st.floats())),
        ),
        space_signature=draw(st.one_of(st.none(), st.just("ab12"))),
    )


def _size(dtype: np.dtype[Any], shape: tuple[int, ...]) -> int:
    return dtype.itemsize * int(np.prod(shape, dtype=np.int64))


def through(batch: StepBatch) -> StepBatch:
    message = pb.StepBatch.FromString(batch_to_wire(batch).SerializeToString())
    return batch_of_wire(message, run_id=batch.run_id, worker_id=batch.worker_id, stream=batch.stream)


def same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return bool(np.asarray(one).tobytes() == np.asarray(other).tobytes() and len(one) == len(other))
    if isinstance(one, (ScalarColumns, ArrayBlock)):
        return all(same(getattr(one, field.name), getattr(other, field.name)) for field in fields(one))
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def nothing_is_none(values: Any) -> Any:
    return None if values is not None and not any(value is not None for value in values) else values


@given(batches())
def test_that_a_batch_comes_back_bit_by_bit(batch: StepBatch) -> None:
    found = through(batch)
    expected = replace(batch, infos=nothing_is_none(batch.infos), extras=nothing_is_none(batch.extras))
    wrong = [one.name for one in fields(expected) if not same(getattr(expected, one.name), getattr(found, one.name))]
    assert wrong == []


def test_that_whole_episodes_and_chunks_come_back() -> None:
    batch = make_batch(3, frames=True)
    found = through(batch)
    assert found.began == batch.began
    assert found.ended == batch.ended
    assert same(found.blocks, batch.blocks)


def test_that_rollups_belong_to_the_stream_whatever_they_say() -> None:
    message = batch_to_wire(make_batch(1, run_id="another"))
    found = batch_of_wire(message, run_id="r", worker_id="w7", stream="s")
    assert {(one.run_id, one.worker_id) for one in (*found.began, *found.ended)} == {("r", "w7")}


def test_that_a_client_without_our_codec_sends_json_instead() -> None:
    message = batch_to_wire(make_batch(1, rows=3))
    message.normalization_stats_json.rows = np.array([1], np.uint32).tobytes()
    message.normalization_stats_json.texts.append('{"mean": 0.5}')
    found = batch_of_wire(message, run_id="r", worker_id="w", stream="s")
    assert found.extras is not None
    assert [None if one is None else decode_value(one) for one in found.extras] == [
        None,
        {"normalization_stats": {"mean": 0.5}},
        None,
    ]


def spoil(**changes: Any) -> pb.StepBatch:
    message = batch_to_wire(make_batch(7, rows=4, frames=True))
    for name, value in changes.items():
        part: Any = message
        *way, last = name.split("__")
        for step in way:
            part = part[int(step)] if step.isdigit() else getattr(part, step)
        if isinstance(value, list):
            del getattr(part, last)[:]
            getattr(part, last).extend(value)
        else:
            setattr(part, last, value)
    return message


LYING_CHUNK = zstandard.ZstdCompressor().compress(bytes(10_000_000))
NAMELESS_CHUNK = zstandard.ZstdCompressor(write_content_size=False).compress(bytes(100))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"seq": 0}, "no number"),
        ({"rows": 2**31}, "more than"),
        ({"rows": 5}, "where 5 rows need"),
        ({"rewards": b"123"}, "3 bytes of rewards where 4 rows need 32"),
        ({"flags": b""}, "0 bytes of flags"),
        ({"episode": np.full(4, 9, np.int32).tobytes()}, "episode 9 in row 0"),
        ({"episode": np.full(4, -1, np.int32).tobytes()}, "episode -1 in row 0"),
        ({"agent": np.array([0, 0, 1, 0], np.int32).tobytes()}, "agent 1 in row 2"),
        ({"step_index": np.array([0, 1, -2, 3]).tobytes()}, "step -2 in row 2"),
        ({"episode_ids": [""]}, "no name"),
        ({"episode_ids": ["x" * 5_000]}, "no name"),
        ({"episode_ids": ["a\x00b"]}, "no name"),
        ({"payload_version": 9}, "payload version 9"),
        ({"actions": [b"\xc1"] * 4, "discrete_actions": b""}, "action in row 0 that cannot be read"),
        ({"actions": [b"x"], "discrete_actions": b""}, "1 actions for 4 rows"),
        ({"infos__rows": np.array([1], np.uint32).tobytes()}, "0 an info for 1 rows"),
        ({"infos__rows": np.array([9], np.uint32).tobytes(), "infos__texts": ["{}"]}, "do not count up"),
        ({"infos__rows": np.array([0], np.uint32).tobytes(), "infos__texts": ["[1]"]}, "an info in row 0"),
        ({"infos__rows": np.array([0], np.uint32).tobytes(), "infos__texts": ["{" * 99_999]}, "an info in row 0"),
        ({"extras__rows": np.array([0], np.uint32).tobytes(), "extras__values": [b"\x01"]}, "an extra in row 0"),
        ({"frames": np.array([-2, 0, 0, 0]).tobytes()}, "frame number -2"),
        ({"began_json": ["{}"]}, "missing required field"),
        ({"blocks__0__kind": "secrets"}, "of the kind 'secrets'"),
        ({"blocks__0__dtype": "O"}, "dtype that cannot be kept"),
        ({"blocks__0__dtype": '[["a", "O"]]'}, "dtype that cannot be kept"),
        ({"blocks__0__dtype": "[" * 2_000}, "dtype that cannot be kept"),
        ({"blocks__0__item_shape": [2**31, 2**31]}, "bytes and 2 dimensions"),
        ({"blocks__0__item_shape": [1] * 40}, "40 dimensions"),
        ({"blocks__0__chunk_items": 1}, "in chunks of 1"),
        ({"blocks__0__first": 3}, "no chunk of 8"),
        ({"blocks__0__count": 9}, "no chunk of 8"),
        ({"blocks__0__data": b"garbage"}, "no Zstandard frame"),
        ({"blocks__0__data": LYING_CHUNK}, "unpacks to 10,000,000 bytes"),
        ({"blocks__0__data": NAMELESS_CHUNK}, "an unknown number of bytes"),
        ({"blocks__0__compressed": False}, "are needed"),
        ({"scalars__name": b"123"}, "bytes of metric"),
        ({"scalars__name": np.array([4], np.int32).tobytes()}, "metric 4"),
    ],
)
def test_that_garbage_is_refused_with_one_sentence(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(TrainerRefusedError) as refused:
        batch_of_wire(spoil(**changes), run_id="r", worker_id="w0", stream="s")
    assert sentence in str(refused.value)
    assert refused.value.message.count("\n") == 0


@given(st.binary(max_size=400))
def test_that_any_bytes_are_a_batch_or_refused(data: bytes) -> None:
    try:
        message = pb.StepBatch.FromString(data)
    except Exception:  # noqa: BLE001 - protobuf itself refuses most; its error type is no public one
        return
    with contextlib.suppress(TrainerRefusedError):
        assert len(batch_of_wire(message, run_id="r", worker_id="w", stream="s")) == message.rows


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda one: st.lists(one) | st.dictionaries(st.text(), one)
    )
)
def test_that_any_json_is_an_episode_or_refused(value: Any) -> None:
    text = msgspec.json.encode(value).decode()
    with pytest.raises(TrainerRefusedError, match="An episode cannot be read"):
        of_text(EpisodeRollup, text, "An episode")
