"""Values to columns and back: equal in every bit for every kind of space; what has another form is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.core.errors import SchemaMismatchError
from gym_gui.core.spaces import columns_of, from_columns, items_of_batch, to_columns
from gym_gui.testing.space_strategies import any_space, values_of


def f32(*numbers: float) -> Any:
    """An array of float32."""
    return np.array(numbers, np.float32)


def same(one: Any, other: Any) -> bool:
    """Equal in type, dtype, shape, order and every bit."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray | np.generic):
        return bool(one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes())
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


@given(st.data())
def test_that_values_of_every_space_come_back_in_every_bit(data: st.DataObject) -> None:
    space = data.draw(any_space())
    values = data.draw(st.lists(values_of(space), max_size=4))
    columns = to_columns(space, values)
    assert same(from_columns(space, columns), values)


@given(st.data())
def test_that_columns_are_as_they_were_announced(data: st.DataObject) -> None:
    space = data.draw(any_space())
    values = data.draw(st.lists(values_of(space), max_size=4))
    announced = columns_of(space, "action")
    arrays = to_columns(space, values, "action")
    assert [column.name for column in announced] == list(arrays)
    assert all(column.name.startswith("action") for column in announced)
    for column in announced:
        assert arrays[column.name].dtype == column.dtype
        assert arrays[column.name].shape[1:] == column.item_shape
        if not column.counted_by:
            assert len(arrays[column.name]) == len(values) + (column.role == "offsets")
        else:
            assert column.counted_by in arrays


def test_that_names_and_offsets_are_readable() -> None:
    space = spaces.Dict(
        position=spaces.Box(-1, 1, (2,), np.float32),
        mission=spaces.Text(20),
        hand=spaces.Sequence(spaces.Discrete(52)),
    )
    values = [
        {"position": f32(1, 2), "mission": "go", "hand": (3,)},
        {"position": f32(3, 4), "mission": "né", "hand": (4, 5)},
    ]
    columns = to_columns(space, values)
    assert {name: array.tolist() for name, array in columns.items()} == {
        "obs.position": [[1, 2], [3, 4]],
        "obs.mission#offsets": [0, 2, 5],
        "obs.mission": list("goné".encode()),
        "obs.hand#offsets": [0, 1, 3],
        "obs.hand.items": [3, 4, 5],
    }
    assert {column.name: column.counted_by for column in columns_of(space) if column.counted_by} == {
        "obs.mission": "obs.mission#offsets",
        "obs.hand.items": "obs.hand#offsets",
    }


def test_that_no_two_columns_share_a_name() -> None:
    number = spaces.Discrete(2)
    pairs: list[tuple[Any, Any]] = [
        ("a", spaces.Dict([("b", number)])),
        ("a.b", number),
        ("", number),
        ("%", number),
        ("1", number),
        (1, number),
        ("t", spaces.Text(3)),
        ("t#offsets", number),
        ("a/b", number),
    ]
    awkward = spaces.Dict(pairs)
    names = [column.name for column in columns_of(awkward)]
    assert len(set(names)) == len(names) == 10
    assert not any("/" in name for name in names)


SIGNALLING_NAN: Any = np.array([0x7F800001, 0xFFC12345], np.uint32).view(np.float32)


def test_that_nan_bits_and_negative_zero_are_kept_in_every_shape() -> None:
    single, pair = spaces.Box(0, 1, (), np.float32), spaces.Box(0, 1, (2,), np.float32)
    graph = spaces.Graph(pair, single)
    nodes = np.stack([SIGNALLING_NAN, f32(-0.0, 0.0)])
    links = np.array([[0, 1], [1, 0]], np.uint16)
    for space, value in (
        (single, SIGNALLING_NAN[:1].reshape(())),
        (pair, SIGNALLING_NAN),
        (spaces.Sequence(single, stack=True), SIGNALLING_NAN),
        (spaces.Tuple([single, pair]), (SIGNALLING_NAN[1:].reshape(()), f32(-0.0, 0.0))),
        (graph, spaces.GraphInstance(nodes, SIGNALLING_NAN, links)),
        (graph, spaces.GraphInstance(nodes, None, None)),
    ):
        again = from_columns(space, to_columns(space, [value, value]))
        assert same(again, [value, value])


