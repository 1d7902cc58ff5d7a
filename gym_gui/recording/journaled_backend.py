"""A backend whose formats can only be written in one go: steps go to journals, ended episodes become files.

What `write_steps` has taken is in a journal when it returns: other processes read it there, and it survives
``kill -9``. A thread of the backend's own makes the format's files. Opening the recording again finishes what a killed
process left.
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, ClassVar, Final

from gym_gui.core.clock import utc_now
from gym_gui.core.data_model import EpisodeRollup, EpisodeStatus, RunRecord, RunState
from gym_gui.core.errors import EnvironmentFault, RecordingError
from gym_gui.core.refs import check_run_id
from gym_gui.core.typing_compat import override
from gym_gui.recording.contract import RecordingBackend
from gym_gui.recording.finisher import Finisher
from gym_gui.recording.journal_episode import JournalEpisode
from gym_gui.recording.live_episode import LiveEpisode
from gym_gui.recording.wording import recording_errors
from gym_gui.replay.run_lock import RunLock, is_being_written

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from gym_gui.core.data_model import StepRecord
    from gym_gui.recording.config import RecorderConfig

_LOGGER = logging.getLogger(__name__)
_EPISODE: Final = attrgetter("run_id", "episode_id")


class RunFiles:
    """The files of one run in some format; made by `JournaledBackend.open_run`, used by one thread at a time.

    Args:
        run: The run.
    """

    def __init__(self, run: RunRecord) -> None:
        self.run = run

    @abstractmethod
    def ordinals(self) -> dict[str, int]:
        """Id -> number of every episode that is finished."""

    @abstractmethod
    def journals(self) -> list[tuple[Path, int]]:
        """The journals that are there, each with its episode's number."""

    @abstractmethod
    def journal_path(self, ordinal: int) -> Path:
        """Where the journal of an episode belongs."""

    @abstractmethod
    def unfinish(self, ordinal: int) -> EpisodeRollup:
        """Make a finished episode a journal again, so that it can be gone on with; its summary."""

    @abstractmethod
    def finish_episode(self, journal: JournalEpisode, rollup: EpisodeRollup) -> None:
        """Make the episode's file; on its return the journal is no longer needed."""

    @abstractmethod
    def standing(self) -> tuple[RunState, datetime | None]:
        """What the run says of itself: where it stands, and when it ended."""

    @abstractmethod
    def write_run(self, state: RunState, ended_at: datetime | None) -> None:
        """Write what the run says of itself."""

    @abstractmethod
    def finish_run(self, state: RunState, ended_at: datetime) -> None:
        """Complete the run: every episode that ended is finished."""


class _LiveRun:
    def __init__(self, files: RunFiles, lock: RunLock) -> None:
        self.files = files
        self.lock = lock
        self.episodes: dict[str, LiveEpisode] = {}
        self.ordinals = files.ordinals()
        self.next_ordinal = 1 + max((*self.ordinals.values(), *(number for _, number in files.journals())), default=0)
        self.ended: tuple[RunState, datetime] | None = None

    def number_of(self, episode_id: str) -> int:
        """The number of an episode; of a new one, the next."""
        ordinal = self.ordinals.get(episode_id)
        if ordinal is None:
            ordinal, self.next_ordinal = self.next_ordinal, self.next_ordinal + 1
            self.ordinals[episode_id] = ordinal
        return ordinal


