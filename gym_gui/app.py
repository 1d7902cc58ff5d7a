"""The composition root: arguments in, an exit code out; the one place that knows command line and window."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gym_gui.config.settings import Settings
    from gym_gui.controllers.screen_pictures import PictureRequest, ScreenPictures
    from gym_gui.controllers.start_request import StartRequest


class QtWindow:
    """The window for the command line; Qt is imported when it is asked for."""

    def run_window(self, settings: Settings, start: StartRequest | None) -> int:
        """Show the window until it is closed; the exit code."""
        from gym_gui.ui.application import run_window  # noqa: PLC0415 - Qt, 0.1 s: not for `gym-gui runs`

        return run_window(settings, start=start)

    def render_screens(self, request: PictureRequest) -> ScreenPictures:
        """Pictures of the play and the replay screen, without a display."""
        from gym_gui.ui.picture_process import render_screens  # noqa: PLC0415 - only for the demo

        return render_screens(request)


def main() -> int:
    """Run `gym-gui`; the process's exit code: 0 done, 1 failed, 2 wrong usage."""
    try:
        from gym_gui.cli.main import run  # noqa: PLC0415 - importing gym_gui.app must cost nothing
    except KeyboardInterrupt:  # before there is anybody else to tell it
        print("gym-gui: Stopped.", file=sys.stderr)  # noqa: T201 - as above
        return 1

    return run(QtWindow())
