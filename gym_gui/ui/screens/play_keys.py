"""Which keys of the game are down, told apart from auto-repeat, independent of what has the focus next.

Qt thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt, QTimer, Signal

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent

# Under X, auto-repeat may come as release and press pairs that carry no mark and the same time stamp. A release
# counts only when no press of the same key follows within this time.
RELEASE_HOLD_MS: Final = 3

_NAMES: Final = {
    Qt.Key.Key_Left: "left",
    Qt.Key.Key_Right: "right",
    Qt.Key.Key_Up: "up",
    Qt.Key.Key_Down: "down",
    Qt.Key.Key_Space: "space",
    Qt.Key.Key_Return: "enter",
    Qt.Key.Key_Enter: "enter",
    Qt.Key.Key_Shift: "shift",
    Qt.Key.Key_Control: "ctrl",
    Qt.Key.Key_Tab: "tab",
}


def key_name(key: int) -> str:
    """The name that control schemes know a Qt key by: ``left``, ``space``, ``a``, ``7``; empty for no such key."""
    try:
        named = Qt.Key(key)
    except ValueError:
        return ""
    if named in _NAMES:
        return _NAMES[named]
    plain = Qt.Key.Key_A <= key <= Qt.Key.Key_Z or Qt.Key.Key_0 <= key <= Qt.Key.Key_9
    return chr(key).lower() if plain else ""


class KeyTracker(QObject):
    """Turns key events into the set of keys that are down; emits `changed` with that set.

    The set is a ``frozenset[str]``. One physical key is told by its native scan code, so a key whose meaning changes
    while it is down (Shift was let go first, say) is still released.
    """

    changed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._held: dict[int, str] = {}
        self._releases: dict[int, QTimer] = {}

    @property
    def held(self) -> frozenset[str]:
        """The keys that are down."""
        return frozenset(self._held.values())

    def press(self, event: QKeyEvent) -> bool:
        """Take a key press; whether the key is one that games know."""
        name = key_name(event.key())
        if not name:
            return False
        code = _physical_key(event)
        pending = self._releases.pop(code, None)
        if pending is not None:
            # The release was auto-repeat: the key never came up.
            pending.stop()
            pending.deleteLater()
        elif not event.isAutoRepeat() and self._held.get(code) != name:
            self._held[code] = name
            self.changed.emit(self.held)
        return True

    def release(self, event: QKeyEvent) -> bool:
        """Take a key release; whether the key was down."""
        code = _physical_key(event)
        if code not in self._held or event.isAutoRepeat():
            return code in self._held
        if code not in self._releases:
            timer = QTimer(self)
            timer.setSingleShot(True)
            timer.setTimerType(Qt.TimerType.PreciseTimer)
            timer.timeout.connect(lambda: self._let_go(code))
            self._releases[code] = timer
            timer.start(RELEASE_HOLD_MS)
        return True

    def clear(self) -> None:
        """Every key is up: the focus went elsewhere, and no release will tell."""
        for timer in self._releases.values():
            timer.stop()
            timer.deleteLater()
        self._releases.clear()
        if self._held:
            self._held.clear()
            self.changed.emit(self.held)

    def _let_go(self, code: int) -> None:
        timer = self._releases.pop(code, None)
        if timer is not None:
            timer.deleteLater()
        if self._held.pop(code, None) is not None:
            self.changed.emit(self.held)


def _physical_key(event: QKeyEvent) -> int:
    # Synthetic events carry no scan code; negative, so that a key can never be mistaken for one.
    return event.nativeScanCode() or -event.key()
