"""RecordedRuns: what was and is being recorded in a var folder, as a `LiveSource`: no trainer needed.

Any thread; it keeps no state but the last speed of each run, behind a lock.
"""

from __future__ import annotations

import math
import os
import platform
import shutil
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from gym_gui.controllers.live_source import (
    UNKNOWN_ALGORITHM,
    LiveHealth,
    LivePicture,
    LiveRun,
    LiveWorker,
    LogPart,
    Moment,
)
from gym_gui.core.clock import utc_now
from gym_gui.core.data_model import EpisodeStatus, RunState
from gym_gui.core.data_model.episode_table import EVALUATION_KEY
from gym_gui.core.errors import RunNotFoundError
from gym_gui.core.refs import run_name_of
from gym_gui.services.trainer.run_store import RunProgress, RunTransition
from gym_gui.services.trainer.states import STATE_OF_RECORDED, TrainingState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from gym_gui.core.data_model import EpisodeSummary, EpisodeTable, RunRecord, RunSummary, ScalarColumns

_REASONS: Final = {
    RunState.FAULTED: "The environment raised an error.",
    RunState.CANCELLED: "It was stopped by hand; what it had recorded is kept.",
    RunState.INTERRUPTED: "It was stopped by hand, or its process died; what it had recorded is kept.",
}
_NEWEST_EPISODES: Final = 4_000  # of all runs; what an old run's mean return is told from
_RETURNS: Final = 100
_LOG_BYTES: Final = 1 << 20
_SPEED_OVER_S: Final = 5.0
HUMAN: Final = "human"
# Of a recording's metadata: the run that it belongs to.
GROUP: Final = "group"


class RecordedLibrary(Protocol):
    """What is asked of the library."""

    def recorded_mark(self) -> tuple[int, ...]:
        """Numbers that differ once anything was recorded."""

    def list_runs(self) -> list[RunSummary]:
        """Every run, newest first."""

    def list_episodes(self, run_id: str | None = None, *, newest: int | None = None) -> list[EpisodeSummary]:
        """Episodes of one run, or the newest ones of all."""

    def get_run(self, run_id: str) -> RunRecord:
        """One run."""

    def load_episode_table(self, run_ids: Sequence[str], *, after_key: int = 0) -> EpisodeTable:
        """Episodes that ended, as columns."""

    def load_scalars(
        self, run_id: str, names: Sequence[str] | None = None, after_row: int = 0
    ) -> tuple[ScalarColumns, int]:
        """What the learner logged."""

    def find_moment(self, run_id: str, time_us: int) -> tuple[str, int] | None:
        """What was under way at an instant."""


class PictureFrame(Protocol):
    """A picture as `services.live_frames` gives it."""

    @property
    def seq(self) -> int:
        """Grows with every picture."""

    @property
    def frame(self) -> np.typing.NDArray[np.uint8]:
        """``uint8 (H, W, 3)``, owned."""

    @property
    def episode_id(self) -> str:
        """Its episode."""

    @property
    def step_index(self) -> int:
        """Its step."""

    @property
    def episode_return(self) -> float:
        """The return so far."""

    @property
    def time_us(self) -> int:
        """Microseconds since 1970."""


class PictureFeed(Protocol):
    """Newest pictures of the workers of this machine."""

    def workers(self) -> Sequence[tuple[str, str]]:
        """Run and worker of everyone who ever showed a picture."""

    def newest(self, run_id: str, worker_id: str, after_seq: int = 0) -> PictureFrame | None:
        """A worker's newest picture, where it is newer."""


@dataclass(frozen=True, slots=True)
class _Pace:
    """Steps at an instant, to tell a speed from."""

    steps: int
    at_s: float
    speed: float


