"""Make `.venv` in this checkout and keep it right: one stamp, one lock, pinned packages.

Standard library only, and no syntax that Python 3.7 cannot read: an old Python must be able to say that it is too old.
The stamp is written last and taken away first, so that a set-up that was killed is seen and done again from nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from system_packages import TEST_PROGRAMS, SetupError, install_optional, install_packages, missing_packages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO, NoReturn

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
STAMP = VENV / "setup.json"
LOCK = VENV / "setup.lock"
LOG = VENV / "setup.log"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
EXE = ".exe" if os.name == "nt" else ""

OLDEST = (3, 11)
# Box2D has no wheels for a newer one: there everything but the Box2D games works.
NEWEST_COMPLETE = (3, 13)
NEWEST = (3, 14)
BUILD_PACKAGES = ["hatchling", "editables", "setuptools"]
# Pure Python that its authors publish as source only; everything else comes ready built.
SOURCE_ONLY = "antlr4-python3-runtime"
# Much of what there is to translate nobody here imports; it is translated when somebody does. Within the
# environment only: a checkout may lie in a folder that is called so.
NEVER_IMPORTED = re.escape(str(VENV)) + (
    r".*[/\\](tests|examples"
    r"|(ray[/\\](data|llm|rllib|serve|train|tune))|(torch[/\\](_inductor[/\\](codegen|fx_passes|kernel)|testing[/\\]_internal))"
    r"|site-packages[/\\](mypyc?|networkx|pip|setuptools))[/\\]"
)
CERTIFICATE_MARK = "CERTIFICATE_VERIFY_FAILED"
OFFLINE_MARKS = ("NewConnectionError", "NameResolutionError", "Temporary failure in name resolution", "Retrying (")
NOT_OFFERED_MARKS = ("ResolutionImpossible", "No matching distribution")

# Asks Qt itself for what the list of libraries may not know: its X11 plugin is loaded as the application would.
PROBE = """
import ctypes, pathlib, PySide6
from PySide6 import QtGui, QtWidgets
ctypes.CDLL(str(pathlib.Path(PySide6.__file__).parent / "Qt/plugins/platforms/libqxcb.so"))
"""


def say(sentence: str) -> None:
    """Tell the user; standard output belongs to the application."""
    print(sentence, file=sys.stderr, flush=True)


def program(name: str) -> Path:
    """The path of a program of the environment."""
    return BIN / (name + EXE)


def dependency_key() -> str:
    """A digest of all that decides which packages the environment holds."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("\n[tool.", 1)[0]
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    return hashlib.sha256("\0".join((project, constraints, str(ROOT))).encode()).hexdigest()


def read_stamp() -> dict[str, object]:
    """What the last complete set-up wrote; nothing where it is unfinished, was moved, or lost its Python."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    is_ours = isinstance(stamp, dict) and stamp.get("root") == str(ROOT) and program("python").exists()
    return stamp if is_ours else {}


def write_stamp(*, dev: bool, training: bool = False) -> None:
    """Say that the environment is complete, in one atomic step."""
    draft = STAMP.with_suffix(".draft")
    stamp = {"key": dependency_key(), "dev": dev, "training": training, "root": str(ROOT)}
    draft.write_text(json.dumps(stamp), encoding="utf-8")
    draft.replace(STAMP)


def is_ready(stamp: dict[str, object], *, dev: bool, training: bool = False) -> bool:
    """Whether the environment is what *dev* and *training* ask for; that for the checks has the learners, too."""
    has_dev = bool(stamp.get("dev"))
    has_training = has_dev or bool(stamp.get("training"))
    return stamp.get("key") == dependency_key() and (has_dev or not dev) and (has_training or not training)


def prepare_environment(*, dev: bool, training: bool = False) -> None:
    """Make the environment ready. Costs a few milliseconds when it already is; what it once had, it keeps.

    Args:
        dev: Also for the checks.
        training: Also with the learners.

    Raises:
        SetupError: It cannot be made ready; the text says why.
    """
    if is_ready(read_stamp(), dev=dev, training=training):
        return
    with setup_lock() as lock:
        stamp = read_stamp()
        if is_ready(stamp, dev=dev, training=training):  # another start has done it while this one waited
            return
        started = time.monotonic()
        build_environment(
            dev=dev or bool(stamp.get("dev")),
            training=training or bool(stamp.get("training")),
            is_update=bool(stamp),
            lock=lock,
        )
        say(f"Ready in {time.monotonic() - started:.0f} s.")


def extras_of(*, dev: bool, training: bool) -> str:
    """The project with its extras, as pip is told."""
    if dev:
        return ".[formats,training,cluster,postgres,dev]"
    return ".[formats,training]" if training else ".[formats]"


def build_environment(*, dev: bool, training: bool, is_update: bool, lock: IO[bytes]) -> None:
    """Do every step of the set-up, from nothing or on top of a complete one."""
    python = program("python") if is_update else choose_python()
    with LOG.open("wb") as log:
        lacks_pip = not is_update and not has_ensurepip(python)
        packages = [venv_package(python)] if lacks_pip and is_debian_python(python) else []
        install_packages(packages + missing_packages(TEST_PROGRAMS if dev else ()), log)
        if dev:
            install_optional(log)
        if lacks_pip and not has_ensurepip(python):
            raise SetupError(f"{python} has no module ensurepip, without which no environment can be made.", 2)
        if is_update:
            STAMP.unlink()
        else:
            say(f"Making .venv with {python} ...")
            clear_environment()
            run_step([str(python), "-m", "venv", str(VENV)], "making .venv", log, lock)
        size_mb = 1_000 if dev or training else 250
        say(f"Installing packages (once, about {size_mb} MB; .venv/setup.log has the details) ...")
        pip = [str(program("python")), "-I", "-m", "pip", "install", "--no-compile"]
        pip += ["-c", "constraints.txt", "--only-binary=:all:"]
        run_step([*pip, *BUILD_PACKAGES], "installing the build packages", log, lock)
        project = extras_of(dev=dev, training=training)
        from_source = [f"--no-binary={SOURCE_ONLY}", "--no-build-isolation"]
        run_step([*pip, *from_source, "-e", project], "installing the packages", log, lock)
        translate_packages(log, lock)
        if sys.platform.startswith("linux"):
            run_step([str(program("python")), "-I", "-c", PROBE], "loading Qt", log, lock)
    write_stamp(dev=dev, training=training)


def run_step(command: list[str], what: str, log: IO[bytes], lock: IO[bytes]) -> None:
    """Run one command of the set-up into the log.

    Raises:
        SetupError: It failed; the text holds its own last words and the log's path.
    """
    begin = log.tell()
    code = run_logged(command, log, lock)
    if code == 0:
        return
    reason = failure_in(LOG.read_bytes()[begin:].decode("utf-8", "replace")) or f"exit code {code}"
    raise SetupError(f"Set-up failed while {what}: {reason}. All output is in {LOG}.")


def run_logged(command: list[str], log: IO[bytes], lock: IO[bytes]) -> int:
    """Run a command into the log; its exit code.

    It inherits the lock: when this program is killed, a pip that lives on keeps the next start waiting.
    """
    inherited = () if os.name == "nt" else (lock.fileno(),)
    return subprocess.run(
        command, cwd=str(ROOT), stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=inherited, check=False
    ).returncode


def translate_packages(log: IO[bytes], lock: IO[bytes]) -> None:
    """Translate the modules once, on all cores; pip does it on one, and what nobody imports as well.

    What cannot be translated is no fault: some packages hold templates that only look like Python.
    """
    compileall = [str(program("python")), "-I", "-m", "compileall", "-q", "-j", "0", "-x", NEVER_IMPORTED]
    run_logged([*compileall, str(VENV), str(ROOT / "gym_gui")], log, lock)


def failure_in(output: str) -> str:
    """Why a command failed, by its own output; nothing where it does not say."""
    if CERTIFICATE_MARK in output:
        return (
            "the package index's certificate is not trusted here; behind a proxy that looks into encrypted traffic, "
            "name its certificate in the variable PIP_CERT"
        )
    if any(mark in output for mark in OFFLINE_MARKS):
        return "the package index cannot be reached"
    if any(mark in output for mark in NOT_OFFERED_MARKS):
        return "the package index does not offer a version that constraints.txt names"
    errors = [line.strip() for line in output.splitlines() if "error" in line.lower()]
    # The exception of a program that pip ran says more than pip's own last words, which come after it.
    raised = [line for line in errors if "Error: " in line]
    return (raised or errors or [""])[-1].rstrip(".")


def clear_environment() -> None:
    """Take away what an older or unfinished set-up left, all but the lock and the log."""
    for entry in VENV.iterdir():
        if entry in (LOCK, LOG):
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(str(entry))
        else:
            entry.unlink()


@contextmanager
def setup_lock() -> Iterator[IO[bytes]]:
    """Hold the set-up's lock, waiting with a word while another start has it."""
    VENV.mkdir(exist_ok=True)
    with LOCK.open("ab") as lock:
        if not try_lock(lock):
            say("Another set-up of this checkout is at work; waiting for it ...")
            while not try_lock(lock):
                time.sleep(0.2)
        yield lock


def try_lock(lock: IO[bytes]) -> bool:
    """Take the lock if nobody has it; the system lets go of it when its last holder ends."""
    try:
        if sys.platform == "win32":
            msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(lock.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def choose_python() -> Path:
    """The interpreter for the environment: this one where it fits, else the newest on PATH that does.

    Raises:
        SetupError: None fits.
    """
    running = sys.version_info[:2]
    if OLDEST <= running <= NEWEST_COMPLETE:
        return base_executable()
    for version in ((3, 13), (3, 12), (3, 11), (3, 14)):
        found = find_python(version)
        if found is not None:
            if version > NEWEST_COMPLETE:
                say("Box2D has no packages for Python 3.14: its games stay away. Python 3.11 to 3.13 has them.")
            return found
    raise SetupError(
        f"gym_gui needs Python 3.11 or newer (up to 3.14); this is {running[0]}.{running[1]} "
        "and PATH has no other that fits.",
        exit_code=2,
    )


def base_executable() -> Path:
    """This interpreter's own file, not the link that some environment made to it."""
    return Path(os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable))


def find_python(version: tuple[int, int]) -> Path | None:
    """The interpreter of that version on PATH, if it really starts."""
    if sys.version_info[:2] == version:
        return base_executable()
    found = shutil.which("python{}.{}".format(*version))
    if found is None:
        return None
    answer = subprocess.run(
        [found, "-I", "-c", "import os, sys; print(os.path.realpath(sys.executable)); print(sys.version_info[:2])"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    lines = answer.stdout.splitlines()
    return Path(lines[0]) if answer.returncode == 0 and lines[1:] == [str(version)] else None


def has_ensurepip(python: Path) -> bool:
    """Whether *python* can put pip into an environment; Debian keeps that in a package of its own."""
    question = [str(python), "-I", "-c", "import ensurepip, venv"]
    return subprocess.run(question, stderr=subprocess.DEVNULL, check=False).returncode == 0


def is_debian_python(python: Path) -> bool:
    """Whether apt has put *python* here, so that apt also has its `venv` package."""
    return python.parent == Path("/usr/bin") and shutil.which("apt-get") is not None


def venv_package(python: Path) -> str:
    """The Debian package with `ensurepip` for *python*, such as `python3.11-venv`."""
    return python.name + "-venv"


def run_script(main: Callable[[], int]) -> NoReturn:
    """Run a script's *main* and end with its exit code, one sentence instead of a trace where the set-up fails."""
    try:
        code = main()
    except SetupError as error:
        say(str(error))
        code = error.exit_code
    except OSError as error:
        say(f"Set-up failed: {error}.")
        code = 1
    except KeyboardInterrupt:
        say("Stopped; the next start picks up from here.")
        code = 130
    sys.exit(code)
