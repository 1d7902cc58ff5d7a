"""The project's own files, for the tests that read them: what git tracks or would track."""

from __future__ import annotations

import ast
import gc
import shutil
import subprocess
import tokenize
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "gym_gui"


# Where there is no git, or no clone but an unpacked archive.
NEVER_TRACKED = {"__pycache__", "build", "dist", "var"}
# Written by the compiler of trainer.proto, not by us; a test holds them to it.
GENERATED = ("_pb2.py", "_pb2_grpc.py")


@cache
def project_files() -> tuple[Path, ...]:
    """Every file that git tracks, or would if it were added now."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, check=False) if shutil.which("git") else None
    if listing is None or listing.returncode != 0:
        return tuple(sorted(_files_below(ROOT)))
    paths = {ROOT / name for name in listing.stdout.decode().split("\0") if name}
    return tuple(sorted(path for path in paths if path.is_file()))


def _files_below(folder: Path) -> Iterator[Path]:
    """Every file below *folder*, hidden folders and what is made here left out."""
    for entry in folder.iterdir():
        if entry.is_file():
            yield entry
        elif entry.is_dir() and entry.name not in NEVER_TRACKED and not entry.name.startswith("."):
            yield from _files_below(entry)


def python_files(*folders: Path) -> list[Path]:
    """The Python files under *folders*, or of the whole project."""
    return [
        path
        for path in project_files()
        if path.suffix == ".py"
        and not path.name.endswith(GENERATED)
        and (not folders or any(path.is_relative_to(folder) for folder in folders))
    ]


@cache
def syntax_tree(path: Path) -> ast.Module:
    """The parsed module."""
    # A million nodes, none of which is garbage: looking through them again and again takes longer than parsing.
    gc.disable()
    try:
        return ast.parse(path.read_bytes(), filename=str(path))
    finally:
        gc.enable()


def comments(path: Path) -> list[tuple[int, str]]:
    """Line number and text of every comment in a Python file."""
    with path.open("rb") as file:
        return [
            (token.start[0], token.string)
            for token in tokenize.tokenize(file.readline)
            if token.type == tokenize.COMMENT
        ]


def where(path: Path, line: int) -> str:
    """How a violation names its place."""
    return f"{path.relative_to(ROOT)}:{line}"
