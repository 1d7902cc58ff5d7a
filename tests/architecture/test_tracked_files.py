"""What is in git holds on any machine: no paths of one computer, no hosts; and every ignore carries its reason."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING

import pytest
from architecture.project_files import ROOT, comments, project_files, python_files, where

if TYPE_CHECKING:
    from pathlib import Path

# Each part is written so that this file does not match itself.
FOREIGN = {
    "a path of one machine": re.compile(r"(?<![\w.~])/(?:home|root|work|Users)/\w|\b[A-Z]:\\+Users\b"),
    "a place to fetch packages from": re.compile(r"(?:index[-]url|find[-]links|trusted[-]host)\b|\bfile:/{3}\w"),
    "an address in a network": re.compile(r"\b(?!127\.0\.0\.|0\.0\.0\.0\b)(?:\d{1,3}\.){3}\d{1,3}\b(?!\.)"),
}
NOQA = re.compile(r"#\s*(?:ruff:\s*)?noqa", re.IGNORECASE)
NOQA_WITH_REASON = re.compile(r"#\s*(?:ruff:\s*)?noqa: [A-Z]+\d+(?:, ?[A-Z]+\d+)* - \S")
OTHER_IGNORE = re.compile(r"#\s*(?:type:\s*ignore|pragma:\s*no|mypy:)")
OTHER_IGNORE_WITH_REASON = re.compile(r"#\s*(?:type:\s*ignore\[[\w, -]+\]|pragma:[^#]+|mypy:[^#]+)\s+# \S")
# What may be in git though no one can read it: pictures of the documents, and packed recordings that tests open.
NO_TEXT = {"docs/images": {".png"}, "tests/data": {".gz"}}
IGNORED_RULE = re.compile(r'^\s*"[A-Z]+\d+",|= \[.*"[A-Z]{1,4}\d+"')


def text_of(path: Path) -> str:
    """The file's text, or nothing where it is no text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def foreign_in(line: str) -> str:
    """What ties *line* to one machine or network, or nothing."""
    hostname = socket.gethostname()
    if len(hostname) > 8 and hostname in line:  # a shorter name may be a plain word
        return "this machine's name"
    return next((what for what, pattern in FOREIGN.items() if pattern.search(line)), "")


def is_foreign_body(path: Path) -> bool:
    """Whether *path*, below the project's folder, is neither text nor one of the few files that may be none."""
    allowed = any(path.is_relative_to(ROOT / folder) and path.suffix in kinds for folder, kinds in NO_TEXT.items())
    return not allowed and b"\0" in path.read_bytes()


def lacks_reason(comment: str) -> bool:
    """Whether *comment* switches a check off without saying why."""
    if NOQA.search(comment):
        return not NOQA_WITH_REASON.search(comment)
    return bool(OTHER_IGNORE.search(comment)) and not OTHER_IGNORE_WITH_REASON.search(comment)


def test_that_no_file_belongs_to_one_machine() -> None:
    files = project_files()
    assert len(files) > 10
    assert not [
        f"{where(path, number)} holds {foreign_in(line)}"
        for path in files
        for number, line in enumerate(text_of(path).splitlines(), start=1)
        if foreign_in(line)
    ]


def test_that_nothing_but_text_is_in_git() -> None:
    assert not [str(path.relative_to(ROOT)) for path in project_files() if is_foreign_body(path)]


def test_that_a_package_left_behind_is_recognised(tmp_path: Path) -> None:
    left = tmp_path / "tool-1.0-py3-none-any.whl"
    left.write_bytes(b"PK\x03\x04\0\0")
    assert is_foreign_body(left)


@pytest.mark.parametrize("line", ["x = '/h~ome/ann/x'", "pip --i~ndex-url x", "ping 10.~1.2.3", "C:\\U~sers\\ann"])
def test_that_a_foreign_line_is_recognised(line: str) -> None:
    assert foreign_in(line.replace("~", ""))  # apart, so that this file does not hold what it looks for


@pytest.mark.parametrize("line", ["PySide6 6.10.3", "see docs/home/x", "127.0.0.1", "version 1.2.3.dev1"])
def test_that_a_harmless_line_is_left_alone(line: str) -> None:
    assert not foreign_in(line)


def test_that_constraints_hold_versions_and_nothing_else() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert lines
    assert not [line for line in lines if not re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][0-9a-z.+]*", line)]


def test_that_every_ignore_carries_its_reason() -> None:
    assert not [
        f"{where(path, number)} {comment}"
        for path in python_files()
        for number, comment in comments(path)
        if lacks_reason(comment)
    ]


def test_that_every_rule_switched_off_for_all_carries_its_reason() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    begin, end = project.index("[tool.ruff.lint]"), project.index("[tool.ruff.lint.pydocstyle]")
    lines = project[begin:end].splitlines()
    assert not [line for line in lines if IGNORED_RULE.search(line) and "#" not in line]


@pytest.mark.parametrize("ignore", ["noqa", "noqa: S101", "type: ignore", "type: ignore[misc]", "pragma: no cover"])
def test_that_an_ignore_without_reason_is_recognised(ignore: str) -> None:
    assert lacks_reason("# " + ignore)


@pytest.mark.parametrize("ignore", ["noqa: S101 - because", "type: ignore[misc]  # because"])
def test_that_an_ignore_with_its_reason_is_left_alone(ignore: str) -> None:
    assert not lacks_reason("# " + ignore)
