"""In a game: the picture, what lies over it, and the keys.

Qt thread. It shows what the session says and passes on what the player does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QWidget

from gym_gui.controllers.session_state import Phase, SessionState
from gym_gui.core.typing_compat import override
from gym_gui.ui.screens.play_keys import KeyTracker
from gym_gui.ui.screens.play_overlays import GameOverlays, pill_text
from gym_gui.ui.screens.play_places import STRIP_ROOM
from gym_gui.ui.screens.play_shortcuts import GameShortcuts
from gym_gui.ui.screens.play_view import GameView
from gym_gui.ui.widgets.basics import make_timer
from gym_gui.ui.widgets.picture import PictureWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent, QHideEvent, QKeyEvent, QMouseEvent, QResizeEvent

    from gym_gui.controllers.session import SessionController
    from gym_gui.core.data_model import StepRecord
    from gym_gui.ui.screens.context import ScreenContext

# The HUD changes ten times a second at most: digits that flicker at 60 Hz cannot be read.
HUD_MS: Final = 100
STRIP_MS: Final = 2500
HINT_MS: Final = 6000


class GamePage(QWidget):
    """One game on the screen; satisfies `controllers.views.SessionView`.

    Args:
        context: What a screen may use.
        session: The game.
    """

    hud_changed = Signal(bool)
    sound_toggled = Signal()

    def __init__(self, context: ScreenContext, session: SessionController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self._session = session
        self._state = SessionState()
        self._name = ""
        self._storage_fault = False
        self._hud_shown = True
        self._resume_after_help = False
        self._resume_after_seed = False
        self._shortcuts = GameShortcuts(
            session,
            escape=self._escape,
            ask_seed=self.ask_seed,
            toggle_hud=self.toggle_hud,
            toggle_sound=self.sound_toggled.emit,
            toggle_help=self.toggle_help,
            switch_view=lambda: self.view.toggle(),  # noqa: PLW0108 - the view comes later
        )
        self.keys = KeyTracker(self)
        self.keys.changed.connect(session.set_held_keys)
        self.picture = PictureWidget(self)
        self.picture.leave_room_below(STRIP_ROOM)
        self.picture.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.view = GameView(context.theme, context.runner, context.view_choices, self, self._follow_view)
        self.overlays = GameOverlays(context.theme, self)
        self.overlays.strip.take_switch(self.view.switch)
        self._connect()
        self._hud_timer = make_timer(self, HUD_MS, self._refresh_hud, single=False)
        self._strip_timer = make_timer(self, STRIP_MS, self._hide_strip)
        self._hint_due = False  # since a game loads, until its keys were read or used
        self._hint_timer = make_timer(self, HINT_MS, self._put_hint_away)

    def _connect(self) -> None:
        session, overlays = self._session, self.overlays
        overlays.message.retry_requested.connect(session.retry)
        overlays.message.leave_requested.connect(session.stop)
        overlays.help.closed.connect(self.toggle_help)
        overlays.seed_panel.chosen.connect(self._start_with_seed)
        overlays.seed_panel.dismissed.connect(self._dismiss_seed)
        strip = overlays.strip
        strip.leave_requested.connect(session.stop)
        strip.pause_toggled.connect(session.toggle)
        strip.step_requested.connect(session.single_step)
        strip.speed_chosen.connect(session.set_speed)
        strip.reset_requested.connect(lambda: session.reset())  # noqa: PLW0108 - a signal's argument is no seed
        strip.seed_requested.connect(self.ask_seed)
        strip.hud_toggled.connect(self.toggle_hud)
        strip.sound_toggled.connect(self.sound_toggled)
        strip.help_requested.connect(self.toggle_help)
        strip.full_screen_toggled.connect(self._toggle_full_screen)

    @property
    def state(self) -> SessionState:
        """What is shown; it follows the session's with the next wake-up."""
        return self._state

    # --- what the session says --------------------------------------------------------------------------------------

    def show_session(self, state: SessionState) -> None:
        """Show where the game stands."""
        before, self._state = self._state, state
        if state.env_id != before.env_id or (state.phase is Phase.LOADING and before.phase is not Phase.LOADING):
            self.picture.show_frame(None)
            self.view.begin(state.env_id)
            self._close_help()
            self.overlays.seed_panel.hide()
            self.overlays.hint.hide()
            self._hint_due = True
        if state.phase is not before.phase or state.message != before.message:
            self._show_phase(before)
        elif state.phase is not Phase.PLAYING:
            # The timer rests while the game stands: a single step or a new episode has to show all the same.
            self._refresh_hud()
        if state.phase is not before.phase or state.speed != before.speed or state.bindings != before.bindings:
            self.overlays.strip.show_session(state)
            self._place()

    def show_step(self, step: StepRecord) -> None:
        """Show a step's picture, and what else it carries."""
        frame = step.frame
        if frame is not None:
            is_first = self.picture.image is None
            self.picture.show_frame(frame)
            if is_first:
                # Only now is it known where there is room beside it.
                self._show_phase(self._state)
        self.view.show_step(step, has_picture=self.picture.image is not None)

    def show_storage_fault(self, *, fault: bool) -> None:
        """Whether telemetry reports that it cannot keep what happens."""
        self._storage_fault = fault

    def set_name(self, name: str) -> None:
        """What people call this game."""
        self._name = name

    def set_hud(self, *, shown: bool) -> None:
        """Show or hide the score and the rate."""
        self._hud_shown = shown
        self.overlays.strip.hud_button.setChecked(shown)
        self._refresh_hud()
        self._place()

    # --- what the player does ---------------------------------------------------------------------------------------

    def toggle_hud(self) -> None:
        """Show the HUD, or hide it."""
        self.set_hud(shown=not self._hud_shown)
        self.hud_changed.emit(self._hud_shown)

    def toggle_help(self) -> None:
        """Show the keys while the game stands still; then go on."""
        if self.overlays.help.isVisible():
            self._close_help()
            if self._resume_after_help:
                self._session.resume()
            return
        if not self._state.in_game:
            return
        self._resume_after_help = self._state.phase is Phase.PLAYING
        self._session.pause()
        self._put_hint_away()
        self.overlays.help.show_keys(
            self._name or self._state.env_id,
            self._state,
            views=self.view.switch.has_choice,
            height=self.height(),
        )
        self.overlays.help.show()
        self.overlays.help.raise_()
        self._place()

    def ask_seed(self) -> None:
        """Ask for the seed of a new episode, while the game stands still."""
        if self._state.in_game:
            self._resume_after_seed = self._state.phase is not Phase.PAUSED
            self._show_strip()
            self.overlays.ask_seed(self._state.seed)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        self.overlays.tip.hide()
        if self._shortcuts.belongs_to_game(event, self._state.bindings):
            self._put_hint_away()
            if self.keys.press(event) and self._state.phase is Phase.PLAYING:
                self._hide_strip_for_keys()
            return
        act = self._shortcuts.find(event)
        if act is not None:
            if not event.isAutoRepeat():
                act()
        elif not self.keys.press(event):
            super().keyPressEvent(event)

    @override
    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if not self.keys.release(event):
            super().keyReleaseEvent(event)

    @override
    def focusNextPrevChild(self, next: bool) -> bool:
        # Tab belongs to a game that has a use for it.
        bound = any("tab" in binding.keys for binding in self._state.bindings)
        return False if bound and self._state.phase is Phase.PLAYING else super().focusNextPrevChild(next)

    @override
    def focusOutEvent(self, event: QFocusEvent) -> None:
        if event.reason() is Qt.FocusReason.PopupFocusReason:
            # The speed menu: what is chosen there is for the game that goes on.
            self.keys.clear()
        else:
            self._let_go()
        super().focusOutEvent(event)

    @override
    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.ActivationChange and not self.isActiveWindow():
            self._let_go()
        super().changeEvent(event)

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        self._let_go()
        super().hideEvent(event)

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._show_strip()
        super().mouseMoveEvent(event)

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self.overlays.seed_panel.isVisible():
            self._dismiss_seed()
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self._show_strip()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        self.overlays.strip.show_full_screen(full=self.window().isFullScreen())
        self._place()

    # --- leaving and going on ---------------------------------------------------------------------------------------

    def _escape(self) -> None:
        if self.overlays.help.isVisible():
            self.toggle_help()
        elif self.window().isFullScreen():
            self._toggle_full_screen()
        elif self._state.phase in {Phase.FAULTED, Phase.LOADING}:
            self._session.stop()
        else:
            self._session.toggle()

    def _let_go(self) -> None:
        # The release of a key that is down would go to another window: no key may stay down, and time must not run.
        self.keys.clear()
        if self._state.phase is Phase.PLAYING and not self._state.turn_based:
            self._session.pause()

    def _start_with_seed(self, seed: int) -> None:
        self._session.reset(seed)
        self._dismiss_seed()

    def _dismiss_seed(self) -> None:
        self.overlays.seed_panel.hide()
        if self._resume_after_seed:
            self._session.resume()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def _toggle_full_screen(self) -> None:
        window = self.window()
        window.setWindowState(window.windowState() ^ Qt.WindowState.WindowFullScreen)

    # --- what lies over the picture ---------------------------------------------------------------------------------

    def _show_phase(self, before: SessionState) -> None:
        state = self._state
        blind = state.in_game and self.picture.image is None and bool(state.message)
        unseen = blind and not self.view.is_shown
        self.overlays.message.show_state(state, self._name or state.env_id, blind=unseen)
        self.overlays.pill.say("" if blind and state.phase is Phase.PLAYING else pill_text(state))
        if state.phase is Phase.PLAYING and before.phase is not Phase.PLAYING and self._hint_due:
            self._begin_play()
        if state.phase is Phase.PLAYING:
            self._strip_timer.start()
            self._hud_timer.start()
        else:
            self._hud_timer.stop()
            self._hint_timer.stop()
            self.overlays.hint.hide()
            self._show_strip()
        self._refresh_hud()
        self._place()

    def _begin_play(self) -> None:
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.overlays.hint.show_keys(self._state.bindings)
        self.overlays.hint.show()
        self._hint_timer.start()

    def _put_hint_away(self) -> None:
        """The keys are known by now, which they are not where the first episode was over in half a second."""
        self._hint_due = False
        self.overlays.hint.hide()

    def _close_help(self) -> None:
        self.overlays.help.hide()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_strip(self) -> None:
        self.unsetCursor()
        visible = self._state.in_game
        if visible and not self.overlays.strip.isVisible():
            self.overlays.strip.show()
            self._place()
        elif not visible:
            self.overlays.strip.hide()
        if self._state.phase is Phase.PLAYING:
            self._strip_timer.start()

    def _hide_strip(self) -> None:
        if self._state.phase is not Phase.PLAYING or self.overlays.seed_panel.isVisible():
            return
        if self.overlays.strip.underMouse() or self.overlays.strip.focusWidget() is not None:
            self._strip_timer.start()
            return
        self._hide_strip_for_keys()

    def _hide_strip_for_keys(self) -> None:
        if self.overlays.strip.isVisible() and not self.overlays.strip.underMouse():
            self.overlays.strip.hide()
            self.setCursor(Qt.CursorShape.BlankCursor)

    def _refresh_hud(self) -> None:
        shown = self._hud_shown and self._state.in_game
        self.overlays.show_hud(self._state, shown=shown, fault=self._storage_fault)

    def _follow_view(self) -> None:
        # Where there is room beside it has changed, and perhaps whether there is anything to see.
        self.overlays.strip.adjust()
        self._show_phase(self._state)

    def _place(self) -> None:
        self.picture.setGeometry(self.rect())
        self.overlays.place(self.view.place(self.rect(), self.overlays.hud_sizes(), self.picture.target))
