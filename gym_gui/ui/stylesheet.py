"""The stylesheet: one template, filled from the roles of the theme in force.

Widgets choose a variant by dynamic properties: ``kind`` (``primary``, ``quiet``, ``danger``, ``chip``) on buttons,
``type`` (``caption``, ``title``, ``headline``, ``muted``) on labels, ``bar`` on frames.
"""

from __future__ import annotations

from dataclasses import asdict
from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gym_gui.ui.theme import Roles

_TEMPLATE = Template("""
* { outline: none; }
QWidget { color: $text; font-size: 13px; }
QMainWindow, QDialog { background: $surface; }
QToolTip { background: $surface_raised; color: $text; border: 1px solid $line; padding: 4px 8px; }

QLabel { background: transparent; }
QLabel[type="caption"] { font-size: 12px; color: $text_muted; }
QLabel[type="muted"] { color: $text_muted; }
QLabel[type="title"] { font-size: 15px; font-weight: 600; }
QLabel[type="headline"] { font-size: 20px; font-weight: 600; }
QLabel[state="good"] { color: $good; }
QLabel[state="warn"] { color: $warn; }
QLabel[state="bad"] { color: $bad; }

QFrame[bar="true"] { background: $surface_raised; border: none; }
QFrame[card="true"] { background: $surface_raised; border: 1px solid $line; border-radius: 6px; }
QFrame[line="true"] { background: $line; border: none; }

QFrame[overlay="true"] { background: $overlay; border: 1px solid $overlay_hover; border-radius: 10px; }
QFrame[overlay="true"] QLabel { color: $overlay_text; border: none; }
QFrame[overlay="true"] QLabel[type="caption"], QFrame[overlay="true"] QLabel[type="muted"] { color: $overlay_muted; }
QFrame[overlay="true"] QLabel[state="bad"] { color: $overlay_bad; }
QFrame[overlay="true"] QToolButton { color: $overlay_text; }
QFrame[overlay="true"] QToolButton:hover { background: $overlay_hover; }
QFrame[overlay="true"] QToolButton:checked { background: $overlay_hover; }
QFrame[overlay="true"] QFrame[line="true"] { background: $overlay_hover; }

QPushButton {
    background: $surface_raised; color: $text; border: 1px solid $line; border-radius: 6px;
    padding: 4px 12px; min-height: 22px;
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
QPushButton[kind="chip"] { border-radius: 14px; padding: 2px 12px; background: transparent; }
QPushButton[kind="chip"]:hover { background: $surface_hover; }
QPushButton[kind="chip"]:checked { background: $accent_soft; border-color: $accent; color: $text; }

QToolButton {
    background: transparent; color: $text; border: 1px solid transparent; border-radius: 6px;
    padding: 3px; min-width: 20px; min-height: 20px;
}
QToolButton:hover { background: $surface_hover; }
QToolButton:pressed { background: $surface_pressed; }
QToolButton:checked { background: $accent_soft; }
QToolButton:focus { border-color: $accent; }
QToolButton:disabled { color: $text_muted; }
QToolButton::menu-indicator { image: none; }
QToolButton[wide="true"] { padding: 3px 8px; }

QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox, QPlainTextEdit, QTextEdit {
    background: $surface_raised; color: $text; border: 1px solid $line; border-radius: 6px;
    padding: 4px 8px; min-height: 20px; selection-background-color: $accent; selection-color: $on_accent;
}
QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus, QPlainTextEdit:focus, QTextEdit:focus {
    border-color: $accent;
}
QComboBox::drop-down { border: none; width: 20px; }
QComboBox QAbstractItemView {
    background: $surface_raised; border: 1px solid $line; selection-background-color: $accent_soft;
    selection-color: $text;
}

QMenu { background: $surface_raised; border: 1px solid $line; padding: 4px; }
QMenu::item { padding: 6px 24px 6px 12px; border-radius: 4px; }
QMenu::item:selected { background: $accent_soft; }
QMenu::item:disabled { color: $text_muted; }
QMenu::separator { height: 1px; background: $line; margin: 4px 8px; }

QSlider::groove:horizontal { height: 4px; background: $surface_pressed; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $accent; border-radius: 2px; }
QSlider::handle:horizontal {
    background: $text; width: 12px; height: 12px; margin: -4px 0; border-radius: 6px;
}
QSlider::handle:horizontal:hover { background: $accent_hover; }

QScrollArea, QAbstractScrollArea { border: none; background: transparent; }
QScrollBar:vertical { background: transparent; width: 12px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 12px; margin: 0; }
QScrollBar::handle { background: $surface_pressed; border-radius: 4px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::handle:hover { background: $text_muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QTableView, QTreeView, QListView {
    background: $surface; border: none; gridline-color: $line; selection-background-color: $accent_soft;
    selection-color: $text; alternate-background-color: $surface_raised;
}
QTableView::item, QTreeView::item { padding: 2px 8px; }
QHeaderView { background: $surface; }
QHeaderView::section {
    background: $surface; color: $text_muted; border: none; border-bottom: 1px solid $line;
    padding: 4px 8px; font-size: 12px;
}
QHeaderView::section:hover { color: $text; background: $surface_hover; }
QTableCornerButton::section { background: $surface; border: none; }

QSplitter::handle { background: $line; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }

QCheckBox, QRadioButton { spacing: 8px; min-height: 24px; background: transparent; }
QCheckBox::indicator, QRadioButton::indicator {
    width: 16px; height: 16px; border: 1px solid $text_muted; background: $surface_raised;
}
QCheckBox::indicator { border-radius: 4px; }
QRadioButton::indicator { border-radius: 9px; }
QCheckBox::indicator:hover, QRadioButton::indicator:hover { border-color: $accent; }
QCheckBox::indicator:checked, QRadioButton::indicator:checked { background: $accent; border-color: $accent; }
QCheckBox:focus, QRadioButton:focus { color: $accent; }

QProgressBar { background: $surface_pressed; border: none; border-radius: 2px; max-height: 4px; }
QProgressBar::chunk { background: $accent; border-radius: 2px; }
""")


def build_stylesheet(roles: Roles) -> str:
    """The application's stylesheet in these colours."""
    return _TEMPLATE.substitute(asdict(roles))
