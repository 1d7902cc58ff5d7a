"""Learners: whether training with an algorithm can be done here."""

from __future__ import annotations

import importlib.metadata
from typing import TYPE_CHECKING, Final

from gym_gui.controllers.doctor.check import Check, Status
from gym_gui.workers.algorithms import INSTALL_COMMAND, missing_learners

if TYPE_CHECKING:
    from gym_gui.config.settings import Settings

_PACKAGES: Final = ("stable-baselines3", "torch", "tensorboard")


def check_learners(_settings: Settings) -> Check:
    """The packages of learners, with their versions; nothing is imported to find out."""
    missing = missing_learners()
    if missing:
        return Check(
            "Learners",
            Status.OK,
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed: random runs and "
            "scripts can be trained, algorithms cannot.",
            f"{INSTALL_COMMAND} installs them.",
        )
    return Check("Learners", Status.OK, f"{', '.join(f'{name} {version}' for name, version in _installed())}.")


def _installed() -> list[tuple[str, str]]:
    found = []
    for name in _PACKAGES:
        try:
            found.append((name, importlib.metadata.version(name)))
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
