"""Hypothesis strategies for Gymnasium's spaces and for values of them, every kind and every bit; needs hypothesis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from gymnasium import spaces
from gymnasium.vector.utils import concatenate, create_empty_array
from hypothesis import strategies as st
from hypothesis.extra import numpy as stnp

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import DrawFn, SearchStrategy
    from numpy.typing import NDArray

_INTEGERS: Final = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
_FLOATS: Final = ("float16", "float32", "float64")
_SHAPES: Final = stnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)
_FULL_SHAPES: Final = stnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=3)
# Halves of surrogate pairs and the zero character too: Text takes any.
_CHARACTERS: Final = st.characters(exclude_categories=())
_KEYS: Final = st.text(max_size=4) | st.integers(-9, 9)


def any_space(*, max_leaves: int = 6) -> SearchStrategy[spaces.Space[Any]]:
    """Spaces of every kind that Gymnasium has, nested."""
    return st.recursive(flat_space(), _holding, max_leaves=max_leaves)


def flat_space() -> SearchStrategy[spaces.Space[Any]]:
    """Spaces that hold no other spaces."""
    return st.one_of(_discrete(), _box(), _multi_discrete(), _multi_binary(), _text())


def values_of(space: spaces.Space[Any]) -> SearchStrategy[Any]:
    """Values of the form that *space* asks for, in the types in which it samples.

    Bounds are not kept and numbers are any bits: NaN with any payload, infinities and negative zeros included.
    """
    makers: tuple[tuple[type, Callable[[Any], SearchStrategy[Any]]], ...] = (
        (spaces.Discrete, lambda kind: arrays_of(kind.dtype, ()).map(lambda array: array[()])),
        (spaces.Text, lambda _: st.text(_CHARACTERS, max_size=8)),
        (spaces.Dict, _dicts),
        (spaces.Tuple, lambda kind: st.tuples(*map(values_of, kind.spaces))),
        (spaces.OneOf, _choices),
        (spaces.Sequence, _rows),
        (spaces.Graph, _graphs),
    )
    for kind, make in makers:
        if isinstance(space, kind):
            return make(space)
    assert space.shape is not None  # noqa: S101 - the others are arrays of one shape
    return arrays_of(np.dtype(space.dtype), space.shape)


@st.composite
def arrays_of(draw: DrawFn, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Arrays of any bits."""
    count = int(np.prod(shape, dtype=int))
    if dtype.kind == "b":
        return np.array(draw(st.lists(st.booleans(), min_size=count, max_size=count)), bool).reshape(shape)
    size = count * dtype.itemsize
    return np.frombuffer(draw(st.binary(min_size=size, max_size=size)), dtype).reshape(shape).copy()


@st.composite
def _discrete(draw: DrawFn) -> spaces.Discrete[Any]:
    dtype = np.dtype(getattr(np, draw(st.sampled_from(_INTEGERS))))
    limits = np.iinfo(dtype)
    start = draw(st.integers(int(limits.min), int(limits.max) - 1))
    n = draw(st.integers(1, min(int(limits.max), int(limits.max) - start)))
    return spaces.Discrete(n, start=start, dtype=dtype)


@st.composite
def _box(draw: DrawFn) -> spaces.Box:
    dtype = np.dtype(draw(st.sampled_from((*_INTEGERS, *_FLOATS, "bool"))))
    shape = draw(_SHAPES)
    if dtype.kind == "i" and draw(st.booleans()):
        return spaces.Box(-np.inf, draw(st.sampled_from([7, np.inf])), shape, dtype)
    number = stnp.from_dtype(dtype, allow_nan=False) if dtype.kind == "f" else stnp.from_dtype(dtype)
    bound = number.map(lambda one: np.full(shape, one, dtype))
    if draw(st.booleans()):
        bound = stnp.arrays(dtype, shape, elements=number)
    one, other = draw(bound), draw(bound)
    # A minimum of arrays without dimensions is none.
    return spaces.Box(np.asarray(np.minimum(one, other)), np.asarray(np.maximum(one, other)), shape, dtype)


@st.composite
def _multi_discrete(draw: DrawFn) -> spaces.MultiDiscrete[Any]:
    dtype = np.dtype(getattr(np, draw(st.sampled_from(_INTEGERS))))
    shape = draw(_FULL_SHAPES)
    nvec = draw(stnp.arrays(dtype, shape, elements=st.integers(1, 60)))
    start = draw(stnp.arrays(dtype, shape, elements=st.integers(0 if dtype.kind == "u" else -60, 60)))
    return spaces.MultiDiscrete(nvec, dtype, start=start)


def _multi_binary() -> SearchStrategy[spaces.MultiBinary]:
    return (st.integers(1, 6) | _FULL_SHAPES).map(spaces.MultiBinary)


@st.composite
def _text(draw: DrawFn) -> spaces.Text:
    shortest = draw(st.integers(0, 5))
    charset = draw(st.text(_CHARACTERS, min_size=1, max_size=9))
    return spaces.Text(
        draw(st.integers(shortest, 50)),
        min_length=shortest,
        charset=frozenset(charset) if draw(st.booleans()) else charset,
    )


def _holding(inner: SearchStrategy[spaces.Space[Any]]) -> SearchStrategy[spaces.Space[Any]]:
    """Spaces that hold spaces of *inner*."""
    parts = st.lists(inner, max_size=3)
    pairs = st.lists(st.tuples(_KEYS, inner), max_size=3, unique_by=lambda pair: pair[0])
    return st.one_of(
        pairs.map(spaces.Dict),
        st.dictionaries(st.text(max_size=3), inner, max_size=3).map(lambda part: spaces.Dict(part, sort_keys=False)),
        parts.map(spaces.Tuple),
        st.lists(inner, min_size=1, max_size=3).map(spaces.OneOf),
        st.builds(lambda item, stack: spaces.Sequence(item, stack=stack), inner, st.booleans()),
        st.builds(spaces.Graph, inner, st.none() | inner),
    )


def _dicts(space: spaces.Dict[Any]) -> SearchStrategy[Any]:
    # hypothesis draws keys in any order; the space samples them in its own.
    parts = st.fixed_dictionaries({key: values_of(part) for key, part in space.spaces.items()})
    return parts.map(lambda drawn: {key: drawn[key] for key in space.spaces})


def _choices(space: spaces.OneOf[Any]) -> SearchStrategy[Any]:
    return st.one_of(*(st.tuples(st.just(np.int64(place)), values_of(part)) for place, part in enumerate(space.spaces)))


def _rows(space: spaces.Sequence) -> SearchStrategy[Any]:
    if space.stack:
        return _batches(space.feature_space)
    return st.lists(values_of(space.feature_space), max_size=3).map(tuple)


def _batches(space: spaces.Space[Any]) -> SearchStrategy[Any]:
    """Values of *space* as Gymnasium itself stacks them."""

    def stacked(items: list[Any]) -> Any:
        empty: Any = create_empty_array(space, len(items))
        return concatenate(space, items, empty) if items else empty

    return st.lists(values_of(space), max_size=3).map(stacked)


@st.composite
def _graphs(draw: DrawFn, space: spaces.Graph) -> spaces.GraphInstance:
    nodes = draw(_batches(space.node_space))
    edges = None if space.edge_space is None else draw(st.none() | _batches(space.edge_space))
    dtype = np.dtype(draw(st.sampled_from(_INTEGERS[:-1])))
    links = draw(st.none() | st.integers(0, 3).flatmap(lambda count: arrays_of(dtype, (count, 2))))
    return spaces.GraphInstance(nodes, edges, links)
