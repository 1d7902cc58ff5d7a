"""The Live screen: Runs, Watch and Health, over one choice of runs.

Qt thread. It has threads of its own, so that neither a picture nor a curve queues behind other work of the window.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QSplitter,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gym_gui.controllers.live_attention import alert_key
from gym_gui.controllers.live_details import LiveDetailsController
from gym_gui.controllers.live_log import LiveLogController
from gym_gui.controllers.live_orders import LiveOrdersController, cloned
from gym_gui.controllers.live_runs import LiveRunsController
from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.bridge import QtTaskRunner
from gym_gui.ui.screens.live_actions import LiveActions
from gym_gui.ui.screens.live_banner_room import BannerRoom
from gym_gui.ui.screens.live_compare_page import LiveComparePage
from gym_gui.ui.screens.live_details import LiveDetails
from gym_gui.ui.screens.live_health_page import LiveHealthPage
from gym_gui.ui.screens.live_log_pane import LiveLogPane
from gym_gui.ui.screens.live_runs_page import LiveRunsPage
from gym_gui.ui.screens.live_watch_page import LiveWatchPage
from gym_gui.ui.widgets.basics import make_button, make_label, make_timer, make_tool_button
from gym_gui.ui.widgets.messages import Banner

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtGui import QAction, QCloseEvent, QFocusEvent, QHideEvent, QResizeEvent, QShowEvent

    from gym_gui.controllers.live_attention import AttentionState
    from gym_gui.controllers.live_details import Comparison, RunDetails
    from gym_gui.controllers.live_log import LogState
    from gym_gui.controllers.live_runs import LiveRunsState
    from gym_gui.controllers.live_source import LiveRun
    from gym_gui.services.trainer.config import TrainingConfig
    from gym_gui.services.trainer.status import AlertStatus
    from gym_gui.ui.screens.context import ScreenContext
    from gym_gui.ui.screens.live_start_form import LiveStartForm

POLL_MS: Final = 500
LOG_MS: Final = 700


class LiveScreen(QWidget):
    """The pages; satisfies `LiveRunsView`, `DetailsView`, `LogView` and `OrdersView`.

    Args:
        context: What the screen may use.
    """

    def __init__(self, context: ScreenContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        theme, self.desk = context.theme, context.live.desk
        self._asking = QtTaskRunner(workers=3, parent=self)
        self._curving, self._picturing, self._acting = (QtTaskRunner(workers=1, parent=self) for _ in range(3))
        self.controller = LiveRunsController(self.desk, self._asking, self)
        self.details_controller = LiveDetailsController(self.desk, self._asking, self)
        self.log_controller = LiveLogController(self.desk, self._asking, self)
        self.orders = LiveOrdersController(self.desk, self._asking, self)
        self.details = LiveDetails(theme, context.notify)
        self.runs_page = LiveRunsPage(context, self.controller, self.details)
        self.log_pane = LiveLogPane(theme)
        self.log_pane.connect_controller(self.log_controller)
        self.watch_page = LiveWatchPage(
            context,
            self.desk,
            self.runs_page.table,
            pictures=self._picturing,
            curves=self._curving,
            orders=self._acting,
        )
        self.health_page = LiveHealthPage(theme, context.notify)
        self.compare_page = LiveComparePage(context, self.desk, self._curving)
        self.count = make_label("", "muted")
        self.count.setMinimumWidth(1)
        self.banner = Banner(theme, inline=True)
        self._wanted_run = ""
        self._told_alerts: tuple[AlertStatus, ...] = ()  # what the banner is about, where it is about alerts
        self.start_form: LiveStartForm | None = None
        self.actions_of_runs = LiveActions(
            theme,
            self.orders,
            clone=self._clone,
            compare=self.compare,
            watch=lambda: self.show_page(self.watch_page),
            log=self.toggle_log,
            page=self,
        )
        self._poll_timer = make_timer(self, POLL_MS, self.controller.poll, single=False)
        self._log_timer = make_timer(self, LOG_MS, self.log_controller.poll, single=False)
        self._build()
        self._connect()

    # What the controllers say.

    def show_runs(self, state: LiveRunsState) -> None:
        """Part of `LiveRunsView`."""
        self.runs_page.show_state(state, said="" if self.banner.isHidden() else self.banner.text)
        shown, total = len(state.shown), len(state.runs)
        whole = f"{total:,} run{'' if total == 1 else 's'}"
        self.count.setText(f"{shown:,} of {whole}" if shown != total else whole)
        self.count.setVisible(state.loaded)
        if self._wanted_run and state.find(self._wanted_run) is not None:
            self.runs_page.table.choose(self._wanted_run)
            self._wanted_run = ""

    def show_details(self, details: RunDetails | None) -> None:
        """Part of `DetailsView`."""
        self.details.show_details(details)

    def show_comparison(self, comparison: Comparison) -> None:
        """Part of `DetailsView`."""
        self.compare_page.show_comparison(comparison)
        self.show_page(self.compare_page)

    def show_log(self, state: LogState) -> None:
        """Part of `LogView`."""
        self.log_pane.show_log(state)

    def tell(self, sentence: str) -> None:
        """Part of `OrdersView`."""
        self._context.notify(sentence)

    def show_started(self, run_id: str) -> None:
        """Part of `OrdersView`."""
        self._wanted_run = run_id
        if self.start_form is not None:
            self.start_form.accept()
        self._context.notify("The run was submitted.")

    def show_refused(self, sentence: str, duplicate_of: str) -> None:
        """Part of `OrdersView`."""
        if self.start_form is not None:
            self.start_form.show_refused(sentence)
            return
        self._told_alerts = ()
        self.banner.show_message(
            "bad", sentence, "Show it" if duplicate_of else "", partial(self._show_run, duplicate_of)
        )

    def runs_changed(self) -> None:
        """Part of `OrdersView`."""
        self.controller.poll()

    # What the user does.

    def show_page(self, page: QWidget) -> None:
        """Go to one of the pages."""
        self._pages.setCurrentWidget(self._runs_split if page is self.runs_page else page)
        for name, one in self._named.items():
            self.page_buttons[name].setChecked(one is page)
        self._facts_button.setVisible(page in {self.runs_page, self.watch_page})
        page.setFocus(Qt.FocusReason.OtherFocusReason)

    def _toggle_facts(self) -> None:
        if self._pages.currentWidget() is self.watch_page:
            self.watch_page.toggle_side()
        else:
            self.runs_page.toggle_details()

    def compare(self) -> None:
        """Show the chosen runs side by side."""
        runs = self.runs_page.table.chosen_runs()
        if len(runs) > 1:
            self.details_controller.compare(runs)

    def toggle_log(self) -> None:
        """Show or hide the log of the chosen run."""
        shown = not self.log_pane.isVisible() or self._pages.currentWidget() is not self._runs_split
        self.show_page(self.runs_page)
        self.log_pane.setVisible(shown)
        self._follow_log()

    def show_alerts(self, alerts: Sequence[AlertStatus]) -> None:
        """Something went wrong: say so in the window, until it is over."""
        self._told_alerts = tuple(alerts)
        alert = alerts[0]
        more = f" And {len(alerts) - 1} more." if len(alerts) > 1 else ""
        state = "bad" if alert.kind in {"failed", "nan", "disk-low", "trainer-lost"} else "warn"
        self.banner.show_message(state, alert.sentence + more, "Show", lambda: self.show_page(self.health_page))

    # Inside.

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(tokens.SPACE_24, tokens.SPACE_12, tokens.SPACE_16, tokens.SPACE_8)
        head.setSpacing(tokens.SPACE_8)
        head.addWidget(make_label("Live", "headline"))
        head.addSpacing(tokens.SPACE_8)
        content = self._make_pages()
        self.page_buttons: dict[str, QPushButton] = {}
        for place, (name, page) in enumerate(self._named.items(), start=1):
            show = partial(self.show_page, page)
            button = make_button(name, show, "chip", tooltip=f"{name} (Alt+{place})")
            button.setCheckable(True)
            self.page_buttons[name] = button
            head.addWidget(button)
            self._shortcut(f"Alt+{place}", show)
        head.addSpacing(tokens.SPACE_4)
        head.addWidget(self.count)
        self._banner_room = BannerRoom(self.banner, head, self.count)
        head.addStretch(1)
        self._add_tools(head)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addLayout(head)
        outer.addLayout(self._banner_room.own_line)
        outer.addWidget(content, 1)
        self.show_page(self.runs_page)

    def _make_pages(self) -> QWidget:
        self._runs_split = QSplitter(Qt.Orientation.Vertical)
        self._runs_split.addWidget(self.runs_page)
        self._runs_split.addWidget(self.log_pane)
        self._runs_split.setStretchFactor(0, 1)
        self._runs_split.setChildrenCollapsible(False)
        self.log_pane.hide()
        content = QWidget()
        self._pages = QStackedLayout(content)  # without a parent its first page would be a window for a moment
        self._pages.addWidget(self._runs_split)
        for other in (self.watch_page, self.health_page, self.compare_page):
            self._pages.addWidget(other)
        for wide in (self.runs_page, self.watch_page, self.health_page, self.compare_page):
            # Pages fold what does not fit; by their own wish the widest one would widen the window.
            wide.setMinimumSize(1, 1)
        self._named: dict[str, QWidget] = {
            "Runs": self.runs_page,
            "Watch": self.watch_page,
            "Health": self.health_page,
        }
        return content

    def _add_tools(self, head: QHBoxLayout) -> None:
        acts, theme = self.actions_of_runs, self._context.theme
        self._tool_names: dict[QAction, QToolButton] = {}
        for action in (acts.watch, acts.log, acts.compare):
            head.addWidget(self._tool(action))
        self._more = make_tool_button(theme, "dots-vertical", "More: pause, cancel, clone, archive")
        self._more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._more.setMenu(acts.menu(self._more))
        head.addWidget(self._more)
        self._facts_button = make_tool_button(
            theme, "information-outline", "Show or hide the facts", self._toggle_facts
        )
        head.addWidget(self._facts_button)
        self.start_button = make_button("Start a run", self.start_run, "primary", tooltip="Start a run (Ctrl+N)")
        head.addWidget(self.start_button)

    def _tool(self, action: QAction) -> QToolButton:
        button = QToolButton()
        button.setDefaultAction(action)
        button.setMinimumSize(tokens.HIT_AREA, tokens.HIT_AREA)
        button.setAccessibleName(action.text())
        return button

    def _connect(self) -> None:
        table = self.runs_page.table
        table.chosen.connect(self._choose)
        self.runs_page.watch_requested.connect(lambda: self.show_page(self.watch_page))
        self.runs_page.start_requested.connect(self.start_run)
        self.log_pane.closed.connect(self.toggle_log)
        self.health_page.run_requested.connect(self._show_run)
        self.compare_page.left.connect(lambda: self.show_page(self.runs_page))
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        table.customContextMenuRequested.connect(
            lambda spot: self._more.menu().popup(table.viewport().mapToGlobal(spot))
        )
        self._shortcut("Ctrl+F", self._search)
        self._shortcut("Ctrl+N", self.start_run)
        self._shortcut("Ctrl+T", self.watch_page.control.toggle)
        self._shortcut("F5", self.controller.poll)
        attention = self._context.live.attention
        attention.changed.connect(self._show_attention)
        attention.alerted.connect(self.show_alerts)
        self._show_attention()

    def _shortcut(self, keys: str, act: Callable[[], object]) -> None:
        shortcut = QShortcut(QKeySequence(keys), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(act)

    def _show_attention(self) -> None:
        state = self._context.live.attention.state
        self.health_page.show_attention(state)
        wrong = len(state.alerts)
        self.page_buttons["Health"].setText(f"Health  {wrong}" if wrong else "Health")
        self._drop_what_is_over(state)

    def _drop_what_is_over(self, state: AttentionState) -> None:
        active = {alert_key(alert) for alert in state.alerts}
        left = tuple(alert for alert in self._told_alerts if alert_key(alert) in active)
        if left == self._told_alerts:
            return
        self._told_alerts = left
        if left and not self.banner.isHidden():  # a person may have closed it: what is left is no news
            self.show_alerts(left)
        else:
            self.banner.hide()

    def _search(self) -> None:
        self.show_page(self.runs_page)
        self.runs_page.begin_search()

    def _choose(self, runs: Sequence[LiveRun]) -> None:
        self.watch_page.show_runs(runs)
        self.actions_of_runs.show_runs(runs)
        self.details_controller.show(runs[0] if runs else None)
        self._follow_log()

    def _follow_log(self) -> None:
        run = self.runs_page.table.current_run()
        self.log_controller.follow(run.run_id if run is not None and self.log_pane.isVisible() else None)
        (self._log_timer.start if self.log_pane.isVisible() else self._log_timer.stop)()

    def _show_run(self, run_id: str) -> None:
        if run_id:
            self.banner.hide()
            self.controller.clear_filters()
            self.show_page(self.runs_page)
            self.runs_page.table.choose(run_id)

    def start_run(self) -> None:
        """Open the form."""
        self._open_form(None)

    def _clone(self, run: LiveRun) -> None:
        if run.config is not None:
            self._open_form(cloned(run.config))

    def _open_form(self, config: TrainingConfig | None) -> None:
        # Loaded when it is first asked for: presets and forms cost no start-up time.
        from gym_gui.ui.screens.live_start_form import LiveStartForm  # noqa: PLC0415 - see above

        form = self.start_form = LiveStartForm(self._context.theme, config, parent=self)
        form.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        form.fit_into(self.window().geometry())
        form.submitted.connect(self.orders.start)
        form.judging.connect(lambda config: self.orders.judge(config, partial(self._show_misfit, config)))
        form.finished.connect(self._forget_form)
        form.open()

    def _show_misfit(self, config: TrainingConfig, sentence: str) -> None:
        if self.start_form is not None:
            self.start_form.show_misfit(config, sentence)

    def _forget_form(self) -> None:
        self.start_form = None

    @override
    def focusInEvent(self, event: QFocusEvent) -> None:
        if (page := self._pages.currentWidget()) is not None:
            (self.runs_page if page is self._runs_split else page).setFocus(event.reason())

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._banner_room.fit(self.width())

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.controller.poll()
        self._poll_timer.start()
        self._context.live.attention.controller.look(looking=True)

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._poll_timer.stop()
        self._log_timer.stop()
        self._context.live.attention.controller.look(looking=False)

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        self._poll_timer.stop()
        self._log_timer.stop()
        self.watch_page.hide()
        self.desk.stop_judging()  # or the runners would wait for it
        for runner in (self._picturing, self._curving, self._acting, self._asking):
            runner.close()
        super().closeEvent(event)
