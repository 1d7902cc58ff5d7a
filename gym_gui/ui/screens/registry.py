"""Which screens the window has: one `ScreenSpec` each, made when first visited, once the recordings are open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from gym_gui.ui.screens.context import ScreenContext


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
        ScreenSpec(name="live", title="Live", icon="chart-line", factory=_make_live),
        ScreenSpec(name="settings", title="Settings", icon="cog-outline", factory=_make_settings),
    )


# Imported at the first visit: what is not looked at costs no start-up time.
def _make_play(context: ScreenContext) -> QWidget:
    if context.recorder is None:
        from gym_gui.ui.screens.play_read_only import make_read_only_screen  # noqa: PLC0415 - see above

        return make_read_only_screen(context)
    from gym_gui.ui.screens.play import PlayScreen  # noqa: PLC0415 - see above

    return PlayScreen(context, context.recorder)


def _make_replay(context: ScreenContext) -> QWidget:
    from gym_gui.ui.screens.replay_screen import ReplayScreen  # noqa: PLC0415 - see above

    return ReplayScreen(context)


def _make_live(context: ScreenContext) -> QWidget:
    from gym_gui.ui.screens.live_screen import LiveScreen  # noqa: PLC0415 - see above

    return LiveScreen(context)


def _make_settings(context: ScreenContext) -> QWidget:
    from gym_gui.ui.screens.settings import SettingsScreen  # noqa: PLC0415 - see above

    return SettingsScreen(context)