def test_that_parts_without_values_are_counted_by_the_others() -> None:
    hollow = spaces.Dict(none=spaces.Dict(deep=spaces.Tuple([])), number=spaces.Discrete(5))
    batch = {"none": {"deep": ()}, "number": np.array([1, 2])}
    for space, value in (
        (spaces.Sequence(hollow, stack=True), batch),
        (spaces.Graph(hollow, hollow), spaces.GraphInstance(batch, batch, None)),
    ):
        assert same(from_columns(space, to_columns(space, [value, value])), [value, value])
    assert items_of_batch(hollow, batch) == [{"none": {"deep": ()}, "number": number} for number in (1, 2)]


def test_that_whole_numbers_of_python_become_the_spaces_own() -> None:
    space = spaces.Discrete(500)
    again = from_columns(space, to_columns(space, [3, np.int32(4), np.array(5), True]))
    assert same(again, [np.int64(3), np.int64(4), np.int64(5), np.int64(1)])


def test_that_lists_of_numbers_are_taken_where_no_number_changes() -> None:
    box = spaces.Box(0, 255, (2,), np.uint8)
    assert same(
        from_columns(box, to_columns(box, [[1, 2], (3, 4)])), [np.array([1, 2], np.uint8), np.array([3, 4], np.uint8)]
    )
    floats = spaces.Box(0, 1, (), np.float32)
    assert same(
        from_columns(floats, to_columns(floats, [0.5, math.inf])), [np.array(x, np.float32) for x in (0.5, math.inf)]
    )


BOX = spaces.Box(0, 1, (2,), np.float32)


@pytest.mark.parametrize(
    ("space", "value"),
    [
        pytest.param(BOX, np.zeros(2, np.float64), id="another dtype"),
        pytest.param(BOX, np.zeros(3, np.float32), id="another shape"),
        pytest.param(BOX, [0.1, 0.2], id="numbers that float32 would round"),
        pytest.param(BOX, [1, [2]], id="ragged"),
        pytest.param(BOX, None, id="nothing"),
        pytest.param(BOX, "ab", id="a text"),
        pytest.param(spaces.Box(0, 255, (1,), np.uint8), [-1], id="a number that would wrap around"),
        pytest.param(spaces.Box(0, 2**63, (1,), np.uint64), [-1], id="a number that would wrap around and back"),
        pytest.param(spaces.Box(0, 255, (1,), np.uint8), [0.5], id="a fraction"),
        pytest.param(spaces.Discrete(3), 1.0, id="a float for a number"),
        pytest.param(spaces.Discrete(3, dtype=np.int8), 200, id="a number beyond the dtype"),
        pytest.param(spaces.Discrete(3), None, id="no number"),
        pytest.param(spaces.Text(3), None, id="no text"),
        pytest.param(spaces.Text(3), b"abc", id="bytes for a text"),
        pytest.param(spaces.Dict(a=BOX), {}, id="a missing key"),
        pytest.param(spaces.Dict(a=BOX), {"a": np.zeros(2, np.float32), "b": 1}, id="an extra key"),
        pytest.param(spaces.Dict(a=BOX), [1], id="no dict"),
        pytest.param(spaces.Tuple([BOX]), (), id="a missing part"),
        pytest.param(spaces.OneOf([BOX]), (1, np.zeros(2, np.float32)), id="a choice that is none"),
        pytest.param(spaces.OneOf([BOX]), np.zeros(2, np.float32), id="no choice"),
        pytest.param(spaces.Sequence(BOX), np.zeros((1, 2), np.float32), id="stacked where it is not"),
        pytest.param(spaces.Sequence(BOX, stack=True), (np.zeros(2, np.float32),), id="not stacked where it is"),
        pytest.param(spaces.Sequence(spaces.Discrete(2), stack=True), np.zeros((2, 2), int), id="a stack of rows"),
        pytest.param(spaces.Graph(BOX, None), np.zeros((1, 2), np.float32), id="no graph"),
        pytest.param(
            spaces.Graph(BOX, None), (np.zeros((1, 2), np.float32), np.zeros(1), None), id="edges where none may be"
        ),
        pytest.param(
            spaces.Graph(BOX, BOX), (np.zeros((1, 2), np.float32), None, np.zeros((1, 3), int)), id="links of three"
        ),
        pytest.param(spaces.Graph(BOX, BOX), (np.zeros((1, 2), np.float32), None, [[0, 0]]), id="links as lists"),
    ],
)
def test_that_a_value_that_would_not_come_back_is_refused_by_name(space: spaces.Space[Any], value: Any) -> None:
    with pytest.raises(SchemaMismatchError, match=r"^obs[.\w]* holds .* where its space wants"):
        to_columns(space, [value])


