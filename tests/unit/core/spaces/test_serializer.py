"""Spaces to JSON and back: equal, also in what `==` does not look at; signatures are the same everywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import msgspec
import numpy as np
import pytest
from case_names import written
from gymnasium import spaces
from hypothesis import given

from gym_gui.core.errors import SchemaMismatchError
from gym_gui.core.spaces import SpaceDescription, SpaceSerializer
from gym_gui.testing.space_strategies import any_space

to_json, from_json = SpaceSerializer.to_json, SpaceSerializer.from_json


class MoodSpace(spaces.Space[str]):
    """A stranger's: Gymnasium knows nothing of it."""

    def contains(self, x: Any) -> bool:
        return x in {"glad", "sad"}


class RoundBox(spaces.Box):
    """A subclass, which may mean anything."""


def facts(space: Any) -> Any:
    """Everything that a space is, but for its random generator and its cached texts."""
    if isinstance(space, spaces.Space):
        left_out = {"_np_random", "low_repr", "high_repr"}
        return type(space), {name: facts(value) for name, value in vars(space).items() if name not in left_out}
    if isinstance(space, np.ndarray | np.bool_):  # whether a single bound is infinite is either
        return space.dtype.str, space.shape, space.tobytes()
    if isinstance(space, dict):
        return [(type(key), key, facts(value)) for key, value in space.items()]
    if isinstance(space, tuple):
        return [facts(part) for part in space]
    return type(space), space


@given(any_space())
def test_that_every_space_comes_back_equal_in_everything(space: spaces.Space[Any]) -> None:
    again = from_json(to_json(space))
    assert again == space
    assert facts(again) == facts(space)
    assert to_json(again) == to_json(space)
    assert SpaceSerializer.signature(again) == SpaceSerializer.signature(space)


@given(any_space())
def test_that_a_form_is_plain_json_and_survives_its_text(space: spaces.Space[Any]) -> None:
    form = to_json(space)
    assert json.loads(json.dumps(form, allow_nan=False)) == form
    assert msgspec.json.decode(msgspec.json.encode(form)) == form
    assert facts(from_json(msgspec.json.decode(msgspec.json.encode(form)))) == facts(space)


def test_that_a_form_is_readable() -> None:
    space = spaces.Dict(
        {"z": spaces.Discrete(4, start=1), "a": spaces.Box(0, np.inf, (2,), np.float32)}, sort_keys=False
    )
    assert to_json(space) == {
        "type": "Dict",
        "spaces": [
            ["z", {"type": "Discrete", "n": 4, "start": 1, "dtype": "int64"}],
            ["a", {"type": "Box", "shape": [2], "dtype": "float32", "low": 0.0, "high": "inf"}],
        ],
        "sort_keys": False,
    }


def test_that_large_bounds_are_compact() -> None:
    screen = spaces.Box(0, 255, (210, 160, 3), np.uint8)
    assert len(json.dumps(to_json(screen))) < 100
    many = np.linspace(0, 1, 10_000, dtype=np.float32)
    assert len(json.dumps(to_json(spaces.Box(-many, many)))) < 2 * many.nbytes * 4 / 3 + 200


def test_that_spaces_of_one_form_share_nothing_that_changes() -> None:
    original = spaces.Dict(a=spaces.Box(0, 1, (3,)), b=spaces.Tuple([spaces.Discrete(9)]))
    form = to_json(original)
    one, other = from_json(form), from_json(form)
    assert isinstance(one, spaces.Dict)
    one.seed(1)
    bounds: Any = one["a"]
    bounds.low[:] = 0.5
    one["c"] = spaces.Discrete(2)
    assert other == from_json(form) == original
    other.seed(1)
    assert facts(other) == facts(from_json(form))
    form["spaces"][0][1]["low"] = -1.0
    assert from_json(form) != other


def test_that_no_two_spaces_share_a_random_generator() -> None:
    form = to_json(spaces.Sequence(spaces.Box(0, 1, (2,)), stack=True))  # Gymnasium seeds its item's at once
    one, other = from_json(form), from_json(form)
    assert isinstance(one, spaces.Sequence)
    assert isinstance(other, spaces.Sequence)
    assert one.feature_space.np_random is not other.feature_space.np_random
    assert one.stacked_feature_space.np_random is not other.stacked_feature_space.np_random


