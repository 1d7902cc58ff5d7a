"""`scripts/run.py` and its set-up, run as programs in a checkout of the test's own.

The environment there is a stand-in: its `python` writes down what it is told, and can be held in the middle of it.
"""

from __future__ import annotations

import ast
import importlib.util
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are shell scripts")

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted((ROOT / "scripts").glob("*.py"))
TESTS = "-m pytest -n 2 --dist loadfile --no-loadscope-reorder"
FAKE_PYTHON = """#!/bin/sh
echo "$@" | head -n 1 >> "{root}/calls"
[ -p "{root}/gate" ] && mkdir "{root}/held" 2>/dev/null && read -r line < "{root}/gate"
case "$*" in "$FAILING"*) exit 7;; esac
exit 0
"""
FAKE_APPLICATION = """#!/bin/sh
echo "gym-gui $@"
exit 3
"""


@dataclass(frozen=True)
class Checkout:
    """A copy of the scripts with an environment beside them."""

    root: Path

    def start(self, *arguments: str, script: str = "run.py", **variables: str) -> subprocess.Popen[str]:
        """Start a script without a display and without a package index."""
        hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
        environment = {name: value for name, value in os.environ.items() if name not in hidden}
        nowhere = {"PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "1", "PIP_INDEX_URL": "http://127.0.0.1:9/simple"}
        return subprocess.Popen(
            [sys.executable, str(self.root / "scripts" / script), *arguments],
            env={"FAILING": "nothing", **environment, **nowhere, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, script: str = "run.py", **variables: str) -> tuple[int, str, str]:
        """Run a script to its end: exit code, standard output, standard error."""
        with self.start(*arguments, script=script, **variables) as program:
            output, errors = program.communicate(timeout=60)
            return program.returncode, output, errors

    def calls(self) -> list[str]:
        """The first line of every command that the environment's Python was given."""
        record = self.root / "calls"
        return record.read_text().splitlines() if record.exists() else []

    def put_test(self, name: str, mark: str) -> None:
        """Write a file of tests that are marked."""
        (self.root / "tests").mkdir(exist_ok=True)
        (self.root / "tests" / f"test_{name}.py").write_text(f"import pytest\n\npytestmark = pytest.mark.{mark}\n")

    def outdate(self) -> None:
        """Change the constraints, so that the environment is no longer what they ask for."""
        with (self.root / "constraints.txt").open("a") as constraints:
            constraints.write("# changed\n")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A checkout whose environment was set up completely."""
    root = tmp_path / "check out"  # users have spaces in their paths
    (root / "scripts").mkdir(parents=True)
    for source in (*SCRIPTS, ROOT / "pyproject.toml", ROOT / "constraints.txt"):
        (root / source.relative_to(ROOT)).write_bytes(source.read_bytes())
    binaries = root / ".venv" / "bin"
    binaries.mkdir(parents=True)
    for name, text in (("python", FAKE_PYTHON), ("lint-imports", FAKE_PYTHON), ("gym-gui", FAKE_APPLICATION)):
        (binaries / name).write_text(text.format(root=root))
        (binaries / name).chmod(0o755)
    stamp = "import sys; sys.path[:0] = ['scripts']; import setup_environment as s; s.write_stamp(dev=True)"
    subprocess.run([sys.executable, "-c", stamp], cwd=root, check=True)
    return Checkout(root)


@pytest.mark.parametrize("arguments", [("runs", "--json"), ("--var-dir", "play", "demo"), ("--help",), ("--version",)])
def test_that_a_later_start_hands_everything_to_the_application(checkout: Checkout, arguments: tuple[str, ...]) -> None:
    code, output, errors = checkout.run(*arguments)
    assert (code, output) == (3, f"gym-gui {' '.join(arguments)}\n")
    assert "--setup-only" in errors if arguments == ("--help",) else not errors
    assert checkout.calls() == []


def test_that_learners_are_installed_once_and_kept(checkout: Checkout) -> None:
    stamp = "import sys; sys.path[:0] = ['scripts']; import setup_environment as s; s.write_stamp(dev=False)"
    subprocess.run([sys.executable, "-c", stamp], cwd=checkout.root, check=True)
    assert checkout.run("--training")[:2] == (0, "")  # alone, it starts nothing
    (installed,) = [call for call in checkout.calls() if ".[" in call]
    assert installed.endswith(".[formats,training]")
    assert checkout.run("--training", "runs")[:2] == (3, "gym-gui runs\n")
    before = checkout.calls()
    assert checkout.run("runs")[:2] == (3, "gym-gui runs\n")
    assert checkout.calls() == before  # it is complete, with and without asking for learners
    checkout.outdate()
    assert checkout.run("runs")[:2] == (3, "gym-gui runs\n")
    (_, again) = [call for call in checkout.calls() if ".[" in call]
    assert again.endswith(".[formats,training]")  # and stays so when packages change


@pytest.mark.parametrize(
    "arguments", [(), ("play", "ALE/Breakout-v5"), ("--var-dir", "runs"), ("--var-dir=x", "replay")]
)
def test_that_a_missing_display_is_said_in_one_sentence(checkout: Checkout, arguments: tuple[str, ...]) -> None:
    code, output, errors = checkout.run(*arguments)
    assert (code, output) == (2, "")
    assert "python3 scripts/run.py demo" in errors
    assert len(errors.splitlines()) == 1


@pytest.mark.parametrize("variable", ["DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"])
def test_that_a_display_or_a_chosen_platform_opens_the_window(checkout: Checkout, variable: str) -> None:
    assert checkout.run(**{variable: "x"})[:2] == (3, "gym-gui \n")


def test_that_changed_constraints_are_installed_once(checkout: Checkout) -> None:
    checkout.outdate()
    code, output, errors = checkout.run("--setup-only")
    assert (code, output) == (0, ""), errors
    calls = checkout.calls()
    assert "-c constraints.txt" in calls[0]
    assert calls[1].endswith(
        "-e .[formats,training,cluster,postgres,dev]"
    )  # the tools that an earlier start had asked for stay
    assert checkout.run("--setup-only") == (0, "", "")
    assert checkout.calls() == calls


def test_that_a_second_start_waits_for_the_first_ones_set_up(checkout: Checkout) -> None:
    os.mkfifo(checkout.root / "gate")
    checkout.outdate()
    with checkout.start("--setup-only") as first:
        # Opening the gate to write returns when the first start's pip stands at it.
        with (checkout.root / "gate").open("w") as gate, checkout.start("--setup-only") as second:
            assert second.stderr is not None
            assert "waiting" in second.stderr.readline()
            gate.write("go\n")
            gate.flush()
            assert second.wait(timeout=60) == 0
        assert first.wait(timeout=60) == 0
    assert sum("-e .[formats,training,cluster,postgres,dev]" in call for call in checkout.calls()) == 1


@pytest.mark.slow
def test_that_a_killed_set_up_is_done_again_from_nothing_and_says_what_fails(checkout: Checkout) -> None:
    os.mkfifo(checkout.root / "gate")
    checkout.outdate()
    with checkout.start("--setup-only") as killed, (checkout.root / "gate").open("w") as gate:
        killed.send_signal(signal.SIGKILL)
        killed.wait(timeout=60)
        # Its pip lives on and holds the lock; only when that ends may the next start clear the place.
        with checkout.start("--setup-only") as healer:
            assert healer.stderr is not None
            assert "waiting" in healer.stderr.readline()
            assert len(checkout.calls()) == 1
            gate.write("go\n")
            gate.flush()
            errors = healer.stderr.read()
            assert healer.wait(timeout=60) == 1
    assert "Making .venv" in errors
    assert "the package index cannot be reached" in errors.splitlines()[-1]
    assert str(checkout.root / ".venv" / "setup.log") in errors.splitlines()[-1]
    assert len(checkout.calls()) == 1  # the stand-in is gone: a real interpreter was told to install
    assert not (checkout.root / ".venv" / "setup.json").exists()


@pytest.mark.parametrize("failing", ["-m ruff check", "-m mypy", "-m pytest", "nothing"])
def test_that_every_check_is_run_and_summed_up_whichever_fails(checkout: Checkout, failing: str) -> None:
    for name, mark in (("quick", "slow"), ("patient", "waits")):
        checkout.put_test(name, mark)
    code, output, _ = checkout.run(script="test.py", FAILING=failing)
    calls = checkout.calls()
    assert calls[0] == "-m compileall -q gym_gui"
    # Two of them run beside the others.
    waiting = f"-m pytest -m waits {Path('tests', 'test_patient.py')}"
    assert sorted(calls[1:]) == sorted(
        ["-m ruff check", "-m ruff format --check", "-m mypy", "", f"{TESTS} -m not waits", waiting]
    )
    summary = output.splitlines()[1:]
    assert len(summary) == 6
    fails = {"nothing": 0, "-m pytest": 2}.get(failing, 1)
    assert sum("FAILED (exit code 7)" in line for line in summary) == fails
    assert code == (failing != "nothing")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), f"{TESTS} -m not waits"),
        (("--quick",), f"{TESTS} -m not slow"),
        (("--quick", "--", "-k", "refs"), "-m pytest -m not slow -k refs"),
        (("--", "scripts/test.py::nothing"), "-m pytest scripts/test.py::nothing"),  # a path that is there
        (("--", "-x", "--durations", "9"), f"{TESTS} -x --durations 9"),
        (("--", "-n", "0"), f"{TESTS} -n 0"),  # the last one counts
    ],
)
def test_that_quick_and_the_arguments_of_pytest_reach_it(
    checkout: Checkout, arguments: tuple[str, ...], expected: str
) -> None:
    checkout.run(*arguments, script="test.py")
    assert expected in checkout.calls()


_TRANSLATE = """
import sys
sys.path[:0] = ["scripts"]
import setup_environment as s
with s.LOG.open("wb") as log, s.setup_lock() as lock:
    s.translate_packages(log, lock)
"""


@pytest.mark.parametrize("folder", ["work", "examples", "tests"])
def test_that_every_module_is_translated_that_may_be_imported(tmp_path: Path, folder: str) -> None:
    root = tmp_path / folder
    packages = root / ".venv" / "lib" / "site-packages"
    used = [packages / folder / "mod.py" for folder in ("pack", "ray", "torch/_inductor")] + [
        root / "gym_gui" / "mod.py"
    ]
    unused = [packages / folder / "mod.py" for folder in ("pack/tests", "ray/tune", "torch/_inductor/kernel", "mypy")]
    for module in (*used, *unused, root / ".venv" / "lib" / "pack" / "template.py"):
        module.parent.mkdir(parents=True, exist_ok=True)
        module.write_text("{% for %}" if module.stem == "template" else "VALUE = 1\n")
    (root / "scripts").mkdir()
    for source in SCRIPTS:
        (root / "scripts" / source.name).write_bytes(source.read_bytes())
    put_program(root / ".venv" / "bin", "python", f'exec "{sys.executable}" "$@"\n')
    subprocess.run([sys.executable, "-c", _TRANSLATE], cwd=root, check=True)
    assert [module for module in (*used, *unused) if list(module.parent.glob("__pycache__/mod.*"))] == used


@pytest.mark.parametrize("source", SCRIPTS, ids=lambda path: path.name)
def test_that_an_old_python_can_read_the_scripts(source: Path) -> None:
    assert ast.parse(source.read_text(encoding="utf-8"), feature_version=(3, 7)).body


@pytest.fixture
def system_packages() -> ModuleType:
    """The module `scripts/system_packages.py`."""
    spec = importlib.util.spec_from_file_location("system_packages", ROOT / "scripts" / "system_packages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def put_program(folder: Path, name: str, text: str) -> None:
    """An executable shell script in *folder*."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("#!/bin/sh\n" + text)
    (folder / name).chmod(0o755)


@pytest.mark.parametrize(
    ("programs", "expected"),
    [
        (("apt-get", "sudo"), "sudo apt-get update && sudo apt-get install -y --no-install-recommends libgl1 xvfb"),
        (("apt-get",), "su -c 'apt-get update && apt-get install -y --no-install-recommends libgl1 xvfb'"),
        ((), "libgl1 xvfb"),
    ],
)
def test_that_a_user_who_is_not_root_gets_the_exact_command(
    system_packages: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    programs: tuple[str, ...],
    expected: str,
) -> None:
    for name in programs:
        put_program(tmp_path / "bin", name, "exit 1\n")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with (tmp_path / "log").open("wb") as log, pytest.raises(system_packages.SetupError) as caught:
        system_packages.install_packages(["libgl1", "xvfb"], log)
    assert expected in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("apt_code", [0, 100])
def test_that_root_installs_what_is_missing(
    system_packages: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, apt_code: int
) -> None:
    put_program(tmp_path / "bin", "apt-get", f'echo "$DEBIAN_FRONTEND $@" >> "{tmp_path}/calls"\nexit {apt_code}\n')
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with (tmp_path / "log").open("wb") as log:
        if apt_code == 0:
            system_packages.install_packages(["libgl1"], log)
        else:
            with pytest.raises(system_packages.SetupError, match=r"apt could not install.*log") as caught:
                system_packages.install_packages(["libgl1"], log)
            assert caught.value.exit_code == 1
    update, install = (tmp_path / "calls").read_text().splitlines()
    assert update.startswith("noninteractive")
    assert update.endswith(" update")
    assert install.endswith("install -y --no-install-recommends libgl1")


def test_that_a_library_that_is_not_there_is_missing(
    system_packages: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setitem(system_packages.WINDOW_LIBRARIES, "libnowhere.so.7", "libnowhere7")
    monkeypatch.setenv("PATH", "")
    assert "libnowhere7" in system_packages.missing_packages()
    assert system_packages.missing_packages(["Xvfb"])[-1] == "xvfb"


def test_that_what_only_some_tests_need_is_no_reason_to_stop(
    system_packages: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(system_packages, "OFF_PATH", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with (tmp_path / "log").open("wb") as log:
        system_packages.install_optional(log)
        assert "left out without: postgresql" in capsys.readouterr().err
        (tmp_path / "15" / "bin").mkdir(parents=True)
        (tmp_path / "15" / "bin" / "initdb").touch()
        system_packages.install_optional(log)
        assert not capsys.readouterr().err
