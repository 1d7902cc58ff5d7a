"""Outcome: how a worker ended, in ``outcome.json``, for whoever looks after it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from gym_gui.workers.files import write_text

if TYPE_CHECKING:
    from pathlib import Path

OUTCOME_FILE: Final = "outcome.json"
COMPLETED: Final = "completed"
FAILED: Final = "failed"
CANCELLED: Final = "cancelled"
# By state; what the operating system is told. 1 is Python's own for a fault that nobody caught.
EXIT_CODES: Final = {COMPLETED: 0, FAILED: 1, CANCELLED: 3}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a worker ended.

    Attributes:
        state: ``completed``, ``failed`` or ``cancelled``.
        reason: One sentence.
        steps: Steps of training taken, those before a resumption included.
        checkpoint: Path of the newest checkpoint; None where there is none.
    """

    state: str
    reason: str = ""
    steps: int = 0
    checkpoint: str | None = None

    @property
    def exit_code(self) -> int:
        """What the process ends with."""
        return EXIT_CODES[self.state]

    def write(self, run_dir: Path) -> None:
        """Save it as `OUTCOME_FILE` of *run_dir*, in one atomic step."""
        write_text(run_dir / OUTCOME_FILE, json.dumps(asdict(self)) + "\n")
