"""Graphs among recorded values: whatever holds them, they come back in the types that their space samples."""

from __future__ import annotations

from typing import Any

import pytest
from gymnasium import spaces
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from unit.core.spaces.test_columns import same

from gym_gui.core.errors import InvalidActionError
from gym_gui.core.packing import from_array, to_array
from gym_gui.core.spaces import SpaceSerializer
from gym_gui.core.spaces.graphs import RunGraphs, graph_restorer
from gym_gui.core.value_codec import decode_value, encode_value
from gym_gui.testing.space_strategies import flat_space, values_of

GRAPH = spaces.Graph(spaces.Box(-1, 1, (3,)), spaces.Discrete(4))


def holding(inner: st.SearchStrategy[spaces.Space[Any]]) -> st.SearchStrategy[spaces.Space[Any]]:
    """Spaces around *inner*, with others beside it."""
    others = st.lists(flat_space(), max_size=2)
    parts = st.builds(lambda one, rest: [one, *rest], inner, others)
    return st.one_of(
        parts.map(spaces.Tuple),
        parts.map(lambda found: spaces.Dict({f"key {place}": part for place, part in enumerate(found)})),
        parts.map(spaces.OneOf),
        st.builds(lambda item, stack: spaces.Sequence(item, stack=stack), inner, st.booleans()),
        st.builds(spaces.Graph, inner, st.none() | inner),
    )


GRAPHS = st.builds(spaces.Graph, flat_space(), st.none() | flat_space())


@settings(max_examples=40)
@given(st.data())
def test_that_values_of_every_space_that_holds_graphs_come_back_in_type_and_bit(data: st.DataObject) -> None:
    space = data.draw(st.recursive(GRAPHS, holding, max_leaves=3))
    value = data.draw(values_of(space))
    restore = graph_restorer(SpaceSerializer.to_json(space))
    assert restore is not None
    packed = to_array(value)
    if packed is not None:
        assert same(restore(from_array(packed)), value)
    try:
        stored = encode_value(value)
    except InvalidActionError:  # halves of surrogate pairs
        assume(False)
    assert same(restore(decode_value(stored)), value)
    assert same(restore(value), value)


def test_that_what_is_not_as_its_space_says_stays_what_it_is() -> None:
    space = spaces.Dict(g=GRAPH, t=spaces.Tuple((GRAPH, spaces.Discrete(2))), o=spaces.OneOf((GRAPH,)))
    restore = graph_restorer(SpaceSerializer.to_json(space))
    assert restore is not None
    odd: Any
    for odd in ("nonsense", {"g": (1, 2), "t": (1,), "o": (7, 1), "else": ()}, {"o": ("a",)}, (), None):
        assert same(restore(odd), odd)
    assert graph_restorer(SpaceSerializer.to_json(spaces.Dict(a=spaces.Tuple((spaces.Discrete(2),))))) is None
    assert graph_restorer(None) is None


class OwnGraph(spaces.Graph):
    """A stranger's space that samples as Gymnasium's does."""


@pytest.mark.parametrize("agents", [None, ["a", "b"]])
def test_that_each_agents_graphs_are_found_in_what_the_run_describes(agents: list[str] | None) -> None:
    own = OwnGraph(GRAPH.node_space, GRAPH.edge_space)
    own.seed(1)
    space = own if agents is None else spaces.Dict(a=own, b=spaces.Discrete(2))
    graphs = RunGraphs(
        {"spaces": {"action": SpaceSerializer.describe(space)}, **({"agents": agents} if agents else {})}
    )
    restore = graphs.of_action("a")
    assert restore is not None
    assert own.contains(restore(tuple(own.sample())))
    assert (graphs.of_action("b") is None) is (agents is not None)
    assert graphs.of_observation("a") is None
    assert RunGraphs({}).of_action("a") is None
