"""What a screen draws of a step, as a tagged union: a picture, a grid, a graph or a text.

Each kind has one JSON form; `StepRecord.view` holds it for the last three.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeAlias

from gym_gui.core.errors import SchemaMismatchError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

RENDER_PAYLOAD_RGB: Final = "rgb"
RENDER_PAYLOAD_GRID: Final = "grid"
RENDER_PAYLOAD_GRAPH: Final = "graph"
RENDER_PAYLOAD_TEXT: Final = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class RgbPayload:
    """A picture, ``uint8 (height, width, 3)``, wherever it is stored.

    Attributes:
        frame_ref: ``h5://run/frames/N``; None while the picture travels with the step.
        height: Pixels; None where only the ref is known.
        width: Pixels; None where only the ref is known.
    """

    kind: ClassVar[str] = RENDER_PAYLOAD_RGB

    frame_ref: str | None = None
    height: int | None = None
    width: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GridLegend:
    """What a code of a grid means.

    Attributes:
        label: For people: ``hole``.
        role: For the painter: ``wall``, ``goal``, ``hazard``, ``floor``, …; any word.
    """

    label: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridAgent:
    """Something that moves over a grid.

    Attributes:
        row: From the top, 0-based.
        column: From the left, 0-based.
        label: For people: ``you``, ``passenger``.
    """

    row: int
    column: int
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridPayload:
    """A world of cells.

    Attributes:
        rows: Number of rows.
        columns: Number of columns.
        cells: A code for each cell: `rows` lists of `columns` codes.
        legend: What each code means.
        agents: What moves over the cells.
    """

    kind: ClassVar[str] = RENDER_PAYLOAD_GRID

    rows: int
    columns: int
    cells: tuple[tuple[int | str, ...], ...]
    legend: Mapping[str, GridLegend] = field(default_factory=dict)
    agents: tuple[GridAgent, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphNode:
    """One node.

    Attributes:
        id: Unique within the graph.
        label: For people.
        x: Where to draw it, any unit, to the right; None leaves it to the screen.
        y: The same, downwards.
        value: A number to tell or to colour by; None where there is none.
    """

    id: int | str
    label: str = ""
    x: float | None = None
    y: float | None = None
    value: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphEdge:
    """One edge.

    Attributes:
        source: Id of the node that it leaves.
        target: Id of the node that it reaches.
        label: For people; None where it has none.
    """

    source: int | str
    target: int | str
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphPayload:
    """Nodes and edges.

    Attributes:
        nodes: Each with an id of its own.
        edges: Between ids of `nodes`.
        directed: Whether an edge has a direction.
    """

    kind: ClassVar[str] = RENDER_PAYLOAD_GRAPH

    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...] = ()
    directed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPayload:
    """Text, drawn with a fixed pitch.

    Attributes:
        text: Lines, without escape sequences.
    """

    kind: ClassVar[str] = RENDER_PAYLOAD_TEXT

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignPayload:
    """A kind that a newer minor version knows; kept as it came, so that nothing is lost on the way.

    Attributes:
        kind: Its name.
        document: Its JSON form, whole.
    """

    kind: str
    document: Mapping[str, Any]


RenderPayload: TypeAlias = RgbPayload | GridPayload | GraphPayload | TextPayload | ForeignPayload


def render_to_document(payload: RenderPayload) -> dict[str, Any]:
    """The JSON form of *payload*."""
    if isinstance(payload, ForeignPayload):
        return dict(payload.document)
    if isinstance(payload, RgbPayload):
        size = {"frame_ref": payload.frame_ref, "height": payload.height, "width": payload.width}
        return {"kind": payload.kind, **size}
    if isinstance(payload, TextPayload):
        return {"kind": payload.kind, "text": payload.text}
    if isinstance(payload, GridPayload):
        return {
            "kind": payload.kind,
            "rows": payload.rows,
            "columns": payload.columns,
            "cells": [list(row) for row in payload.cells],
            "legend": {code: {"label": one.label, "role": one.role} for code, one in payload.legend.items()},
            "agents": [{"row": one.row, "column": one.column, "label": one.label} for one in payload.agents],
        }
    return {
        "kind": payload.kind,
        "nodes": [
            {"id": one.id, "label": one.label, **_known(x=one.x, y=one.y, value=one.value)} for one in payload.nodes
        ],
        "edges": [{"source": one.source, "target": one.target, **_known(label=one.label)} for one in payload.edges],
        "directed": payload.directed,
    }


def render_from_document(document: Mapping[str, Any]) -> RenderPayload:
    """The payload of a JSON form.

    Raises:
        SchemaMismatchError: a known kind whose fields are not as they must be.
    """
    kind = document.get("kind")
    if not isinstance(kind, str):
        raise SchemaMismatchError("A render payload says no kind: rgb, grid, graph or text.")
    read = _READERS.get(kind)
    if read is None:
        return ForeignPayload(kind=kind, document=dict(document))
    try:
        return read(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise SchemaMismatchError(f"A render payload of kind {kind} is not as it must be: {what}.") from error


def _rgb(document: Mapping[str, Any]) -> RgbPayload:
    height, width = document.get("height"), document.get("width")
    return RgbPayload(
        frame_ref=document.get("frame_ref"),
        height=None if height is None else int(height),
        width=None if width is None else int(width),
    )


def _text(document: Mapping[str, Any]) -> TextPayload:
    text = document["text"]
    if not isinstance(text, str):
        raise TypeError("its text is no text")
    return TextPayload(text=text)


def _grid(document: Mapping[str, Any]) -> GridPayload:
    rows, columns = int(document["rows"]), int(document["columns"])
    cells = tuple(tuple(row) for row in document["cells"])
    if len(cells) != rows or any(len(row) != columns for row in cells):
        raise ValueError(f"its cells are not {rows} rows of {columns}")
    legend: Mapping[str, Mapping[str, str]] = document.get("legend") or {}
    agents: Sequence[Mapping[str, Any]] = document.get("agents") or ()
    return GridPayload(
        rows=rows,
        columns=columns,
        cells=cells,
        legend={
            str(code): GridLegend(label=one.get("label", ""), role=one.get("role", "")) for code, one in legend.items()
        },
        agents=tuple(
            GridAgent(row=int(one["row"]), column=int(one["column"]), label=one.get("label", "")) for one in agents
        ),
    )


def _graph(document: Mapping[str, Any]) -> GraphPayload:
    nodes = tuple(
        GraphNode(id=one["id"], label=one.get("label", ""), x=one.get("x"), y=one.get("y"), value=one.get("value"))
        for one in document["nodes"]
    )
    edges = tuple(
        GraphEdge(source=one["source"], target=one["target"], label=one.get("label"))
        for one in document.get("edges") or ()
    )
    known = {one.id for one in nodes}
    strays = {end for edge in edges for end in (edge.source, edge.target)} - known
    if len(known) != len(nodes) or strays:
        raise ValueError("its nodes share an id" if not strays else f"it has no node {min(map(str, strays))}")
    return GraphPayload(nodes=nodes, edges=edges, directed=bool(document.get("directed", False)))


def _known(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any]], RenderPayload]]] = {
    RENDER_PAYLOAD_RGB: _rgb,
    RENDER_PAYLOAD_GRID: _grid,
    RENDER_PAYLOAD_GRAPH: _graph,
    RENDER_PAYLOAD_TEXT: _text,
}
