"""All checks in their order; one that breaks is itself a finding.

Runs on the caller's thread, two to three seconds long.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

from gym_gui.controllers.doctor.check import Check, Status
from gym_gui.core.one_line import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gym_gui.config.settings import Settings

# Imported one by one: where a package is missing, the other checks still run.
_CHECKS: Final = (
    ("Python", "machine", "check_python"),
    ("Packages", "machine", "check_packages"),
    ("Learners", "learners", "check_learners"),
    ("Window", "machine", "check_qt"),
    ("Display", "machine", "check_display"),
    ("Sound", "machine", "check_sound"),
    ("Var folder", "var_folder", "check_var_folder"),
    ("Database", "storage", "check_database"),
    ("Recordings", "storage", "check_runs"),
    ("Replay files", "storage", "check_round_trip"),
    ("Atari", "games", "check_atari"),
    ("Games", "games", "check_families"),
)


def examine(settings: Settings) -> Iterator[Check]:
    """Every finding, as it comes."""
    for name, module, function in _CHECKS:
        try:
            look: Callable[[Settings], Check] = getattr(
                importlib.import_module(f"gym_gui.controllers.doctor.{module}"), function
            )
            yield look(settings)
        except Exception as error:  # noqa: BLE001 - whatever a broken installation raises is what the user asked for
            text = printable(str(error)) or "no further word"
            yield Check(name, Status.PROBLEM, f"This could not be checked: {type(error).__name__}: {text}.")
