"""Colours of what is drawn from payloads: mixed from the theme's roles, told apart without them by a letter or word.

Qt thread.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from PySide6.QtGui import QColor

from gym_gui.ui.theme import DARK, LIGHT, PLOT_HUES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gym_gui.ui.theme import Theme

# Role of a cell -> role of the theme, and how much of it lies over the raised surface.
_ROLES: Final[Mapping[str, tuple[str, float]]] = {
    "": ("surface_raised", 1.0),
    "floor": ("surface_raised", 1.0),
    "empty": ("surface_raised", 1.0),
    "ice": ("accent", 0.10),
    "start": ("accent", 0.34),
    "pickup": ("accent", 0.22),
    "agent": ("accent", 0.60),
    "goal": ("good", 0.40),
    "destination": ("good", 0.40),
    "hole": ("bad", 0.38),
    "hazard": ("bad", 0.38),
    "cliff": ("bad", 0.38),
    "lava": ("bad", 0.38),
    "passenger": ("warn", 0.40),
    "door": ("warn", 0.24),
    "key": ("warn", 0.30),
    "wall": ("text_muted", 0.55),
}
PLAIN_ROLES: Final = frozenset({"", "floor", "empty"})
_STRANGER: Final = 0.30
_EVEN: Final = 0.18  # of the brightest: above it, dark ink reads better than white


def mixed(ink: QColor, ground: QColor, share: float) -> QColor:
    """*share* of *ink* over *ground*, opaque."""
    rest = 1 - share
    return QColor(
        round(ink.red() * share + ground.red() * rest),
        round(ink.green() * share + ground.green() * rest),
        round(ink.blue() * share + ground.blue() * rest),
    )


def cell_color(theme: Theme, role: str) -> QColor:
    """The ground of a cell of this role; a role that is not known has a hue of its own, always the same."""
    ground = theme.color("surface_raised")
    known = _ROLES.get(role.lower())
    if known is not None:
        return mixed(theme.color(known[0]), ground, known[1])
    hue = PLOT_HUES[zlib.crc32(role.encode()) % len(PLOT_HUES)]
    return mixed(QColor(hue), ground, _STRANGER)


def agent_color(theme: Theme, place: int) -> QColor:
    """The marker of the agent at this place of the list: the accent, then hues told apart by colour-blind people."""
    return theme.color("accent") if not place else QColor(PLOT_HUES[place % len(PLOT_HUES)])


def value_color(theme: Theme, share: float) -> QColor:
    """The colour of a value that lies at *share*, 0 to 1, between the lowest and the highest."""
    return mixed(theme.color("accent"), theme.color("surface_pressed"), min(1.0, max(0.0, share)))


def ink_on(ground: QColor) -> QColor:
    """The colour of text on *ground*: the darker or the lighter of two, whichever reads better."""
    return QColor(DARK.on_accent if _luminance(ground) > _EVEN else LIGHT.on_accent)


def _luminance(color: QColor) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - sRGB's own numbers
        for part in (color.redF(), color.greenF(), color.blueF())
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
