"""What a screen can draw of an environment without its picture: grids and graphs as JSON payloads, made each step.

A maker runs on the session's thread, right after the step that it shows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from gym_gui.core.spaces import items_of_batch

if TYPE_CHECKING:
    from gymnasium import Env, spaces

View: TypeAlias = dict[str, Any]
ViewMaker: TypeAlias = Callable[[Any, bool], "View | None"]
"""Takes the step's observation and whether the episode is over; a payload, or None where there is nothing to draw."""

# Beyond these a drawing says nothing to a person, and costs the step more than the environment does.
_GRID_CELLS_MAX: Final = 1_024
_GRAPH_ITEMS_MAX: Final = 2_000
_PLANE: Final = 2
_LABEL_NUMBERS: Final = 3
_LABEL_MAX: Final = 40

# What grids of the MiniGrid kind hold: type -> letter and role; others are floor with the start of their name.
_OBJECTS: Final = {
    "wall": ("#", "wall"),
    "goal": ("G", "goal"),
    "lava": ("~", "hole"),
    "floor": (".", "floor"),
    "door": ("D", "floor"),
    "key": ("K", "floor"),
    "ball": ("A", "floor"),
    "box": ("B", "floor"),
}
_HEADINGS: Final = ("right", "down", "left", "up")


def text_view(text: str) -> View:
    """A payload of lines of text."""
    return {"kind": "text", "text": text}


def make_view_maker(env: Env[Any, Any]) -> ViewMaker | None:
    """The maker for an environment of no known family; None where it has neither a graph nor a grid."""
    from gymnasium.spaces import Graph  # noqa: PLC0415 - loaded with the environment

    space = env.observation_space
    if isinstance(space, Graph):
        return lambda observation, _: graph_view(space, observation)
    world = env.unwrapped
    # MiniGrid makes its grid in reset, but declares its size.
    if hasattr(world, "agent_pos") and (hasattr(world, "grid") or hasattr(world, "width")):
        return lambda *_: _object_grid_view(world)
    return None


def graph_view(space: spaces.Graph, observation: Any) -> View:
    """A graph of *observation*, a ``GraphInstance``; nodes of two numbers are drawn where these say.

    A graph of more than 2,000 nodes and links becomes a sentence.
    """
    nodes = _items(space.node_space, observation[0])
    ends = [] if observation[2] is None else np.asarray(observation[2]).tolist()
    if len(nodes) + len(ends) > _GRAPH_ITEMS_MAX:
        return text_view(f"The graph has {len(nodes):,} nodes and {len(ends):,} links, too many to draw.")
    is_plane = getattr(space.node_space, "shape", None) == (_PLANE,)
    drawn = [_node(place, features, is_plane=is_plane) for place, features in enumerate(nodes)]
    has_labels = observation[1] is not None and space.edge_space is not None
    features = _items(space.edge_space, observation[1]) if has_labels else [None] * len(ends)
    lines = [
        {"source": source, "target": target, **({} if feature is None else {"label": _label(feature)})}
        for (source, target), feature in zip(ends, features, strict=True)
        if 0 <= source < len(nodes) and 0 <= target < len(nodes)  # a link to no node cannot be drawn
    ]
    return {"kind": "graph", "nodes": drawn, "edges": lines, "directed": True}


def _items(space: Any, batch: Any) -> list[Any]:
    # An array is taken as it is: a graph can be drawn though its numbers have another dtype than its space.
    return list(batch) if isinstance(batch, np.ndarray) else items_of_batch(space, batch)


def _node(place: int, features: Any, *, is_plane: bool) -> View:
    label = _label(features)
    node: View = {"id": place, "label": f"{place}: {label}" if label else str(place)}
    numbers = np.asarray(features).ravel().tolist() if _is_numeric(features) else []
    if is_plane and all(map(math.isfinite, numbers)):
        node["x"], node["y"] = map(float, numbers)
    elif len(numbers) == 1 and math.isfinite(numbers[0]):
        node["value"] = numbers[0]
    return node


def _is_numeric(features: Any) -> bool:
    return isinstance(features, (np.ndarray, np.generic, int, float)) and np.asarray(features).dtype.kind in "iufb"


def _label(features: Any) -> str:
    """A few numbers as a person would write them; nothing for many."""
    if not _is_numeric(features):
        return str(features)[:_LABEL_MAX]
    numbers = np.asarray(features).ravel().tolist()
    return ", ".join(f"{number:.3g}" for number in numbers) if len(numbers) <= _LABEL_NUMBERS else ""


def _object_grid_view(world: Any) -> View | None:
    grid = world.grid
    columns, rows = int(grid.width), int(grid.height)
    if not 0 < rows * columns <= _GRID_CELLS_MAX:
        return None
    legend: View = {".": {"label": "floor", "role": "floor"}}
    codes: dict[tuple[str, str], str] = {}
    cells = [[_cell(grid.get(column, row), codes, legend) for column in range(columns)] for row in range(rows)]
    column, row = (int(place) for place in world.agent_pos)
    heading = getattr(world, "agent_dir", None)
    facing = f" facing {_HEADINGS[int(heading)]}" if heading is not None and 0 <= heading < len(_HEADINGS) else ""
    agents = [{"row": row, "column": column, "label": f"Agent{facing}"}]
    return {"kind": "grid", "rows": rows, "columns": columns, "cells": cells, "legend": legend, "agents": agents}


def _cell(thing: Any, codes: dict[tuple[str, str], str], legend: View) -> str:
    """The code of a cell; a thing that was not met yet gets one, and its place in the legend."""
    if thing is None:
        return "."
    name = str(thing.type)
    color = "" if name in {"wall", "floor", "goal", "lava"} else str(getattr(thing, "color", ""))
    state = "open " if getattr(thing, "is_open", False) else "locked " if getattr(thing, "is_locked", False) else ""
    label = f"{state}{color} {name}".strip()
    code = codes.get((name, label))
    if code is None:
        letter, role = _OBJECTS.get(name, (name[:1].upper() or "?", "floor"))
        code, number = letter, 2
        while code in legend and legend[code]["label"] != label:
            code, number = f"{letter}{number}", number + 1
        codes[name, label] = code
        legend[code] = {"label": label, "role": role}
    return code
