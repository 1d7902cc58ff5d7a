"""The text view: whole, selectable, and where it is longer than the room, scrolled and left where it was."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from gym_gui.ui.theme import Theme
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
