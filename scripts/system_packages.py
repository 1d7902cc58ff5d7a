"""What the operating system must bring, and how to get it: Qt's libraries, `ensurepip`, a virtual X server.

Only Linux lacks any of it: on Windows and macOS the wheels carry everything. A library counts as present when the
loader finds it, whoever installed it; package names are Debian's and Ubuntu's, where apt also resolves the old name
of a package that was renamed (`libglib2.0-0` gives `libglib2.0-0t64`).
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import IO

# Soname -> package. The first set is what Qt loads even offscreen, the second what its X11 plugin adds.
OFFSCREEN_LIBRARIES = {
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
}
X11_LIBRARIES = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
WINDOW_LIBRARIES = {**OFFSCREEN_LIBRARIES, **X11_LIBRARIES}
# Program -> package: the tests that want a real X server start their own and press its keys.
TEST_PROGRAMS = {"Xvfb": "xvfb", "xauth": "xauth", "xdotool": "xdotool"}
# The same, for tests that say what they leave out where it is missing. Debian keeps the database server's programs off
# the PATH, in a folder for each version.
OPTIONAL_PROGRAMS = {"initdb": "postgresql"}
OFF_PATH = Path("/usr/lib/postgresql")


class SetupError(Exception):
    """The set-up cannot go on; the text is for the user.

    Args:
        message: What is wrong and what to do about it.
        exit_code: 1 where something failed, 2 where the user has to do something first.
    """

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def is_loadable(soname: str) -> bool:
    """Whether the dynamic loader finds the library."""
    try:
        ctypes.CDLL(soname)
    except OSError:
        return False
    return True


def missing_packages(programs: Iterable[str] = ()) -> list[str]:
    """The packages whose libraries, or whose programs among *programs*, this machine lacks; in a stable order."""
    if not sys.platform.startswith("linux"):
        return []
    packages = [package for soname, package in WINDOW_LIBRARIES.items() if not is_loadable(soname)]
    packages += [TEST_PROGRAMS[program] for program in programs if shutil.which(program) is None]
    return list(dict.fromkeys(packages))


def is_installed(name: str) -> bool:
    """Whether a program is on the PATH, or where Debian keeps the database server's."""
    return shutil.which(name) is not None or any(OFF_PATH.glob("*/bin/" + name))


def install_optional(log: IO[bytes]) -> None:
    """Install what only some tests need, where that may be done; where not, those tests name it."""
    packages = [package for name, package in OPTIONAL_PROGRAMS.items() if not is_installed(name)]
    if not packages or not sys.platform.startswith("linux"):
        return
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        print("Some tests are left out without: " + ", ".join(packages), file=sys.stderr, flush=True)
        return
    try:
        install_packages(packages, log)
    except SetupError as error:
        print(f"Some tests are left out: {error}", file=sys.stderr, flush=True)


def install_command(packages: list[str]) -> str:
    """The one line that a user of this machine types to get *packages*."""
    line = "apt-get update && apt-get install -y --no-install-recommends " + " ".join(packages)
    if os.geteuid() == 0:
        return line
    if shutil.which("sudo") is not None:
        return line.replace("apt-get", "sudo apt-get")
    return "su -c '" + line + "'"


def install_packages(packages: list[str], log: IO[bytes]) -> None:
    """Install *packages* with apt as root, or stop with the command that somebody else has to run.

    Raises:
        SetupError: Not root (exit code 2), no apt (2), or apt failed (1).
    """
    if not packages:
        return
    names = " ".join(packages)
    if shutil.which("apt-get") is None:
        raise SetupError(
            "Qt needs system libraries that are missing here. Debian calls their packages: " + names + ". "
            "Install what your system calls them, then start again.",
            exit_code=2,
        )
    if os.geteuid() != 0:
        raise SetupError(
            "System packages are missing. Run this command, then start again:\n  " + install_command(packages),
            exit_code=2,
        )
    print("Installing system packages: " + names, file=sys.stderr, flush=True)
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    apt = ["apt-get", "-o", "DPkg::Lock::Timeout=120"]
    # A stale list is no failure yet: the packages may be in the lists that the machine already has.
    subprocess.run([*apt, "update"], stdout=log, stderr=log, env=environment, check=False)
    install = [*apt, "install", "-y", "--no-install-recommends", *packages]
    if subprocess.run(install, stdout=log, stderr=log, env=environment, check=False).returncode != 0:
        raise SetupError(
            "apt could not install the system packages (" + names + "); its output is in " + log.name + "."
        )
