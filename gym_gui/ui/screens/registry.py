"""Which screens the window has: one `ScreenSpec` each, made when first visited, once the services are open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from gym_gui.config.settings import Settings
    from gym_gui.controllers.session import SessionController
    from gym_gui.controllers.views import TaskRunner
    from gym_gui.services.bootstrap import Services
    from gym_gui.ui.bridge import BusPump
    from gym_gui.ui.theme import Theme


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenContext:
    """What a screen may use.

    Attributes:
        services: Open services.
        session: The game that is played.
        runner: Work off the Qt thread.
        pump: Events and wake-ups onto the Qt thread.
        theme: The look in force.
        settings: Gives what the user chose, as it is now.
        change_settings: Store changed settings and apply them.
        notify: Show a toast with this sentence.
        open_screen: Go to the screen of this name.
        make_pictures: Whether the catalogue has pictures of games made, by a process of its own.
    """

    services: Services
    session: SessionController
    runner: TaskRunner
    pump: BusPump
    theme: Theme
    settings: Callable[[], Settings]
    change_settings: Callable[[Settings], None]
    notify: Callable[[str], None]
    open_screen: Callable[[str], None]
    make_pictures: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenSpec:
    """One entry of the rail.

    Attributes:
        name: How code names it: ``play``.
        title: How the rail names it: ``Play``.
        icon: Material Design icon name.
        factory: Makes the widget, on the Qt thread, at the first visit.
    """

    name: str
    title: str
    icon: str
    factory: Callable[[ScreenContext], QWidget]


def default_screens() -> tuple[ScreenSpec, ...]:
    """The rail from top to bottom."""
    return (
        ScreenSpec(name="play", title="Play", icon="gamepad-variant-outline", factory=_make_play),
        ScreenSpec(name="replay", title="Replay", icon="filmstrip", factory=_make_replay),
        ScreenSpec(name="settings", title="Settings", icon="cog-outline", factory=_make_settings),
    )


# Imported at the first visit: what is not looked at costs no start-up time.
def _make_play(context: ScreenContext) -> QWidget:
    from gym_gui.ui.screens.play import PlayScreen  # noqa: PLC0415 - see above

    return PlayScreen(context)


def _make_replay(context: ScreenContext) -> QWidget:
    from gym_gui.ui.screens.replay_screen import ReplayScreen  # noqa: PLC0415 - see above

    return ReplayScreen(context)


def _make_settings(context: ScreenContext) -> QWidget:
    from gym_gui.ui.screens.settings import SettingsScreen  # noqa: PLC0415 - see above

    return SettingsScreen(context)
