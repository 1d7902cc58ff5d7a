"""SDL in this process draws in memory and is silent; a process that plays sound gets its driver back."""

from __future__ import annotations

import os
from typing import Final

_SILENT: Final = {"PYGAME_HIDE_SUPPORT_PROMPT": "1", "SDL_VIDEODRIVER": "dummy", "SDL_AUDIODRIVER": "dummy"}
_set_by_us: Final[set[str]] = set()


def keep_sdl_silent() -> None:
    """No greeting on standard output, no window, no sound device: environments draw in memory. What is set stays."""
    for name, value in _SILENT.items():
        if name not in os.environ:
            os.environ[name] = value
            _set_by_us.add(name)


def sounding_environment() -> dict[str, str]:
    """The variables of a process that may use the sound device: those of this one, without what silences SDL here."""
    silenced = _set_by_us & {"SDL_AUDIODRIVER"}
    kept = {name: value for name, value in os.environ.items() if name not in silenced}
    return {**kept, "PYGAME_HIDE_SUPPORT_PROMPT": "1"}
