"""Fixtures that every test gets: no leaks, no log record unasked, nothing in the checkout's `var/`.

Each guard is torn down after the test's own fixtures, so what those close in time is no leak. A guard that finds
something fails the test (as an error of its teardown) and names what it found.

Where pytest-xdist runs files beside each other, a test that is marked `alone` runs while every other worker waits.
"""

from __future__ import annotations

import gc
import logging
import os
import re
import signal
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

pytest_plugins = ["pytester"]

# Before anything imports Qt or SDL: tests need neither a screen nor a sound card.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ.setdefault("SDL_AUDIODRIVER", "dummy")
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
# A trainer of a test hardly ever starts a learner; those that are to have one waiting say so.
os.environ.setdefault("GYM_GUI__trainer__spare_s", "0")

# What starts the tests in the background (`nohup`, `&`) may have made them deaf, and what they start would be, too.
for _name, _default in (("SIGHUP", signal.SIG_DFL), ("SIGINT", signal.default_int_handler)):
    if hasattr(signal, _name) and signal.getsignal(getattr(signal, _name)) is signal.SIG_IGN:
        signal.signal(getattr(signal, _name), _default)

# The same examples on every machine; HYPOTHESIS_PROFILE=explore looks for new ones.
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None, database=None)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=1_000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

CHECKOUT_VAR = Path(__file__).resolve().parents[1] / "var"
THREAD_GRACE_S = 2.0
STORAGE_SUFFIXES = (".h5", ".hdf5", ".sqlite", ".sqlite-wal", ".sqlite-shm")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse names that differ from process to process: pytest-xdist could not tell its workers which test to run.

    Raises:
        UsageError: A test's name holds an address.
    """
    for item in items:
        if " at 0x" in item.nodeid:
            raise pytest.UsageError(f"name this case with `ids=written` of tests/case_names.py: {item.nodeid}")


def pytest_collection_finish() -> None:
    """Keep the garbage collector from looking at thousands of tests again and again: none of them is garbage."""
    gc.collect()
    gc.freeze()


@contextmanager
def _held(path: Path, *, shared: bool) -> Iterator[None]:
    """Hold the lock of a file, which ends with the process that holds it."""
    import fcntl  # noqa: PLC0415 - Windows has none, and there tests run one by one

    with path.open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield


@pytest.hookimpl(wrapper=True, tryfirst=True)  # around pytest-timeout, whose clock must not count the waiting
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let a test marked `alone` have the machine to itself, as far as this run's other workers go."""
    base = item.config.getoption("basetemp")
    if not hasattr(item.config, "workerinput") or base is None:
        return (yield)
    folder = Path(base).parent  # one for all workers of this run
    with ExitStack() as room:
        # Who waits for the room to be empty holds the door, so that nobody else goes in meanwhile.
        with _held(folder / "door.lock", shared=False):
            room.enter_context(_held(folder / "room.lock", shared=item.get_closest_marker("alone") is None))
        return (yield)


