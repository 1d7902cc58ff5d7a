"""Places for the nodes of a graph that brings none: springs along edges, all nodes pushing each other away.

Pure, on any thread. The same graph always gets the same places, and a node keeps its place while others come and go.
"""

from __future__ import annotations

import math
import zlib
from collections import deque
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

MOST_SPRINGS: Final = 400  # every node pushes every other: the work grows with the square
_GOLDEN: Final = math.pi * (3 - math.sqrt(5))
_ROUNDS: Final = ((64, 160), (256, 90), (MOST_SPRINGS, 60))  # up to so many nodes, so often
_GRAVITY: Final = 0.06  # keeps parts that no edge connects from drifting apart
_CALM: Final = 0.92
_NEAR: Final = 1e-3


def place_nodes(
    ids: Sequence[int | str], edges: Sequence[tuple[int, int]], known: Mapping[int | str, tuple[float, float]]
) -> NDArray[np.float64]:
    """Places for all nodes.

    Args:
        ids: The nodes.
        edges: Pairs of places in *ids*.
        known: Places that must stay; fewer than half of the nodes are no reason to keep them, unless all
            others come without.

    Returns:
        ``float64 (nodes, 2)``, right and down, in a unit of its own: about -1 to 1 where nothing was known.
    """
    count = len(ids)
    if count == 0:
        return np.empty((0, 2))
    pairs = np.array([pair for pair in edges if pair[0] != pair[1]], np.int64).reshape(-1, 2)
    pinned = np.array([one in known for one in ids])
    if not pinned.any() and count > MOST_SPRINGS:
        return _spiral(count, pairs)
    start = _unit_places(ids)
    if pinned.any():
        stay = np.array([known.get(one, (0.0, 0.0)) for one in ids], np.float64)
        start = _beside_neighbours(start, stay, pinned, pairs)
        if count > MOST_SPRINGS or pinned.all():
            return start
    return _relaxed(start, pairs, pinned)


def _unit_places(ids: Sequence[int | str]) -> NDArray[np.float64]:
    """A place from each node's own id, so that it does not depend on who else is there."""
    hashes = np.array([zlib.crc32(repr(one).encode()) for one in ids], np.int64)
    angle = (hashes & 0xFFFF) / 0x10000 * 2 * math.pi
    radius = np.sqrt(((hashes >> 16) + 1) / 0x10000)
    places: NDArray[np.float64] = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return places


def _beside_neighbours(
    start: NDArray[np.float64], stay: NDArray[np.float64], pinned: NDArray[np.bool_], pairs: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Known nodes where they are; each other one beside the known nodes that it hangs on, else at the rim."""
    middle = stay[pinned].mean(axis=0)
    size = float(np.abs(stay[pinned] - middle).max()) or 1.0
    places: NDArray[np.float64] = middle + start * size
    total = np.zeros_like(places)
    links = np.zeros(len(places))
    for one, other in ((pairs[:, 0], pairs[:, 1]), (pairs[:, 1], pairs[:, 0])):
        hold = pinned[other]
        np.add.at(total, one[hold], stay[other[hold]])
        np.add.at(links, one[hold], 1)
    hangs = links > 0
    spread = size / max(2.0, math.sqrt(len(places)))
    places[hangs] = total[hangs] / links[hangs, None] + start[hangs] * spread
    places[pinned] = stay[pinned]
    return places


def _relaxed(places: NDArray[np.float64], pairs: NDArray[np.int64], pinned: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Fruchterman and Reingold's springs, cooling."""
    count = len(places)
    places = places.copy()
    span = float(np.ptp(places, axis=0).max()) or 2.0
    length = span / 2 * math.sqrt(math.pi / count)
    heat = span / 8
    rounds = next(rounds for most, rounds in _ROUNDS if count <= most)
    middle = places[pinned].mean(axis=0) if pinned.any() else np.zeros(2)
    for _ in range(rounds):
        push = _pushes(places, length)
        if len(pairs):
            along = places[pairs[:, 0]] - places[pairs[:, 1]]
            pull = along * (np.linalg.norm(along, axis=1)[:, None] / length)
            np.add.at(push, pairs[:, 0], -pull)
            np.add.at(push, pairs[:, 1], pull)
        push -= (places - middle) * _GRAVITY
        far = np.linalg.norm(push, axis=1)
        push *= (np.minimum(far, heat) / np.maximum(far, _NEAR * length))[:, None]
        push[pinned] = 0
        places += push
        heat = max(heat * _CALM, length * 0.02)
    return places


def _pushes(places: NDArray[np.float64], length: float) -> NDArray[np.float64]:
    """How all others push each node: the less, the farther away they are."""
    squared = np.zeros((len(places), len(places)))
    for axis in (places[:, 0], places[:, 1]):
        apart = np.subtract.outer(axis, axis)
        apart *= apart
        squared += apart
    np.maximum(squared, (_NEAR * length) ** 2, out=squared)
    weight = np.divide(length * length, squared, out=squared)
    push: NDArray[np.float64] = places * weight.sum(axis=1)[:, None] - weight @ places
    return push


def _spiral(count: int, pairs: NDArray[np.int64]) -> NDArray[np.float64]:
    """Too many for springs: a sunflower's spiral, neighbours in the graph near each other on it."""
    order = _breadth_first(count, pairs)
    turn = np.arange(count)
    radius = np.sqrt((turn + 0.5) / count)
    spots = np.stack([radius * np.cos(turn * _GOLDEN), radius * np.sin(turn * _GOLDEN)], axis=1)
    places = np.empty((count, 2))
    places[order] = spots
    return places


def _breadth_first(count: int, pairs: NDArray[np.int64]) -> list[int]:
    neighbours: list[list[int]] = [[] for _ in range(count)]
    for one, other in pairs.tolist():
        neighbours[one].append(other)
        neighbours[other].append(one)
    seen = [False] * count
    order: list[int] = []
    for first in sorted(range(count), key=lambda node: -len(neighbours[node])):
        if seen[first]:
            continue
        seen[first] = True
        waiting = deque([first])
        while waiting:
            node = waiting.popleft()
            order.append(node)
            for other in neighbours[node]:
                if not seen[other]:
                    seen[other] = True
                    waiting.append(other)
    return order
