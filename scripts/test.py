"""Run every check of the project: `python3 scripts/test.py [--quick] [-- ARGUMENTS OF pytest]`.

Lint, format, types, import contracts, tests; all are run even when one fails, and the exit code is 1 if any did.
`--quick` leaves out the tests that take seconds. The tests run in two processes, and those that only wait in a third,
unless the arguments of pytest choose some of them; `-- -n 0` runs all of them one by one.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from setup_environment import ROOT, prepare_environment, program, run_script, say

# Two processes halve the time wherever there are two cores; more would only crowd the processes that tests start.
# A file stays in one process, where its fixtures are made once; kept in order, quick files come last and fill the gaps.
BESIDE_EACH_OTHER = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
# One core's work at most, and little of it: they run while the others do.
ASIDE = ("types", "tests that wait")
FOR_FEW = ("-k", "--lf", "--last-failed", "--pdb")


def distribution(pytest_arguments: list[str]) -> list[str]:
    """The options that spread the tests over processes; none where few are chosen, which would wait for both to start.

    Windows has not the locks with which `tests/conftest.py` keeps apart what cannot run together.
    """
    chosen = (argument for argument in pytest_arguments if (ROOT / argument.partition("::")[0]).exists())
    few = any(chosen) or any(argument.startswith(FOR_FEW) for argument in pytest_arguments)
    return [] if few or sys.platform == "win32" else BESIDE_EACH_OTHER


def files_that_wait() -> list[str]:
    """The files with tests that are marked so; naming them spares a third reading of all others."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    return [str(path.relative_to(ROOT)) for path in files if "pytest.mark.waits" in path.read_text(encoding="utf-8")]


def checks(*, quick: bool, pytest_arguments: list[str]) -> dict[str, list[str]]:
    """Every check's name and command; the tests come last because they take longest."""
    python = [str(program("python"))]
    spread = distribution(pytest_arguments)
    those_that_wait = not quick and spread == BESIDE_EACH_OTHER and not pytest_arguments
    selection = ["-m", "not slow"] if quick else ["-m", "not waits"] if those_that_wait else []
    tests = [*python, "-m", "pytest"]
    return {
        "lint": [*python, "-m", "ruff", "check"],
        "format": [*python, "-m", "ruff", "format", "--check"],
        "import contracts": [str(program("lint-imports"))],
        "types": [*python, "-m", "mypy"],
        **({"tests that wait": [*tests, "-m", "waits", *files_that_wait()]} if those_that_wait else {}),
        "tests": [*tests, *spread, *selection, *pytest_arguments],
    }


@dataclass
class Outcome:
    """How a check ended.

    Attributes:
        code: Its exit code.
        took_s: Seconds that it took.
        output: What it wrote, where it ran beside others and was not to talk among them.
    """

    code: int
    took_s: float
    output: str = ""


def run_check(command: list[str], environment: dict[str, str], *, aside: bool) -> Outcome:
    """Run a check to its end."""
    started = time.monotonic()
    done = subprocess.run(
        command,
        cwd=str(ROOT),
        env=environment,
        stdout=subprocess.PIPE if aside else None,
        stderr=subprocess.STDOUT if aside else None,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    return Outcome(done.returncode, time.monotonic() - started, done.stdout or "")


def main() -> int:
    """Set up with the tools for the checks, run them all, and sum up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="leave out the tests that take seconds")
    parser.add_argument("pytest_arguments", nargs="*", metavar="-- ...", help="handed to pytest")
    options = parser.parse_args()
    prepare_environment(dev=True)
    # Tests need no screen; those that want a real one start their own.
    environment = dict({"QT_QPA_PLATFORM": "offscreen"}, **os.environ)
    # Tests start many processes of ours, and each would translate every module anew. None of them writes what it
    # translated: some have no room on their disk, and would leave half of it to all others.
    subprocess.run([str(program("python")), "-m", "compileall", "-q", "gym_gui"], cwd=str(ROOT), check=False)
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    commands = checks(quick=options.quick, pytest_arguments=options.pytest_arguments)
    with ThreadPoolExecutor(len(ASIDE)) as pool:
        aside = {
            name: pool.submit(run_check, commands[name], environment, aside=True) for name in ASIDE if name in commands
        }
        summary = []
        failed = False
        for name, command in sorted(commands.items(), key=lambda one: one[0] in aside):
            say(f"== {name}")
            outcome = aside[name].result() if name in aside else run_check(command, environment, aside=False)
            print(outcome.output, end="", flush=True)
            failed = failed or outcome.code != 0
            verdict = "passed" if outcome.code == 0 else f"FAILED (exit code {outcome.code})"
            summary.append(f"{name:<18}{verdict:<24}{outcome.took_s:6.1f} s")
    print("\n".join(["== summary", *summary]), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    run_script(main)