EVERYTHING = spaces.Dict(
    a=BOX,
    b=spaces.Sequence(spaces.Discrete(9)),
    c=spaces.OneOf([BOX, spaces.Discrete(2)]),
    d=spaces.Text(5),
    e=spaces.Graph(BOX, BOX),
    f=spaces.Tuple([]),
)


def all_columns() -> dict[str, Any]:
    """Two rows of `EVERYTHING`, no column of them empty."""
    links = np.zeros((1, 2), np.int64)
    graph = spaces.GraphInstance(f32(0, 0).reshape(1, 2), f32(0, 0).reshape(1, 2), links)
    row = {"a": f32(0, 0), "b": (1, 2), "c": (0, f32(1, 1)), "d": "né", "e": graph, "f": ()}
    return to_columns(EVERYTHING, [row, {**row, "c": (1, 1)}])


@pytest.mark.parametrize("name", all_columns())
def test_that_a_missing_short_or_foreign_column_is_refused(name: str) -> None:
    columns = all_columns()
    assert len(from_columns(EVERYTHING, columns)) == 2
    whole = columns.pop(name)
    for damaged in ({}, {name: whole[:-1]}, {name: whole[None]}, {name: whole.astype(np.complex64)}):
        with pytest.raises(SchemaMismatchError, match=r"obs"):
            from_columns(EVERYTHING, {**columns, **damaged})


@pytest.mark.parametrize(
    "name", [column.name for column in columns_of(EVERYTHING) if column.role in {"offsets", "choice"}]
)
def test_that_offsets_and_choices_that_lead_astray_are_refused(name: str) -> None:
    columns = all_columns()
    for damaged in (columns[name] + 1, columns[name] - 1, columns[name][::-1] + 5, columns[name][:0]):
        with pytest.raises(SchemaMismatchError, match=r"obs"):
            from_columns(EVERYTHING, {**columns, name: damaged})


def test_that_text_cut_in_the_middle_of_a_letter_is_refused() -> None:
    space = spaces.Text(5)
    columns = {**to_columns(space, ["né", "a"]), "obs#offsets": np.array([0, 2, 4])}
    with pytest.raises(SchemaMismatchError, match="UTF-8"):
        from_columns(space, columns)


class MoodSpace(spaces.Space[str]):
    """A stranger's: Gymnasium knows nothing of it."""


def test_that_a_strangers_space_has_no_columns_and_a_subclass_has_its_bases() -> None:
    class RoundBox(spaces.Box):
        """Behaves as a Box."""

    with pytest.raises(SchemaMismatchError, match=r"obs\.1 has a space of class .*MoodSpace"):
        columns_of(spaces.Tuple([BOX, MoodSpace()]))
    assert columns_of(RoundBox(0, 1, (2,), np.float32)) == columns_of(BOX)


@pytest.mark.parametrize("code", [">f4", ">i8", "<f4"])
def test_that_bytes_of_another_order_stay_so(code: str) -> None:
    space = spaces.Box(-1, 1, (2,), np.dtype(code))
    given = [np.array([0.5, -1]).astype(code), np.array([1, 0]).astype(code)]
    columns = to_columns(space, given)
    found = from_columns(space, columns)
    assert [one.dtype for one in found] == [np.dtype(code)] * 2
    assert [one.tobytes() for one in found] == [one.tobytes() for one in given]
