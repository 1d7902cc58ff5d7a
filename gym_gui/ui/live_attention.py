"""LiveAttention: the rail's badge and desktop notifications for what happens to runs while one looks elsewhere.

Qt thread; asking happens on the window's tasks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QSystemTrayIcon, QWidget

from gym_gui.controllers.live_attention import AttentionController, AttentionState
from gym_gui.ui.widgets.basics import make_timer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gym_gui.controllers.live_attention import HealthDesk
    from gym_gui.controllers.views import TaskRunner
    from gym_gui.services.trainer.status import AlertStatus
    from gym_gui.ui.theme import Theme

POLL_MS: Final = 3_000
_NOTE_MS: Final = 8_000


class LiveAttention(QObject):
    """Watches over runs for the whole window; satisfies `AttentionView`.

    Args:
        window: What it belongs to.
        theme: The look.
        desk: Whom to ask.
        runner: Where it is asked.
        set_badge: Shows or hides the rail's dot.
        open_live: Brings the window forth, on the live screens.
    """

    changed = Signal()
    alerted = Signal(object)

    def __init__(
        self,
        window: QWidget,
        theme: Theme,
        desk: HealthDesk,
        runner: TaskRunner,
        *,
        set_badge: Callable[[bool], None],
        open_live: Callable[[], None],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._theme = theme
        self._set_badge = set_badge
        self._open_live = open_live
        self._tray: QSystemTrayIcon | None = None
        self.controller = AttentionController(desk, runner, self)
        self._timer = make_timer(window, POLL_MS, self.controller.poll, single=False)
        self._timer.start()
        self.controller.poll()

    @property
    def state(self) -> AttentionState:
        """How everything stands."""
        return self.controller.state

    @property
    def training(self) -> bool:
        """Whether a run goes on that no person plays."""
        return any(run.state.is_active for run in self.state.runs)

    def show_attention(self, state: AttentionState) -> None:
        """Part of `AttentionView`."""
        self._set_badge(bool(state.unseen))
        self.changed.emit()

    def notify_alerts(self, alerts: Sequence[AlertStatus]) -> None:
        """Part of `AttentionView`: in the window, and on the desktop where there is one and nobody looks here."""
        self.alerted.emit(alerts)
        if self._window.isActiveWindow() or not QSystemTrayIcon.isSystemTrayAvailable():
            return
        if self._tray is None:
            self._tray = QSystemTrayIcon(self._theme.icon("gamepad-variant", "accent"), self)
            self._tray.messageClicked.connect(self._open_live)
            self._tray.activated.connect(lambda _reason: self._open_live())
        self._tray.show()  # without an icon most desktops show no message
        kind = QSystemTrayIcon.MessageIcon.Warning
        self._tray.showMessage("gym_gui", "\n".join(alert.sentence for alert in alerts), kind, _NOTE_MS)

    def close(self) -> None:
        """Ask no more."""
        self._timer.stop()
        if self._tray is not None:
            self._tray.hide()
