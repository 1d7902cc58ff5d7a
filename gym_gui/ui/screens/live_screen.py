"""The Live screen: Runs, Watch and Health, over one selection of runs.

Qt thread. It has threads of its own, so that neither a picture nor a curve queues behind other work of the window.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QPushButton, QStackedLayout, QVBoxLayout, QWidget

from gym_gui.controllers.live_opening import open_desk
from gym_gui.controllers.live_runs import LiveRunsController
from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.bridge import QtTaskRunner
from gym_gui.ui.screens.live_runs_page import LiveRunsPage
from gym_gui.ui.screens.live_watch_page import LiveWatchPage
from gym_gui.ui.widgets.basics import make_button, make_label, make_timer
from gym_gui.ui.widgets.messages import Banner

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtGui import QCloseEvent, QFocusEvent, QHideEvent, QShowEvent

    from gym_gui.controllers.live_runs import LiveRunsState
    from gym_gui.controllers.live_source import LiveRun
    from gym_gui.ui.screens.context import ScreenContext

POLL_MS: Final = 500


class LiveScreen(QWidget):
    """The three pages; satisfies `LiveRunsView`.

    Args:
        context: What the screen may use.
    """

    def __init__(self, context: ScreenContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.desk = open_desk(context.archive)
        self._asking = QtTaskRunner(workers=2, parent=self)
        self._curving = QtTaskRunner(workers=1, parent=self)
        self._picturing = QtTaskRunner(workers=1, parent=self)
        self.controller = LiveRunsController(self.desk, self._asking, self)
        self.runs_page = LiveRunsPage(context, self.controller, QFrame())
        self.watch_page = LiveWatchPage(context, self.desk, self._picturing, self._curving)
        self.count = make_label("", "muted")
        self.banner = Banner(context.theme)
        self._poll_timer = make_timer(self, POLL_MS, self.controller.poll, single=False)
        self._build()
        self._connect()

    # What the controller says.

    def show_runs(self, state: LiveRunsState) -> None:
        """Part of `LiveRunsView`."""
        self.runs_page.show_state(state)
        shown, total = len(state.shown), len(state.runs)
        whole = f"{total:,} run{'' if total == 1 else 's'}"
        self.count.setText(f"{shown:,} of {whole}" if shown != total else whole)
        self.count.setVisible(state.loaded)

    # Inside.

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(tokens.SPACE_24, tokens.SPACE_16, tokens.SPACE_16, tokens.SPACE_12)
        head.setSpacing(tokens.SPACE_12)
        head.addWidget(make_label("Live", "headline"))
        self._pages = QStackedLayout()
        self._group = QButtonGroup(self)
        self.page_buttons: dict[str, QPushButton] = {}
        for place, (name, page) in enumerate({"Runs": self.runs_page, "Watch": self.watch_page}.items(), start=1):
            show = partial(self.show_page, page)
            button = make_button(name, show, "chip", tooltip=f"{name} (Alt+{place})")
            button.setCheckable(True)
            self._group.addButton(button)
            self.page_buttons[name] = button
            head.addWidget(button)
            self._pages.addWidget(page)
            self._shortcut(f"Alt+{place}", show)
        head.addWidget(self.count)
        head.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addLayout(head)
        outer.addWidget(self.banner)
        outer.addLayout(self._pages, 1)
        self.show_page(self.runs_page)

    def _connect(self) -> None:
        self.runs_page.table.chosen.connect(self._choose)
        self.runs_page.watch_requested.connect(lambda: self.show_page(self.watch_page))
        self._shortcut("Ctrl+F", self._search)

    def _shortcut(self, keys: str, act: Callable[[], object]) -> None:
        shortcut = QShortcut(QKeySequence(keys), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(act)

    def show_page(self, page: QWidget) -> None:
        """Go to one of the pages."""
        self._pages.setCurrentWidget(page)
        names = list(self.page_buttons)
        self.page_buttons[names[self._pages.currentIndex()]].setChecked(True)
        page.setFocus(Qt.FocusReason.OtherFocusReason)

    def _search(self) -> None:
        self.show_page(self.runs_page)
        self.runs_page.begin_search()

    def _choose(self, runs: Sequence[LiveRun]) -> None:
        self.watch_page.show_runs(runs)

    @override
    def focusInEvent(self, event: QFocusEvent) -> None:
        page = self._pages.currentWidget()
        if page is not None:
            page.setFocus(event.reason())

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.controller.poll()
        self._poll_timer.start()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._poll_timer.stop()

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        self._poll_timer.stop()
        for runner in (self._picturing, self._curving, self._asking):
            runner.close()
        self.desk.close()
        super().closeEvent(event)
