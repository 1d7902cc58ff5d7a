"""What ruff cannot see of the house's style: words that say nothing, and tests that could not fail."""

from __future__ import annotations

import ast
import re

import pytest
from architecture.project_files import PACKAGE, ROOT, python_files, syntax_tree, where

TESTS = ROOT / "tests"
# RecorderManager is a public name that was there before the rule.
EMPTY_WORD = re.compile(
    r"(?<!Recorder)Manager|Helper|Utils?(?![a-z])|(?:^|_)(?:helpers?|utils?|managers?)(?:_|$)|data2"
)
EMPTY_VERB = re.compile(r"_*(?:handle|process)(?:_|$)")
WAITS = {"sleep", "wait", "qWait", "qSleep"}
WAITERS = {"time", "qtbot", "QTest", "QThread", "asyncio"}
CHECKING_CALL = re.compile(r"assert|check|expect|raises|fail|wait|run_state_machine_as_test|compare|verify")


def empty_names(tree: ast.Module) -> list[tuple[int, str]]:
    """Line and name of every class and function whose name says nothing."""
    found = []
    for node in ast.walk(tree):
        is_class = isinstance(node, ast.ClassDef)
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if EMPTY_WORD.search(node.name) or (not is_class and EMPTY_VERB.match(node.name)):
            found.append((node.lineno, node.name))
    return found


def is_sleep(node: ast.AST) -> bool:
    """Whether *node* waits for time to pass: `time.sleep(1)`, `qtbot.wait(50)`."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in WAITS:
        return False
    if ast.unparse(node) == "asyncio.sleep(0)":  # gives the loop a turn, and takes no time
        return False
    return isinstance(node.func.value, ast.Name) and node.func.value.id in WAITERS


def can_fail(test: ast.FunctionDef) -> bool:
    """Whether *test* asserts something itself or calls what by its name does."""
    for node in ast.walk(test):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call) and CHECKING_CALL.search(ast.unparse(node.func)):
            return True
    return False


def functions_of_tests(tree: ast.Module) -> list[ast.FunctionDef]:
    """The test functions and methods of a module."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test")]


def test_that_names_say_something() -> None:
    modules = python_files(PACKAGE)
    assert modules
    assert not [f"{where(path, 1)}" for path in modules if EMPTY_WORD.search(path.stem)]
    assert not [f"{where(path, line)} {name}" for path in modules for line, name in empty_names(syntax_tree(path))]


def test_that_tests_are_named_after_a_behaviour_and_can_fail() -> None:
    tests = [(path, test) for path in python_files(TESTS) for test in functions_of_tests(syntax_tree(path))]
    assert tests
    assert not [
        f"{where(path, test.lineno)} {test.name}" for path, test in tests if not test.name.startswith("test_that_")
    ]
    assert not [f"{where(path, test.lineno)} {test.name}" for path, test in tests if not can_fail(test)]


def test_that_tests_wait_for_events_and_not_for_time() -> None:
    assert not [
        f"{where(path, node.lineno)} {ast.unparse(node)}"
        for path in python_files(TESTS)
        for node in ast.walk(syntax_tree(path))
        if isinstance(node, ast.Call) and is_sleep(node)
    ]


def test_that_unit_tests_do_without_qt() -> None:
    folders = [TESTS / "unit", TESTS / "contract", TESTS / "stateful"]
    assert not [
        f"{where(path, 1)} speaks of {word}"
        for path in python_files(*folders)
        for word in ("PySide6", "qtbot", "qapp")
        if re.search(rf"\b{word}\b", path.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize(
    "name", ["class FrameManager", "class Helper", "def handle_key()", "def process()", "class KeyUtil"]
)
def test_that_an_empty_name_is_recognised(name: str) -> None:
    assert empty_names(ast.parse(f"{name}: ..."))


@pytest.mark.parametrize("name", ["class RecorderManager", "class Utility", "def processed()", "def utilise()"])
def test_that_a_telling_name_is_left_alone(name: str) -> None:
    assert not empty_names(ast.parse(f"{name}: ..."))


def test_that_a_sleep_and_a_test_without_assertion_are_recognised() -> None:
    tree = ast.parse("def test_that_x():\n    time.sleep(1)\n    f()")
    assert any(is_sleep(node) for node in ast.walk(tree))
    assert not can_fail(functions_of_tests(tree)[0])
