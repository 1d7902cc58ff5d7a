"""Sizes that keep a module readable: lines of a module, lines and statements of a function.

A line counts when it is not blank; comments and docstrings count. A function's lines run from `def` to its last one,
decorators left out. A statement is a statement of Python's grammar, at any depth, but for docstrings; an inner
function or class counts for the outer one too. Complexity is ruff's C901.
"""

from __future__ import annotations

import ast
from functools import cache
from typing import TYPE_CHECKING

from architecture.project_files import python_files, syntax_tree, where

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODULE_LINES = 400  # the hard end; the house asks for 300
FUNCTION_LINES = 60
FUNCTION_STATEMENTS = 40


@cache  # asked for once a function
def lines_of(path: Path) -> list[str]:
    """The lines of a file."""
    return path.read_text(encoding="utf-8").splitlines()


def filled_lines(path: Path, first: int = 1, last: int | None = None) -> int:
    """How many lines from *first* to *last*, both included and counted from 1, are not blank."""
    return sum(1 for line in lines_of(path)[first - 1 : last] if line.strip())


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a module, inner ones included."""
    for node in ast.walk(syntax_tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def statements(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How many statements the body of *function* holds."""
    found = [node for statement in function.body for node in ast.walk(statement) if isinstance(node, ast.stmt)]
    return sum(1 for node in found if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)))


def test_that_no_module_outgrows_its_budget() -> None:
    sizes = {path: filled_lines(path) for path in python_files()}
    assert sizes
    assert not [f"{where(path, 1)}: {size} lines" for path, size in sizes.items() if size > MODULE_LINES]


def test_that_no_function_outgrows_its_budget() -> None:
    too_long, too_many, seen = [], [], 0
    for path in python_files():
        for function in functions(path):
            seen += 1
            size = filled_lines(path, function.lineno, function.end_lineno)
            if size > FUNCTION_LINES:
                too_long.append(f"{where(path, function.lineno)} {function.name}: {size} lines")
            # Of a body that short there is nothing to count.
            if size > FUNCTION_STATEMENTS and (many := statements(function)) > FUNCTION_STATEMENTS:
                too_many.append(f"{where(path, function.lineno)} {function.name}: {many} statements")
    assert seen
    assert not too_long
    assert not too_many
