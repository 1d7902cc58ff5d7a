"""The text view: whole, selectable, and where it is longer than the room, scrolled and left where it was."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import gymnasium
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from gym_gui.ui.theme import DARK, LIGHT, Theme
from gym_gui.ui.widgets.text_view import LONGEST, TextView

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    made = Theme(qapp, "dark")
    yield made
    made.deleteLater()


@pytest.fixture
def view(qtbot: QtBot, theme: Theme) -> TextView:
    made = TextView(theme)
    qtbot.addWidget(made)
    made.resize(500, 400)
    made.show()
    return made


def test_that_a_short_text_stands_whole_in_the_middle(view: TextView, qtbot: QtBot) -> None:
    view.show_text("You: 10, 4\nDealer: A")
    qtbot.waitUntil(lambda: not view.editor.verticalScrollBar().isVisible())
    assert not view.editor.horizontalScrollBar().isVisible()
    assert (view.target.center() - view.rect().center()).manhattanLength() <= 4


def test_that_text_is_selected_with_the_mouse(view: TextView) -> None:
    view.show_text("abcdefgh")
    inside = view.editor.viewport().rect()
    QTest.mousePress(view.editor.viewport(), Qt.MouseButton.LeftButton, pos=inside.topLeft() + QPoint(1, 12))
    QTest.mouseMove(view.editor.viewport(), QPoint(inside.right(), 12))
    QTest.mouseRelease(view.editor.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(inside.right(), 12))
    assert view.selected == "abcdefgh"
    assert not view.editor.hasFocus()


def test_that_a_long_text_scrolls_and_keeps_its_place(view: TextView) -> None:
    view.show_text("\n".join(f"line {number}" for number in range(500)))
    bar = view.editor.verticalScrollBar()
    assert bar.maximum() > 0
    bar.setValue(200)
    view.show_text("\n".join(f"line {number}!" for number in range(500)))
    assert bar.value() == 200


def test_that_a_title_and_its_sentence_lie_above_the_text(view: TextView) -> None:
    view.show_text("{}", "Legacy payload", "It was written in schema version 0, before payloads had kinds. " * 3)
    parts = [view.title.geometry(), view.sentence.geometry(), view.editor.geometry()]
    assert all(part.bottom() < after.top() for part, after in pairwise(parts))
    assert view.sentence.height() >= view.sentence.heightForWidth(view.sentence.width())
    assert all(view.rect().contains(part) for part in parts)
    view.show_text("{}")
    assert not view.title.isVisible()


def test_that_a_text_of_megabytes_is_cut_and_says_so(view: TextView) -> None:
    view.show_text("x" * (LONGEST + 1))
    assert len(view.editor.toPlainText()) == LONGEST
    assert "200,001 characters" in view.note


def letters_of(view: TextView) -> list[tuple[str, ...]]:
    """Each piece of the text that has its own looks: (letters, their colour, their ground's)."""
    found = []
    block = view.editor.document().begin()
    while block.isValid():
        pieces = block.begin()
        while not pieces.atEnd():
            look = pieces.fragment().charFormat()
            colours = [
                brush.color().name() if brush.isOpaque() else "" for brush in (look.foreground(), look.background())
            ]
            found.append((pieces.fragment().text(), *colours))
            pieces += 1
        block = block.next()
    return found


@pytest.mark.parametrize("env_id", ["Taxi-v4", "FrozenLake-v1"])
def test_that_what_an_environment_colours_is_coloured_and_no_sequence_is_seen(view: TextView, env_id: str) -> None:
    env = gymnasium.make(env_id, render_mode="ansi")
    env.reset(seed=3)
    text = env.render()
    env.close()
    assert isinstance(text, str)
    assert "\x1b[" in text
    view.show_text(text)
    shown = view.editor.toPlainText()
    assert "\x1b" not in shown
    assert "[" not in shown
    assert shown.rstrip("\n") == re.sub(r"\x1b\[[\d;]*m", "", text).rstrip("\n")
    assert any(ground for _, _, ground in letters_of(view))
    assert view.text == text


def test_that_colours_are_those_of_the_theme_and_change_with_it(view: TextView, theme: Theme) -> None:
    view.show_text("a\x1b[31mred\x1b[0m\n\x1b[1;44mground\x1b[0m\x1b[7mturned\x1b[0m\x1b[38;2;1;2;3mtrue")
    for mode, roles in (("dark", DARK), ("light", LIGHT)):
        theme.set_mode(mode)
        assert letters_of(view) == [
            ("a", "", ""),
            ("red", roles.bad, ""),
            ("ground", roles.surface, roles.accent),
            ("turned", roles.surface, roles.text),
            ("true", "#010203", ""),
        ]


def test_that_sequences_that_move_the_cursor_are_left_out(view: TextView) -> None:
    view.show_text("\x1b[2J\x1b[H\x1b[32mok\x1b[0m")
    assert view.editor.toPlainText() == "ok"
    view.show_text("plain again")
    assert letters_of(view) == [("plain again", "", "")]
