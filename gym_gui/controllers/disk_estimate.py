"""How fast recording fills the disk: measured on the run that is being recorded, else on what was recorded before.

Made and called on one thread; what reads the disk goes through the task runner.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gym_gui.core.data_model import RunState
from gym_gui.telemetry.sizes import ROW_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gym_gui.controllers.session_state import SessionState
    from gym_gui.controllers.views import TaskRunner
    from gym_gui.core.data_model import RunSummary

SAMPLE_S: Final = 2.0
_KEPT_SAMPLES: Final = 31  # a minute
# Fewer steps say more about a file's head and its half-filled chunk than about its growth.
MIN_STEPS: Final = 600


@dataclass(frozen=True, slots=True)
class _Sample:
    saved_steps: int
    file_bytes: int


def past_rate(runs: Iterable[RunSummary]) -> float | None:
    """Bytes that one second of real-time play took, over all *runs*, each weighing as much as its steps.

    None where too little was recorded to say. Games that go turn by turn have no rate and are left out.
    """
    steps, seconds, size = 0, 0.0, 0
    for summary in runs:
        # The pictures of a run that still goes on are not counted in its size before their episode ends.
        over = summary.state is not RunState.RUNNING
        if over and summary.steps and not summary.run.metadata.get("turn_based"):
            steps += summary.steps
            seconds += summary.steps / summary.run.step_rate_hz
            size += summary.size_bytes
    return size / seconds if steps >= MIN_STEPS and size else None


class DiskEstimate:
    """Follows a session and says how many bytes a second of play takes.

    Args:
        runner: Runs what reads the disk.
        list_runs: What was recorded; slow.
        file_bytes: Size of a run's replay file; 0 where there is none. Reads the disk.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        runner: TaskRunner,
        *,
        list_runs: Callable[[], list[RunSummary]],
        file_bytes: Callable[[str], int],
        clock: Callable[[], float],
    ) -> None:
        self._runner = runner
        self._list_runs = list_runs
        self._file_bytes = file_bytes
        self._clock = clock
        self._run_id: str | None = None
        self._samples: deque[_Sample] = deque(maxlen=_KEPT_SAMPLES)
        self._next = 0.0
        self._past: float | None = None

    def follow(self, session: SessionState, saved_steps: int) -> float | None:
        """Bytes a second now, None while nobody can know; call it often, it looks at the disk every two seconds only.

        Args:
            session: The game.
            saved_steps: Rows committed since the application's start.
        """
        run_id = session.run_id
        if run_id != self._run_id:
            self._run_id = run_id
            self._samples.clear()
            self._next = self._clock()
            # A run that has just ended belongs to the past now.
            self._runner.submit(lambda: past_rate(self._list_runs()), self._take_past)
        if run_id and self._clock() >= self._next:
            self._next = self._clock() + SAMPLE_S
            self._runner.submit(
                lambda: _Sample(saved_steps, self._file_bytes(run_id)),
                lambda sample: self._take_sample(run_id, sample),
            )
        per_step = self._bytes_per_step()
        if per_step is None or session.turn_based or not session.target_hz:
            return self._past
        return per_step * session.target_hz

    def _bytes_per_step(self) -> float | None:
        if not self._samples:
            return None
        first, last = self._samples[0], self._samples[-1]
        steps, size = last.saved_steps - first.saved_steps, last.file_bytes - first.file_bytes
        return size / steps + ROW_BYTES if steps >= MIN_STEPS and size > 0 else None

    def _take_sample(self, run_id: str, sample: _Sample) -> None:
        if run_id == self._run_id:
            self._samples.append(sample)

    def _take_past(self, rate: float | None) -> None:
        self._past = rate
