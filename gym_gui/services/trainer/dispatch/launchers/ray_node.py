"""NodeWorker: what runs on the node of a Ray cluster, as an actor: starts the worker there and tells how it fares."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gym_gui.core.variables import LIVE_DIR, RUN_DIR

if TYPE_CHECKING:
    from collections.abc import Mapping

NODE_MARK: Final = "GYM_GUI_NODE_MARK"
_GUARD: Final = "gym_gui.services.trainer.dispatch.launchers.ray_guard"
_CHUNK_BYTES: Final = 1_000_000
_MAX_FILE_BYTES: Final = 2_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeJob:
    """What is to be run.

    Attributes:
        command: Its words.
        python: The driver's interpreter; where the command begins with it, the node's is taken.
        variables: For the worker.
        run_dir: The run's folder on the driver's machine.
        proof: A file in there: where it is seen, the folder is shared.
        config: ``config.json``.
        files: Variable that names a file -> the file's name and bytes.
    """

    command: tuple[str, ...]
    python: str
    variables: Mapping[str, str]
    run_dir: str
    proof: str
    config: bytes
    files: Mapping[str, tuple[str, bytes]]


class NodeWorker:
    """One worker on this node.

    Args:
        job: What it is.
    """

    def __init__(self, job: NodeJob) -> None:
        self._job = job
        self._is_shared = (Path(job.run_dir) / job.proof).is_file()
        self._folder = Path(job.run_dir) if self._is_shared else Path(tempfile.mkdtemp(prefix="gym-gui-run-"))
        self._guard: subprocess.Popen[bytes] | None = None
        self._lines = threading.Condition()
        self._read = bytearray()
        self._code: int | None = None

    def start(self) -> str:
        """Start the worker; this node's name."""
        job = self._job
        variables = {**os.environ, **job.variables, NODE_MARK: secrets.token_hex(16)}
        if not self._is_shared:
            variables.update(self._unpack())
        words = list(job.command)
        if words[0] == job.python:
            words[0] = sys.executable
        self._guard = subprocess.Popen(  # noqa: S603 - the trainer's own command
            [sys.executable, "-m", _GUARD, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=variables,
            cwd=self._folder,
            start_new_session=True,
        )
        threading.Thread(target=self._follow, args=(self._guard,), daemon=True).start()
        return socket.gethostname()

    def read(self, wait_s: float) -> tuple[bytes, int | None]:
        """What it has printed since, waiting so long for something; and its exit code once that is all."""
        with self._lines:
            self._lines.wait_for(lambda: self._read or self._code is not None, wait_s)
            data = bytes(self._read[:_CHUNK_BYTES])
            del self._read[: len(data)]
            self._lines.notify_all()
            return data, None if self._read else self._code

    def stop(self) -> None:
        """Ask the worker to stop."""
        if self._guard is not None and self._guard.stdin is not None:
            try:
                self._guard.stdin.write(b"stop\n")
                self._guard.stdin.flush()
            except (OSError, ValueError):
                return  # it has ended

    def results(self) -> dict[str, bytes]:
        """Path within the run's folder -> bytes of what the driver's machine does not see; the folder here goes."""
        if self._is_shared:
            return {}
        wanted = [self._folder / "outcome.json", *(self._folder / "checkpoints").glob("*")]
        found = {
            str(path.relative_to(self._folder)): path.read_bytes()
            for path in wanted
            if path.is_file() and not path.name.startswith(".") and path.stat().st_size <= _MAX_FILE_BYTES
        }
        shutil.rmtree(self._folder, ignore_errors=True)
        return found

    def _follow(self, guard: subprocess.Popen[bytes]) -> None:
        assert guard.stdout is not None  # noqa: S101 - asked for above
        with guard.stdout as printed:
            for line in printed:
                with self._lines:
                    # Who prints faster than the network carries waits, as with any pipe.
                    self._lines.wait_for(lambda: len(self._read) < _CHUNK_BYTES)
                    self._read += line
                    self._lines.notify_all()
        code = guard.wait()
        if guard.stdin is not None:
            with contextlib.suppress(OSError):
                guard.stdin.close()
        with self._lines:
            self._code = code
            self._lines.notify_all()

    def _unpack(self) -> dict[str, str]:
        (self._folder / "checkpoints").mkdir()
        (self._folder / "config.json").write_bytes(self._job.config)
        variables = {RUN_DIR: str(self._folder), LIVE_DIR: str(self._folder / "live")}
        for variable, (name, data) in self._job.files.items():
            path = self._folder / "carried" / name
            path.parent.mkdir(mode=0o700, exist_ok=True)
            path.touch(mode=0o600)
            path.write_bytes(data)
            variables[variable] = str(path)
        return variables