class RecordedRuns:
    """The runs of one var folder.

    Args:
        library: Their rows.
        feed: Their newest pictures.
        root: The var folder, for the disk's figures.
        runs_dir: Where workers write their logs, a folder a run.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        library: RecordedLibrary,
        feed: PictureFeed,
        root: Path,
        runs_dir: Path,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._library = library
        self._feed = feed
        self._root = root
        self._runs_dir = runs_dir
        self._clock = clock
        self._lock = threading.Lock()
        self._feed_lock = threading.Lock()  # one thread at a time may look at pictures
        self._known_workers: tuple[float, Sequence[tuple[str, str]]] = (-math.inf, ())
        self._members: dict[str, list[str]] = {}
        # Of each worker, when its last picture was made, microseconds, and when it was last looked at, seconds.
        self._shown: dict[tuple[str, str], tuple[int, float]] = {}
        self._pace: dict[str, _Pace] = {}
        self._mark: tuple[int, ...] = ()
        self._listed: list[LiveRun] = []

    def list_runs(self) -> Sequence[LiveRun]:
        """Every run that no person played, newest first; read again only where something was recorded."""
        mark = self._library.recorded_mark()
        with self._lock:
            if mark == self._mark and self._listed:
                self._listed = [self._paced(run) for run in self._listed]
                return list(self._listed)
        episodes = self._newest_episodes()
        summaries = [summary for summary in self._library.list_runs() if summary.run.player != HUMAN]
        groups = _groups(summaries)
        by_id = {summary.run.run_id: summary for summary in summaries}
        runs = []
        for run_id, members in groups.items():
            others = [by_id[one] for one in members if one != run_id and not _is_evaluation(by_id[one])]
            of_group = [episode for one in (by_id[run_id], *others) for episode in episodes.get(one.run.run_id, ())]
            runs.append(self._run_of(by_id[run_id], others, of_group))
        with self._lock:
            self._mark = mark
            self._members = groups
            self._listed = [self._paced(run) for run in runs]
            return list(self._listed)

    def get_record(self, run_id: str) -> RunRecord | None:
        """What the recording says of the run; None where there is none."""
        try:
            return self._library.get_run(run_id)
        except RunNotFoundError:
            return None

    def transitions(self, run_id: str) -> Sequence[RunTransition]:
        """Beginning and end, from the recording."""
        run = next((one for one in self.list_runs() if one.run_id == run_id), None)
        if run is None:
            return ()
        first = RunTransition(before=None, after=TrainingState.RUNNING, at=run.created_at, reason="Recording began.")
        if run.ended_at is None:
            return (first,)
        last = RunTransition(
            before=TrainingState.RUNNING, after=run.state, at=run.ended_at, reason=run.reason or "Recording ended."
        )
        return first, last

    def load_episode_table(self, run_id: str, *, after_key: int = 0) -> EpisodeTable:
        """Episodes that ended."""
        return self._library.load_episode_table(self._members_of(run_id), after_key=after_key)

    def load_scalars(self, run_id: str, *, after_row: int = 0) -> tuple[ScalarColumns, int]:
        """What the learner logged."""
        return self._library.load_scalars(run_id, after_row=after_row)

    def find_moment(self, run_id: str, time_us: int) -> Moment | None:
        """What was under way at an instant."""
        for member in self._members_of(run_id):
            found = self._library.find_moment(member, time_us)
            if found is not None:
                return Moment(member, *found)
        return None

    def pictures(self, run_id: str, seen: Mapping[str, int]) -> Sequence[LivePicture]:
        """The newest picture of each worker that has a newer one."""
        found = []
        members = self._members_of(run_id)
        for of_run, worker_id in self._workers():
            if of_run not in members:
                continue
            worker = worker_id if of_run == run_id else f"{of_run.removeprefix(run_id).lstrip('-.')} {worker_id}"
            shown = self._newest(of_run, worker_id, seen.get(worker, 0))
            if shown is not None:
                found.append(
                    LivePicture(
                        of_run,
                        worker,
                        shown.seq,
                        shown.frame,
                        shown.episode_id,
                        shown.step_index,
                        shown.episode_return,
                        shown.time_us,
                    )
                )
        return found

    def read_log(self, run_id: str, offset: int) -> LogPart:
        """The first worker's log from *offset* on."""
        file = next(iter(sorted(self._runs_dir.joinpath(run_id).glob("worker-*.log"))), None)
        if file is None:
            return LogPart(offset=offset, missing="This run was not started by a trainer: its output is where it runs.")
        with file.open("rb") as log:
            log.seek(offset)
            data = log.read(_LOG_BYTES)
        return LogPart(data=data, offset=offset + len(data))

    def health(self) -> LiveHealth:
        """This machine's figures."""
        import psutil  # noqa: PLC0415 - in a task, and only where health is looked at

        memory = psutil.virtual_memory()
        try:
            disk = shutil.disk_usage(self._root)
        except OSError:
            disk = None  # a folder that is not there yet
        running = sum(run.state.is_active for run in self.list_runs())
        return LiveHealth(
            host=platform.node(),
            cpu_percent=float(psutil.cpu_percent()),
            cores=os.cpu_count() or 0,
            memory_used_bytes=memory.total - memory.available,
            memory_total_bytes=memory.total,
            disk_free_bytes=None if disk is None else disk.free,
            disk_total_bytes=None if disk is None else disk.total,
            running=running,
        )

    def close(self) -> None:
        """Nothing is held: the library is its owner's to close."""

    # Inside.

    def _newest_episodes(self) -> dict[str, list[EpisodeSummary]]:
        by_run: dict[str, list[EpisodeSummary]] = defaultdict(list)
        for summary in self._library.list_episodes(newest=_NEWEST_EPISODES):
            by_run[summary.rollup.run_id].append(summary)
        return by_run

    def _members_of(self, run_id: str) -> Sequence[str]:
        """The recordings that are looked at as one run, its own first."""
        with self._lock:
            return self._members.get(run_id, [run_id])

    def _newest(self, run_id: str, worker_id: str, after_seq: int) -> PictureFrame | None:
        """A worker's newest picture, where it is newer; one that was started again counts from 1 anew."""
        key, now_s = (run_id, worker_id), self._clock()
        with self._feed_lock:
            shown = self._feed.newest(run_id, worker_id, after_seq)
            at_us, looked_s = self._shown.get(key, (0, now_s))
            if shown is None and after_seq and now_s - looked_s >= 1.0:
                looked_s = now_s
                again = self._feed.newest(run_id, worker_id, 0)
                shown = again if again is not None and again.time_us > at_us else None
            self._shown[key] = (at_us, looked_s) if shown is None else (shown.time_us, now_s)
        return shown

    def _workers(self) -> Sequence[tuple[str, str]]:
        """Who shows pictures; looked for once a second, for it is a listing of folders."""
        now_s = self._clock()
        at_s, known = self._known_workers
        if now_s - at_s >= 1.0:
            with self._feed_lock:
                known = self._feed.workers()
            self._known_workers = (now_s, known)
        return known

    def _run_of(self, summary: RunSummary, others: Sequence[RunSummary], episodes: Sequence[EpisodeSummary]) -> LiveRun:
        run, together = summary.run, (summary, *others)
        ended = [one.rollup for one in episodes if one.rollup.status is not EpisodeStatus.RUNNING]
        returns = [rollup.total_reward for rollup in ended[:_RETURNS]]
        last = max((rollup.ended_at for rollup in ended if rollup.ended_at is not None), default=None)
        metadata = run.metadata
        name, total, frames = (metadata.get(key) for key in ("name", "total_steps", "frames"))
        before = metadata.get("steps_before")
        steps_before = before if isinstance(before, int) else 0
        return LiveRun(
            run_id=run.run_id,
            name=name if isinstance(name, str) and name else run_name_of(run.run_id),
            state=STATE_OF_RECORDED[summary.state],
            reason=summary.reason or _REASONS.get(summary.state, ""),
            env_id=run.env_id,
            algorithm=run.player or UNKNOWN_ALGORITHM,
            created_at=run.created_at,
            started_at=run.created_at,
            ended_at=summary.ended_at,
            progress=RunProgress(
                steps=steps_before + sum(one.steps for one in together),
                episodes=sum(one.episodes for one in together),
                mean_return=float(np.mean(returns)) if returns else float("nan"),
                last_step_at=last,
                frames=sum(one.frames for one in together),
                dropped_frames=sum(one.dropped_frames for one in together),
            ),
            total_steps=total if isinstance(total, int) else 0,
            steps_before=steps_before,
            host=_host_of(summary),
            frames=frames if isinstance(frames, str) else "",
            workers=tuple(
                LiveWorker(worker_id=one.run.worker_id or "w0", host=_host_of(one), heard_at=last) for one in together
            ),
        )

    def _paced(self, run: LiveRun) -> LiveRun:
        """The run with its speed, and, where steps came since, the age of its last step."""
        now_s, steps = self._clock(), run.progress.steps
        before = self._pace.get(run.run_id)
        if run.state is not TrainingState.RUNNING:
            self._pace.pop(run.run_id, None)
            return replace(run, progress=replace(run.progress, steps_per_s=run.mean_steps_per_s))
        if before is None:
            self._pace[run.run_id] = _Pace(steps, now_s, float("nan"))
            return run
        last: datetime | None = run.progress.last_step_at
        if steps != before.steps:
            last = utc_now()
        speed, took = before.speed, now_s - before.at_s
        if took >= 1.0 and (steps != before.steps or took >= _SPEED_OVER_S):
            speed = (steps - before.steps) / took
            self._pace[run.run_id] = _Pace(steps, now_s, speed)
        return replace(run, progress=replace(run.progress, steps_per_s=speed, last_step_at=last))


def _groups(summaries: Sequence[RunSummary]) -> dict[str, list[str]]:
    """Recordings that belong together, by the one that the others name as their group; newest first."""
    listed = {summary.run.run_id for summary in summaries}
    groups: dict[str, list[str]] = {}
    for summary in summaries:
        run_id, group = summary.run.run_id, summary.run.metadata.get(GROUP)
        leader = group if isinstance(group, str) and group in listed else run_id
        members = groups.setdefault(leader, [leader])
        if run_id != leader:
            members.append(run_id)
    return groups


def _host_of(summary: RunSummary) -> str:
    return (summary.run.host or "").partition(" ")[0]


def _is_evaluation(summary: RunSummary) -> bool:
    return EVALUATION_KEY in summary.run.metadata
