"""Beside pictures and curves: how the run stands, how its returns are spread, its best and worst episodes.

Qt thread.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QPushButton, QScrollArea, QVBoxLayout, QWidget

from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.screens.live_details import now_facts
from gym_gui.ui.texts import axis_text, number_text
from gym_gui.ui.widgets.basics import make_button
from gym_gui.ui.widgets.fact_grid import FactGrid, FoldingGroup
from gym_gui.ui.widgets.return_histogram import ReturnHistogram

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gym_gui.controllers.live_curves import CurvesState
    from gym_gui.controllers.live_source import LiveRun
    from gym_gui.controllers.return_summary import EpisodePick
    from gym_gui.ui.theme import Theme

WIDTH: Final = 272
_KEY_WIDTH: Final = 84  # its keys are short, its values are not
# What the list and the pictures do not say already.
_SAID: Final = frozenset(
    {
        "Steps",
        "Progress",
        "Episodes",
        "Mean return",
        "Speed",
        "Mean speed",
        "Last step",
        "Host",
        "GPU",
        "Workers",
        "Let go",
    }
)


class _Picks(QWidget):
    """Episodes to open, one button each."""

    picked = Signal(int)

    def __init__(self, theme: Theme, what: str) -> None:
        super().__init__()
        self._theme = theme
        self._what = what
        self.buttons: list[QPushButton] = []
        self._picks: Sequence[EpisodePick] = ()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(tokens.SPACE_4)
        theme.changed.connect(lambda: self.show_picks(self._picks))

    def _pick(self, place: int) -> None:
        self.picked.emit(self._picks[place].place)

    def show_picks(self, picks: Sequence[EpisodePick]) -> None:
        self._picks = picks
        size = QSize(tokens.SPACE_12, tokens.SPACE_12)  # about a ring of the curves
        blank = QPixmap(size)
        blank.fill(Qt.GlobalColor.transparent)
        # Beside those that are marked the others keep the place of the mark.
        unmarked = QIcon(blank) if any(pick.pictured for pick in picks) else QIcon()
        while len(self.buttons) < len(picks):
            place = len(self.buttons)
            button = make_button("", partial(self._pick, place), "quiet")
            self.buttons.append(button)
            self._column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        for place, button in enumerate(self.buttons):
            button.setVisible(place < len(picks))
            if place < len(picks):
                pick = picks[place]
                value = number_text(round(pick.value, 2))
                button.setText(f"{value}   {pick.steps:,} steps, at {axis_text(pick.reached)}")
                button.setIconSize(size)
                button.setIcon(self._theme.icon("circle-outline", "accent") if pick.pictured else unmarked)
                kept = "; its pictures were kept" if pick.pictured else ""
                button.setToolTip(
                    f"Open the {self._what} episode: it ended after {pick.reached:,} steps of training{kept}"
                )


class LiveSide(QScrollArea):
    """The panel.

    Args:
        theme: The look.
        notify: Told what was copied.
    """

    episode_requested = Signal(int)  # a place in `EpisodeFacts`

    def __init__(self, theme: Theme, notify: Callable[[str], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._facts = FactGrid(theme, notify, key_width=_KEY_WIDTH)
        self.histogram = ReturnHistogram(theme)
        self.best, self.worst = _Picks(theme, "best"), _Picks(theme, "worst")
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(tokens.SPACE_16, tokens.SPACE_8, tokens.SPACE_16, tokens.SPACE_16)
        column.setSpacing(tokens.SPACE_8)
        self._groups = []
        for title, content in (
            ("Now", self._facts),
            ("Returns", self.histogram),
            ("Best episodes", self.best),
            ("Worst episodes", self.worst),
        ):
            group = FoldingGroup(theme, title, content)
            self._groups.append(group)
            column.addWidget(group)
        column.addStretch(1)
        self.setWidget(body)
        self.setWidgetResizable(True)
        self.setFixedWidth(WIDTH)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.histogram.picked.connect(self.episode_requested)
        self.best.picked.connect(self.episode_requested)
        self.worst.picked.connect(self.episode_requested)

    @override
    def sizeHint(self) -> QSize:
        return QSize(WIDTH, 400)

    def show_run(self, run: LiveRun | None) -> None:
        """How this run stands."""
        self._facts.set_facts([] if run is None else [fact for fact in now_facts(run) if fact.key in _SAID])

    def show_curves(self, state: CurvesState) -> None:
        """How its returns are spread."""
        returns = state.returns
        self.histogram.show_returns(returns)
        self.best.show_picks(() if returns is None else returns.best)
        self.worst.show_picks(() if returns is None else returns.worst)
        for group in self._groups[2:]:
            group.setVisible(returns is not None)
