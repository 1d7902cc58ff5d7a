"""The pipeline in full, over the status bar: every count that the bar's one line leaves out.

Qt thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.widgets.basics import make_label, make_tool_button, set_state

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent

    from gym_gui.telemetry.sink_status import SinkStatus
    from gym_gui.ui.theme import Theme


def describe_pipeline(pipeline: SinkStatus | None) -> list[tuple[str, str, str]]:
    """What each line says: label, value, and state (``warn`` where something was lost)."""
    if pipeline is None:
        return [("Recording", "off", "warn")]

    def lost(count: int) -> str:
        return "warn" if count else ""

    return [
        ("Steps saved", f"{pipeline.saved_steps:,}", ""),
        ("Pictures saved", f"{pipeline.saved_frames:,}", ""),
        ("Waiting to be saved", f"{pipeline.queue_depth:,}", ""),
        ("Oldest unsaved step", f"{pipeline.oldest_unsaved_s:.2f} s", ""),
        ("Pictures let go, disk too slow", f"{pipeline.shed_frames:,}", lost(pipeline.shed_frames)),
        ("Pictures the disk refused", f"{pipeline.lost_frames:,}", lost(pipeline.lost_frames)),
        ("Steps lost", f"{pipeline.lost_steps:,}", "bad" if pipeline.lost_steps else ""),
        ("Game held up by the disk", f"{pipeline.blocked_s:.2f} s", ""),
    ]


class StatusDetails(QFrame):
    """A card above the status bar's left end; Escape or its button closes it.

    Args:
        theme: The look.
        window: What it floats over.
    """

    def __init__(self, theme: Theme, window: QWidget) -> None:
        super().__init__(window)
        self.setProperty("card", "true")
        self._values: dict[str, QLabel] = {}
        head = QHBoxLayout()
        head.addWidget(make_label("Recording since this start", "title"), 1)
        head.addWidget(make_tool_button(theme, "close", "Close", self.hide))
        self._fault = make_label("", wrap=True)
        set_state(self._fault, "bad")
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, tokens.SPACE_8, 0)
        self._grid.setHorizontalSpacing(tokens.SPACE_24)
        self._grid.setVerticalSpacing(tokens.SPACE_4)
        column = QVBoxLayout(self)
        column.setContentsMargins(tokens.SPACE_16, tokens.SPACE_8, tokens.SPACE_8, tokens.SPACE_16)
        column.setSpacing(tokens.SPACE_8)
        column.addLayout(head)
        column.addWidget(self._fault)
        column.addLayout(self._grid)
        self.hide()

    def show_pipeline(self, pipeline: SinkStatus | None) -> None:
        """Fill the card with these counts."""
        fault = "" if pipeline is None else pipeline.fault
        self._fault.setText(fault)
        self._fault.setVisible(bool(fault))
        for label, value, state in describe_pipeline(pipeline):
            shown = self._values.get(label)
            if shown is None:
                line = len(self._values)
                shown = self._values[label] = make_label("")
                self._grid.addWidget(make_label(label, "muted"), line, 0)
                self._grid.addWidget(shown, line, 1, Qt.AlignmentFlag.AlignRight)
            shown.setText(value)
            set_state(shown, state)

    def open_above(self, bottom: int) -> None:
        """Show the card with its lower edge at *bottom*, in the window's coordinates."""
        self.adjustSize()
        self.move(tokens.SPACE_12, bottom - self.height() - tokens.SPACE_8)
        self.show()
        self.raise_()
        self.setFocus(Qt.FocusReason.PopupFocusReason)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
        else:
            super().keyPressEvent(event)
