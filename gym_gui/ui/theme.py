"""Every token of the look: colours by role, spacing, type, icons; dark and light from the same roles.

Qt thread only. No other module holds a colour, a font size or a margin as a literal.
"""

from __future__ import annotations

import os
import weakref
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QIcon, QPalette

from gym_gui.ui.stylesheet import build_stylesheet

if TYPE_CHECKING:
    from PySide6.QtWidgets import QAbstractButton, QApplication

os.environ.setdefault("QT_API", "pyside6")  # read by QtAwesome, which would otherwise look for any binding

HAIR: Final = 1
SPACE_4: Final = 4
SPACE_8: Final = 8
SPACE_12: Final = 12
SPACE_16: Final = 16
SPACE_24: Final = 24
SPACE_32: Final = 32
RADIUS: Final = 6
HIT_AREA: Final = 28
ICON_SMALL: Final = 16
ICON: Final = 20

CAPTION_PX: Final = 12
BODY_PX: Final = 13
TITLE_PX: Final = 15
HEADLINE_PX: Final = 20

# What the stylesheet calls each size.
SIZES: Final = {
    "hair": HAIR, "space_2": 2, "space_3": 3, "space_4": SPACE_4, "space_8": SPACE_8, "space_12": SPACE_12,
    "space_16": SPACE_16, "space_24": SPACE_24, "space_32": SPACE_32, "icon": ICON, "icon_small": ICON_SMALL,
    "control": 22,
    "radius": RADIUS, "radius_small": 2, "radius_large": 9, "radius_pill": 13,
    "caption": CAPTION_PX, "body": BODY_PX, "title": TITLE_PX, "headline": HEADLINE_PX,
}  # fmt: skip


class ThemeMode(StrEnum):
    """What the user chose."""

    SYSTEM = "system"
    DARK = "dark"
    LIGHT = "light"


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """One colour a role, as ``#rrggbb``; text roles keep 4.5:1 on every surface role.

    Attributes:
        surface: The window's ground.
        surface_raised: Cards, bars, menus, fields.
        surface_hover: What the pointer is over.
        surface_pressed: What is being pressed, and tracks of sliders.
        text: What is read.
        text_muted: What is read second.
        line: Borders and grids.
        accent: Action and selection.
        accent_hover: The accent under the pointer.
        accent_soft: Ground of a selected item.
        on_accent: Text on the accent.
        good: State: well.
        warn: State: look here.
        bad: State: wrong.
        picture: Ground around a game's picture.
        overlay: Ground of what lies over a picture, ``#aarrggbb``; the same in both themes, as are the next six.
        overlay_hover: What the pointer is over, there.
        overlay_text: What is read there.
        overlay_muted: What is read second there.
        overlay_good: State there: well.
        overlay_warn: State there: look here.
        overlay_bad: State there: wrong.
    """

    surface: str
    surface_raised: str
    surface_hover: str
    surface_pressed: str
    text: str
    text_muted: str
    line: str
    accent: str
    accent_hover: str
    accent_soft: str
    on_accent: str
    good: str
    warn: str
    bad: str
    picture: str = "#000000"
    overlay: str = "#f0191c22"
    overlay_hover: str = "#343a45"
    overlay_text: str = "#f2f3f6"
    overlay_muted: str = "#a9b0bc"
    overlay_good: str = "#4fca90"
    overlay_warn: str = "#f0b44c"
    overlay_bad: str = "#ff7a76"


DARK: Final = Roles(
    surface="#15171b",
    surface_raised="#1d2026",
    surface_hover="#272b33",
    surface_pressed="#323742",
    text="#e7e9ed",
    text_muted="#9ba3b0",
    line="#2f343d",
    accent="#6c9bff",
    accent_hover="#86adff",
    accent_soft="#24324d",
    on_accent="#0b1220",
    good="#4fca90",
    warn="#f0b44c",
    bad="#ff7a76",
)
LIGHT: Final = Roles(
    surface="#f5f6f8",
    surface_raised="#ffffff",
    surface_hover="#eaedf2",
    surface_pressed="#dde2ea",
    text="#1a1e24",
    text_muted="#59626f",
    line="#d9dee5",
    accent="#2a5bd7",
    accent_hover="#1f4cc0",
    accent_soft="#e0e9fd",
    on_accent="#ffffff",
    good="#17754a",
    warn="#8a5a00",
    bad="#c0292b",
)

# What terminals call black, red, green, yellow, blue, magenta, cyan and white; each keeps 4.5:1 on the theme's surface.
ANSI_DARK: Final = (
    DARK.text_muted, DARK.bad, DARK.good, DARK.warn, DARK.accent, "#d497f2", "#56c5db", DARK.text
)  # fmt: skip
ANSI_LIGHT: Final = (
    LIGHT.text, LIGHT.bad, LIGHT.good, LIGHT.warn, LIGHT.accent, "#8a3fb0", "#0d6b85", LIGHT.text_muted
)  # fmt: skip

