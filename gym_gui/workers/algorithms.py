"""The algorithms of an installed Stable-Baselines3, and one sentence where it is not installed."""

from __future__ import annotations

import importlib.util
import os
from typing import Any, Final

from gym_gui.core.errors import FormatUnavailableError
from gym_gui.services.trainer.value_ranges import ALGORITHMS, check_name

LEARNER_PACKAGES: Final = ("stable_baselines3", "torch")
INSTALL_COMMAND: Final = "python3 scripts/run.py --training"


def missing_learners() -> list[str]:
    """The packages of learners that are not installed; nothing is imported to find out."""
    return [name for name in LEARNER_PACKAGES if importlib.util.find_spec(name) is None]


def require_learners() -> None:
    """Make sure that learners are installed.

    Raises:
        FormatUnavailableError: they are not; the sentence names the command that installs them.
    """
    missing = missing_learners()
    if missing:
        raise FormatUnavailableError(
            f"Training with an algorithm needs {' and '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} "
            "not installed.",
            hint=f"`{INSTALL_COMMAND}` installs what is missing in a checkout; elsewhere "
            "`pip install 'gym-gui[training]'` does.",
        )


def algorithm_class(name: str) -> Any:
    """The class of an algorithm.

    Raises:
        ConfigError: there is none of that name.
        FormatUnavailableError: Stable-Baselines3 is not installed.
    """
    check_name("algorithm", name, ALGORITHMS)
    require_learners()
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    import stable_baselines3  # noqa: PLC0415 - three seconds

    return getattr(stable_baselines3, name)
