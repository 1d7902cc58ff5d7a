"""Whether a window can be opened is known before Qt is asked."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING

import pytest

from gym_gui.controllers.display import NO_DISPLAY, display_fault, has_display, missing_libraries

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a display")


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No variable that names a display."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_that_no_variable_means_no_display(bare: pytest.MonkeyPatch) -> None:
    assert not has_display()
    assert display_fault() == NO_DISPLAY
    bare.setenv("DISPLAY", "")
    assert display_fault() == NO_DISPLAY, "an empty name is none"


def test_that_drawing_in_memory_needs_no_display(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("QT_QPA_PLATFORM", "offscreen")
    assert has_display()
    assert display_fault() == ""


def test_that_a_display_that_does_not_answer_is_found_out(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("DISPLAY", ":4711")
    assert "4711" in display_fault() or "apt-get install" in display_fault()


def test_that_a_compositor_that_does_not_answer_is_found_out(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bare.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    bare.setenv("WAYLAND_DISPLAY", "wayland-9")
    assert display_fault() == "The Wayland display wayland-9 does not answer. `gym-gui demo` works without one."
    bare.setenv("DISPLAY", ":4711")
    assert "4711" in display_fault() or "apt-get install" in display_fault(), "X11 is tried next, as Qt does"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as compositor:
        compositor.bind(str(tmp_path / "wayland-9"))
        compositor.listen()
        assert display_fault() == ""
        bare.setenv("WAYLAND_DISPLAY", str(tmp_path / "wayland-9"))
        assert display_fault() == ""


def test_that_missing_libraries_are_named_with_their_packages() -> None:
    wanted = {"libc.so.6": "libc6", "libnot-here.so.9": "libnot-here9"}
    assert missing_libraries(wanted) == {"libnot-here.so.9": "libnot-here9"}
