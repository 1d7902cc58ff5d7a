"""The guards of `tests/conftest.py` must catch what they are for: each fault is planted in an inner test run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CONFTEST = Path(__file__).resolve().parents[1] / "conftest.py"
PLANTED = """
import logging, os, sqlite3, threading
from pathlib import Path
import pytest
from PySide6.QtWidgets import QWidget

release = threading.Event()
kept = []

@pytest.fixture(scope="module", autouse=True)
def _end():
    yield
    release.set()

def test_thread():
    threading.Thread(target=release.wait, name="forgotten-thread", daemon=True).start()

def test_file(tmp_path):
    kept.append(open(tmp_path / "forgotten.h5", "wb"))

def test_database(tmp_path):
    kept.append(sqlite3.connect(tmp_path / "forgotten.sqlite"))
    kept[-1].execute("create table t (x)")

def test_widget(qapp):
    kept.append(QWidget(objectName="forgotten-window"))

def test_log():
    logging.getLogger("some").warning("nobody asked for this")

def test_missing_log(expect_log):
    expect_log(logging.ERROR, "never said")

def test_var_folder():
    (Path(os.environ["PLANTED_VAR"]) / "stray.txt").write_text("x")

def test_clean(qtbot, tmp_path, expect_log, var_dir):
    expect_log(logging.WARNING, "as announced")
    logging.getLogger("some").warning("this comes as announced")
    thread = threading.Thread(target=lambda: None)
    thread.start()
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.show()
    with open(tmp_path / "closed.h5", "wb") as file:
        file.write(b"x")
    assert os.environ["GYM_GUI_VAR_DIR"] == str(var_dir)
"""


@pytest.fixture
def inner_run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.RunResult:
    """One run of the planted faults under a copy of the project's conftest, in a process of its own."""
    (pytester.path / "tests").mkdir()
    (pytester.path / "var").mkdir()
    (pytester.path / "tests" / "conftest.py").write_text(CONFTEST.read_text(encoding="utf-8"), encoding="utf-8")
    (pytester.path / "tests" / "test_planted.py").write_text(PLANTED, encoding="utf-8")
    monkeypatch.setenv("PLANTED_VAR", str(pytester.path / "var"))
    return pytester.runpytest_subprocess("tests", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir=.")


def test_that_every_planted_leak_is_found_and_named(inner_run: pytest.RunResult) -> None:
    output = inner_run.stdout.str()
    for expected in (
        r"leaked threads: forgotten-thread",
        r"leaked open files: \S+forgotten\.h5",
        r"leaked open files: \S+forgotten\.sqlite",
        r"leaked widgets: QWidget 'forgotten-window'",
        r"unexpected log records:\n\s+WARNING some: nobody asked for this",
        r"expected log records that never came: \['never said'\]",
        r"written into the checkout's var folder: stray\.txt",
    ):
        assert re.search(expected, output), f"{expected} not found in:\n{output}"
    # Seven teardowns fail; the tests themselves pass, and the clean one stays without an error.
    inner_run.assert_outcomes(passed=8, errors=7)
