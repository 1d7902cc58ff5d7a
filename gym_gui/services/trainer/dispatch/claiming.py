"""Which of the runs that wait goes next: a pure function, so that every store decides the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gym_gui.services.trainer.config import TrainingConfig

PATIENCE: Final = 10  # smaller runs may go first so often
_HAIR: Final = 1e-9  # 0.1 + 0.2 cores are no more than 0.3


@dataclass(frozen=True, slots=True)
class Waiting:
    """A run that waits.

    Attributes:
        run_id: The run.
        cpus: Cores of this machine that it counts for.
        gpus: GPUs of this machine that it wants.
        passed_over: How often a run behind it went first.
    """

    run_id: str
    cpus: float
    gpus: int
    passed_over: int = 0


@dataclass(frozen=True, slots=True)
class Room:
    """What a machine has.

    Attributes:
        cpus: Cores, all of them.
        gpus: Indices of all GPUs.
        held_cpus: Cores that active runs hold.
        held_gpus: GPUs that active runs hold.
    """

    cpus: float
    gpus: Sequence[int]
    held_cpus: float = 0.0
    held_gpus: frozenset[int] = frozenset()

    @property
    def free_gpus(self) -> list[int]:
        """Indices of the GPUs that nobody holds."""
        return [gpu for gpu in self.gpus if gpu not in self.held_gpus]

    def could_hold(self, run: Waiting) -> bool:
        """Whether the machine, were it idle, would do for *run*."""
        return run.cpus <= self.cpus + _HAIR and run.gpus <= len(self.gpus)

    def holds_now(self, run: Waiting) -> bool:
        """Whether what is free does for *run*."""
        return self.held_cpus + run.cpus <= self.cpus + _HAIR and run.gpus <= len(self.free_gpus)


@dataclass(frozen=True, slots=True)
class Choice:
    """What was decided.

    Attributes:
        run: Goes next; None where nothing may.
        gpus: Which GPUs it gets.
        passed: Runs before it that it passes over.
    """

    run: Waiting | None = None
    gpus: tuple[int, ...] = ()
    passed: tuple[str, ...] = ()


def choose(waiting: Sequence[Waiting], room: Room) -> Choice:
    """The first that fits; a run that was passed over `PATIENCE` times is waited for.

    Args:
        waiting: In order: by priority, then by age.
        room: What there is, and what is held.
    """
    passed: list[str] = []
    for run in waiting:
        if not room.could_hold(run):
            continue  # waits for another machine, and keeps nobody here waiting
        if room.holds_now(run):
            return Choice(run, tuple(room.free_gpus[: run.gpus]), tuple(passed))
        if run.passed_over >= PATIENCE:
            break
        passed.append(run.run_id)
    return Choice()


def local_needs(config: TrainingConfig) -> tuple[float, int]:
    """Cores and GPUs of this machine that a run takes: none where a cluster runs it."""
    if config.launcher != "local":
        return 0.0, 0
    return config.resources.cpus, config.resources.gpus
