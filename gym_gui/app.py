"""The composition root: arguments in, an exit code out."""

from __future__ import annotations


def main() -> int:
    """Run `gym-gui`; the process's exit code: 0 done, 1 failed, 2 wrong usage."""
    from gym_gui.cli.main import run  # noqa: PLC0415 - importing gym_gui.app must cost nothing

    return run()
