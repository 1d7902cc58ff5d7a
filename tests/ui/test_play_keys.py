"""Which keys are down: auto-repeat in both of its forms, taps, focus, and keys that change their meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent

from gym_gui.ui.screens.play_keys import KeyTracker, key_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

LEFT_CODE, A_CODE = 113, 38
Key = Qt.Key
WAIT_MS = 5_000


class Keyboard:
    """Sends key events as X does, and remembers every set of keys that the tracker told."""

    def __init__(self) -> None:
        self.tracker = KeyTracker()
        self.told: list[set[str]] = []
        self.tracker.changed.connect(lambda keys: self.told.append(set(keys)))

    def press(self, key: Qt.Key, code: int, *, repeat: bool = False) -> None:
        self.tracker.press(self._event(QEvent.Type.KeyPress, key, code, repeat=repeat))

    def release(self, key: Qt.Key, code: int, *, repeat: bool = False) -> None:
        self.tracker.release(self._event(QEvent.Type.KeyRelease, key, code, repeat=repeat))

    def _event(self, kind: QEvent.Type, key: Qt.Key, code: int, *, repeat: bool) -> QKeyEvent:
        return QKeyEvent(kind, key, Qt.KeyboardModifier.NoModifier, code, 0, 0, "", repeat, 1)


@pytest.fixture
def keyboard(qtbot: QtBot) -> Iterator[Keyboard]:  # noqa: ARG001 - timers need an application
    keyboard = Keyboard()
    yield keyboard
    keyboard.tracker.deleteLater()


def test_that_auto_repeat_as_pairs_without_a_mark_is_one_long_press(qtbot: QtBot, keyboard: Keyboard) -> None:
    keyboard.press(Key.Key_Left, LEFT_CODE)
    for _ in range(25):
        keyboard.release(Key.Key_Left, LEFT_CODE)
        keyboard.press(Key.Key_Left, LEFT_CODE)
    assert keyboard.told == [{"left"}]
    keyboard.release(Key.Key_Left, LEFT_CODE)
    qtbot.waitUntil(lambda: keyboard.told == [{"left"}, set()], timeout=WAIT_MS)


def test_that_marked_auto_repeat_is_one_long_press(qtbot: QtBot, keyboard: Keyboard) -> None:
    keyboard.press(Key.Key_Left, LEFT_CODE)
    for _ in range(5):
        keyboard.press(Key.Key_Left, LEFT_CODE, repeat=True)
        keyboard.release(Key.Key_Left, LEFT_CODE, repeat=True)
    assert keyboard.told == [{"left"}]
    keyboard.release(Key.Key_Left, LEFT_CODE)
    qtbot.waitUntil(lambda: keyboard.told[-1] == set(), timeout=WAIT_MS)


def test_that_two_keys_are_down_together(qtbot: QtBot, keyboard: Keyboard) -> None:
    keyboard.press(Key.Key_Left, LEFT_CODE)
    keyboard.press(Key.Key_A, A_CODE)
    keyboard.release(Key.Key_Left, LEFT_CODE)
    qtbot.waitUntil(lambda: keyboard.told == [{"left"}, {"left", "a"}, {"a"}], timeout=WAIT_MS)


def test_that_a_release_of_one_key_is_not_cancelled_by_a_press_of_another(qtbot: QtBot, keyboard: Keyboard) -> None:
    keyboard.press(Key.Key_Left, LEFT_CODE)
    keyboard.release(Key.Key_Left, LEFT_CODE)
    keyboard.press(Key.Key_A, A_CODE)
    qtbot.waitUntil(lambda: keyboard.tracker.held == {"a"}, timeout=WAIT_MS)


def test_that_a_key_whose_meaning_changed_while_down_is_released(qtbot: QtBot, keyboard: Keyboard) -> None:
    keyboard.press(Key.Key_2, 11)
    keyboard.release(Key.Key_At, 11)
    qtbot.waitUntil(lambda: keyboard.tracker.held == frozenset(), timeout=WAIT_MS)


def test_that_clearing_lets_every_key_go_at_once(qtbot: QtBot, keyboard: Keyboard) -> None:
    keyboard.press(Key.Key_Left, LEFT_CODE)
    keyboard.press(Key.Key_A, A_CODE)
    keyboard.release(Key.Key_A, A_CODE)
    keyboard.tracker.clear()
    assert keyboard.told[-1] == set()
    with qtbot.assertNotEmitted(keyboard.tracker.changed, wait=20):
        pass  # the release that was held back says nothing more


def test_that_keys_that_no_game_knows_are_left_to_the_window(keyboard: Keyboard) -> None:
    keyboard.press(Key.Key_F5, 71)
    keyboard.release(Key.Key_F5, 71)
    assert keyboard.told == []


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (Key.Key_Up, "up"),
        (Key.Key_Space, "space"),
        (Key.Key_Enter, "enter"),
        (Key.Key_Return, "enter"),
        (Key.Key_W, "w"),
        (Key.Key_7, "7"),
        (Key.Key_F1, ""),
        (Key.Key_Period, ""),
    ],
)
def test_that_keys_have_the_names_that_games_use(key: Qt.Key, name: str) -> None:
    assert key_name(key) == name
