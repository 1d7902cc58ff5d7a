"""Python, packages, Qt, display and sound: what the machine brings.

Qt and SDL are tried in child processes: where a library is missing, they end the process that loads them.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from gym_gui.controllers.display import X11_LIBRARIES
from gym_gui.controllers.doctor.check import Check, Status

if TYPE_CHECKING:
    from gym_gui.config.settings import Settings

_TIMEOUT_S: Final = 20.0
_OLDEST_PYTHON: Final = (3, 11)
# What the main job needs; box2d has no wheels on some machines, and its games are then listed as unavailable.
_NEEDED: Final = (
    "gymnasium",
    "ale-py",
    "pygame-ce",
    "numpy",
    "h5py",
    "zstandard",
    "msgspec",
    "filelock",
    "pillow",
    "PySide6-Essentials",
    "QtAwesome",
    "click",
    "rich",
    "platformdirs",
)
_OPTIONAL: Final = ("box2d",)
_QT: Final = "PySide6-Essentials"
# Each call from Qt that answers None takes a reference away: the interpreter dies after a while.
_BROKEN_QT: Final = (6, 12)
_QT_SOUND_UP_TO_PYTHON: Final = (3, 11)
_START_QT: Final = "from PySide6.QtWidgets import QApplication; QApplication([])"
_START_SOUND: Final = "import pygame; pygame.mixer.init(30720, 8, 1); print(pygame.mixer.get_init())"
_LIBRARIES_HINT: Final = (
    "On Debian or Ubuntu: apt-get install libglib2.0-0 libgl1 libegl1 libxkbcommon0 libdbus-1-3 libfontconfig1"
)
_X11_HINT: Final = f"On Debian or Ubuntu: apt-get install {' '.join(X11_LIBRARIES.values())}"


def check_python(_settings: Settings) -> Check:
    """The interpreter's version."""
    found = f"{platform.python_implementation()} {platform.python_version()} on {platform.platform(terse=True)}"
    if sys.version_info[:2] >= _OLDEST_PYTHON:
        return Check("Python", Status.OK, f"{found}.")
    wanted = ".".join(map(str, _OLDEST_PYTHON))
    return Check("Python", Status.PROBLEM, f"{found} is too old.", f"Use Python {wanted} or newer.")


def check_packages(_settings: Settings) -> Check:
    """Every package that is needed, with its version."""
    versions = {name: _version(name) for name in (*_NEEDED, *_OPTIONAL)}
    missing = [name for name in _NEEDED if versions[name] is None]
    if missing:
        return Check(
            "Packages",
            Status.PROBLEM,
            f"{_listed(missing)} {'is' if len(missing) == 1 else 'are'} not installed.",
            f"pip install {' '.join(missing)}",
        )
    return Check("Packages", Status.OK, f"{', '.join(f'{name} {v}' for name, v in versions.items() if v)}.")


def check_qt(_settings: Settings) -> Check:
    """Whether Qt starts without a display, and is a version that holds."""
    version = _version(_QT)
    if version is None:
        return Check("Window", Status.PROBLEM, f"{_QT} is not installed.", f"pip install '{_QT}>=6.10,<6.12'")
    is_broken = _numbers(version) >= _BROKEN_QT and sys.version_info[:2] <= _QT_SOUND_UP_TO_PYTHON
    if is_broken:
        return Check(
            "Window",
            Status.PROBLEM,
            f"PySide6 {version} makes Python {platform.python_version()} crash after some minutes.",
            f"pip install '{_QT}>=6.10,<6.12'",
        )
    fault = _run(_START_QT, QT_QPA_PLATFORM="offscreen")
    if fault:
        return Check("Window", Status.PROBLEM, f"Qt {version} does not start: {fault}.", _LIBRARIES_HINT)
    return Check("Window", Status.OK, f"Qt {version} starts.")


def check_display(_settings: Settings) -> Check:
    """Whether a window can be opened."""
    display = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY", "")
    if sys.platform.startswith("linux") and not display:
        return Check(
            "Display",
            Status.WARNING,
            "There is no display (neither DISPLAY nor WAYLAND_DISPLAY is set), so no window can be opened.",
            "`gym-gui demo` and `gym-gui record` work without one.",
        )
    fault = _run(_START_QT, QT_QPA_PLATFORM=None)
    if fault:
        hint = "Start it, or unset the variable." if "could not connect" in fault else _X11_HINT
        return Check("Display", Status.PROBLEM, f"Qt cannot open a window on {display}: {fault}.", hint)
    return Check("Display", Status.OK, f"A window can be opened{f' on {display}' if display else ''}.")


def check_sound(_settings: Settings) -> Check:
    """Whether there is a sound device; games play without one."""
    fault = _run(_START_SOUND, SDL_AUDIODRIVER=None, PYGAME_HIDE_SUPPORT_PROMPT="1")
    if fault:
        return Check("Sound", Status.OK, "There is no sound device; games play silently.")
    return Check("Sound", Status.OK, "A sound device opens.")


def _run(program: str, **environment: str | None) -> str:
    """What went wrong when a child process ran *program*: its last word; empty where nothing did."""
    merged = {**os.environ, **{name: value for name, value in environment.items() if value is not None}}
    for name in (name for name, value in environment.items() if value is None):
        merged.pop(name, None)
    try:
        child = subprocess.run(  # noqa: S603 - our own words, by our own interpreter
            [sys.executable, "-c", program],
            env=merged,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it did not answer within {_TIMEOUT_S:.0f} s"
    if child.returncode == 0:
        return ""
    lines = [line.strip() for line in child.stderr.splitlines() if line.strip()]
    # Qt says first what is wrong, then what it might be; Python says it last.
    told = [line.partition(": ")[2] for line in lines if line.startswith("qt.qpa")][:1] or lines[-1:]
    return (told or [f"it ended with code {child.returncode}"])[0].rstrip(".")


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
