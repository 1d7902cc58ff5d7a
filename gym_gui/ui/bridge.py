"""The only two crossings into Qt: `BusPump` brings events and wake-ups in, `QtTaskRunner` brings answers in.

Both live on the Qt thread; only `BusPump.wake` and `QtTaskRunner`'s own workers touch them from elsewhere, and the
signals that cross carry nothing: arrays and answers wait in buffers.
"""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING, Final, TypeVar

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from gym_gui.controllers.tasks import ThreadTaskRunner, Ticket

if TYPE_CHECKING:
    from collections.abc import Callable

    from gym_gui.controllers.views import TaskTicket
    from gym_gui.telemetry.events import TelemetryEvent
    from gym_gui.telemetry.run_bus import OverflowPolicy, RunBus, Subscription

T = TypeVar("T")

_log = logging.getLogger(__name__)

# A wake-up that was lost would freeze the picture; the backstop makes it late instead.
BACKSTOP_MS: Final = 200


class PumpedSubscription:
    """A bus subscription whose events arrive on the Qt thread until it is closed."""

    def __init__(
        self,
        pump: BusPump,
        subscription: Subscription,
        receive: Callable[[list[TelemetryEvent]], None],
    ) -> None:
        self._pump = pump
        self.subscription = subscription
        self._receive = receive

    def drain(self) -> None:
        """Deliver what waits."""
        events = self.subscription.poll()
        if events:
            self._receive(events)

    def close(self) -> None:
        """Stop receiving; safe to call twice."""
        self._pump.forget(self)
        self.subscription.close()


class BusPump(QObject):
    """Polls subscriptions and pollers on the Qt thread when woken from any thread, and every 200 ms regardless."""

    _woken = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pumped: list[PumpedSubscription] = []
        self._pollers: list[Callable[[], None]] = []
        self._pending = False
        self._woken.connect(self._drain, Qt.ConnectionType.QueuedConnection)
        self._backstop = QTimer(self)
        self._backstop.setInterval(BACKSTOP_MS)
        self._backstop.timeout.connect(self._drain)
        self._backstop.start()

    def subscribe(
        self,
        bus: RunBus,
        name: str,
        policy: OverflowPolicy,
        receive: Callable[[list[TelemetryEvent]], None],
        *,
        run_id: str | None = None,
    ) -> PumpedSubscription:
        """Subscribe to *bus*; *receive* is called on the Qt thread with every batch."""
        subscription = bus.subscribe(name, policy, run_id=run_id, on_ready=self.wake)
        pumped = PumpedSubscription(self, subscription, receive)
        self._pumped.append(pumped)
        return pumped

    def forget(self, pumped: PumpedSubscription) -> None:
        """Drop a subscription; `PumpedSubscription.close` calls it."""
        if pumped in self._pumped:
            self._pumped.remove(pumped)

    def add_poller(self, poll: Callable[[], None]) -> None:
        """Call *poll* on the Qt thread after every wake-up: it reads a controller's state and diffs it."""
        self._pollers.append(poll)

    def remove_poller(self, poll: Callable[[], None]) -> None:
        """Forget *poll*; safe where it was never added."""
        if poll in self._pollers:
            self._pollers.remove(poll)

    def wake(self) -> None:
        """Ask for a drain soon. Any thread; a burst of calls makes one drain."""
        # Two threads that both see False cost one drain too many, which is harmless; a lock would cost each step.
        if not self._pending:
            self._pending = True
            self._woken.emit()

    def close(self) -> None:
        """Stop the timer and close every subscription."""
        self._backstop.stop()
        for pumped in list(self._pumped):
            pumped.close()
        self._pollers.clear()

    def _drain(self) -> None:
        # Cleared first: what comes in while we drain asks for another drain.
        self._pending = False
        # State first: a picture must find the page of its own game, not of the one before.
        for poll in list(self._pollers):
            poll()
        for pumped in list(self._pumped):
            pumped.drain()


class QtTaskRunner(QObject):
    """Runs work on worker threads and answers on the Qt thread.

    Args:
        workers: How many tasks run at once.
        parent: Qt parent.
    """

    _answered = Signal()

    def __init__(self, *, workers: int = 3, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._answers: deque[Callable[[], None]] = deque()
        self._closed = False
        self._answered.connect(self._deliver_answers, Qt.ConnectionType.QueuedConnection)
        self._runner = ThreadTaskRunner(self._bring_home, workers=workers, name="ui-task")

    def submit(
        self,
        work: Callable[[], T],
        on_done: Callable[[T], None] | None = None,
        on_error: Callable[[Exception], None] | None = None,
    ) -> TaskTicket:
        """Queue *work*; see `views.TaskRunner`. Once closed, nothing is: a timer may still ask."""
        if self._closed:
            ticket = Ticket()
            ticket.cancel()
            return ticket
        return self._runner.submit(work, on_done, on_error)

    def close(self) -> None:
        """Wait for the tasks that run and drop every answer."""
        self._closed = True
        self._runner.close()
        self._answers.clear()

    def _bring_home(self, answer: Callable[[], None]) -> None:
        self._answers.append(answer)
        if not self._closed:
            self._answered.emit()

    def _deliver_answers(self) -> None:
        while self._answers and not self._closed:
            self._answers.popleft()()
