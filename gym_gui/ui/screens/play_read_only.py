"""The Play screen of a folder that can only be read: why nothing is played there, and what can be done instead.

Qt thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gym_gui.ui.widgets.messages import EmptyState

if TYPE_CHECKING:
    from gym_gui.ui.screens.context import ScreenContext

_WAY_OUT: Final = (
    "What is recorded there can be watched. To play, start with --var-dir FOLDER or set GYM_GUI_VAR_DIR to one that "
    "can be written."
)


def make_read_only_screen(context: ScreenContext) -> EmptyState:
    """One sentence, the way out of it, and a button that leads to the recordings."""
    screen = EmptyState(context.theme)
    screen.show_message(
        "lock-outline",
        context.archive.why_read_only,
        _WAY_OUT,
        "Watch recordings",
        lambda: context.open_screen("replay"),
        role="warn",
    )
    screen.setFocusProxy(screen.button)
    return screen