# Okabe and Ito's hues, told apart by colour-blind people, in drawing order.
PLOT_HUES: Final = ("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#0072b2")


class Theme(QObject):
    """The look in force; widgets that paint themselves ask it for colours and listen to `changed`.

    Args:
        app: The application that palette and stylesheet are set on.
        mode: ``system``, ``dark`` or ``light``.
    """

    changed = Signal()

    def __init__(self, app: QApplication, mode: str = ThemeMode.SYSTEM) -> None:
        super().__init__(app)
        self._app = app
        self._mode = ThemeMode(mode)
        self._icons: list[tuple[weakref.ref[QAbstractButton], str, str]] = []
        self._applied: Roles | None = None
        app.setStyle("Fusion")
        app.setFont(self.font(BODY_PX))
        hints = QGuiApplication.styleHints()
        hints.colorSchemeChanged.connect(self._follow_system)
        self._apply()

    @property
    def mode(self) -> ThemeMode:
        """What the user chose."""
        return self._mode

    @property
    def is_dark(self) -> bool:
        """Whether the dark roles are in force."""
        return self.roles is DARK

    @property
    def roles(self) -> Roles:
        """The colours in force."""
        if self._mode is ThemeMode.SYSTEM:
            scheme = QGuiApplication.styleHints().colorScheme()
            return LIGHT if scheme == Qt.ColorScheme.Light else DARK
        return LIGHT if self._mode is ThemeMode.LIGHT else DARK

    def set_mode(self, mode: str) -> None:
        """Switch, and tell every widget."""
        self._mode = ThemeMode(mode)
        self._apply()

    def color(self, role: str) -> QColor:
        """The colour of a role, for painters.

        Raises:
            AttributeError: there is no such role.
        """
        value: str = getattr(self.roles, role)
        return QColor(value)

    def font(self, px: int = BODY_PX, *, bold: bool = False) -> QFont:
        """The system's font at *px* logical pixels; digits are all equally wide where the font can."""
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
        font.setPixelSize(px)
        font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
        font.setFeature(QFont.Tag("tnum"), 1)
        return font

    def fixed_font(self, px: int = BODY_PX) -> QFont:
        """The system's font of equally wide letters at *px* logical pixels."""
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPixelSize(px)
        return font

    def icon(self, name: str, role: str = "text") -> QIcon:
        """An icon of the Material Design set, such as ``play`` or ``cog-outline``, tinted by role."""
        return tinted_icon(name, getattr(self.roles, role), self.roles.text_muted)

    def set_icon(self, button: QAbstractButton, name: str, role: str = "text", *, size: int = ICON) -> None:
        """Give *button* an icon that keeps its tint when the theme changes."""
        self._icons = [entry for entry in self._icons if entry[0]() not in {None, button}]
        self._icons.append((weakref.ref(button), name, role))
        button.setIconSize(QSize(size, size))
        button.setIcon(self.icon(name, role))

    def _follow_system(self) -> None:
        if self._mode is ThemeMode.SYSTEM:
            self._apply()

    def _apply(self) -> None:
        roles = self.roles
        if roles is self._applied:
            return
        self._applied = roles
        self._app.setPalette(build_palette(roles))
        self._app.setStyleSheet(build_stylesheet(asdict(roles), SIZES))
        alive = []
        for entry in self._icons:
            button = entry[0]()
            if button is not None:
                button.setIcon(self.icon(entry[1], entry[2]))
                alive.append(entry)
        self._icons = alive
        self.changed.emit()


def tinted_icon(name: str, color: str, disabled: str | None = None) -> QIcon:
    """A Material Design icon in a given colour."""
    import qtawesome  # noqa: PLC0415 - reads fonts, 0.1 s: not before the window paints

    icon: QIcon = qtawesome.icon(f"mdi6.{name}", color=color, color_disabled=disabled or color)
    return icon


def build_palette(roles: Roles) -> QPalette:
    """The Qt palette of these roles, for what the stylesheet does not reach."""
    palette = QPalette()
    role = QPalette.ColorRole
    for target, value in (
        (role.Window, roles.surface),
        (role.WindowText, roles.text),
        (role.Base, roles.surface_raised),
        (role.AlternateBase, roles.surface),
        (role.Text, roles.text),
        (role.PlaceholderText, roles.text_muted),
        (role.Button, roles.surface_raised),
        (role.ButtonText, roles.text),
        (role.BrightText, roles.bad),
        (role.Highlight, roles.accent),
        (role.HighlightedText, roles.on_accent),
        (role.ToolTipBase, roles.surface_raised),
        (role.ToolTipText, roles.text),
        (role.Link, roles.accent),
        (role.Mid, roles.line),
        (role.Dark, roles.line),
        (role.Light, roles.surface_hover),
    ):
        palette.setColor(target, QColor(value))
    for target in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, target, QColor(roles.text_muted))
    return palette
