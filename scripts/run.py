"""Set up the project where needed, then start it: `python3 scripts/run.py [ARGUMENTS OF gym-gui]`.

`--setup-only` stops after the set-up. `--training` also installs the learners (Stable-Baselines3 and PyTorch), once and
for good; alone it stops there. Everything else goes to `gym-gui` as it stands; `--help` shows its own help.
"""

from __future__ import annotations

import os
import subprocess
import sys

from setup_environment import prepare_environment, program, run_script, say
from system_packages import SetupError

WINDOW_COMMANDS = ("play", "replay")
NO_DISPLAY = (
    "There is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set), so no window can open; "
    "`python3 scripts/run.py demo` shows everything without one."
)


def needs_window(arguments: list[str]) -> bool:
    """Whether `gym-gui` would open a window for *arguments*: with no command, and for playing and replaying."""
    if any(argument in ("-h", "--help", "--version") for argument in arguments):
        return False
    words = iter(arguments)
    for word in words:
        if word == "--var-dir":
            next(words, None)
        elif not word.startswith("-"):
            return word in WINDOW_COMMANDS
    return True


def has_display() -> bool:
    """Whether Qt could open a window, or has been told how to do without a screen."""
    if not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def main() -> int:
    """Set up, then become `gym-gui`."""
    arguments = sys.argv[1:]
    training = "--training" in arguments
    if training:
        arguments.remove("--training")
    if "--setup-only" in arguments or (training and not arguments):
        prepare_environment(dev=False, training=training)
        return 0
    if needs_window(arguments) and not has_display():
        raise SetupError(NO_DISPLAY, exit_code=2)
    if arguments[:1] in (["-h"], ["--help"]):
        say(
            "python3 scripts/run.py [--setup-only] [--training] [ARGUMENTS OF gym-gui]; --setup-only stops after the "
            "set-up, --training also installs the learners.\n"
        )
    prepare_environment(dev=False, training=training)
    command = [str(program("gym-gui")), *arguments]
    # So that what it tells the user to type is what works here.
    os.environ["GYM_GUI_COMMAND"] = f"python3 {sys.argv[0]}"
    if os.name != "nt":  # exec on Windows would give the prompt back while the window is open
        os.execv(command[0], command)  # noqa: S606 - no shell is wanted; this process has nothing left to do
    return subprocess.call(command)


if __name__ == "__main__":
    run_script(main)
