"""FailoverBackend: a chain of backends; where one fails in mid-run the next takes over, and what happened is named.

Steps that were not flushed are kept until they are, so the next one begins where the files of the one before end.
Belongs to one thread, as every backend.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Final

from gym_gui.core.errors import SchemaMismatchError
from gym_gui.core.typing_compat import override
from gym_gui.recording.contract import RecordingBackend
from gym_gui.recording.factory import RecorderFactory, chain_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from gym_gui.core.data_model import EpisodeRollup, RunRecord, RunState, StepRecord
    from gym_gui.recording.config import RecorderConfig

_LOGGER = logging.getLogger(__name__)
# Beyond this the backend is asked to flush, so that the steps kept for the next one have an end.
_MAX_KEPT_BYTES: Final = 64 * 1024 * 1024
_MAX_KEPT_STEPS: Final = 4_096
# The backend that keeps nothing: the honest end of a chain.
NONE: Final = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Where a backend's file of a run ends before the run does.

    Attributes:
        run_id: The run.
        backend: Which failed.
        successor: Which took over.
        episode_id: The episode of the first step that the failed one does not hold; empty where none was waiting.
        first_step: That step.
        last_step: The last step that had come by then; both -1 where none was waiting.
        cause: What it said.
        lost: Whether those steps, and all that follow, are kept nowhere.
    """

    run_id: str
    backend: str
    successor: str
    episode_id: str
    first_step: int
    last_step: int
    cause: str
    lost: bool

    def __str__(self) -> str:
        steps = f"from step {self.first_step} of {self.episode_id}" if self.episode_id else "from here"
        came = f" ({self.first_step} to {self.last_step} were waiting)" if self.episode_id else ""
        what = "is not recorded" if self.lost else f"is recorded by {self.successor}"
        return f"Recorder {self.backend} failed: {steps} on{came} run {self.run_id} {what}. {self.cause}"


