"""The Play screen: the catalogue, and the game that was picked from it.

Qt thread. It owns the catalogue's controller, and brings the session's state and pictures to the page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStackedLayout, QWidget

from gym_gui.controllers.catalog import CatalogController
from gym_gui.controllers.library_entry import game_of
from gym_gui.controllers.previews import PreviewMaker
from gym_gui.controllers.session_state import Phase, SessionState
from gym_gui.core.typing_compat import override
from gym_gui.telemetry.events import StepRecorded
from gym_gui.telemetry.run_bus import Latest
from gym_gui.ui.screens.play_catalog import CatalogPage
from gym_gui.ui.screens.play_game import GamePage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QCloseEvent, QFocusEvent, QShowEvent

    from gym_gui.adapters.catalog import CatalogEntry
    from gym_gui.core.data_model import EpisodeSummary
    from gym_gui.services.bootstrap import Archive
    from gym_gui.telemetry.events import TelemetryEvent
    from gym_gui.ui.screens.context import Recorder, ScreenContext


class PlayScreen(QWidget):
    """Two pages: all games, and one game.

    Args:
        context: What a screen may use.
        recorder: The game and what keeps it.
    """

    def __init__(self, context: ScreenContext, recorder: Recorder) -> None:
        super().__init__()
        self._context = context
        self._services = recorder.services
        self._session = recorder.session
        self._state = SessionState()
        self._name = ""
        self.catalog = CatalogPage(context.theme, context.runner)
        self.game = GamePage(context, self._session)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self.catalog)
        self._pages.addWidget(self.game)
        settings = context.settings()
        self.game.set_hud(shown=settings.ui.hud)
        self.game.overlays.strip.show_sound(on=settings.ui.sound)
        self.game.sound_toggled.connect(self._toggle_sound)
        self.game.hud_changed.connect(self._remember_hud)
        self.catalog.game_chosen.connect(self.start)
        self.catalog.game_refused.connect(context.notify)
        paths = self._services.paths
        self._previews = PreviewMaker(paths.thumbnails_dir, context.pump.wake) if context.make_pictures else None
        self._controller = CatalogController(
            self.catalog,
            context.runner,
            cache_file=paths.cache_dir / "catalogue.json",
            list_environments=_list_environments,
            list_episodes=lambda: _list_human_episodes(self._services),
            previews=self._previews,
        )
        self._screen = context.pump.subscribe(self._services.bus, "screen", Latest(), self._receive)
        context.pump.add_poller(self._poll)
        self._controller.load()
        self._poll()

    def start(self, env_id: str) -> None:
        """Play a game."""
        self._session.start(env_id)

    def refresh_settings(self) -> None:
        """The user changed a setting."""
        settings = self._context.settings()
        self.game.set_hud(shown=settings.ui.hud)
        self.game.overlays.strip.show_sound(on=settings.ui.sound)
        self.game.picture.set_integer_scale(integer=settings.ui.integer_scale)

    @override
    def showEvent(self, event: QShowEvent) -> None:
        self.refresh_settings()
        super().showEvent(event)

    @override
    def focusInEvent(self, event: QFocusEvent) -> None:
        in_game = self._pages.currentWidget() is self.game
        (self.game if in_game else self.catalog.grid).setFocus(event.reason())

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        self._context.pump.remove_poller(self._poll)
        self._screen.close()
        if self._previews is not None:
            self._previews.close()
        super().closeEvent(event)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _poll(self) -> None:
        self._controller.take_pictures()
        state = self._session.state
        self._show_name(state.env_id)
        if state == self._state:
            return
        before, self._state = self._state, state
        if state.env_id != before.env_id:
            self._show_page(state)
        if self._previews is not None:
            self._previews.rest(resting=state.phase is not Phase.IDLE)
        pipeline = self._services.telemetry.status()
        self.game.show_storage_fault(fault=pipeline is not None and bool(pipeline.fault))
        self.game.show_session(state)
        if state.phase is Phase.IDLE:
            self._context.sound.rest()
            self._context.runner.submit(self._wait_until_kept, lambda _: self._take_played())

    def _show_page(self, state: SessionState) -> None:
        if not state.env_id:
            self._pages.setCurrentWidget(self.catalog)
            # What was searched for is found: the next word typed begins another search.
            self.catalog.search.clear()
            self.catalog.grid.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        self.refresh_settings()
        self._pages.setCurrentWidget(self.game)
        self.game.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_name(self, env_id: str) -> None:
        # The list of games may come later than a game that was asked for on the command line.
        card = self._controller.card(env_id)
        name = game_of(env_id)[0] if card is None else card.name
        if name != self._name:
            self._name = name
            self.game.set_name(name)
            self.setWindowTitle(name)

    def _receive(self, events: list[TelemetryEvent]) -> None:
        run_id = self._session.state.run_id
        for event in events:
            # Another producer's steps are no pictures of this game.
            if isinstance(event, StepRecorded) and event.run_id == run_id:
                self.game.show_step(event.step)

    def _remember_hud(self, shown: bool) -> None:
        self._context.change_settings(self._context.settings().with_value("ui.hud", shown))

    def _toggle_sound(self) -> None:
        settings = self._context.settings()
        self._context.change_settings(settings.with_value("ui.sound", not settings.ui.sound))
        self.game.overlays.strip.show_sound(on=not settings.ui.sound)

    def _wait_until_kept(self) -> None:
        self._session.wait_at_rest(5.0)
        self._services.telemetry.flush(2.0)

    def _take_played(self) -> None:
        self._controller.refresh_played()


def _list_environments() -> Sequence[CatalogEntry]:
    from gym_gui.adapters.catalog import list_environments  # noqa: PLC0415 - gymnasium, 0.6 s: on the worker

    return list_environments()


def _list_human_episodes(archive: Archive) -> Sequence[EpisodeSummary]:
    return [episode for episode in archive.library.list_episodes() if episode.player == "human"]
