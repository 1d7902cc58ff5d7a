"""Places for nodes: the same graph always the same, every place a number, and known nodes stay where they are."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gym_gui.controllers.graph_layout import MOST_SPRINGS, place_nodes


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[int], list[tuple[int, int]]]:
    count = draw(st.integers(1, 30))
    ends = st.integers(0, count - 1)
    return list(range(count)), draw(st.lists(st.tuples(ends, ends), max_size=40))


@settings(max_examples=25, deadline=None)
@given(graphs())
def test_that_every_node_has_a_place_of_its_own_and_always_the_same(
    graph: tuple[list[int], list[tuple[int, int]]],
) -> None:
    ids, edges = graph
    places = place_nodes(ids, edges, {})
    assert places.shape == (len(ids), 2)
    assert np.isfinite(places).all()
    assert len({tuple(place) for place in places.round(6).tolist()}) == len(ids)
    assert np.array_equal(places, place_nodes(ids, edges, {}))


def test_that_connected_nodes_are_nearer_than_others() -> None:
    ring = [(node, (node + 1) % 12) for node in range(12)]
    places = place_nodes(list(range(12)), ring, {})
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    along = np.mean([apart[pair] for pair in ring])
    assert along < 0.6 * apart[np.triu_indices(12, 1)].mean()


def test_that_known_nodes_stay_when_one_comes() -> None:
    ids: list[int | str] = ["a", "b", "c"]
    edges = [(0, 1), (1, 2)]
    before = place_nodes(ids, edges, {})
    known = {one: (float(x), float(y)) for one, (x, y) in zip(ids, before.tolist(), strict=True)}
    after = place_nodes([*ids, "d"], [*edges, (2, 3)], known)
    assert np.array_equal(after[:3], before)
    assert np.linalg.norm(after[3] - after[2]) < np.linalg.norm(after[3] - after[0]) + 1e-9


def test_that_very_many_nodes_get_a_place_without_springs() -> None:
    count = 3 * MOST_SPRINGS
    places = place_nodes(list(range(count)), [(node, node // 2) for node in range(1, count)], {})
    assert places.shape == (count, 2)
    assert np.abs(places).max() <= 1


def test_that_no_nodes_have_no_places() -> None:
    assert place_nodes([], [], {}).shape == (0, 2)
