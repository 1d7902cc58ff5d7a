"""Starts `gym-gui` as a user does: a process of its own, without a display, in a var folder of the test's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from integration.command_server import CommandServer

ROOT = Path(__file__).resolve().parents[2]
VISITORS = Path(__file__).parent  # where `visiting_envs` lies
_HIDDEN = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "GYM_GUI_COMMAND", "FORCE_COLOR")
_TIMEOUT_S = 100.0


@dataclass(frozen=True)
class Answer:
    """What a command said."""

    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        """Standard output as the one JSON document that it is."""
        return json.loads(self.stdout)

    @property
    def sentence(self) -> str:
        """What it said about a failure: the last line on standard error."""
        return self.stderr.strip().splitlines()[-1] if self.stderr.strip() else ""


def command(*words: str, var_dir: Path | None = None) -> list[str]:
    """The words that start it."""
    folder = [] if var_dir is None else ["--var-dir", str(var_dir)]
    return [sys.executable, "-m", "gym_gui", *words, *folder]


def environment(**variables: str) -> dict[str, str]:
    """The environment that it is started in: this checkout, the visiting environments, no display."""
    inherited = {name: value for name, value in os.environ.items() if name not in _HIDDEN}
    paths = [str(ROOT), str(VISITORS), *filter(None, [os.environ.get("PYTHONPATH", "")])]
    return {**inherited, "PYTHONPATH": os.pathsep.join(paths), **variables}


def gym_gui(*words: str, var_dir: Path | None = None, cwd: Path | None = None, **variables: str) -> Answer:
    """Run a command to its end: a process of its own, forked from one that has loaded what commands load."""
    given = environment(**variables)
    typed = [*words, *([] if var_dir is None else ["--var-dir", str(var_dir)])]
    server = command_server()
    if server is not None and server.fits(given):
        code, stdout, stderr = server.run(typed, given, cwd or Path.cwd(), _TIMEOUT_S)
        return Answer(code, stdout, stderr)
    done = subprocess.run(
        command(*typed),
        env=given,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


@cache
def command_server() -> CommandServer | None:
    """The one of these tests, which ends with them; None where nothing can be forked."""
    return CommandServer(environment()) if hasattr(os, "fork") else None


def answer(*words: str, var_dir: Path, **variables: str) -> Any:
    """Run a command that has to succeed; its JSON document."""
    found = gym_gui(*words, "--json", var_dir=var_dir, cwd=None, **variables)
    assert found.code == 0, found.stderr
    return found.document
