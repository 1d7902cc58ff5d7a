"""Draws the window in a process of its own: where Qt's libraries are missing, that one dies and we can say so.

Runs on the caller's thread, which waits; imports no Qt.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import msgspec

from gym_gui.controllers.screen_pictures import ScreenPictures
from gym_gui.core.errors import EnvironmentFault

if TYPE_CHECKING:
    from gym_gui.controllers.screen_pictures import PictureRequest

_TIMEOUT_S: Final = 60.0
_DOCTOR: Final = "`gym-gui doctor` names what is missing."


def render_screens(request: PictureRequest) -> ScreenPictures:
    """Play Breakout in the window for some seconds, open an episode in it, and save both screens; no display needed.

    Raises:
        EnvironmentFault: a screen did not come, or its picture cannot be written; the message says why.
    """
    command = [sys.executable, "-m", "gym_gui.ui.screen_pictures", msgspec.json.encode(request).decode()]
    try:
        child = subprocess.run(  # noqa: S603 - our own module, by our own interpreter
            command,
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise EnvironmentFault(f"The window was not drawn within {_TIMEOUT_S:.0f} s.", hint=_DOCTOR) from error
    if child.returncode == 0:
        return msgspec.json.decode(child.stdout, type=ScreenPictures)
    lines = child.stderr.strip().splitlines() or ["it said nothing"]
    told = lines[-1].rstrip(".")
    raise EnvironmentFault(f"The window could not be drawn (exit code {child.returncode}): {told}.", hint=_DOCTOR)
