"""The head-up display: what the game stands at, and how honest the picture is, in two blocks beside the picture.

Qt thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QImage, QPainter
from PySide6.QtWidgets import QWidget

from gym_gui.controllers.session_state import Phase, SessionState
from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.recording_words import record_words
from gym_gui.ui.texts import WRITTEN_OUT_BELOW, number_text

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from gym_gui.ui.theme import Theme

_ROW: Final = 20
_BLOCK_WIDTH: Final = 148
_TOO_SLOW: Final = 0.97


@dataclass(frozen=True, slots=True)
class HudRow:
    """One line: a word at the left, a value at the right, in a role's colour."""

    label: str
    value: str
    role: str = "overlay_text"


@dataclass(frozen=True, slots=True)
class HudBlock:
    """A value that is read at a glance, and lines below it."""

    title: str
    value: str
    rows: tuple[HudRow, ...]
    role: str = "overlay_text"


def score_text(value: float) -> str:
    """A return as people write it: ``1,250``, ``-87.3``."""
    if abs(value) >= WRITTEN_OUT_BELOW:
        return number_text(float(value))
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def time_text(seconds: float) -> str:
    """Minutes and seconds, with hours where there are any: ``0:07``, ``12:40``, ``1:02:03``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def game_block(state: SessionState) -> HudBlock:
    """How the game stands."""
    rows = [HudRow("Step", f"{state.step:,}"), HudRow("Episode", f"{state.episode_index:,}")]
    rows.append(HudRow("Time", time_text(state.elapsed_s)))
    if state.seed is not None:
        rows.append(HudRow("Seed", str(state.seed)))
    return HudBlock("Score", score_text(state.total_reward), tuple(rows))


def rate_block(state: SessionState, *, fault: bool) -> HudBlock:
    """How honest the picture is: recording, rate, late frames."""
    value, kind = record_words(state, fault=fault)
    role = f"overlay_{kind or 'muted'}"
    if state.turn_based:
        return HudBlock("", value, (HudRow("Turn by turn", ""),), role)
    rows = []
    if state.phase is Phase.PLAYING and state.true_hz:
        slow = state.true_hz < state.target_hz * _TOO_SLOW
        rows.append(HudRow("FPS", f"{state.true_hz:.1f}", "overlay_warn" if slow else "overlay_text"))
    else:
        rows.append(HudRow("FPS", "-"))
    rows.append(HudRow("Late", f"{state.late_frames:,}"))
    if state.speed != 1:
        rows.append(HudRow("Speed", f"{state.speed:g}x"))
    return HudBlock("", value, tuple(rows), role)


class HudWidget(QWidget):
    """Paints one block over the picture; the mouse goes through it."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._theme = theme
        self._block: HudBlock | None = None
        self._drawn: QImage | None = None
        self._drawn_in: object = None
        self._big = theme.font(tokens.HEADLINE_PX, bold=True)
        self._title = theme.font(tokens.CAPTION_PX)
        self._body = theme.font(tokens.BODY_PX)

    def show_block(self, block: HudBlock) -> None:
        """Show these lines; equal ones cost nothing."""
        if block == self._block:
            return
        self._block = block
        self._drawn = None
        self.resize(self.sizeHint())
        self.update()

    @property
    def block(self) -> HudBlock | None:
        """What is shown."""
        return self._block

    @override
    def sizeHint(self) -> QSize:
        block = self._block
        if block is None:
            return QSize(_BLOCK_WIDTH, 0)
        height = tokens.SPACE_8 * 2 + 30 + _ROW * len(block.rows) + (16 if block.title else 0)
        font = self._big if block.title else self._body
        width = max(_BLOCK_WIDTH, QFontMetrics(font).horizontalAdvance(block.value) + tokens.SPACE_24)
        return QSize(width, height)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        if self._block is None:
            return
        # It lies over the picture and is painted with every frame of it, but changes ten times a second at most.
        ratio = self.devicePixelRatioF()
        if self._drawn is None or self._drawn.devicePixelRatio() != ratio or self._drawn_in is not self._theme.roles:
            self._drawn = QImage(self.size() * ratio, QImage.Format.Format_ARGB32_Premultiplied)
            self._drawn.setDevicePixelRatio(ratio)
            self._drawn.fill(0)
            self._drawn_in = self._theme.roles
            self._draw(self._block, self._drawn)
        with QPainter(self) as painter:
            painter.drawImage(0, 0, self._drawn)

    def _draw(self, block: HudBlock, target: QImage) -> None:
        theme = self._theme
        with QPainter(target) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            # Nearly solid: every colour on it keeps its contrast over a white picture.
            painter.setBrush(theme.color("overlay"))
            painter.drawRoundedRect(QRectF(self.rect()), tokens.RADIUS, tokens.RADIUS)
            left, right, top = tokens.SPACE_12, self.width() - tokens.SPACE_12, tokens.SPACE_8
            width = right - left
            if block.title:
                painter.setFont(self._title)
                painter.setPen(theme.color("overlay_muted"))
                painter.drawText(QRectF(left, top, width, 16), Qt.AlignmentFlag.AlignVCenter, block.title)
                top += 16
            painter.setFont(self._big if block.title else self._body)
            painter.setPen(theme.color(block.role))
            painter.drawText(QRectF(left, top, width, 28), Qt.AlignmentFlag.AlignVCenter, block.value)
            top += 30
            painter.setFont(self._body)
            for row in block.rows:
                spot = QRectF(left, top, width, _ROW)
                painter.setPen(theme.color("overlay_muted"))
                painter.drawText(spot, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, row.label)
                painter.setPen(theme.color(row.role))
                painter.drawText(spot, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, row.value)
                top += _ROW
