"""Whether a view has the form of one that was looked through before, in a microsecond or two."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from gym_gui.core.schema import GraphPayload, GridPayload, RenderPayload, TextPayload

ViewCheck: TypeAlias = Callable[[Mapping[str, Any]], bool]


def quick_check(known: RenderPayload) -> ViewCheck:
    """What recognises views like *known*; of what it does not recognise it says nothing, and it never raises."""
    if isinstance(known, GridPayload):
        return _grid(known.rows, known.columns)
    if isinstance(known, GraphPayload):
        return _graph(len(known.nodes), len(known.edges))
    if isinstance(known, TextPayload):
        return lambda view: type(view.get("text")) is str
    return lambda _view: False


def _grid(rows: int, columns: int) -> ViewCheck:
    def fits(view: Mapping[str, Any]) -> bool:
        cells, agents = view.get("cells"), view.get("agents") or ()
        if view.get("rows") != rows or view.get("columns") != columns or not isinstance(cells, list):
            return False
        if len(cells) != rows or not isinstance(view.get("legend") or {}, dict) or not isinstance(agents, list | tuple):
            return False
        for row in cells:
            if not isinstance(row, list) or len(row) != columns:
                return False
        return all(
            isinstance(one, dict) and type(one.get("row")) is int and type(one.get("column")) is int for one in agents
        )

    return fits


def _graph(nodes: int, edges: int) -> ViewCheck:
    def fits(view: Mapping[str, Any]) -> bool:
        found, links = view.get("nodes"), view.get("edges") or []
        return isinstance(found, list) and isinstance(links, list) and (len(found), len(links)) == (nodes, edges)

    return fits
