"""The curves of the chosen runs: which metrics, along which axis, how smooth; and a plot each.

Qt thread; satisfies what a `LiveCurvesController` asks of its view together with the page around it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, cast

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QMenu, QSlider, QVBoxLayout, QWidget

from gym_gui.controllers.run_curves import Axis
from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.widgets.basics import make_button, make_label, make_tool_button
from gym_gui.ui.widgets.curve_plot import CurvePlot
from gym_gui.ui.widgets.switch import Segments

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QResizeEvent

    from gym_gui.controllers.live_curves import CurvesState, LiveCurvesController
    from gym_gui.ui.theme import Theme

_SMOOTH_STEPS: Final = 12
_SLIDER_WIDTH: Final = 96
_TWO_COLUMNS: Final = 520  # pixels from which two plots stand side by side
_AXES: Final = {Axis.STEP: "Step", Axis.TIME: "Time", Axis.EPISODE: "Episode"}


def _spot(grid: QGridLayout, index: int) -> tuple[int, int]:
    row, column, *_ = cast("tuple[int, int, int, int]", grid.getItemPosition(index))
    return row, column


def window_of(notch: int) -> int:
    """Points that are averaged at a notch of the slider: 1, 2, 4, ... 4,096."""
    return 1 << notch


class CurvesPanel(QWidget):
    """Controls and plots.

    Args:
        theme: The look.
        controller: Reads, chooses, picks.
    """

    tall_requested = Signal(bool)  # a plot alone wants the room

    def __init__(self, theme: Theme, controller: LiveCurvesController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._controller = controller
        self._state: CurvesState | None = None
        self.plots: list[CurvePlot] = []
        self._alone: int | None = None
        self.metrics = make_button("Metrics", tooltip="Which curves are shown (M)")
        self.metrics.setAutoDefault(False)
        self._menu = QMenu(self)
        self.metrics.setMenu(self._menu)
        self.axis = Segments(tuple((axis.value, title) for axis, title in _AXES.items()), Axis.STEP.value)
        self.axis.setToolTip("What the curves run along (X)")
        self.axis.chosen.connect(lambda name: controller.set_axis(Axis(name)))
        self.smoothing = QSlider(Qt.Orientation.Horizontal)
        self.smoothing.setRange(0, _SMOOTH_STEPS)
        self.smoothing.setFixedWidth(_SLIDER_WIDTH)
        self.smoothing.setAccessibleName("Smoothing")
        self.smoothing.valueChanged.connect(self._smooth)
        self._smooth_text = make_label("raw", "caption")
        self._smooth_text.setMinimumWidth(tokens.SPACE_32 + tokens.SPACE_16)
        self.band = make_button("Mean", kind="chip", tooltip="Mean of the runs with its 95 % confidence interval (B)")
        self.band.setCheckable(True)
        self.band.toggled.connect(lambda on: controller.set_band(shown=on))
        self._note = make_label("", "muted", wrap=True)
        self._note.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._whole = make_tool_button(theme, "magnify-close", "Show the whole curves (0)", self._show_all)
        self._build()

    def show_curves(self, state: CurvesState) -> None:
        """Show what the controller says."""
        self._state = state
        self._fill_menu(state)
        self.band.setVisible(len(state.run_ids) > 1)
        while len(self.plots) < len(state.plots):
            self._add_plot()
        if self._alone is not None and self._alone >= len(state.plots):
            self._alone = None
        for place, plot in enumerate(self.plots):
            if place < len(state.plots):
                plot.show_plot(state.plots[place], state.plots)
        self._arrange()
        self._say(state)

    # Inside.

    def _build(self) -> None:
        bar = QHBoxLayout()
        bar.setContentsMargins(tokens.SPACE_12, tokens.SPACE_4, tokens.SPACE_12, tokens.SPACE_4)
        bar.setSpacing(tokens.SPACE_8)
        bar.addWidget(self.metrics)
        bar.addWidget(self.axis)
        bar.addWidget(make_label("Smooth", "caption"))
        bar.addWidget(self.smoothing)
        bar.addWidget(self._smooth_text)
        bar.addWidget(self.band)
        bar.addStretch(1)
        bar.addWidget(self._whole)
        self._whole.setVisible(False)
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(tokens.SPACE_4)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(bar)
        column.addWidget(self._note, 1)
        column.addLayout(self._grid, 1)

    def _add_plot(self) -> None:
        plot, place = CurvePlot(self._theme), len(self.plots)
        plot.picked.connect(lambda line, point: self._pick(place, line, point))
        plot.range_changed.connect(lambda left, right: self._link(place, left, right))
        plot.range_reset.connect(self._show_all)
        plot.enlarge_requested.connect(lambda: self._enlarge(place))
        self.plots.append(plot)

    def _pick(self, place: int, line: object, point: int) -> None:
        plot = self.plots[place].plot
        if plot is not None and line in plot.lines:
            self._controller.pick(plot.lines[plot.lines.index(line)], plot.metric, point)

    def _link(self, place: int, left: float, right: float) -> None:
        """All plots run along the same axis: they show the same part of it."""
        self._whole.setVisible(True)
        for other, plot in enumerate(self.plots):
            if other != place:
                plot.show_range(left, right)

    def _show_all(self) -> None:
        self._whole.setVisible(False)
        for plot in self.plots:
            plot.show_all()

    def _enlarge(self, place: int) -> None:
        self._alone = None if self._alone == place else place
        self.tall_requested.emit(self._alone is not None)
        self._arrange()

    def _shown(self) -> list[CurvePlot]:
        count = 0 if self._state is None else len(self._state.plots)
        return self.plots[:count] if self._alone is None else [self.plots[self._alone]]

    def _arrange(self) -> None:
        shown = self._shown()
        columns = 2 if self.width() >= _TWO_COLUMNS and len(shown) > 1 else 1
        rows = max(1, math.ceil(len(shown) / columns))
        for plot in self.plots:
            if plot not in shown:
                self._grid.removeWidget(plot)
                plot.setVisible(False)
        for place, plot in enumerate(shown):
            spot = (place // columns, place % columns)
            index = self._grid.indexOf(plot)
            if index < 0 or _spot(self._grid, index) != spot:
                self._grid.removeWidget(plot)
                self._grid.addWidget(plot, *spot)
            plot.setVisible(True)
        for row in range(self._grid.rowCount()):
            self._grid.setRowStretch(row, int(row < rows))
        for column in range(self._grid.columnCount()):
            self._grid.setColumnStretch(column, int(column < columns))

    def _say(self, state: CurvesState) -> None:
        if state.fault:
            text = state.fault
        elif not state.run_ids:
            text = "Choose a run to see its curves."
        elif state.loading:
            text = "Reading the curves…"
        elif not state.plots:
            text = "No episode has ended yet, and nothing was logged." if not state.metrics else "No metric is chosen."
        else:
            text = ""
        self._note.setText(text)
        self._note.setVisible(bool(text))

    @property
    def note(self) -> str:
        """The sentence that stands where curves would."""
        return self._note.text()

    def _fill_menu(self, state: CurvesState) -> None:
        names = [action.text() for action in self._menu.actions()]
        if names != list(state.metrics):
            self._menu.clear()
            for metric in state.metrics:
                action = self._menu.addAction(metric)
                action.setCheckable(True)
                action.triggered.connect(self._choose)
        for action in self._menu.actions():
            action.setChecked(action.text() in state.chosen)
        self.metrics.setEnabled(bool(state.metrics))

    def _choose(self) -> None:
        state = self._state
        if state is None:
            return
        on = [action.text() for action in self._menu.actions() if action.isChecked()]
        # What was there keeps its place.
        kept = [metric for metric in state.chosen if metric in on]
        self._alone = None
        self._controller.choose([*kept, *(metric for metric in on if metric not in kept)])

    def _smooth(self, notch: int) -> None:
        window = window_of(notch)
        self._smooth_text.setText("raw" if window == 1 else f"over {window:,}")
        self.smoothing.setToolTip(f"Mean of {window:,} points" if window > 1 else "No smoothing ([ and ])")
        self._controller.set_window(window)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key == Qt.Key.Key_BracketLeft:
            self.smoothing.setValue(self.smoothing.value() - 1)
        elif key == Qt.Key.Key_BracketRight:
            self.smoothing.setValue(self.smoothing.value() + 1)
        elif key == Qt.Key.Key_X:
            axes = list(_AXES)
            axis = axes[(axes.index(self._controller.state.axis) + 1) % len(axes)]
            self.axis.set_value(axis.value)
            self._controller.set_axis(axis)
        elif key == Qt.Key.Key_B and self.band.isVisible():
            self.band.toggle()
        elif key == Qt.Key.Key_M:
            self.metrics.showMenu()
        else:
            super().keyPressEvent(event)
