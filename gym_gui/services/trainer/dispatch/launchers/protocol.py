"""Launcher: starts the process that stands for a run's worker, and that the dispatcher watches and ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping
    from pathlib import Path

    from gym_gui.services.trainer.config import TrainingConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What is to be started.

    Attributes:
        config: What the run is.
        environment: Variables for the worker, beside those of this process.
        folder: The run's, where it starts.
        log_path: Takes what it prints, at the end.
    """

    config: TrainingConfig
    environment: Mapping[str, str]
    folder: Path
    log_path: Path


class Launcher(Protocol):
    """Starts workers. The process it gives leads its own session, and carries the run's mark."""

    @property
    def start_timeout_s(self) -> float:
        """Seconds that a worker may take to register beyond what the limits say: a cluster may have no place yet."""

    def launch(self, launch: Launch) -> subprocess.Popen[bytes]:
        """Start it.

        Raises:
            WorkerError: it cannot be started.
        """

    def mark_for(self, config: TrainingConfig) -> str:  # noqa: ARG002 - for those that have one
        """The mark that the process for such a run would carry already; empty where it can be given any."""
        return ""

    def pid_for(self, config: TrainingConfig) -> int:  # noqa: ARG002 - as above
        """The process that would get such a run, where it is there already; 0 for none."""
        return 0

    def look_after(self) -> None:
        """Called about once a second: time to prepare for the next run."""

    def close(self) -> None:
        """Let go of what was prepared; what was launched goes on."""
