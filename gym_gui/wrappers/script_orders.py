"""ScriptOrders: what a trainer asks of a recorded script: to pause, to go on, to end; the script decides the last."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from gym_gui.wrappers.round_thread import SEND_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from gym_gui.services.batch_destination import Order, WorkerDestination

# A trainer that went away cannot resume what it paused.
_FORSAKEN_S: Final = 30.0


class ScriptOrders:
    """One worker's orders.

    Args:
        destination: Where they come from, and are answered.
        own: Answers those that are not known here: outcome and detail, or None. None for nobody.

    Attributes:
        stop_requested: Whether the trainer asked for the end.
        is_paused: Whether it has this worker wait.
    """

    def __init__(self, destination: WorkerDestination, own: Callable[[Order], tuple[str, str] | None] | None) -> None:
        self.stop_requested = False
        self._destination = destination
        self._own = own
        self.is_paused = False
        self._may_step = threading.Event()

    def wait_while_paused(self) -> None:
        """Return at once, or when the trainer that paused this worker lets it go on."""
        forsaken_s = 0.0
        while self.is_paused and forsaken_s < _FORSAKEN_S:
            if not self._may_step.wait(SEND_S):
                forsaken_s = 0.0 if self._destination.status().connected else forsaken_s + SEND_S
        self.is_paused = False

    def release(self) -> None:
        """Nobody waits any more."""
        self.is_paused = False
        self._may_step.set()

    def obey(self, order: Order) -> None:
        """Do what is asked, and say what became of it; any thread but the one that steps."""
        outcome, detail = "done", ""
        if order.kind == "pause":
            self._may_step.clear()
            self.is_paused = True
        elif order.kind == "resume":
            self.release()
        elif order.kind == "stop":
            self.stop_requested = True
            outcome, detail = "refused", "a script ends its own loop; its recorder now says stop_requested"
        else:
            outcome, detail = "refused", f"a recorded script does not know {order.kind}"
        try:
            own = None if self._own is None else self._own(order)
        except Exception as fault:  # noqa: BLE001 - the script's own function; whoever gave the order waits for an answer
            own = "failed", f"{type(fault).__name__}: {fault}"
        self._destination.answer(order, *(own or (outcome, detail)))