class JournaledBackend(RecordingBackend):
    """Journals first, files after.

    Args:
        config: As for every backend.
        path: The file or folder that is written.
        locks_dir: Folder of the locks that say which process writes which run; made with the first run.
    """

    keeps_frames: ClassVar[bool] = True

    def __init__(self, config: RecorderConfig, path: Path, locks_dir: Path) -> None:
        super().__init__(config)
        self._path = path
        self._locks_dir = locks_dir
        self._runs: dict[str, _LiveRun] = {}
        self._finisher = Finisher(f"finisher-{self.name}")
        self.recover()

    @abstractmethod
    def open_run(self, run: RunRecord) -> RunFiles:
        """The files of *run*, made where they are not there."""

    @abstractmethod
    def interrupted_runs(self) -> list[RunRecord]:
        """Runs of which something is unfinished: live ones, or left by a process that died."""

    @property
    @override
    def path(self) -> Path:
        return self._path

    def recover(self) -> list[str]:
        """Finish what processes that died left behind; the runs that were put right."""
        recovered: list[str] = []
        for run in self.interrupted_runs():
            if run.run_id in self._runs or is_being_written(self._locks_dir, run.run_id):
                continue
            try:
                live = self._open(run)
                state, ended_at = live.files.standing()
                if state is RunState.RUNNING or ended_at is None:
                    state, ended_at = RunState.INTERRUPTED, utc_now()
                self._end(live, state, ended_at)
                recovered.append(run.run_id)
            except EnvironmentFault as error:
                _LOGGER.error("Run %s could not be put right: %s", run.run_id, error)  # noqa: TRY400 - the world's fault
        self._finisher.drain()
        return recovered

    @override
    def begin_run(self, run: RunRecord) -> None:
        live = self._runs.get(run.run_id) or self._open(run)
        live.ended = None
        live.files.write_run(RunState.RUNNING, None)

    @override
    def begin_episode(self, rollup: EpisodeRollup) -> None:
        run = self._run(rollup.run_id, rollup)
        if rollup.episode_id in run.episodes:
            run.episodes[rollup.episode_id].tell(rollup)
        else:
            self._begin(run, rollup)

    @override
    def write_steps(self, steps: Sequence[StepRecord]) -> None:
        batches = []
        for (run_id, episode_id), group in groupby(sorted(steps, key=_EPISODE), key=_EPISODE):
            first, *rest = group
            episode = self._episode(run_id, episode_id, first)
            fresh = episode.new_among([first, *rest])
            if fresh:
                batches.append((episode, episode.encode(fresh)))
        written: list[LiveEpisode] = []
        try:
            for episode, batch in batches:
                episode.write(batch)
                written.append(episode)
        except RecordingError:
            for episode in written:
                episode.take_back()
            raise
        for episode, batch in batches:
            episode.keep(batch)

    @override
    def end_episode(self, rollup: EpisodeRollup) -> None:
        run = self._run(rollup.run_id, rollup)
        episode = run.episodes.get(rollup.episode_id) or self._begin(run, rollup)
        episode.tell(rollup)
        if rollup.status is EpisodeStatus.RUNNING:
            return
        del run.episodes[rollup.episode_id]
        episode.close()
        self._finish(run.files, episode.path, episode.ordinal)

    @override
    def end_run(self, run_id: str, state: RunState, ended_at: datetime) -> None:
        run = self._runs.get(run_id)
        if run is not None:
            self._end(run, state, ended_at)

    @override
    def flush(self) -> None:
        # An entry is with the kernel once it is appended.
        if self._finisher.fault:
            fault, self._finisher.fault = self._finisher.fault, None
            raise RecordingError(f"An episode could not be finished: {fault}") from fault

    @override
    def close(self) -> None:
        for run in list(self._runs.values()):
            self._end(run, RunState.INTERRUPTED, utc_now())
        self._finisher.close()

    def finish_now(self) -> None:
        """Wait until every episode that ended is a file."""
        self._finisher.drain()

    def tell_by_flush_only(self) -> None:
        """What cannot be finished is told by `flush`, and not logged besides: for a caller that copies a run."""
        self._finisher.logs = False

    # Inside.

    def _open(self, run: RunRecord) -> _LiveRun:
        check_run_id(run.run_id)
        self._finisher.drain()  # the run may have ended a moment ago, and be resumed
        with recording_errors():
            self._locks_dir.mkdir(parents=True, exist_ok=True)
            lock = RunLock(self._locks_dir, run.run_id)
        try:
            live = self._runs[run.run_id] = _LiveRun(self.open_run(run), lock)
            self._take_up(live)
        except BaseException:
            self._runs.pop(run.run_id, None)
            lock.release()
            raise
        return live

    def _take_up(self, run: _LiveRun) -> None:
        """Go on with the journals that a writer before this one left; those of ended episodes become files."""
        for path, ordinal in run.files.journals():
            journal = JournalEpisode(path, ordinal)
            if journal.is_empty:
                path.unlink()
            elif journal.rollup.episode_id in run.ordinals:
                path.unlink()  # its file was made; its writer died before it could remove the journal
            elif journal.rollup.status is not EpisodeStatus.RUNNING:
                run.ordinals[journal.rollup.episode_id] = ordinal
                self._finish(run.files, path, ordinal)
            else:
                rollup = journal.rollup
                run.episodes[rollup.episode_id] = LiveEpisode(path, ordinal, run.files.run, rollup)
                run.ordinals[rollup.episode_id] = ordinal

    def _run(self, run_id: str, of: EpisodeRollup | StepRecord) -> _LiveRun:
        run = self._runs.get(run_id)
        if run is None:
            # Telemetry that nobody announced: kept under a run that says so.
            created_at = of.started_at if isinstance(of, EpisodeRollup) else of.timestamp
            self.begin_run(RunRecord(run_id=run_id, env_id="unknown", created_at=created_at, player=""))
            run = self._runs[run_id]
        return run

    def _episode(self, run_id: str, episode_id: str, step: StepRecord) -> LiveEpisode:
        run = self._run(run_id, step)
        return run.episodes.get(episode_id) or self._begin(
            run,
            EpisodeRollup(
                run_id=run_id,
                episode_id=episode_id,
                episode_index=len(run.ordinals),
                seed=None,
                started_at=step.timestamp,
                agent_id=step.agent_id,
                worker_id=step.worker_id,
            ),
        )

    def _begin(self, run: _LiveRun, rollup: EpisodeRollup) -> LiveEpisode:
        is_finished = rollup.episode_id in run.ordinals
        ordinal = run.number_of(rollup.episode_id)
        if is_finished:  # it ended, and more comes
            self._finisher.drain()
            run.files.unfinish(ordinal)
        path = run.files.journal_path(ordinal)
        episode = LiveEpisode(path, ordinal, run.files.run, rollup)
        run.episodes[rollup.episode_id] = episode
        return episode

    def _finish(self, files: RunFiles, path: Path, ordinal: int) -> None:
        self._finisher.submit(
            lambda: _finish_episode(files, path, ordinal),
            f"An episode of run {files.run.run_id} could not be finished; its journal {path} is kept",
        )

    def _end(self, run: _LiveRun, state: RunState, ended_at: datetime) -> None:
        """End a run and its running episodes; the files are made behind the caller's back."""
        del self._runs[run.files.run.run_id]
        for episode in run.episodes.values():
            episode.close()
            self._finish(run.files, episode.path, episode.ordinal)

        def finish() -> None:
            try:
                run.files.write_run(state, ended_at)
                # What a full disk refused before may have room now.
                for path, ordinal in run.files.journals():
                    _finish_episode(run.files, path, ordinal)
                run.files.finish_run(state, ended_at)
            except Exception as error:
                self.unfinished = f"Run {run.files.run.run_id} could not be completed: {str(error) or repr(error)}"
                raise
            finally:
                run.lock.release()

        self._finisher.submit(
            finish, f"Run {run.files.run.run_id} could not be completed; the next opening of its recording tries again"
        )


def _finish_episode(files: RunFiles, path: Path, ordinal: int) -> None:
    journal = JournalEpisode(path, ordinal)
    files.finish_episode(journal, journal.ended)
    path.unlink()
