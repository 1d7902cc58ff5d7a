"""Whether a window can be opened here, found out without Qt, which ends the process where it cannot."""

from __future__ import annotations

import ctypes
import os
import socket
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_DISPLAY: Final = (
    "There is no display to open a window on (neither DISPLAY nor WAYLAND_DISPLAY is set). "
    "Without one, `gym-gui demo` shows what works, and `gym-gui record ENV_ID` records."
)
_NO_ANSWER: Final = "does not answer. `gym-gui demo` works without one."
_SOCKET_TIMEOUT_S: Final = 2.0
# Soname -> Debian's package, of what Qt's X11 plugin loads beyond Qt itself.
X11_LIBRARIES: Final[Mapping[str, str]] = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}


def has_display() -> bool:
    """Whether there is a display, or Qt has been told how to do without one."""
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return not sys.platform.startswith("linux") or any(os.environ.get(name) for name in names)


def display_fault() -> str:
    """Why no window can be opened, in a sentence or two; empty where nothing speaks against it. Takes milliseconds."""
    if not has_display():
        return NO_DISPLAY
    platform = os.environ.get("QT_QPA_PLATFORM", "")
    if not sys.platform.startswith("linux") or platform not in {"", "xcb"}:
        return ""
    wayland = "" if platform else os.environ.get("WAYLAND_DISPLAY", "")
    if wayland and _compositor_answers(wayland):
        return ""
    # Qt tries X11 where Wayland fails, and so do we.
    display = os.environ.get("DISPLAY", "")
    if not display:
        return f"The Wayland display {wayland} {_NO_ANSWER}" if wayland else ""
    missing = missing_libraries(X11_LIBRARIES)
    if missing:
        return (
            f"A window needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed. "
            f"On Debian or Ubuntu: apt-get install {' '.join(missing.values())}"
        )
    return "" if _answers(display) else f"The display {display} {_NO_ANSWER}"


def missing_libraries(wanted: Mapping[str, str]) -> dict[str, str]:
    """The libraries, with their packages, that the dynamic loader does not find."""
    return {soname: package for soname, package in wanted.items() if _load(soname) is None}


def _answers(display: str) -> bool:
    """Whether an X server accepts us; taken for granted where there is nothing to ask it with."""
    xcb = _load("libxcb.so.1")
    if xcb is None:
        return True
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connection_has_error.argtypes = xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(display.encode(), None)
    try:
        return not xcb.xcb_connection_has_error(connection)
    finally:
        xcb.xcb_disconnect(connection)


def _compositor_answers(display: str) -> bool:
    """Whether something listens on a Wayland display's socket; taken for granted where it was handed over open."""
    if os.environ.get("WAYLAND_SOCKET"):
        return True
    # An absolute name stands for itself.
    path = os.path.join(os.environ.get("XDG_RUNTIME_DIR", ""), display)  # noqa: PTH118 - may be relative, as given
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knock:
        knock.settimeout(_SOCKET_TIMEOUT_S)
        try:
            knock.connect(path)
        except OSError:
            return False
    return True


def _load(soname: str) -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL(soname)
    except OSError:
        return None
