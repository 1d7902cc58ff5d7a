"""Recorded values of spaces that hold graphs, in the types that these spaces sample.

Recordings know tuples only; which of them were a ``GraphInstance`` is what the run's space says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from gym_gui.core.errors import EnvironmentFault
from gym_gui.core.spaces.serializer import SpaceSerializer

if TYPE_CHECKING:
    from gymnasium.spaces import Space

Restorer: TypeAlias = Callable[[Any], Any]


def graph_restorer(space: Space[Any] | None) -> Restorer | None:
    """What makes the graphs in a value of *space* graphs again; None where there are none, as nearly always."""
    if space is None:
        return None
    try:
        form = SpaceSerializer.to_json(space)
    except (EnvironmentFault, TypeError):  # a space that only its own code knows
        return None
    return partial(with_graphs, form) if holds_graph(form) else None


def holds_graph(form: Any) -> bool:
    """Whether values of a space of that JSON form have graphs in them."""
    if not isinstance(form, Mapping):
        return False
    return form.get("type") == "Graph" or any(map(holds_graph, _parts_of(form)))


def with_graphs(form: Any, value: Any) -> Any:
    """*value* of a space of that JSON form with graphs as ``GraphInstance``; what is not as the form says stays."""
    if not holds_graph(form):
        return value
    kind = form["type"]
    if kind == "Dict" and isinstance(value, dict):
        parts = dict(form["spaces"])
        return {key: with_graphs(parts.get(key), one) for key, one in value.items()}
    return _of_tuple(form, kind, value) if type(value) is tuple else value


def _of_tuple(form: Mapping[str, Any], kind: str, value: tuple[Any, ...]) -> Any:
    if kind == "Graph" and len(value) == len(("nodes", "edges", "edge_links")):
        from gymnasium.spaces import GraphInstance  # noqa: PLC0415 - 0.4 s; only where there are graphs

        return GraphInstance(*value)
    if kind == "Tuple" and len(value) == len(form["spaces"]):
        return tuple(with_graphs(part, one) for part, one in zip(form["spaces"], value, strict=True))
    if kind == "Sequence" and (not form["stack"] or form["space"].get("type") == "Graph"):
        return tuple(with_graphs(form["space"], one) for one in value)
    if kind == "OneOf" and value:
        return (value[0], *(with_graphs(form["spaces"][int(value[0])], one) for one in value[1:]))
    return value


def _parts_of(form: Mapping[str, Any]) -> list[Any]:
    parts = form.get("spaces", [])
    return [part[1] for part in parts] if form.get("type") == "Dict" else [*parts, form.get("space")]