class FailoverBackend(RecordingBackend):
    """Writes with the first backend of a chain that can.

    Args:
        config: The first backend's; its ``fallback`` names the others, which write into the same folder.
        on_gap: Told of each takeover.
    """

    name: ClassVar = "failover"
    keeps_frames: ClassVar = True

    def __init__(self, config: RecorderConfig, *, on_gap: Callable[[Gap], None] | None = None) -> None:
        super().__init__(config)
        self._chain = chain_of(config)
        self._on_gap = on_gap
        self._backend: RecordingBackend | None = None
        self._runs: dict[str, RunRecord] = {}
        self._beginning: set[str] = set()
        self._episodes: dict[tuple[str, str], EpisodeRollup] = {}
        self._unflushed: list[StepRecord] = []
        self._kept_bytes = 0
        self._must_brief = False  # the successor does not know yet what goes on
        self._parts: list[tuple[str, Path]] = []
        self.gaps: list[Gap] = []

    @property
    def parts(self) -> list[tuple[str, Path]]:
        """The backends that had something to write, the first one first, and their files or folders."""
        return [*self._parts, *([] if self._backend is None else [(self.backend_name, self._backend.path)])]

    @property
    @override
    def path(self) -> Path:
        return self.current.path

    @property
    def backend_name(self) -> str:
        """Which backend writes now."""
        return self._chain[0].backend

    @override
    def begin_run(self, run: RunRecord) -> None:
        self._beginning = {run.run_id}
        self._do(lambda backend: backend.begin_run(self._told(run)))
        self._beginning = set()
        self._runs[run.run_id] = run

    @override
    def begin_episode(self, rollup: EpisodeRollup) -> None:
        self._do(lambda backend: backend.begin_episode(rollup))
        self._episodes[rollup.run_id, rollup.episode_id] = rollup

    @override
    def write_steps(self, steps: Sequence[StepRecord]) -> None:
        self._do(lambda backend: backend.write_steps(steps), steps)
        if len(self._chain) > 1:  # the last one has no successor to keep steps for
            self._unflushed += steps
            self._kept_bytes += sum(step.attached_bytes for step in steps)
            if self._kept_bytes > _MAX_KEPT_BYTES or len(self._unflushed) > _MAX_KEPT_STEPS:
                self.flush()

    @override
    def end_episode(self, rollup: EpisodeRollup) -> None:
        self._do(lambda backend: backend.end_episode(rollup))
        self._episodes.pop((rollup.run_id, rollup.episode_id), None)

    @override
    def end_run(self, run_id: str, state: RunState, ended_at: datetime) -> None:
        self._do(lambda backend: backend.end_run(run_id, state, ended_at))
        self._runs.pop(run_id, None)

    @override
    def flush(self) -> None:
        self._do(lambda backend: backend.flush())
        self._unflushed = []
        self._kept_bytes = 0

    @override
    def close(self) -> None:
        self._do(lambda backend: backend.close())
        self.unfinished = "" if self._backend is None else self._backend.unfinished
        self._unflushed = []
        self._kept_bytes = 0

    @property
    def current(self) -> RecordingBackend:
        """The backend that writes now.

        Raises:
            FormatUnavailableError: a package that it needs is not installed.
        """
        if self._backend is None:
            self._backend = RecorderFactory.create_backend(self._chain[0])
        return self._backend

    def _do(self, write: Callable[[RecordingBackend], None], coming: Sequence[StepRecord] = ()) -> None:
        while True:
            try:
                if self._must_brief:
                    self._brief(self.current)
                write(self.current)
            except SchemaMismatchError:  # a step's own fault, which the next backend would find too
                raise
            except Exception as error:
                if len(self._chain) == 1:
                    raise
                self._hand_over(error, coming)
            else:
                return

    def _hand_over(self, error: Exception, coming: Sequence[StepRecord]) -> None:
        """Let go of the backend that failed; the next write tells its successor all that it must know."""
        self._parts = self.parts
        failed = self._chain.pop(0).backend
        self._close_failed()
        self._must_brief = True
        for run_id in self._beginning | self._runs.keys():
            self._name_gap(run_id, failed, error, [one for one in (*self._unflushed, *coming) if one.run_id == run_id])

    def _brief(self, successor: RecordingBackend) -> None:
        for run in self._runs.values():
            successor.begin_run(self._told(run))
        for rollup in self._episodes.values():
            successor.begin_episode(rollup)
        if self._unflushed:
            successor.write_steps(self._unflushed)
        self._must_brief = False

    def _close_failed(self) -> None:
        backend, self._backend = self._backend, None
        if backend is None:
            return
        try:
            backend.close()
        except Exception as error:  # noqa: BLE001 - it failed already, and its successor waits
            _LOGGER.info("the failed backend did not close well: %s", error)

    def _name_gap(self, run_id: str, failed: str, error: Exception, waiting: Sequence[StepRecord]) -> None:
        gap = Gap(
            run_id=run_id,
            backend=failed,
            successor=self._chain[0].backend,
            episode_id=waiting[0].episode_id if waiting else "",
            first_step=waiting[0].step_index if waiting else -1,
            last_step=waiting[-1].step_index if waiting else -1,
            cause=str(error) or repr(error),
            lost=self._chain[0].backend == NONE,
        )
        self.gaps.append(gap)
        _LOGGER.error("%s", gap)
        if self._on_gap is not None:
            self._on_gap(gap)

    def _told(self, run: RunRecord) -> RunRecord:
        gaps = gaps_of(self.gaps, run.run_id)
        return replace(run, metadata={**run.metadata, "gaps": gaps}) if gaps else run


def gaps_of(gaps: Sequence[Gap], run_id: str) -> list[dict[str, Any]]:
    """The gaps of a run as JSON values, for its metadata."""
    return [asdict(gap) for gap in gaps if gap.run_id == run_id]