def test_that_a_signature_is_the_same_in_every_process() -> None:
    program = (
        "from gymnasium import spaces as s; from gym_gui.core.spaces import SpaceSerializer as S;"
        "print(S.signature(s.Dict(d=s.Discrete(3), t=s.Text(9, charset=frozenset('xyzabc')))))"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    here = spaces.Dict(d=spaces.Discrete(3), t=spaces.Text(9, charset="abcxyz"))
    assert printed == {SpaceSerializer.signature(here)}


def test_that_a_signature_stays_what_it_was() -> None:
    box = spaces.Box(np.array([0, -np.inf]), np.array([0.1, 5]), dtype=np.float64)
    signatures = [SpaceSerializer.signature(space) for space in (spaces.Discrete(2), box)]
    assert signatures == [
        "5ab9280d560637e9a3591924a25d6a0b82eb7dcd44788610f7d1b7ffb2857bfd",
        "3839f3232acc944a0c40cf50bbd06d2a9ef94743a9dea5a146da24b07dbb4772",
    ]


PAIR: Any = (1, 2)


@pytest.mark.parametrize(
    ("space", "named"),
    [
        (MoodSpace(), "MoodSpace"),
        (RoundBox(0, 1, (2,)), "RoundBox"),
        (spaces.Dict(a=spaces.Tuple([MoodSpace()])), "MoodSpace"),
        (spaces.Box(0, 1, (2,), np.longdouble), "longdouble|float128|float96"),
        (spaces.Dict([(PAIR, spaces.Discrete(2))]), r"key \(1, 2\)"),
        (spaces.Dict([("\ud800", spaces.Discrete(2))]), "key"),
    ],
    ids=written,
)
def test_that_a_space_without_exact_form_is_refused_and_named(space: spaces.Space[Any], named: str) -> None:
    with pytest.raises(SchemaMismatchError, match=named):
        to_json(space)


def test_that_a_space_that_holds_itself_is_refused() -> None:
    space = spaces.Dict(a=spaces.Discrete(2))
    space["a"] = space
    with pytest.raises(SchemaMismatchError, match="holds itself"):
        to_json(space)


def test_that_a_strangers_space_is_described_as_far_as_it_can_be() -> None:
    opaque = SpaceSerializer.describe(spaces.Tuple([MoodSpace(), RoundBox(0, 1, (2,)), spaces.Discrete(2)]))
    mood, box, number = opaque["spaces"]
    assert (mood["type"], mood["class"]) == ("Opaque", f"{__name__}.MoodSpace")
    assert "0x" not in mood["text"]
    assert box["base"] == to_json(spaces.Box(0, 1, (2,)))
    assert number == to_json(spaces.Discrete(2))
    assert SpaceSerializer.signature(MoodSpace()) == SpaceSerializer.signature(MoodSpace())
    assert SpaceSerializer.signature(RoundBox(0, 1, (2,))) != SpaceSerializer.signature(spaces.Box(0, 1, (2,)))
    with pytest.raises(SchemaMismatchError, match="MoodSpace"):
        from_json(opaque)


GOOD_BOX = {"type": "Box", "shape": [2], "dtype": "float32", "low": 0.0, "high": 1.0}


@pytest.mark.parametrize(
    "form",
    [
        None,
        [],
        {},
        {"type": "Sphere"},
        {"type": ["Box"]},
        {"type": "Box"},
        {**GOOD_BOX, "low": 2.0},
        {**GOOD_BOX, "low": "low"},
        {**GOOD_BOX, "low": [0.0]},
        {**GOOD_BOX, "low": {"base64": "!"}},
        {**GOOD_BOX, "low": {"base64": "AAAA"}},
        {**GOOD_BOX, "low": {}},
        {**GOOD_BOX, "low": None},
        {**GOOD_BOX, "shape": [-1]},
        {**GOOD_BOX, "shape": [2**40, 2**40]},
        {**GOOD_BOX, "shape": 2},
        {**GOOD_BOX, "dtype": "float99"},
        {**GOOD_BOX, "dtype": "object"},
        {**GOOD_BOX, "dtype": 4},
        {**GOOD_BOX, "dtype": "uint8", "low": -1},
        {"type": "Discrete", "n": 0, "start": 0, "dtype": "int64"},
        {"type": "Discrete", "n": 2.5, "start": 0, "dtype": "int64"},
        {"type": "Discrete", "n": 300, "start": 0, "dtype": "int8"},
        {"type": "MultiBinary", "n": -1},
        {"type": "Text", "min_length": 3, "max_length": 1, "charset": "a"},
        {"type": "Text", "min_length": 0, "max_length": 1, "charset": 5},
        {"type": "Dict", "spaces": {"a": 1}},
        {"type": "Dict", "spaces": [["a", {"type": "MultiBinary", "n": 1}]] * 2},
        {"type": "Tuple", "spaces": 3},
        {"type": "OneOf", "spaces": []},
        {"type": "Sequence", "space": {}, "stack": False},
        {"type": "Graph", "nodes": None, "edges": None},
        {"type": "Discrete", "n": object()},
    ],
    ids=lambda form: str(form).partition(" at 0x")[0],
)
def test_that_a_damaged_form_is_refused_in_one_sentence(form: Any) -> None:
    with pytest.raises(SchemaMismatchError) as caught:
        from_json(form)
    assert "\n" not in caught.value.message


def test_that_a_form_without_end_is_refused() -> None:
    form: dict[str, Any] = {"type": "MultiBinary", "n": 1}
    for _ in range(100_000):
        form = {"type": "Tuple", "spaces": [form]}
    with pytest.raises(SchemaMismatchError, match="deeply"):
        from_json(form)
    while "spaces" in form:  # taken apart by hand: Python's own way down would be too deep
        form = form["spaces"].pop()


def test_that_a_description_leaves_out_what_is_too_large_and_says_so() -> None:
    def described(observation: Any) -> dict[str, Any]:
        form = {"type": "MultiBinary", "n": 1}
        return SpaceDescription(
            observation=observation, action=form, signature="s", observation_text="", action_text=""
        ).run_metadata()

    small, large = described({"type": "MultiBinary", "n": 2}), described({"type": "Text", "charset": "x" * 70_000})
    assert small == {
        "spaces": {"observation": {"type": "MultiBinary", "n": 2}, "action": {"type": "MultiBinary", "n": 1}}
    }
    assert large["spaces"] == {"action": {"type": "MultiBinary", "n": 1}}
    assert "observation space takes 70," in large["spaces_note"]
    assert "spaces_note" not in small
