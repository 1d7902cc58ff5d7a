"""What can be done with the chosen runs, as actions: in the bar, in the menu, and by their keys.

Qt thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMessageBox

from gym_gui.controllers.live_orders import LiveOrdersController, RunAct, allowed, what_goes, why_not

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtWidgets import QWidget

    from gym_gui.controllers.live_source import LiveRun
    from gym_gui.ui.theme import Theme


@dataclass(frozen=True, slots=True)
class _Kind:
    title: str
    icon: str
    keys: str


_KINDS: Final = {
    RunAct.PAUSE: _Kind("Pause", "pause", "Ctrl+P"),
    RunAct.RESUME: _Kind("Resume", "play", "Ctrl+R"),
    RunAct.CANCEL: _Kind("Cancel…", "cancel", "Del"),
    RunAct.CONTINUE: _Kind("Continue from its checkpoint", "restart", "Ctrl+G"),
    RunAct.CLONE: _Kind("Clone…", "content-duplicate", "Ctrl+D"),
    RunAct.ARCHIVE: _Kind("Archive", "archive-outline", "Ctrl+Shift+A"),
    RunAct.UNARCHIVE: _Kind("Take out of the archive", "archive-arrow-up-outline", "Ctrl+Shift+U"),
}


class LiveActions(QObject):
    """The actions.

    Args:
        theme: The look.
        orders: Who carries them out.
        clone: Opens the form with a run's settings.
        compare: Shows runs side by side.
        watch: Shows pictures and curves.
        log: Shows or hides the log.
        page: Where the keys work.
    """

    def __init__(
        self,
        theme: Theme,
        orders: LiveOrdersController,
        *,
        clone: Callable[[LiveRun], None],
        compare: Callable[[], None],
        watch: Callable[[], None],
        log: Callable[[], None],
        page: QWidget,
    ) -> None:
        super().__init__(page)
        self._theme = theme
        self._orders = orders
        self._clone = clone
        self._page = page
        self._runs: Sequence[LiveRun] = ()
        self.question: QMessageBox | None = None
        self.watch = self._add("Watch", "monitor-eye", "", watch)
        self.watch.setToolTip("Watch (Enter)")
        self.acts = {
            act: self._add(kind.title, kind.icon, kind.keys, lambda act=act: self._do(act))  # type: ignore[misc] # mypy takes the default for an argument
            for act, kind in _KINDS.items()
        }
        self.compare = self._add("Compare", "compare-horizontal", "Ctrl+E", compare)
        self.log = self._add("Log", "text-box-outline", "Ctrl+L", log)
        self.show_runs(())

    def show_runs(self, runs: Sequence[LiveRun]) -> None:
        """These are chosen."""
        self._runs = runs
        can = frozenset[RunAct]().union(*map(allowed, runs))
        reason = why_not(runs[0]) if runs else ""
        for act, action in self.acts.items():
            action.setEnabled(act in can and (act is not RunAct.CLONE or len(runs) == 1))
            kind = _KINDS[act]
            action.setToolTip(f"{kind.title.rstrip('…')} ({kind.keys})" + (f"\n{reason}" if reason else ""))
        self.watch.setEnabled(bool(runs))
        self.log.setEnabled(bool(runs))
        self.compare.setEnabled(len(runs) > 1)
        self.compare.setToolTip("Compare (Ctrl+E)" if len(runs) > 1 else "Compare: choose two runs or more (Ctrl+E)")

    def menu(self, parent: QWidget) -> QMenu:
        """All of them as a menu."""
        menu = QMenu(parent)
        menu.setToolTipsVisible(True)
        menu.addAction(self.watch)
        menu.addAction(self.log)
        menu.addAction(self.compare)
        menu.addSeparator()
        for action in self.acts.values():
            menu.addAction(action)
        return menu

    def _add(self, title: str, icon: str, keys: str, act: Callable[[], object]) -> QAction:
        action = QAction(self._theme.icon(icon), title, self)
        if keys:
            action.setShortcut(QKeySequence(keys))
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.triggered.connect(lambda _checked=False: act())
        self._theme.changed.connect(lambda: action.setIcon(self._theme.icon(icon)))
        self._page.addAction(action)
        return action

    def _do(self, act: RunAct) -> None:
        runs = [run for run in self._runs if act in allowed(run)]
        if not runs:
            return
        if act is RunAct.CLONE:
            self._clone(runs[0])
        elif act is RunAct.CANCEL:
            self._ask(runs)
        else:
            self._orders.act(act, runs)

    def _ask(self, runs: Sequence[LiveRun]) -> None:
        """Say what goes, before it does."""
        box = QMessageBox(self._page)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle("Cancel")
        box.setText("Cancel this run?" if len(runs) == 1 else f"Cancel {len(runs)} runs?")
        box.setInformativeText(what_goes(runs))
        stop = box.addButton("Cancel the run" if len(runs) == 1 else "Cancel them", QMessageBox.ButtonRole.AcceptRole)
        stop.setProperty("kind", "danger")
        keep = box.addButton("Let it run" if len(runs) == 1 else "Let them run", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(keep)
        box.setEscapeButton(keep)
        stop.clicked.connect(lambda _checked=False: self._orders.act(RunAct.CANCEL, runs))
        box.finished.connect(lambda _result: setattr(self, "question", None))
        self.question = box
        box.open()
