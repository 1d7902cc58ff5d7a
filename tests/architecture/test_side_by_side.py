"""Tests that run in two processes at once: who wants to be alone is, and names are the same everywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

CONFTEST = Path(__file__).resolve().parents[1] / "conftest.py"
COMMAND = ("-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir=.", "-p", "xdist", "-n", "2")
NEIGHBOURS = """
import os, threading
from pathlib import Path
import pytest

JOURNAL = Path(os.environ["JOURNAL"])

def say(word):
    with JOURNAL.open("a") as journal:
        journal.write(word + " ")

@pytest.mark.parametrize("number", range(12))
def test_neighbour(number):
    say("in")
    threading.Event().wait(0.02)
    say("out")

@pytest.mark.alone
@pytest.mark.parametrize("number", range(3))
def test_alone(number):
    say("[")
    threading.Event().wait(0.2)
    say("]")

@pytest.mark.parametrize("number", range(12))
def test_later_neighbour(number):
    test_neighbour(number)
"""
ADDRESSED = """
import pytest

@pytest.mark.parametrize("value", [object()], ids=repr)
def test_value(value):
    pass
"""


@pytest.fixture
def journal(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file into which the inner run's tests write, beside a copy of the project's conftest."""
    (pytester.path / "conftest.py").write_text(CONFTEST.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # Qt and the like take longer than these tests
    monkeypatch.setenv("JOURNAL", str(pytester.path / "journal"))
    return pytester.path / "journal"


@pytest.mark.slow
def test_that_nothing_runs_beside_a_test_that_wants_to_be_alone(pytester: pytest.Pytester, journal: Path) -> None:
    pytester.makepyfile(NEIGHBOURS)
    pytester.runpytest_subprocess(*COMMAND, "-W", "ignore").assert_outcomes(passed=27)
    written = journal.read_text(encoding="utf-8").split()
    assert "in in" in " ".join(written), "the others do run beside each other"
    for place in [place for place, word in enumerate(written) if word == "["]:
        assert written[place + 1] == "]"
        assert written[:place].count("in") == written[:place].count("out")


def test_that_a_name_with_an_address_is_refused(pytester: pytest.Pytester, journal: Path) -> None:
    assert not journal.exists()
    pytester.makepyfile(ADDRESSED)
    done = pytester.runpytest_subprocess(*COMMAND[:-4])
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["ERROR: name this case with*case_names.py: *<object object at 0x*"])
