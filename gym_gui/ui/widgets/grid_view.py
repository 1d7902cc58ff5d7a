"""A world of cells, drawn crisply: letters and colours by role, agents over them, numbers and a legend.

Qt thread. What stays is painted once; of a step that follows only what changed is painted again.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QHelpEvent, QImage, QPainter, QPen
from PySide6.QtWidgets import QToolTip, QWidget

from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.texts import shortened
from gym_gui.ui.widgets.grid_look import CodeLook, Tiles, draw_agent, looks_of, word_height
from gym_gui.ui.widgets.grid_place import GridNeeds, GridPlace, place_grid
from gym_gui.ui.widgets.payload_colors import agent_color

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from gym_gui.core.schema.render_payload import GridAgent, GridPayload
    from gym_gui.ui.theme import Theme

MOST_CELLS: Final = 250  # rows, and columns: more are no cells to the eye, and painting them takes too long
_LONGEST_LABEL: Final = 24
_MARKER: Final = 0.68  # of a cell's side
_FACING: Final = {"right": "→", "down": "↓", "left": "←", "up": "↑"}
_MINIMUM: Final = QSize(120, 90)


class GridView(QWidget):
    """Paints one grid; the mouse goes through it, but for what a cell is, which a tooltip tells.

    Args:
        theme: The look.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMinimumSize(_MINIMUM)
        self._theme = theme
        self._payload: GridPayload | None = None
        self._looks: dict[str, CodeLook] = {}
        self._place: GridPlace | None = None
        self._tiles: Tiles | None = None
        self._drawn: QImage | None = None
        self._ratio = 1.0
        self._cut = ""
        theme.changed.connect(self._forget)

    @property
    def payload(self) -> GridPayload | None:
        """What is shown."""
        return self._payload

    @property
    def note(self) -> str:
        """What is not shown of it; empty where all is."""
        return self._cut

    @property
    def target(self) -> QRect:
        """What numbers, cells and legend cover, in logical pixels."""
        place = self._placed()
        return QRect() if place is None else self._logical(place.bounds).toAlignedRect()

    def cell_rect(self, row: int, column: int) -> QRectF:
        """Where a cell is painted, in logical pixels."""
        place = self._placed()
        return QRectF() if place is None else self._logical(place.cell_at(row, column))

    def show_grid(self, payload: GridPayload) -> None:
        """Show *payload*; where it is much like the one before, only what differs is painted."""
        payload = self._bounded(payload)
        before, self._payload = self._payload, payload
        if payload == before:
            return
        self.setAccessibleName(description(payload))
        kept = before is not None and _frame_of(before) == _frame_of(payload)
        if before is None or not kept:
            self._forget()
        elif before.cells is not payload.cells and before.cells != payload.cells:
            self._repaint_cells(before, payload)
        self.update()

    def _bounded(self, payload: GridPayload) -> GridPayload:
        rows, columns = min(payload.rows, MOST_CELLS), min(payload.columns, MOST_CELLS)
        self._cut = ""
        if (rows, columns) == (payload.rows, payload.columns):
            return payload
        self._cut = f"{payload.rows:,} by {payload.columns:,} cells; the first {rows:,} by {columns:,} are drawn."
        return replace(payload, rows=rows, columns=columns, cells=tuple(row[:columns] for row in payload.cells[:rows]))

    # --- placing ----------------------------------------------------------------------------------------------------

    def _placed(self) -> GridPlace | None:
        payload = self._payload
        if payload is None or payload.rows < 1 or payload.columns < 1:
            return None
        if self._place is None:
            self._ratio = ratio = self.devicePixelRatioF()
            metrics = QFontMetrics(self._device_font())
            number = QSize(metrics.horizontalAdvance(str(max(payload.rows, payload.columns) - 1)), metrics.height())
            swatch = self._swatch()
            entries = [
                QSize(swatch + round(tokens.SPACE_8 * ratio) + metrics.horizontalAdvance(text), swatch)
                for _, text in self._entries()
            ]
            needs = GridNeeds(
                rows=payload.rows,
                columns=payload.columns,
                number=number,
                entries=entries,
                space=round(tokens.SPACE_16 * ratio),
                ratio=ratio,
            )
            self._place = place_grid(needs, QSize(round(self.width() * ratio), round(self.height() * ratio)))
        return self._place

    def _entries(self) -> list[tuple[CodeLook | int, str]]:
        """What the legend explains: agents by their place, codes that have a word, bare ground last."""
        agents = () if self._payload is None else self._payload.agents
        seen = {agent.label: place for place, agent in reversed(list(enumerate(agents)))}
        ordered = sorted(seen.items(), key=lambda one: one[1])
        told: list[tuple[CodeLook | int, str]] = [
            (place, shortened(label or "agent", _LONGEST_LABEL)) for label, place in ordered
        ]
        codes = sorted((look for look in self._looks.values() if look.word), key=lambda look: not look.letter)
        return told + [(look, shortened(look.word, _LONGEST_LABEL)) for look in codes]

    def _swatch(self) -> int:
        return round((tokens.ICON + 2) * self._ratio)

    def _device_font(self, *, bold: bool = False) -> QFont:
        font = self._theme.font(tokens.CAPTION_PX, bold=bold)
        font.setPixelSize(max(1, round(tokens.CAPTION_PX * self._ratio)))
        return font

    def _logical(self, box: QRect) -> QRectF:
        ratio = self._ratio
        return QRectF(box.x() / ratio, box.y() / ratio, box.width() / ratio, box.height() / ratio)

    # --- painting ---------------------------------------------------------------------------------------------------

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place = self._drawn = self._tiles = None

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            if self._ratio != self.devicePixelRatioF():
                self._forget()
            payload, place = self._payload, self._placed()
            if payload is None or place is None:
                painter.fillRect(self.rect(), self._theme.color("surface"))
                return
            if self._drawn is None:
                self._drawn = self._draw(payload, place)
            painter.drawImage(0, 0, self._drawn)
            # In device pixels, as the cells are: a marker must not be blurred by half of one.
            painter.scale(1 / self._ratio, 1 / self._ratio)
            self._draw_agents(painter, payload.agents, place)

    def _forget(self) -> None:
        self._place = self._drawn = self._tiles = None
        self._ratio = self.devicePixelRatioF()
        self._looks = {} if self._payload is None else looks_of(self._payload, self._theme)
        self.update()

    def _draw(self, payload: GridPayload, place: GridPlace) -> QImage:
        size = QSize(round(self.width() * self._ratio), round(self.height() * self._ratio))
        image = QImage(size, QImage.Format.Format_RGB32)
        image.fill(self._theme.color("surface"))
        with QPainter(image) as painter:
            if place.gap:
                whole = QRect(place.left, place.top, place.cell * payload.columns, place.cell * payload.rows)
                painter.fillRect(whole.adjusted(-place.gap, -place.gap, 0, 0), self._theme.color("line"))
            self._tiles = Tiles(self._theme, max(1, place.cell - place.gap), self._ratio)
            for row, codes in enumerate(payload.cells):
                for column, code in enumerate(codes):
                    self._draw_cell(painter, place, row, column, code)
            if place.numbers:
                self._draw_numbers(painter, payload, place)
            self._draw_legend(painter, place)
        image.setDevicePixelRatio(self._ratio)
        return image

    def _draw_cell(self, painter: QPainter, place: GridPlace, row: int, column: int, code: object) -> None:
        if self._tiles is not None and place.cell:
            painter.drawImage(place.cell_at(row, column).topLeft(), self._tiles.tile(self._looks[str(code)]))

    def _repaint_cells(self, before: GridPayload, payload: GridPayload) -> None:
        codes = {str(code) for row in payload.cells for code in set(row)}
        if not codes <= self._looks.keys():
            self._forget()  # a code that was never seen: legend and letters may change
            return
        if self._drawn is None or self._place is None:
            return
        self._drawn.setDevicePixelRatio(1.0)
        with QPainter(self._drawn) as painter:
            for row, (old, new) in enumerate(zip(before.cells, payload.cells, strict=True)):
                if old == new:
                    continue
                for column, code in enumerate(new):
                    if old[column] != code:
                        self._draw_cell(painter, self._place, row, column, code)
        self._drawn.setDevicePixelRatio(self._ratio)

    def _draw_numbers(self, painter: QPainter, payload: GridPayload, place: GridPlace) -> None:
        font = self._device_font()
        metrics = QFontMetrics(font)
        painter.setFont(font)
        painter.setPen(self._theme.color("text_muted"))
        half = round(tokens.SPACE_8 * self._ratio)
        widest = metrics.horizontalAdvance(str(payload.columns - 1)) + half
        every = math.ceil(widest / place.cell)
        for column in range(0, payload.columns, every):
            box = place.cell_at(0, column).translated(0, -metrics.height() - half // 2)
            box.setHeight(metrics.height())
            box.adjust(-widest, 0, widest, 0)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(column))
        for row in range(payload.rows):
            box = place.cell_at(row, 0)
            box.setLeft(0)
            box.setRight(place.left - half)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, str(row))

    def _draw_legend(self, painter: QPainter, place: GridPlace) -> None:
        side, ratio = self._swatch(), self._ratio
        tiles = Tiles(self._theme, side, ratio)
        font, bold = self._device_font(), self._device_font(bold=True)
        for spot, (what, text) in zip(place.legend, self._entries(), strict=False):
            box = QRect(spot, QSize(side, side))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
            if isinstance(what, CodeLook):
                painter.drawImage(spot, tiles.tile(replace(what, word="")))
                painter.setPen(QPen(self._theme.color("line"), max(1, round(ratio))))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRect(box.adjusted(0, 0, -1, -1))
            else:
                draw_agent(painter, box, agent_color(self._theme, what), _initial(text), bold, ratio=ratio)
            painter.setFont(font)
            painter.setPen(self._theme.color("text"))
            words = box.translated(side + round(tokens.SPACE_8 * ratio), 0)
            words.setWidth(self.width() * round(ratio + 1))
            painter.drawText(words, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)

    def _draw_agents(self, painter: QPainter, agents: Sequence[GridAgent], place: GridPlace) -> None:
        payload = self._payload
        if payload is None or not place.cell:
            return
        first = {agent.label: number for number, agent in reversed(list(enumerate(agents)))}
        inside = [one for one in agents if 0 <= one.row < payload.rows and 0 <= one.column < payload.columns]
        sharing: dict[tuple[int, int], list[GridAgent]] = {}
        for agent in inside:
            sharing.setdefault((agent.row, agent.column), []).append(agent)
        for (row, column), here in sharing.items():
            cell = place.cell_at(row, column)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
            edge = max(2, round(2 * self._ratio))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(_edge(agent_color(self._theme, first[here[0].label]), edge))
            painter.drawRect(QRectF(cell).adjusted(edge / 2, edge / 2, -edge / 2, -edge / 2))
            look = self._looks.get(str(payload.cells[row][column]))
            if look is not None and self._tiles is not None and self._tiles.has_word(look):
                cell.setBottom(cell.bottom() - word_height(self._theme, self._ratio))  # it stays to be read
            for box, agent in zip(marker_boxes(cell, len(here)), here, strict=True):
                font = self._device_font(bold=True)
                font.setPixelSize(max(1, round(min(box.width() * 0.5, tokens.HEADLINE_PX * self._ratio))))
                color = agent_color(self._theme, first[agent.label])
                draw_agent(painter, box, color, _initial(agent.label), font, ratio=self._ratio)

    # --- what a cell is ---------------------------------------------------------------------------------------------

    @override
    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            text = self.told_at(event.pos())
            if text:
                QToolTip.showText(event.globalPos(), text, self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def told_at(self, spot: QPoint) -> str:
        """What the cell at *spot*, logical pixels, is: ``Row 2, column 1: hole``; empty beside the cells."""
        payload, place = self._payload, self._placed()
        if payload is None or place is None or not place.cell:
            return ""
        row = math.floor((spot.y() * self._ratio - place.top) / place.cell)
        column = math.floor((spot.x() * self._ratio - place.left) / place.cell)
        if not (0 <= row < payload.rows and 0 <= column < payload.columns):
            return ""
        code = str(payload.cells[row][column])
        look = self._looks.get(code)
        here = [one.label or "agent" for one in payload.agents if (one.row, one.column) == (row, column)]
        what = look.word if look is not None and look.word else code
        return f"Row {row}, column {column}: {', '.join([what, *here])}"


def description(payload: GridPayload) -> str:
    """The grid in words: its size and where the agents are."""
    agents = "; ".join(f"{one.label or 'agent'} at row {one.row}, column {one.column}" for one in payload.agents[:8])
    return f"Grid of {payload.rows} rows and {payload.columns} columns{': ' if agents else ''}{agents}"


def marker_boxes(cell: QRect, count: int) -> list[QRect]:
    """Squares in *cell* for so many markers, side by side in as many lines as columns."""
    across = math.ceil(math.sqrt(count))
    wide, high = cell.width() // across, cell.height() // across
    marker = round(min(wide, high) * _MARKER)
    boxes = []
    for number in range(count):
        down, right = divmod(number, across)
        corner = cell.topLeft() + QPoint(right * wide + (wide - marker) // 2, down * high + (high - marker) // 2)
        boxes.append(QRect(corner, QSize(marker, marker)))
    return boxes


def _initial(label: str) -> str:
    """The sign in a marker: which way it faces, where its label says so, else its first letter."""
    return _FACING.get(label.rpartition(" facing ")[2], label[:1].upper()) if " facing " in label else label[:1].upper()


def _frame_of(payload: GridPayload) -> tuple[object, ...]:
    """What decides on place, looks and legend."""
    return payload.rows, payload.columns, payload.legend, tuple(agent.label for agent in payload.agents)


def _edge(color: QColor, width: int) -> QPen:
    pen = QPen(color, width)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    return pen
