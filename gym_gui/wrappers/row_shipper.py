"""RowShipper: the thread that takes a training loop's rows to the recording process, several times a second.

It is the only thread of a recording that wants the training's interpreter, some 0.1 ms each time.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.wrappers.said_once import SaidOnce
from gym_gui.wrappers.sender import SEND_S, rows_at_once
from gym_gui.wrappers.step_batcher import StackedActions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gym_gui.services.batch_destination import Order
    from gym_gui.wrappers.array_pen import ArrayPen
    from gym_gui.wrappers.process_destination import ProcessDestination
    from gym_gui.wrappers.step_batcher import RawRows, StepBatcher

_LOGGER = logging.getLogger(__name__)
# A trainer counts on a sign of life, whether there are rows or not.
_BEAT_S: Final = 0.5


class RowShipper:
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
        self._batcher = batcher
        self._pens = pens
        self._destination = destination
        self._on_order = on_order
        self._said = SaidOnce(_LOGGER)
        self._wake = threading.Event()
        self._rounds = threading.Condition()
        self._round = 0
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="telemetry-shipper", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Let it look up now."""
        self._wake.set()

    def drain(self, timeout_s: float | None) -> bool:
        """Wait until everything added before was shipped; whether it was."""
        with self._rounds:
            # The round at hand may have looked before; the one after it has not.
            wanted = self._round + 2
            deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
            while self._round < wanted and self._thread.is_alive():
                self._wake.set()
                left_s = SEND_S if deadline_s is None else min(SEND_S, deadline_s - time.monotonic())
                if left_s <= 0:
                    return False
                self._rounds.wait(left_s)
        return True

    def stop(self, timeout_s: float) -> bool:
        """Ship what is left and end the thread; whether it ended in time."""
        self._stopping = True
        self._wake.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        beaten_s = 0.0
        while not self._stopping:
            self._wake.wait(SEND_S)
            self._wake.clear()
            self._guarded(self._ship)
            with self._rounds:
                self._round += 1
                self._rounds.notify_all()
            if time.monotonic() - beaten_s > _BEAT_S:
                beaten_s = time.monotonic()
                self._guarded(self._destination.beat)
            self._guarded(self._talk)
        self._guarded(self._ship)

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as fault:  # noqa: BLE001 - the edge of the thread: a training loop goes on whatever happens here
            self._said.fault("Steps are not being recorded", fault)

    def _ship(self) -> None:
        while True:
            raw = self._batcher.take(rows_at_once(max(pen.item_bytes for pen in self._pens)))
            if raw.is_empty:
                return
            # After the rows: whatever they speak of was told before they were added.
            events = {pen.kind: _taken(pen) for pen in self._pens}
            _make_portable(raw)
            self._destination.ship(raw, events, self._batcher.rows)

    def _talk(self) -> None:
        self._destination.heartbeat(steps=self._batcher.rows, phase="training")
        for order in self._destination.orders():
            self._on_order(order)


def _taken(pen: ArrayPen) -> list[Any]:
    found = []
    while pen.events:
        found.append(pen.events.popleft())
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
