"""Finds places for the nodes of the graphs that are shown, one graph at a time, off the Qt thread where it takes long.

Qt thread; the work itself runs in tasks.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

from gym_gui.controllers.graph_layout import place_nodes
from gym_gui.ui.widgets.graph_shape import GraphShape, joined, shape_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    import numpy as np
    from numpy.typing import NDArray

    from gym_gui.controllers.views import TaskRunner
    from gym_gui.core.schema.render_payload import GraphPayload

_log = logging.getLogger(__name__)

Places: TypeAlias = Mapping[int | str, tuple[float, float]]
Found: TypeAlias = tuple[GraphShape, "NDArray[np.float64]"]

LARGE: Final = 300  # nodes and edges that are read within a frame
_KEPT_LAYOUTS: Final = 64


class GraphPlaces:
    """Answers with shape and places of the graph that is wanted now.

    Args:
        runner: Where work runs.
        on_found: Told a shape with its places, ``float64 (nodes, 2)``; inside `want` already where they are known.
    """

    def __init__(self, runner: TaskRunner, on_found: Callable[[GraphShape, NDArray[np.float64]], None]) -> None:
        self._runner = runner
        self._on_found = on_found
        self._wanted: GraphPayload | None = None
        self._in_flight = False
        self._layouts: OrderedDict[object, Places] = OrderedDict()
        self._last: Places = {}

    @property
    def waiting(self) -> bool:
        """Whether a graph is wanted whose places are not found yet."""
        return self._wanted is not None

    @property
    def last(self) -> Places:
        """The places of the graph that was found last."""
        return self._last

    def want(self, payload: GraphPayload) -> None:
        """Find places for *payload*; what was wanted before is forgotten."""
        self._wanted = payload
        if len(payload.nodes) + len(payload.edges) <= LARGE:
            shape = shape_of(payload)
            places = joined(shape, self._layouts.get(shape.topology, {}))
            if places is not None:
                self._tell(shape, places)
                return
        self._proceed()

    def forget(self) -> None:
        """Nothing is wanted, and nothing that was found before holds a node in its place."""
        self._wanted = None
        self._last = {}

    def _proceed(self) -> None:
        # One at a time, the newest next: places take longer to find than a game takes for a step.
        payload, last, layouts = self._wanted, self._last, dict(self._layouts)
        if self._in_flight or payload is None:
            return

        def work() -> Found:
            shape = shape_of(payload)
            places = joined(shape, layouts.get(shape.topology, {}))
            if places is None:
                places = place_nodes(shape.ids, shape.pairs, _held(shape, last))
            return shape, places

        def done(found: Found) -> None:
            self._in_flight = False
            self._take(payload, *found)

        def failed(error: Exception) -> None:
            self._in_flight = False
            _log.error("A graph of %d nodes could not be laid out.", len(payload.nodes), exc_info=error)

        self._in_flight = True
        self._runner.submit(work, done, failed)

    def _take(self, payload: GraphPayload, shape: GraphShape, places: NDArray[np.float64]) -> None:
        spots = zip(shape.ids, places.tolist(), strict=True)
        self._layouts[shape.topology] = {one: (float(x), float(y)) for one, (x, y) in spots}
        while len(self._layouts) > _KEPT_LAYOUTS:
            self._layouts.popitem(last=False)
        wanted = self._wanted
        if wanted is payload:
            self._tell(shape, places)
        elif wanted is not None:
            if alike(shape.ids, [node.id for node in wanted.nodes]):
                self._tell(shape, places)  # a step behind: better than a graph that stands still
            self.want(wanted)

    def _tell(self, shape: GraphShape, places: NDArray[np.float64]) -> None:
        self._wanted = None
        spots = zip(shape.ids, places.tolist(), strict=True)
        self._last = {one: (float(x), float(y)) for one, (x, y) in spots}
        self._on_found(shape, places)


def alike(some: Collection[int | str], others: Collection[int | str]) -> bool:
    """Whether most nodes are the same: a graph that changed, rather than another."""
    return 2 * len(set(some) & set(others)) >= max(len(some), len(others))


def _held(shape: GraphShape, last: Places) -> Places:
    """Nodes that stay where they are: those of the payload, else those of the step before, unless most are others."""
    given = shape.places
    if given:
        return given
    stays = {one: last[one] for one in shape.ids if one in last}
    return stays if 2 * len(stays) >= len(shape.ids) else {}
