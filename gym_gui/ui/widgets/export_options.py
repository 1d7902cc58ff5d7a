"""The options of an export's format: only those that it knows are shown.

Qt thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from gym_gui.recording.export import ExportFormat, ExportOptions
from gym_gui.ui import theme as tokens
from gym_gui.ui.widgets.basics import make_label
from gym_gui.ui.widgets.number_field import NumberField
from gym_gui.ui.widgets.switch import Segments, Switch

if TYPE_CHECKING:
    from gym_gui.ui.theme import Theme

_NUMBER_WIDTH: Final = 72
_MAX_FPS: Final = 240.0
_SWITCHES: Final = {
    "frames": "Pictures, lossless",
    "partitioned": "A folder with one file an episode",
    "lines": "One document a line (JSON Lines)",
    "overlay": "Step, action, reward and return below the picture",
    "lossless": "Lossless: every pixel bit for bit",
    "sound": "The sound",
}
# Formats that take pictures along unless told not to.
_WITH_FRAMES: Final = frozenset({"hdf5", "sqlite"})


class ExportOptionsPane(QWidget):
    """Switches and numbers; `changed` tells of each change.

    Args:
        theme: The look.
        rate_hz: The run's step rate, which pictures are shown at unless another is chosen.
        has_sound: Whether any was recorded.
    """

    changed = Signal()

    def __init__(self, theme: Theme, rate_hz: float, parent: QWidget | None = None, *, has_sound: bool) -> None:
        super().__init__(parent)
        self._has_sound = has_sound
        self._rate_hz = rate_hz
        self._format: ExportFormat | None = None
        self._compression = ""
        self.switches = {name: Switch(theme, text) for name, text in _SWITCHES.items()}
        self.fps = NumberField("Pictures a second", _NUMBER_WIDTH, whole=False)
        self.fps.set_range(0.1, _MAX_FPS)
        self.scale = NumberField("Enlarge by", _NUMBER_WIDTH)
        self.scale.set_range(1, 8)
        self._compressions = QHBoxLayout()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(tokens.SPACE_8)
        for switch in self.switches.values():
            switch.clicked.connect(lambda _checked: self.changed.emit())
            column.addWidget(switch)
        self._fps_row = _row("Pictures a second", self.fps)
        self._scale_row = _row("Enlarge by", self.scale)
        for number, number_row in ((self.fps, self._fps_row), (self.scale, self._scale_row)):
            number.changed.connect(self.changed.emit)
            column.addWidget(number_row)
        self._compression_row = QWidget()
        compression = QVBoxLayout(self._compression_row)
        compression.setContentsMargins(0, 0, 0, 0)
        compression.setSpacing(tokens.SPACE_4)
        compression.addWidget(make_label("Compression"))
        compression.addLayout(self._compressions)
        column.addWidget(self._compression_row)

    def show_format(self, chosen: ExportFormat) -> None:
        """Show what *chosen* knows, at its defaults."""
        self._format = chosen
        for name, switch in self.switches.items():
            switch.setVisible(name in chosen.options and (name != "sound" or self._has_sound))
            switch.setChecked(name == "sound" or (name == "frames" and chosen.name in _WITH_FRAMES))
        self.fps.set_value(self._rate_hz)
        self.scale.set_value(1)
        self._fps_row.setVisible("fps" in chosen.options)
        self._scale_row.setVisible("scale" in chosen.options)
        self._compression_row.setVisible(bool(chosen.compressions))
        self._show_compressions(chosen)

    def options(self) -> ExportOptions:
        """What is chosen."""
        known = self._format.options if self._format is not None else frozenset()
        is_on = {name: switch.isChecked() for name, switch in self.switches.items() if name in known}
        return ExportOptions(
            compression=self._compression or None,
            frames=is_on.get("frames"),
            partitioned=is_on.get("partitioned", False),
            lines=is_on.get("lines", False),
            overlay=is_on.get("overlay", False),
            lossless=is_on.get("lossless", False),
            sound=is_on.get("sound", True),
            fps=self.fps.value if "fps" in known and self.fps.value != self._rate_hz else None,
            scale=round(self.scale.value) if "scale" in known else 1,
        )

    def _show_compressions(self, chosen: ExportFormat) -> None:
        while (item := self._compressions.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()  # it would be seen until the event loop comes round
                widget.deleteLater()
        self._compression = chosen.compressions[0] if chosen.compressions else ""
        if chosen.compressions:
            segments = Segments([(name, name) for name in chosen.compressions], self._compression)
            segments.chosen.connect(self._choose_compression)
            self._compressions.addWidget(segments)

    def _choose_compression(self, name: str) -> None:
        self._compression = name
        self.changed.emit()


def _row(text: str, field: QWidget) -> QWidget:
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(make_label(text), 1)
    row.addWidget(field)
    return holder
