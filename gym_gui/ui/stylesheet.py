"""The stylesheet: one template, filled from the roles of the theme in force.

Widgets choose a variant by dynamic properties: ``kind`` (``primary``, ``quiet``, ``danger``, ``chip``) on buttons,
``type`` (``caption``, ``title``, ``headline``, ``muted``) on labels, ``bar`` on frames.
"""

from __future__ import annotations

from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


_TEMPLATE = Template("""
* { outline: none; }
QWidget { color: $text; font-size: $body; }
QMainWindow, QDialog { background: $surface; }
QToolTip { background: $surface_raised; color: $text; border: $hair solid $line; padding: $hair $space_3; }

QLabel { background: transparent; }
QLabel[type="caption"] { font-size: $caption; color: $text_muted; }
QLabel[type="muted"] { color: $text_muted; }
QLabel[type="title"] { font-size: $title; font-weight: 600; }
QLabel[type="headline"] { font-size: $headline; font-weight: 600; }
QLabel[state="good"] { color: $good; }
QLabel[state="warn"] { color: $warn; }
QLabel[state="bad"] { color: $bad; }

QFrame[bar="true"] { background: $surface_raised; border: none; }
QFrame[card="true"] { background: $surface_raised; border: $hair solid $line; border-radius: $radius; }
QFrame[line="true"] { background: $line; border: none; }

QFrame[overlay="true"] { background: $overlay; border: $hair solid $overlay_hover; border-radius: $radius_large; }
QFrame[overlay="true"] QLabel { color: $overlay_text; border: none; }
QFrame[overlay="true"] QLabel[type="caption"], QFrame[overlay="true"] QLabel[type="muted"] { color: $overlay_muted; }
QFrame[overlay="true"] QLabel[state="bad"] { color: $overlay_bad; }
QFrame[overlay="true"] QToolButton { color: $overlay_text; }
QFrame[overlay="true"] QToolButton:hover { background: $overlay_hover; }
QFrame[overlay="true"] QToolButton:checked { background: $overlay_hover; }
QFrame[overlay="true"] QFrame[line="true"] { background: $overlay_hover; }

QPushButton {
    background: $surface_raised; color: $text; border: $hair solid $line; border-radius: $radius;
    padding: $space_4 $space_12; min-height: $control;
}
QPushButton:hover { background: $surface_hover; }
QPushButton:pressed { background: $surface_pressed; }
QPushButton:focus { border-color: $accent; }
QPushButton:disabled { color: $text_muted; background: $surface; }
QPushButton[kind="primary"] { background: $accent; color: $on_accent; border-color: $accent; font-weight: 600; }
QPushButton[kind="primary"]:hover { background: $accent_hover; border-color: $accent_hover; }
QPushButton[kind="primary"]:focus { border-color: $text; }
QPushButton[kind="primary"]:disabled { background: $surface_pressed; color: $text_muted; border-color: $line; }
QPushButton[kind="danger"] { color: $bad; border-color: $bad; background: transparent; }
QPushButton[kind="danger"]:hover { background: $surface_hover; }
QPushButton[kind="quiet"] { background: transparent; border-color: transparent; }
QPushButton[kind="quiet"]:hover { background: $surface_hover; }
QPushButton[kind="quiet"]:focus { border-color: $accent; }
QPushButton[kind="chip"] { border-radius: $radius_pill; padding: $space_2 $space_12; background: transparent; }
QPushButton[kind="chip"]:hover { background: $surface_hover; }
QPushButton[kind="chip"]:checked { background: $accent_soft; border-color: $accent; color: $text; }
QPushButton[kind="chip"]:focus { border-color: $accent; }
QPushButton[kind="chip"]:checked:disabled {
    border-color: $text_muted; background: $surface_pressed; color: $text_muted;
}
QPushButton[kind="chip"]:checked:focus { border-color: $text; }

QToolButton {
    background: transparent; color: $text; border: $hair solid transparent; border-radius: $radius;
    padding: $space_3; min-width: $icon; min-height: $icon;
}
QToolButton:hover { background: $surface_hover; }
QToolButton:pressed { background: $surface_pressed; }
QToolButton:checked { background: $accent_soft; }
QToolButton:focus { border-color: $accent; }
QToolButton:disabled { color: $text_muted; }
QToolButton[kind="primary"] { background: $accent; color: $on_accent; }
QToolButton[kind="primary"]:hover { background: $accent_hover; }
QToolButton[kind="primary"]:focus { border-color: $text; }
QToolButton[kind="primary"]:disabled { background: $surface_pressed; }
QToolButton[kind="fold"], QToolButton[kind="fold"]:checked {
    background: transparent; font-weight: 600; padding: $space_2 $space_4 $space_2 0;
}
QToolButton[kind="fold"]:hover { background: $surface_hover; }
QToolButton[kind="small"] { padding: $hair; min-width: $icon_small; min-height: $icon_small; }
QToolButton::menu-indicator { image: none; }
QToolButton[wide="true"] { padding: $space_3 $space_8; }

QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox, QPlainTextEdit, QTextEdit {
    background: $surface_raised; color: $text; border: $hair solid $line; border-radius: $radius;
    padding: $space_4 $space_8; min-height: $icon; selection-background-color: $accent; selection-color: $on_accent;
}
QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus, QPlainTextEdit:focus, QTextEdit:focus {
    border-color: $accent;
}
QLineEdit[state="bad"], QLineEdit[state="bad"]:focus { border-color: $bad; }
QLineEdit:disabled { color: $text_muted; background: $surface; }
QSpinBox > QLineEdit, QDoubleSpinBox > QLineEdit { padding: 0; min-height: 0; border: none; background: transparent; }
QLineEdit > QToolButton { padding: 0; min-width: 0; min-height: 0; border: none; background: transparent; }
QComboBox::drop-down { border: none; width: $icon; }
QComboBox QAbstractItemView {
    background: $surface_raised; border: $hair solid $line; selection-background-color: $accent_soft;
    selection-color: $text;
}

QMenu { background: $surface_raised; border: $hair solid $line; padding: $space_4; }
QMenu::item { padding: $radius $space_24 $radius $space_12; border-radius: $radius_small; }
QMenu::item:selected { background: $accent_soft; }
QMenu::item:disabled { color: $text_muted; }
QMenu::separator { height: $hair; background: $line; margin: $space_4 $space_8; }

QSlider::groove:horizontal { height: $space_4; background: $surface_pressed; border-radius: $radius_small; }
QSlider::sub-page:horizontal { background: $accent; border-radius: $radius_small; }
QSlider::handle:horizontal {
    background: $text; width: $space_12; height: $space_12; margin: -$space_4 0; border-radius: $radius;
}
QSlider::handle:horizontal:hover { background: $accent_hover; }

QScrollArea, QAbstractScrollArea { border: none; background: transparent; }
QAbstractScrollArea::corner { background: transparent; border: none; }
QScrollBar:vertical { background: transparent; width: $space_12; margin: 0; }
QScrollBar:horizontal { background: transparent; height: $space_12; margin: 0; }
QScrollBar::handle { background: $surface_pressed; border-radius: $radius_small; margin: $space_2; }
QScrollBar::handle:vertical { min-height: $space_32; }
QScrollBar::handle:horizontal { min-width: $space_32; }
QScrollBar::handle:hover { background: $text_muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QTableView, QTreeView, QListView {
    background: $surface; border: none; gridline-color: $line; selection-background-color: $accent_soft;
    selection-color: $text; alternate-background-color: $surface_raised;
}
QTableView { border: $hair solid transparent; border-radius: $radius; }
QTableView:focus { border-color: $accent; }
QTableView::item, QTreeView::item { padding: $space_2 $space_4; }
QListView::item:disabled { color: $text_muted; }
QHeaderView { background: $surface; }
QHeaderView::section {
    background: $surface; color: $text_muted; border: none; border-bottom: $hair solid $line;
    padding: $space_4 $space_8; font-size: $caption;
}
QHeaderView::section:hover { color: $text; background: $surface_hover; }
QTableCornerButton::section { background: $surface; border: none; }

QSplitter::handle { background: $line; }
QSplitter::handle:horizontal { width: $hair; }
QSplitter::handle:vertical { height: $hair; }

QCheckBox, QRadioButton { spacing: $space_8; background: transparent; }

QProgressBar { background: $surface_pressed; border: none; border-radius: $radius_small; max-height: $space_4; }
QProgressBar::chunk { background: $accent; border-radius: $radius_small; }
""")


def build_stylesheet(colors: Mapping[str, str], sizes: Mapping[str, int]) -> str:
    """The application's stylesheet in these colours, by role, and sizes, logical pixels by name."""
    return _TEMPLATE.substitute(colors, **{name: f"{value}px" for name, value in sizes.items()})
