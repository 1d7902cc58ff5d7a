"""A graph payload as arrays that can be drawn: which nodes, which edges, who brings a place, what the values mean.

No Qt; cheap enough for every step of a small graph.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from gym_gui.ui.texts import number_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from gym_gui.core.schema.render_payload import GraphNode, GraphPayload

MOST_NODES: Final = 2_000  # more are a cloud to the eye, and painting them takes too long
MOST_EDGES: Final = 8_000


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class GraphShape:
    """What of a graph does not depend on the window.

    Attributes:
        ids: The nodes that are drawn.
        labels: What stands beside each.
        pairs: Places of each edge's ends in `ids`.
        edge_labels: What stands at each edge; empty for nothing.
        values: ``float64 (nodes,)``; NaN for none.
        given: ``float64 (nodes, 2)`` places that the payload brings; NaN for none.
        directed: Whether edges have arrows.
        left_out: One sentence on what is not drawn; empty where all is.
    """

    ids: tuple[int | str, ...]
    labels: tuple[str, ...]
    pairs: tuple[tuple[int, int], ...]
    edge_labels: tuple[str, ...]
    values: NDArray[np.float64]
    given: NDArray[np.float64]
    directed: bool
    left_out: str

    @property
    def places(self) -> dict[int | str, tuple[float, float]]:
        """The places that the payload brings, by node."""
        given = zip(self.ids, self.given.tolist(), strict=True)
        return {one: (x, y) for one, (x, y) in given if math.isfinite(x)}

    @property
    def topology(self) -> tuple[object, ...]:
        """What decides on places that the payload does not bring."""
        return self.ids, self.pairs

    @property
    def range(self) -> tuple[float, float] | None:
        """The lowest and the highest value; None where there is none."""
        known = self.values[np.isfinite(self.values)]
        return (float(known.min()), float(known.max())) if len(known) else None


def shape_of(payload: GraphPayload) -> GraphShape:
    """The shape of *payload*; of very many nodes the first."""
    nodes = payload.nodes[:MOST_NODES]
    place = {node.id: number for number, node in enumerate(nodes)}
    edges = [edge for edge in payload.edges if edge.source in place and edge.target in place][:MOST_EDGES]
    left_out = ""
    if len(nodes) < len(payload.nodes) or len(edges) < len(payload.edges):
        left_out = (
            f"{len(nodes):,} of {len(payload.nodes):,} nodes and {len(edges):,} of {len(payload.edges):,} edges are "
            "drawn."
        )
    return GraphShape(
        ids=tuple(node.id for node in nodes),
        labels=tuple(str(node.label or node.id) for node in nodes),
        pairs=tuple((place[edge.source], place[edge.target]) for edge in edges),
        edge_labels=tuple(str(edge.label or "") for edge in edges),
        values=np.array([_number(node.value) for node in nodes], np.float64),
        given=np.array([_place_of(node) for node in nodes], np.float64).reshape(-1, 2),
        directed=payload.directed,
        left_out=left_out,
    )


def joined(shape: GraphShape, laid_out: Mapping[int | str, tuple[float, float]]) -> NDArray[np.float64] | None:
    """Places of all nodes, those of the payload first, then those *laid_out*; None where one has neither."""
    known = {**laid_out, **shape.places}
    if any(one not in known for one in shape.ids):
        return None
    return np.array([known[one] for one in shape.ids], np.float64).reshape(-1, 2)


def node_words(shape: GraphShape, node: int) -> str:
    """A node in words: its label, value and edges."""
    name, label = str(shape.ids[node]), shape.labels[node]
    parts = [f"Node {name}" if label == name else f"Node {name}: {label}"]
    value = float(shape.values[node])
    if math.isfinite(value):
        parts.append(f"value {number_text(value)}")
    leaving = sum(pair[0] == node for pair in shape.pairs)
    reaching = sum(pair[1] == node for pair in shape.pairs)
    if shape.directed:
        parts.append(f"{leaving} out, {reaching} in")
    else:
        parts.append(counted(sum(node in pair for pair in shape.pairs), "edge"))
    return "  ·  ".join(parts)


def counted(number: int, word: str) -> str:
    """``1 node``, ``6 nodes``."""
    return f"{number:,} {word}{'s' * (number != 1)}"


def _place_of(node: GraphNode) -> tuple[float, float]:
    x, y = _number(node.x), _number(node.y)
    return (x, y) if math.isfinite(x) and math.isfinite(y) else (math.nan, math.nan)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float | np.number) and not isinstance(value, bool) else math.nan
