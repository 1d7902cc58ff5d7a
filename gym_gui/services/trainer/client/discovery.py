"""Where the trainer of a var folder is, and how to get one that is not there yet."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec
from filelock import FileLock, Timeout

from gym_gui.core.errors import EnvironmentFault, TrainerUnavailableError, VarDirError
from gym_gui.services.trainer.client.client import TrainerClient
from gym_gui.services.trainer.security import read_token

if TYPE_CHECKING:
    from pathlib import Path

    from gym_gui.config.paths import VarPaths

_START_S: Final = 30.0
_END_S: Final = 30.0
_LOOK_S: Final = 0.05
_LOG_BYTES: Final = 4_000
# Trainers that this process started: they outlive it, and are asked for their end now and then until then.
_STARTED: Final[list[subprocess.Popen[bytes]]] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainerAddress:
    """A trainer that runs on a var folder.

    Attributes:
        address: ``host:port`` that others reach it by.
        local: The same for this machine's own processes.
        pid: Its process.
        host: Its machine.
        started_at: Since when, ISO 8601.
        application: Its name and version.
        needs_token: Whether it wants to be shown its token here, too.
    """

    address: str
    local: str = ""
    pid: int = 0
    host: str = ""
    started_at: str = ""
    application: str = ""
    needs_token: bool = False


def find_trainer(paths: VarPaths) -> TrainerAddress | None:
    """The trainer of a var folder; None where none runs."""
    if not _is_held(paths.daemon_lock):
        return None
    try:
        return msgspec.json.decode(paths.daemon_file.read_bytes(), type=TrainerAddress)
    except (OSError, msgspec.MsgspecError):
        return None  # it is just starting, or just ending


def connect(
    paths: VarPaths, address: str | None = None, *, token_file: Path | None = None, ca: Path | None = None
) -> TrainerClient:
    """A client of the trainer at an address, or of the var folder's own.

    Raises:
        TrainerUnavailableError: none runs on the folder.
        ConfigError: a file cannot be used.
    """
    if address is not None:
        return TrainerClient(address, token=None if token_file is None else read_token(token_file), ca=ca)
    found = find_trainer(paths)
    if found is None:
        raise TrainerUnavailableError(
            "No trainer runs on this folder.",
            # Any free port: another folder's trainer may have the usual one, and clients find the folder's by its file.
            hint="Start one with `gym-gui trainer serve --listen 127.0.0.1:0`.",
        )
    return client_of(paths, found)


def client_of(paths: VarPaths, found: TrainerAddress) -> TrainerClient:
    """A client of a trainer that runs on a folder of this machine: its token is at hand.

    Raises:
        ConfigError: the token's file cannot be read.
    """
    return TrainerClient(
        found.local or found.address, token=read_token(paths.token_file) if found.needs_token else None
    )


def ensure_trainer(paths: VarPaths, *, timeout_s: float = _START_S) -> TrainerClient:
    """A client of the var folder's trainer, which is started where none runs; it outlives this process.

    Raises:
        TrainerUnavailableError: it could not be started; its last words are told.
        VarDirError: the folder cannot be written.
    """
    found = find_trainer(paths)
    started: subprocess.Popen[bytes] | None = None
    deadline_s = time.monotonic() + timeout_s
    log = paths.logs_dir / "trainer.log"
    while True:
        if found is not None:
            client = client_of(paths, found)
            try:
                client.hello(timeout_s=max(0.1, deadline_s - time.monotonic()))
            except EnvironmentFault:
                client.close()
                if time.monotonic() > deadline_s:
                    raise
            else:
                return client
        elif started is None and not _is_held(paths.daemon_lock):
            _check_writable(paths)
            started = _start(paths, log)
        elif started is not None and started.poll() not in {None, 0} and not _is_held(paths.daemon_lock):
            raise TrainerUnavailableError(f"The trainer could not be started. {_last_words(log)}".strip())
        if time.monotonic() > deadline_s:
            raise TrainerUnavailableError("The trainer did not start in time.", hint=f"Its log: {log}")
        time.sleep(_LOOK_S)
        found = find_trainer(paths)


def await_end(paths: VarPaths, timeout_s: float = _END_S) -> bool:
    """Wait until no trainer has the folder; whether that came to be."""
    deadline_s = time.monotonic() + timeout_s
    while _is_held(paths.daemon_lock) or any(process.poll() is None for process in _STARTED):
        if time.monotonic() > deadline_s:
            return False
        time.sleep(_LOOK_S)
    _forget_ended()
    return True


def _start(paths: VarPaths, log: Path) -> subprocess.Popen[bytes]:
    command = [
        sys.executable,
        "-m",
        "gym_gui",
        "--var-dir",
        str(paths.root),
        "trainer",
        "serve",
        "--listen",
        "127.0.0.1:0",
    ]
    _forget_ended()
    options: dict[str, Any] = {"start_new_session": True} if os.name == "posix" else {"creationflags": 0x00000208}
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            process = subprocess.Popen(  # noqa: S603 - our own command
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=paths.root, **options
            )
    except OSError as error:
        raise VarDirError(f"The trainer cannot be started: {error.strerror or error}.", hint=f"Log: {log}") from error

    _STARTED.append(process)
    return process


def _forget_ended() -> None:
    _STARTED[:] = [process for process in _STARTED if process.poll() is None]


def _last_words(log: Path) -> str:
    try:
        lines = log.read_bytes()[-_LOG_BYTES:].decode(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1] if lines else ""


def _check_writable(paths: VarPaths) -> None:
    try:
        paths.daemon_lock.parent.mkdir(parents=True, exist_ok=True)
        with paths.daemon_lock.open("ab"):
            return
    except OSError as error:
        raise VarDirError(
            f"No trainer can run on a folder that cannot be written: {error.strerror or error}.",
            hint=f"Folder: {paths.root}",
        ) from error


def _is_held(lock_path: Path) -> bool:
    """Whether a living trainer holds the lock."""
    if not lock_path.exists():
        return False
    if os.name == "posix":
        return _is_held_posix(lock_path)
    lock = FileLock(lock_path, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except (Timeout, OSError):
        return True
    lock.release()
    return False


def _is_held_posix(lock_path: Path) -> bool:
    import fcntl  # noqa: PLC0415 - not on every system

    try:
        descriptor = os.open(lock_path, os.O_RDONLY)
    except OSError:
        return False
    try:
        # Shared: two who look at once must not take each other for a trainer.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)  # and with it the lock
    return False
