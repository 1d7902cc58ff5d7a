"""Steps that can be drawn without a picture: grids, graphs and texts, and what happens where one cannot be made."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from contract import odd_envs, shaped_envs  # noqa: F401 - importing them registers their environments
from gymnasium import spaces

from gym_gui.adapters.catalog import make_adapter
from gym_gui.adapters.stepper import EpisodeStepper, make_run_record
from gym_gui.adapters.views import graph_view
from gym_gui.core.schema import GraphPayload, GridPayload, render_from_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROLES = {"start", "goal", "hole", "wall", "floor", "passenger", "destination", "agent"}


def views(env_id: str, actions: list[int], *, seed: int = 4, **options: Any) -> Iterator[Mapping[str, Any] | None]:
    """The views of an episode, reset's first."""
    adapter = make_adapter(env_id, env_kwargs=options, render=False)
    try:
        yield adapter.reset(seed=seed).view
        for action in actions:
            yield adapter.step(action).view
    finally:
        adapter.close()


def grid(view: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """*view*, checked to be a grid in which everything fits together."""
    assert view is not None
    assert json.loads(json.dumps(view)) == view
    assert isinstance(render_from_document(view), GridPayload)
    assert len(view["cells"]) == view["rows"]
    assert {len(line) for line in view["cells"]} == {view["columns"]}
    assert {code for line in view["cells"] for code in line} <= view["legend"].keys()
    assert {entry["role"] for entry in view["legend"].values()} <= ROLES
    assert all(0 <= agent["row"] < view["rows"] for agent in view["agents"])
    assert all(0 <= agent["column"] < view["columns"] for agent in view["agents"])
    return view


def places(view: Mapping[str, Any]) -> list[tuple[int, int]]:
    return [(agent["row"], agent["column"]) for agent in view["agents"]]


def test_that_frozen_lake_is_a_grid_with_its_elf() -> None:
    seen = [grid(view) for view in views("FrozenLake-v1", [2, 1], is_slippery=False, map_name="8x8")]
    assert (seen[0]["rows"], seen[0]["columns"]) == (8, 8)
    assert seen[0]["cells"][0][0] == "S"
    assert seen[0]["legend"]["H"] == {"label": "Hole", "role": "hole"}
    assert [places(view) for view in seen] == [[(0, 0)], [(0, 1)], [(1, 1)]]


def test_that_cliff_walking_shows_its_cliff() -> None:
    seen = [grid(view) for view in views("CliffWalking-v1", [0, 1])]
    assert "".join(seen[0]["cells"][3]) == "SCCCCCCCCCCG"
    assert [places(view) for view in seen] == [[(3, 0)], [(2, 0)], [(2, 1)]]


def test_that_a_taxi_drives_between_walls_to_its_passenger() -> None:
    south, west, north, pick_up = 0, 3, 1, 4
    # Seed 4: the taxi stands at Blue, the passenger waits at Yellow, the destination is Red.
    drive = [north, north, west, west, west, south, south, pick_up]
    seen = [grid(view) for view in views("Taxi-v4", drive)]
    roles = {letter: seen[0]["legend"][letter]["role"] for letter in "RGYB"}
    assert roles == {"R": "destination", "G": "floor", "Y": "passenger", "B": "floor"}
    assert [seen[0]["cells"][row][1] for row in range(5)] == [":", ":", ":", "|", "|"]
    assert places(seen[0]) == [(4, 6)]
    assert places(seen[-1]) == [(4, 0)]
    assert [seen[0]["cells"][row][column] for row, column in (*places(seen[0]), *places(seen[-1]))] == ["B", "Y"]
    assert seen[-1]["agents"][0]["label"] == "Taxi with passenger"
    assert seen[-1]["legend"]["Y"]["role"] == "floor"


def test_that_blackjack_shows_the_dealers_card_at_the_end() -> None:
    assert list(views("Blackjack-v1", [0])) == [
        {"kind": "text", "text": "You: 10, 7 (17)\nDealer: 10, hidden card"},
        {"kind": "text", "text": "You: 10, 7 (17)\nDealer: 10, 10 (20)"},
    ]


def test_that_a_graph_observation_is_drawn_at_its_places() -> None:
    first, _ = views("shaped/SmallGraph-v0", [1])
    assert first is not None
    assert json.loads(json.dumps(first)) == first
    assert [(node["id"], node["x"], node["y"]) for node in first["nodes"]][-1] == (4, 0.5, 0.5)
    assert 0 < len(first["edges"]) <= 6
    assert {edge["source"] for edge in first["edges"]} <= set(range(5))
    assert all(edge["label"].isdecimal() for edge in first["edges"])


PARTS = spaces.Dict(a=spaces.Discrete(3), b=spaces.Box(0, 1, (2,)))


@pytest.mark.parametrize(
    ("space", "observation"),
    [
        (spaces.Graph(spaces.Discrete(4), None), (np.array([3, 0, 1]), None, None)),
        (
            spaces.Graph(spaces.Box(-np.inf, np.inf, (2,)), spaces.Box(0, 1, (1,))),
            (np.ones((2, 2)), np.full((1, 1), np.inf), np.array([[0, 1]])),
        ),
        (spaces.Graph(spaces.Box(0, 1, (5, 2)), None), (np.ones((2, 5, 2)), None, np.array([[1, 1]]))),
        (spaces.Graph(spaces.Text(5), spaces.Text(5)), (("here", "there"), ("road",), np.array([[1, 0]]))),
        (
            spaces.Graph(PARTS, spaces.Tuple([PARTS])),
            (
                {"a": np.array([1, 2]), "b": np.ones((2, 2), np.float32)},
                ({"a": np.array([1]), "b": np.ones((1, 2), np.float32)},),
                np.array([[0, 1]]),
            ),
        ),
    ],
    ids=["numbers", "plane", "matrices", "texts", "parts"],
)
def test_that_graphs_of_any_features_can_be_drawn(space: spaces.Graph, observation: Any) -> None:
    view = graph_view(space, observation)
    assert json.loads(json.dumps(view, allow_nan=False)) == view
    assert isinstance(render_from_document(view), GraphPayload)
    assert [node["id"] for node in view["nodes"]] == list(range(len(view["nodes"])))
    assert len(view["nodes"]) >= 2
    assert len(view["edges"]) == (0 if observation[2] is None else 1)


def test_that_a_number_that_is_none_gives_a_node_no_place() -> None:
    space = spaces.Graph(spaces.Box(-np.inf, np.inf, (2,), np.float32), None)
    nodes = np.array([[np.nan, 0], [1, 2]], np.float32)
    view = graph_view(space, spaces.GraphInstance(nodes, None, None))
    assert [node.get("x") for node in view["nodes"]] == [None, 1.0]
    assert json.dumps(view, allow_nan=False)


def test_that_a_link_to_no_node_is_left_out() -> None:
    space = spaces.Graph(spaces.Discrete(2), None)
    links = np.array([[0, 1], [0, 2], [-1, 0]])
    view = graph_view(space, spaces.GraphInstance(np.array([0, 1]), None, links))
    assert view["edges"] == [{"source": 0, "target": 1}]


def test_that_a_graph_too_large_to_draw_says_so() -> None:
    space = spaces.Graph(spaces.Discrete(2), None)
    view = graph_view(space, spaces.GraphInstance(np.zeros(3_000, int), None, None))
    assert view == {"kind": "text", "text": "The graph has 3,000 nodes and 0 links, too many to draw."}


def test_that_a_world_of_objects_is_a_grid() -> None:
    seen = [grid(view) for view in views("shaped/Room-v0", [1, 1, 0])]
    assert [[view["legend"][code]["label"] for code in view["cells"][1]] for view in (seen[0], seen[2])] == [
        ["wall", "yellow key", "floor", "yellow door", "lava", "goal", "wall"],
        ["wall", "yellow key", "floor", "open yellow door", "lava", "goal", "wall"],
    ]
    assert seen[0]["legend"][seen[0]["cells"][2][2]]["label"] == "blue door"
    assert seen[0]["legend"]["~"]["role"] == "hole"
    assert [places(view) for view in seen] == [[(1, 1)], [(1, 2)], [(1, 3)], [(1, 3)]]
    assert [view["agents"][0]["label"] for view in seen][2:] == ["Agent facing down", "Agent facing right"]


def test_that_a_view_that_fails_ends_the_views_and_not_the_episode() -> None:
    seen = list(views("shaped/Room-v0", [1, 1, 0], grid_breaks_at=2))
    assert [view is None for view in seen] == [False, True, True, True]


def test_that_an_environment_that_only_writes_is_recorded_in_its_text() -> None:
    adapter = make_adapter("odd/StrictMode-v0")
    try:
        about = adapter.description
        steps = [adapter.reset(seed=1), adapter.step(0)]
    finally:
        adapter.close()
    assert [step.view for step in steps] == [{"kind": "text", "text": "text"}] * 2
    assert [step.frame for step in steps] == [None, None]
    assert about.render_mode is None
    assert about.warning == "odd/StrictMode-v0 draws no picture (no rgb_array mode); its text is recorded."


@pytest.mark.parametrize("env_id", ["CartPole-v1", "odd/DictObservation-v0", "odd/StrictMode-v0"])
def test_that_other_environments_have_no_view(env_id: str) -> None:
    assert list(views(env_id, [0])) == [None, None]


def test_that_a_step_record_carries_its_view() -> None:
    adapter = make_adapter("FrozenLake-v1", render=False)
    try:
        stepper = EpisodeStepper(adapter, make_run_record(adapter, player="random"))
        records = [stepper.reset(seed=1), stepper.step(1)]
    finally:
        adapter.close()
    assert [grid(record.view)["kind"] for record in records] == ["grid", "grid"]
