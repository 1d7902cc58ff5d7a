"""SaidOnce: what goes wrong beside a training loop is said once for each cause, and counted from then on."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from gym_gui.core.one_line import printable

if TYPE_CHECKING:
    import logging


class SaidOnce:
    """Logs the first fault of each cause.

    Args:
        logger: Where.
    """

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self.counts: Counter[str] = Counter()

    def fault(self, what: str, fault: BaseException | str) -> None:
        """Say that *what*, the start of a sentence, because of *fault*."""
        cause = f"{what}: {fault if isinstance(fault, str) else _told(fault)}"
        self.counts[cause] += 1
        if self.counts[cause] == 1:
            self._logger.warning("%s", cause)


def _told(fault: BaseException) -> str:
    try:
        text = printable(str(fault))
    except Exception:  # noqa: BLE001 - a foreign exception's own text may raise
        text = ""
    return f"{type(fault).__name__}: {text}" if text else type(fault).__name__
