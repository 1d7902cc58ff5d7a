"""Colours, font sizes and distances are said once, in `ui/theme.py`; a widget asks for them by name."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest
from architecture.project_files import PACKAGE, python_files, syntax_tree, where

if TYPE_CHECKING:
    from pathlib import Path

THEME = PACKAGE / "ui" / "theme.py"
# A colour or a size inside a text: a style sheet, or what is put into one.
LITERAL_TEXT = re.compile(r"#(?:[0-9a-fA-F]{8}|[0-9a-fA-F]{6}|[0-9a-fA-F]{3})\b|\brgba?\(|\d(?:px|pt|em)\b")
SIZED_CALLS = {
    "setContentsMargins",
    "setFont",
    "setHorizontalSpacing",
    "setLetterSpacing",
    "setMargin",
    "setPixelSize",
    "setPointSize",
    "setPointSizeF",
    "setSpacing",
    "setVerticalSpacing",
}
COLOUR_CALLS = {"QColor", "fromHsl", "fromHsv", "fromRgb", "fromRgba", "qRgb", "qRgba", "setNamedColor"}
NAMED_COLOURS_ALLOWED = {"transparent"}


def call_name(call: ast.Call) -> str:
    """The last part of what is called: `setSpacing` of `self.layout().setSpacing(4)`."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def is_nonzero_number(node: ast.expr) -> bool:
    """Whether *node* is a number written out, other than 0."""
    if isinstance(node, ast.UnaryOp):
        node = node.operand
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float) and bool(node.value)


def literal_in(node: ast.AST) -> str:
    """What *node* itself says that belongs into the theme, or nothing."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        found = LITERAL_TEXT.search(node.value)
        return found.group() if found else ""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute):
        is_colour = node.value.attr == "GlobalColor" and node.attr not in NAMED_COLOURS_ALLOWED
        return ast.unparse(node) if is_colour else ""
    if isinstance(node, ast.Call):
        name, values = call_name(node), [*node.args, *(keyword.value for keyword in node.keywords)]
        is_size = name in SIZED_CALLS and any(is_nonzero_number(value) for value in values)
        is_colour = name in COLOUR_CALLS and any(isinstance(value, ast.Constant) for value in values)
        return ast.unparse(node) if is_size or is_colour else ""
    return ""


def violations(tree: ast.Module) -> list[tuple[int, str]]:
    """Line and text of every literal in *tree* that belongs into the theme; docstrings may say what they like."""
    docstrings = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    found = ((getattr(node, "lineno", 0), literal_in(node)) for node in ast.walk(tree) if id(node) not in docstrings)
    return [(line, text) for line, text in found if text]


def test_that_widgets_take_colours_and_sizes_from_the_theme() -> None:
    modules: list[Path] = [path for path in python_files(PACKAGE / "ui") if path != THEME]
    assert modules
    assert not [f"{where(path, line)} {text}" for path in modules for line, text in violations(syntax_tree(path))]


@pytest.mark.parametrize(
    "source",
    [
        "label.setStyleSheet('color: #ff8800')",
        "label.setStyleSheet(f'padding: {n}px; margin: 3px')",
        "QColor(255, 0, 0)",
        "QColor('red')",
        "painter.setPen(Qt.GlobalColor.red)",
        "layout.setContentsMargins(0, 0, 8, 0)",
        "layout.setSpacing(6)",
        "font.setPointSize(11)",
    ],
)
def test_that_a_literal_is_recognised(source: str) -> None:
    assert violations(ast.parse(source))


@pytest.mark.parametrize(
    "source",
    [
        "layout.setContentsMargins(0, 0, 0, 0)",
        "layout.setSpacing(theme.SPACE_S)",
        "QColor(theme.accent)",
        "painter.fillRect(rect, Qt.GlobalColor.transparent)",
        "label.setText('issue #12')",
    ],
)
def test_that_what_the_theme_says_is_no_literal(source: str) -> None:
    assert not violations(ast.parse(source))
