"""Everything that the player does, as actions: one place for names, icons, keys, tooltips and the menu."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QKeyCombination, QObject, QSize, Qt
from PySide6.QtGui import QAction, QIcon, QKeySequence, QTransform

from gym_gui.controllers.playback_clock import BACKWARD, FORWARD
from gym_gui.ui import theme as tokens
from gym_gui.ui.widgets.view_switch import VIEW_KEY

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QMenu, QWidget

    from gym_gui.controllers.replay import ReplayController
    from gym_gui.ui.theme import Theme

_JUMP: Final = 10
SOUND_ON: Final = "volume-high"
SOUND_OFF: Final = "volume-off"
MIRRORED: Final = "mirrored:"
NEXT_VIEW: Final = "Picture or grid, graph, text"
# As text, a comma would part two keys that follow each other. A layout's sign on the same key (">") must not be a
# second shortcut: Qt takes the press for both and does neither. `by_sign` answers where the sign has another key.
SHIFT_COMMA: Final = QKeySequence(QKeyCombination(Qt.KeyboardModifier.ShiftModifier, Qt.Key.Key_Comma))
SHIFT_PERIOD: Final = QKeySequence(QKeyCombination(Qt.KeyboardModifier.ShiftModifier, Qt.Key.Key_Period))


@dataclass(frozen=True, slots=True, kw_only=True)
class PageActs:
    """What the player's page does beside moving the playhead.

    Attributes:
        go_to_step: Lets the user type a step.
        toggle_plots: Shows or hides the plots.
        toggle_inspector: Shows or hides the inspector.
        copy_picture: Puts the picture on the clipboard.
        switch_view: Shows the next of picture, grid, graph or text.
        toggle_legacy: Offers payloads that no screen draws as text, or does not.
        copy_ref: Puts the picture's ``h5://`` text on the clipboard.
        export: Opens the export dialog.
        toggle_sound: Mutes what is played, or lets it be heard.
        leave: Goes back to the library.
    """

    go_to_step: Callable[[], None]
    toggle_plots: Callable[[], None]
    toggle_inspector: Callable[[], None]
    copy_picture: Callable[[], None]
    switch_view: Callable[[], None]
    toggle_legacy: Callable[[], None]
    copy_ref: Callable[[], None]
    export: Callable[[], None]
    toggle_sound: Callable[[], None]
    leave: Callable[[], None]


class PlayerActions(QObject):
    """The player's actions; each works while the focus is anywhere in *page*.

    Args:
        theme: The look.
        controller: The player.
        page: The widget that the keys belong to.
        page_acts: What the page itself does.
    """

    def __init__(self, theme: Theme, controller: ReplayController, page: QWidget, page_acts: PageActs) -> None:
        super().__init__(page)
        self._theme = theme
        self._page = page
        self._icons: list[tuple[QAction, str]] = []
        c = controller
        self.toggle = self._add("Play or pause", "play", c.toggle, "Space")
        self.reverse = self._add("Play backwards", f"{MIRRORED}play", c.reverse)
        self.back_one = self._add("One step back", "step-backward", lambda: c.step(-1), ",", "Left")
        self.on_one = self._add("One step on", "step-forward", lambda: c.step(1), ".", "Right")
        self.back_ten = self._add("Ten steps back", "rewind-10", lambda: c.step(-_JUMP), SHIFT_COMMA, "Shift+Left")
        self.on_ten = self._add("Ten steps on", "fast-forward-10", lambda: c.step(_JUMP), SHIFT_PERIOD, "Shift+Right")
        self.home = self._add("Go to the start", "skip-previous", c.home, "Home")
        self.end = self._add("Go to the end", "skip-next", c.end, "End")
        self.shuttle_back = self._add("Shuttle back; again: faster", "rewind", lambda: c.shuttle(BACKWARD), "J")
        self.shuttle_stop = self._add("Shuttle: pause", "pause", lambda: c.shuttle(0), "K")
        self.shuttle_on = self._add("Shuttle on; again: faster", "fast-forward", lambda: c.shuttle(FORWARD), "L")
        self.slower = self._add("Slower", "speedometer-slow", c.slower, "[")
        self.faster = self._add("Faster", "speedometer", c.faster, "]")
        self.loop = self._add("Loop", "repeat", lambda: c.set_loop(not c.state.loop), "R")
        self.loop.setCheckable(True)
        self.sound = self._add("Sound", SOUND_ON, page_acts.toggle_sound, "M")
        self.sound.setCheckable(True)
        self.sound.setVisible(False)
        self.go_to_step = self._add("Go to step…", "target", page_acts.go_to_step, "G")
        self.next_event = self._add("Next event", "skip-forward-outline", lambda: c.seek_event(FORWARD), "N")
        self.event_before = self._add("Event before", "skip-backward-outline", lambda: c.seek_event(BACKWARD), "B")
        self.plots = self._add("Show or hide the plots", "chart-line", page_acts.toggle_plots, "P")
        self.inspector = self._add("Show or hide the facts", "information-outline", page_acts.toggle_inspector, "I")
        self.view = self._add(NEXT_VIEW, "eye-outline", page_acts.switch_view, VIEW_KEY)
        self.legacy = self._add("Legacy payloads as text", "text-box-outline", page_acts.toggle_legacy, "Shift+V")
        self.legacy.setCheckable(True)
        self.copy_picture = self._add("Copy the picture", "image-outline", page_acts.copy_picture, "Ctrl+C")
        self.copy_ref = self._add("Copy the frame reference", "link-variant", page_acts.copy_ref, "Ctrl+Shift+C")
        self.export = self._add("Export…", "export-variant", page_acts.export, "Ctrl+E")
        self.leave = self._add("Back to the library", "arrow-left", page_acts.leave, "Esc", "Backspace")
        theme.changed.connect(self._retint)
        self._retint()

    def by_sign(self, text: str) -> QAction | None:
        """What a typed sign means that no shortcut has taken; None: nothing."""
        return {"<": self.back_ten, ">": self.on_ten}.get(text)

    def fill(self, menu: QMenu) -> None:
        """Put every action into *menu*, in groups; the menu shows the keys."""
        for group in (
            (self.toggle, self.reverse, self.loop, self.sound),
            (self.back_one, self.on_one, self.back_ten, self.on_ten, self.home, self.end, self.go_to_step),
            (self.shuttle_back, self.shuttle_stop, self.shuttle_on, self.slower, self.faster),
            (self.next_event, self.event_before),
            (self.view, self.legacy),
            (self.plots, self.inspector, self.copy_picture, self.copy_ref),
            (self.export,),
            (self.leave,),
        ):
            menu.addActions(list(group))
            menu.addSeparator()

    def let_move(self, *, on: bool) -> None:
        """Whether there is anything to play and to step through."""
        moving = (
            self.toggle, self.reverse, self.back_one, self.on_one, self.back_ten, self.on_ten, self.home, self.end,
            self.shuttle_back, self.shuttle_on, self.go_to_step, self.next_event, self.event_before, self.loop,
        )  # fmt: skip
        for action in moving:
            action.setEnabled(on)

    def show_sound(self, *, there: bool, on: bool) -> None:
        """Offer sound where the run has some, and say whether it is on."""
        self.sound.setVisible(there)
        if self.sound.isChecked() != on or not self._icons:
            self.sound.setChecked(on)
            self._icons = [(one, name) for one, name in self._icons if one is not self.sound]
            self._icons.append((self.sound, SOUND_ON if on else SOUND_OFF))
            self._retint()

    def _add(self, text: str, icon: str, act: Callable[[], object], *keys: str | QKeySequence) -> QAction:
        action = QAction(text, self)
        action.triggered.connect(lambda _checked=False: act())
        action.setShortcuts([QKeySequence(key) for key in keys])
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        first = QKeySequence(keys[0]).toString(QKeySequence.SequenceFormat.NativeText) if keys else ""
        action.setToolTip(f"{text} ({first})" if first else text)
        self._page.addAction(action)
        self._icons.append((action, icon))
        return action

    def _retint(self) -> None:
        for action, name in self._icons:
            action.setIcon(player_icon(self._theme, name, "text"))


def player_icon(theme: Theme, name: str, role: str) -> QIcon:
    """An icon by name; after ``mirrored:``, turned left to right."""
    if not name.startswith(MIRRORED):
        return theme.icon(name, role)
    size = QSize(tokens.ICON, tokens.ICON)
    pixmap = theme.icon(name.removeprefix(MIRRORED), role).pixmap(size, 2.0)
    flipped = pixmap.transformed(QTransform.fromScale(-1, 1))
    flipped.setDevicePixelRatio(2.0)
    return QIcon(flipped)
