"""A PostgreSQL server of the tests' own: its files in a temporary folder, its socket there too, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

LEFT_OUT = (
    "the registry in PostgreSQL is not tested: no server is installed (Debian's package: postgresql; "
    "scripts/test.py installs it as root)"
)


def _programs() -> Path | None:
    # Debian keeps the server's programs off the PATH, a folder for each version.
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


def _as_server() -> list[str]:
    """What stands before a command that the server must run: it refuses to be root."""
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []


def _make_folder() -> Path:
    # Not pytest's own folder: that is root's alone, and a socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="gg-pg-"))
    if os.geteuid() == 0:
        try:
            user = pwd.getpwnam("postgres")
        except KeyError:
            shutil.rmtree(folder)
            pytest.skip(LEFT_OUT)
        os.chown(folder, user.pw_uid, user.pw_gid)
    return folder


@contextmanager
def postgres_server() -> Iterator[str]:
    """The address of a server that runs for the length of the block, as SQLAlchemy takes it, without the database."""
    programs = _programs()
    if programs is None:
        pytest.skip(LEFT_OUT)
    folder = _make_folder()
    data, log = folder / "data", folder / "log"
    control = [*_as_server(), str(programs / "pg_ctl"), "-D", str(data)]
    try:
        make = [*_as_server(), str(programs / "initdb"), "-D", str(data), "-U", "tester", "-A", "trust", "-N"]
        subprocess.run([*make, "--no-locale", "-E", "UTF8"], check=True, capture_output=True, cwd="/", timeout=60)
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        start = [*control, "-l", str(log), "-w", "-o", options, "start"]
        subprocess.run(start, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", timeout=60)
        try:
            yield f"postgresql+psycopg://tester@/{{database}}?host={folder}"
        finally:
            stop = [*control, "-m", "immediate", "-w", "stop"]
            subprocess.run(stop, check=True, capture_output=True, cwd="/", timeout=60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
