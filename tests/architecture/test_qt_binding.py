"""The Qt binding must not eat `None`: PySide6 6.12 on Python 3.11 does, until the interpreter dies in some repaint."""

from __future__ import annotations

import ast
import sys

from architecture.project_files import PACKAGE, python_files, syntax_tree, where
from PySide6.QtCore import QObject

CALLS = 1_000
NOISE = 100  # what the test runner's own threads may let go of meanwhile


def test_that_calls_into_qt_keep_the_references_to_none() -> None:
    subject = QObject()
    before = sys.getrefcount(None)
    for _ in range(CALLS):
        subject.setObjectName("x")
    assert sys.getrefcount(None) > before - NOISE


def test_that_every_painter_ends_where_its_block_ends() -> None:
    # A painter that an exception leaves open ends the process when its picture is thrown away.
    left_open = []
    for path in python_files(PACKAGE / "ui"):
        nodes = list(ast.walk(syntax_tree(path)))
        held = {id(item.context_expr) for node in nodes if isinstance(node, ast.With) for item in node.items}
        left_open += [
            where(path, node.lineno)
            for node in nodes
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "QPainter" and id(node) not in held
        ]
    assert not left_open