@pytest.fixture(autouse=True)
def _no_leaked_threads() -> Iterator[None]:
    """Fail where a thread that the test started is still alive two seconds after it."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + THREAD_GRACE_S
    leaked = []
    for thread in set(threading.enumerate()) - before:
        # Threads that Python did not start (Qt's pool) cannot be joined, and outlive tests by design.
        if isinstance(thread, threading._DummyThread):
            continue
        # A process that recorded once keeps its recording process, and listens to it.
        if thread.name == "recording-link":
            continue
        thread.join(max(0.0, deadline - time.monotonic()))
        if thread.is_alive():
            leaked.append(thread.name)
    if leaked:
        pytest.fail(f"leaked threads: {', '.join(sorted(leaked))}", pytrace=False)


def _open_storage_files() -> dict[str, str]:
    """Descriptor -> path of every HDF5 and SQLite file that this process holds open; empty where /proc is missing."""
    found = {}
    descriptors = Path("/proc/self/fd")
    for descriptor in descriptors.iterdir() if descriptors.exists() else ():
        try:
            target = str(descriptor.readlink()).removesuffix(" (deleted)")
        except OSError:  # the listing's own descriptor
            continue
        if target.endswith(STORAGE_SUFFIXES):
            found[descriptor.name] = target
    return found


@pytest.fixture(autouse=True)
def _no_leaked_storage_files() -> Iterator[None]:
    """Fail where the test leaves an HDF5 or SQLite file open."""
    before = _open_storage_files()
    yield
    leaked = sorted({path for name, path in _open_storage_files().items() if before.get(name) != path})
    if leaked:
        pytest.fail(f"leaked open files: {', '.join(leaked)}", pytrace=False)


def _top_level_widgets() -> dict[int, str]:
    """Address -> description of every top-level widget without a parent; empty where no test has started Qt."""
    widgets = sys.modules.get("PySide6.QtWidgets")
    if widgets is None or widgets.QApplication.instance() is None:
        return {}
    core, shiboken = sys.modules["PySide6.QtCore"], sys.modules["shiboken6"]
    widgets.QApplication.sendPostedEvents(None, core.QEvent.Type.DeferredDelete.value)
    return {
        shiboken.getCppPointer(widget)[0]: f"{type(widget).__name__} {widget.objectName()!r}"
        for widget in widgets.QApplication.topLevelWidgets()
        # Qt keeps the last tool tip's label for itself.
        if widget.parent() is None and widget.metaObject().className() != "QTipLabel"
    }


@pytest.fixture(autouse=True)
def _no_leaked_widgets() -> Iterator[None]:
    """Fail where the test leaves a window behind; `qtbot.addWidget` closes them."""
    before = _top_level_widgets()
    yield
    leaked = sorted(what for address, what in _top_level_widgets().items() if address not in before)
    if leaked:
        pytest.fail(f"leaked widgets: {', '.join(leaked)}", pytrace=False)


@dataclass
class LogExpectations:
    """What a test says will be logged; see `expect_log`."""

    patterns: list[tuple[int, str]] = field(default_factory=list)

    def __call__(self, level: int, pattern: str) -> None:
        """Expect at least one record of *level* whose message contains the regular expression *pattern*."""
        self.patterns.append((level, pattern))


class _RecordCollector(logging.Handler):
    """Keeps every record from WARNING up, whichever thread logs it."""

    def __init__(self) -> None:
        super().__init__(level=logging.WARNING)
        self.records: list[tuple[int, str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append((record.levelno, record.name, record.getMessage()))


@pytest.fixture(autouse=True)
def expect_log() -> Iterator[LogExpectations]:
    """Fail on a record from WARNING up that the test did not announce, and on an announced one that never came.

    `expect_log(logging.ERROR, "disk full")` announces one or more records; the pattern is searched in the message.
    """
    expectations, collector = LogExpectations(), _RecordCollector()
    root = logging.getLogger()
    root.addHandler(collector)
    yield expectations
    root.removeHandler(collector)
    unexpected = [
        f"{logging.getLevelName(level)} {name}: {message}"
        for level, name, message in collector.records
        if not any(level == wanted and re.search(pattern, message) for wanted, pattern in expectations.patterns)
    ]
    missing = [
        pattern
        for wanted, pattern in expectations.patterns
        if not any(level == wanted and re.search(pattern, message) for level, _, message in collector.records)
    ]
    if unexpected:
        pytest.fail("unexpected log records:\n  " + "\n  ".join(unexpected), pytrace=False)
    if missing:
        pytest.fail(f"expected log records that never came: {missing}", pytrace=False)


def _checkout_var_entries() -> set[str]:
    """The names in the checkout's var folder, but for what SQLite makes and removes beside a database in use."""
    if not CHECKOUT_VAR.is_dir():
        return set()
    names = {entry.name for entry in CHECKOUT_VAR.iterdir()}
    return {name for name in names if not name.endswith(("-wal", "-shm", "-journal"))}


@pytest.fixture(autouse=True)
def var_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A var folder of the test's own (not made yet), which `GYM_GUI_VAR_DIR` names, also for what the test starts.

    Fails the test where something appears in the checkout's own var folder all the same.
    """
    before = _checkout_var_entries()
    monkeypatch.setenv("GYM_GUI_VAR_DIR", str(tmp_path / "var"))
    yield tmp_path / "var"
    strays = sorted(_checkout_var_entries() - before)
    if strays:
        pytest.fail(f"written into the checkout's var folder: {', '.join(strays)}", pytrace=False)
