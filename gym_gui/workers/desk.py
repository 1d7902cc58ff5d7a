"""OrderDesk: what the trainer asks of a running worker, noted when it comes, done between two steps."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from gym_gui.core.errors import EnvironmentFault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gym_gui.services.batch_destination import Order, WorkerDestination
    from gym_gui.workers.stopping import StopRequest

TRAINING: Final = "training"
EVALUATING: Final = "evaluating"
PAUSED: Final = "paused"
SAVING: Final = "saving"
# Between two looks at the orders; a person who plays feels no more.
_LOOK_EVERY_S: Final = 0.01
_PAUSED_NAP_S: Final = 0.02
# A trainer that went away cannot resume what it paused.
_FORSAKEN_S: Final = 30.0


class OrderDesk:
    """Notes orders as they come, answers them, and says how far the worker is.

    Args:
        destinations: Where orders come from; asked each time, since an evaluation's stream comes later.
        stop: Where *stop* goes.

    Attributes:
        is_paused: Whether the worker is to wait.
        steps: Steps of training so far.
        phase: What the worker does, as the trainer is told.
    """

    def __init__(self, destinations: Callable[[], Sequence[WorkerDestination]], stop: StopRequest) -> None:
        self._destinations = destinations
        self._stop = stop
        self._deals: dict[str, Callable[[Order], str]] = {
            "pause": self._pause,
            "resume": self._resume,
            "stop": self._on_stop,
        }
        self._next_look_at = 0.0
        self.is_paused = False
        self.steps = 0
        self.phase = TRAINING

    def deal_with(self, deals: Mapping[str, Callable[[Order], str]]) -> None:
        """Say who deals with which kind of order.

        Each only notes what is to be done, on whatever thread the order came, and gives one sentence; or it refuses by
        raising a fault.
        """
        self._deals.update(deals)

    def obey(self, order: Order) -> tuple[str, str]:
        """Deal with one order; any thread.

        Returns:
            ``done`` or ``refused``, and one sentence.
        """
        deal = self._deals.get(order.kind)
        if deal is None:
            return "refused", f"This worker knows no order {order.kind!r}."
        try:
            return "done", deal(order)
        except EnvironmentFault as fault:
            return "refused", str(fault)

    def look(self, *, steps: int | None = None) -> None:
        """Between two steps, on the thread that takes them; returns when the next one may be taken.

        Args:
            steps: Steps of training so far, where they changed.

        Raises:
            Stopped: the worker was asked to stop.
        """
        if steps is not None:
            self.steps = steps
        self._stop.check()
        now = time.monotonic()
        if now < self._next_look_at:
            return
        self._next_look_at = now + _LOOK_EVERY_S
        self._exchange(self.phase)
        heard_at = now
        while self.is_paused:
            time.sleep(_PAUSED_NAP_S)
            self._exchange(PAUSED)
            now = time.monotonic()
            if any(destination.status().connected for destination in self._destinations()):
                heard_at = now
            elif now - heard_at > _FORSAKEN_S:
                self.is_paused = False

    def _exchange(self, phase: str) -> None:
        for destination in self._destinations():
            destination.heartbeat(steps=self.steps, phase=phase)
            for order in destination.orders():
                destination.answer(order, *self.obey(order))
        self._stop.check()

    def _pause(self, _order: Order) -> str:
        self.is_paused = True
        return "Paused between two steps."

    def _resume(self, _order: Order) -> str:
        self.is_paused = False
        return "Goes on."

    def _on_stop(self, order: Order) -> str:
        self._stop.make(str(order.detail.get("reason") or "It was asked to stop."))
        return "Stops."
