"""Settings: the theme, how pictures are scaled, the HUD, and where recordings live.

Qt thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.widgets.basics import make_button, make_label, make_line
from gym_gui.ui.widgets.switch import Segments, Switch

if TYPE_CHECKING:
    from PySide6.QtGui import QShowEvent

    from gym_gui.ui.screens.context import ScreenContext

_COLUMN: Final = 640
_SELECTABLE: Final = Qt.TextInteractionFlag.TextSelectableByMouse


class SettingsScreen(QWidget):
    """Every change takes effect, and is stored, at once."""

    def __init__(self, context: ScreenContext) -> None:
        super().__init__()
        self._context = context
        column = QVBoxLayout()
        column.setContentsMargins(tokens.SPACE_24, tokens.SPACE_16, tokens.SPACE_24, tokens.SPACE_24)
        column.setSpacing(tokens.SPACE_16)
        column.addWidget(make_label("Settings", "headline"))
        column.addWidget(self._make_look())
        column.addWidget(self._make_picture())
        column.addWidget(self._make_folder())
        column.addStretch(1)
        content = QWidget()
        content.setLayout(column)
        content.setMaximumWidth(_COLUMN)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(content)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)

    @override
    def showEvent(self, event: QShowEvent) -> None:
        # The HUD may have been switched by its key since.
        self.hud.setChecked(self._context.settings().ui.hud)
        super().showEvent(event)

    def _make_look(self) -> QFrame:
        self.themes = Segments(
            (("system", "Like the system"), ("dark", "Dark"), ("light", "Light")), self._context.settings().ui.theme
        )
        self.themes.chosen.connect(lambda mode: self._change("ui.theme", mode))
        card, column = _make_card("Theme")
        column.addWidget(self.themes)
        return card

    def _make_picture(self) -> QFrame:
        card, column = _make_card("Picture")
        settings = self._context.settings()
        self.integer = Switch(self._context.theme, "Scale small pictures by whole numbers")
        self.integer.setChecked(settings.ui.integer_scale)
        self.integer.clicked.connect(lambda checked: self._change("ui.integer_scale", checked))
        self.hud = Switch(self._context.theme, "Show score and rate over the picture")
        self.hud.setChecked(settings.ui.hud)
        self.hud.clicked.connect(lambda checked: self._change("ui.hud", checked))
        column.addWidget(self.integer)
        column.addWidget(
            _make_note("Every pixel of the game is then equally large. Without it the picture fills the window.")
        )
        column.addSpacing(tokens.SPACE_8)
        column.addWidget(self.hud)
        column.addWidget(_make_note("H switches it during a game."))
        return card

    def _make_folder(self) -> QFrame:
        card, column = _make_card("Recordings")
        self.folder = str(self._context.archive.paths.root)
        path = make_label(self.folder, wrap=True)
        path.setTextInteractionFlags(path.textInteractionFlags() | _SELECTABLE)
        column.addWidget(path)
        row = QHBoxLayout()
        row.setSpacing(tokens.SPACE_8)
        row.addWidget(make_button("Open folder", self._open_folder))
        row.addWidget(make_button("Copy path", self._copy_folder))
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(make_line())
        column.addWidget(
            _make_note("Start with --var-dir FOLDER, or set GYM_GUI_VAR_DIR, to keep recordings elsewhere.")
        )
        if self._context.recorder is None:
            column.addWidget(
                _make_note("This folder can only be read: what you choose here lasts until the window closes.")
            )
        return card

    def _change(self, key: str, value: object) -> None:
        self._context.change_settings(self._context.settings().with_value(key, value))

    def _open_folder(self) -> None:
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(self.folder)):
            self._context.notify("No program is set up to open folders here.")

    def _copy_folder(self) -> None:
        QGuiApplication.clipboard().setText(self.folder)
        self._context.notify("Path copied.")


def _make_card(title: str) -> tuple[QFrame, QVBoxLayout]:
    card = QFrame()
    card.setProperty("card", "true")
    column = QVBoxLayout(card)
    column.setContentsMargins(tokens.SPACE_16, tokens.SPACE_12, tokens.SPACE_16, tokens.SPACE_16)
    column.setSpacing(tokens.SPACE_8)
    column.addWidget(make_label(title, "title"))
    return card, column


def _make_note(text: str) -> QWidget:
    return make_label(text, "muted", wrap=True)
