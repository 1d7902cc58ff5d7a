"""RowShipper: the thread that takes a training loop's rows to the recording process, several times a second.

It is the only thread of a recording that wants the training's interpreter, some 0.1 ms each time.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.core.typing_compat import override
from gym_gui.wrappers.round_thread import RoundThread
from gym_gui.wrappers.step_batcher import StackedActions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gym_gui.services.batch_destination import Order
    from gym_gui.wrappers.array_pen import ArrayPen
    from gym_gui.wrappers.process_destination import ProcessDestination
    from gym_gui.wrappers.step_batcher import RawRows, StepBatcher

# A trainer counts on a sign of life, whether there are rows or not.
_BEAT_S: Final = 0.5
# A round is one piece, but for an environment that nothing holds up.
_PIECE_ROWS: Final = 4_096


class RowShipper(RoundThread):
    """Ships one worker's rows.

    Args:
        batcher: Whose rows.
        pens: Of its pictures and observations.
        destination: Where to.
        on_order: Answers what a trainer asks for; called on this thread.
    """

    def __init__(
        self,
        batcher: StepBatcher,
        pens: Sequence[ArrayPen],
        destination: ProcessDestination,
        on_order: Callable[[Order], None],
    ) -> None:
        super().__init__("telemetry-shipper")
        self._batcher = batcher
        self._pens = pens
        self._destination = destination
        self._on_order = on_order
        self._beaten_s = 0.0

    @override
    def _take_round(self) -> None:
        while True:
            raw = self._batcher.take(_PIECE_ROWS)
            if raw.is_empty:
                return
            self.way.breathe()
            # After the rows: whatever they speak of was told before they were added.
            events = [(pen.kind.value, _taken(pen)) for pen in self._pens]
            _make_portable(raw)
            self.way.breathe()
            self._destination.ship(raw, events, self._batcher.rows)
            if len(raw) < _PIECE_ROWS:
                return  # what came meanwhile is the next round's: a fast training would never let this one end

    @override
    def _talk(self) -> None:
        if time.monotonic() - self._beaten_s > _BEAT_S:
            self._beaten_s = time.monotonic()
            self._destination.beat()
        self._destination.heartbeat(steps=self._batcher.rows, phase="training")
        for order in self._destination.orders():
            self._on_order(order)


def _taken(pen: ArrayPen) -> list[tuple[Any, ...]]:
    # As plain tuples: whatever has a class of ours is asked in Python how it pickles.
    found = []
    while pen.events:
        found.append(tuple(pen.events.popleft()))
    return found


def _make_portable(raw: RawRows) -> None:
    """Many small arrays become one: each would cost the interpreter more than its bytes."""
    actions = raw.actions
    if not isinstance(actions, list):
        return
    missing = [row for row, action in enumerate(actions) if action is None]
    first = next((action for action in actions if action is not None), None)
    if not isinstance(first, np.ndarray) or not first.ndim or first.dtype.hasobject:
        return
    blank = np.zeros_like(first)
    arrays = [blank if action is None else action for action in actions]
    if all(type(one) is np.ndarray and one.shape == first.shape and one.dtype == first.dtype for one in arrays):
        raw.actions = StackedActions(np.stack(arrays), missing)
