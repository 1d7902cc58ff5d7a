"""Everything a recording reader answers, over runs and episodes as some format stores them."""

from __future__ import annotations

import logging
import re
import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Self, TypeVar

from gym_gui.core.data_model import EpisodeSummary, RunSummary
from gym_gui.core.episode_choice import check_unambiguous
from gym_gui.core.errors import (
    EpisodeNotFoundError,
    FrameNotFoundError,
    InvalidFrameRefError,
    RecordingError,
    RunNotFoundError,
)
from gym_gui.core.refs import FrameRef
from gym_gui.recording.stored_episode import resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from numpy.typing import NDArray

    from gym_gui.core.data_model import EpisodeRollup, RunRecord, StepRecord
    from gym_gui.recording.stored_episode import StoredEpisode, StoredRun

_LOGGER = logging.getLogger(__name__)
_Answer = TypeVar("_Answer")
_SHOWN = 80


class StoredReader(ABC):
    """A `RecordingReader` over one place; any thread, one question at a time.

    While an episode is finished its journal becomes a file: a question that meets that moment is asked again.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()

    @abstractmethod
    def run_ids(self) -> list[str]:
        """Ids of the runs that are there, in any order."""

    @abstractmethod
    def read_run(self, run_id: str) -> StoredRun | None:
        """A run as it is now, or None; called for every question, so it remembers what cannot have changed."""

    @abstractmethod
    def forget(self) -> None:
        """Let go of every file and of everything that was remembered."""

    def list_runs(self) -> list[RunSummary]:
        """Every run, newest first."""

        def ask() -> list[RunSummary]:
            found = [_summary_of(self._ask_run(run_id)) for run_id in self.run_ids()]
            return sorted(found, key=lambda one: (one.run.created_at, one.run.run_id), reverse=True)

        return self._asked(ask)

    def get_run(self, run_id: str) -> RunRecord:
        """One run.

        Raises:
            RunNotFoundError: there is none of that id.
        """
        return self._asked(lambda: self._ask_run(run_id).run)

    def list_episodes(self, run_id: str | None = None, *, newest: int | None = None) -> list[EpisodeSummary]:
        """The episodes of a run in order, or of every run, newest first; no more than the *newest* ones.

        Raises:
            RunNotFoundError: there is no run of that id.
        """

        def ask() -> list[EpisodeSummary]:
            if run_id is not None:
                episodes = _episodes_of(self._ask_run(run_id))
                return episodes if newest is None else episodes[max(0, len(episodes) - newest) :]
            found = [one for name in self.run_ids() for one in _episodes_of(self._ask_run(name))]
            found.sort(key=lambda one: one.rollup.started_at, reverse=True)
            return found[:newest]

        return self._asked(ask)

    def get_episode(self, run_id: str, episode: str | int | None = None) -> EpisodeRollup:
        """By id or 0-based index, None for the last.

        Raises:
            RunNotFoundError: there is no run of that id.
            EpisodeNotFoundError: the run has no such episode.
            AmbiguousEpisodeError: several have that index.
        """

        def ask() -> EpisodeRollup:
            run = self._ask_run(run_id)
            if isinstance(episode, str):
                return _episode(run, episode).rollup
            rollups = [one.rollup for one in _episodes_of(run)]
            if episode is not None:
                rollups = [rollup for rollup in rollups if rollup.episode_index == episode]
                check_unambiguous(episode, rollups)
            if not rollups:
                raise _no_episode(run_id, "any episode" if episode is None else f"an episode of index {episode}")
            return rollups[-1]

        return self._asked(ask)

    def load_steps(self, run_id: str, episode_id: str, *, start: int = 0, stop: int | None = None) -> list[StepRecord]:
        """Detached records with ``start <= step_index < stop``, in order of step and agent.

        Raises:
            RunNotFoundError: there is no run of that id.
            EpisodeNotFoundError: the run has no such episode.
        """

        def ask() -> list[StepRecord]:
            run = self._ask_run(run_id)
            return _episode(run, episode_id).steps(run.run, start, stop)

        return self._asked(ask)

    def require(self, frame_ref: str) -> NDArray[Any]:
        """The array of a ref as a new array.

        Raises:
            InvalidFrameRefError: the text is no ref.
            FrameNotFoundError: it leads to nothing; the reason says why.
        """
        ref = FrameRef.require(frame_ref)

        def ask() -> NDArray[Any]:
            run = self.read_run(ref.run_id) if ref.run_id in self.run_ids() else None
            if run is None:
                raise FrameNotFoundError(f"Run {ref.run_id} is not here.", reason="no-file")
            return resolve(run, ref)

        try:
            return self._asked(ask)
        except RecordingError as error:
            raise FrameNotFoundError(
                f"{frame_ref} cannot be read. {error.message}", reason="unreadable", hint=error.hint
            ) from error

    def resolve_batch(self, frame_refs: Sequence[str]) -> list[NDArray[Any] | None]:
        """The arrays of many refs in their order; None where one leads to nothing."""
        found: list[NDArray[Any] | None] = []
        for text in frame_refs:
            try:
                found.append(self.require(text))
            except (InvalidFrameRefError, FrameNotFoundError) as error:
                _LOGGER.debug("not resolved: %s", error)
                found.append(None)
        return found

    def close(self) -> None:
        """Let go of every file; safe to call twice."""
        with self._lock:
            self.forget()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask_run(self, run_id: str) -> StoredRun:
        run = self.read_run(run_id)
        if run is None:
            raise RunNotFoundError(
                f"There is no run {run_id[:_SHOWN]!r} here.", hint="`gym-gui runs` lists the runs that are here."
            )
        return run

    def _asked(self, question: Callable[[], _Answer]) -> _Answer:
        with self._lock:
            try:
                return question()
            except (OSError, RecordingError):
                # Its writer finished an episode in between: the journal is gone, the file is there.
                self.forget()
            try:
                return question()
            except FileNotFoundError as error:
                raise RecordingError(
                    f"A file of the recording is missing: {_name_in(error)}.", hint="Was it moved or removed?"
                ) from error
            except OSError as error:
                raise RecordingError(f"The recording is damaged: {error}.") from error


def _name_in(error: OSError) -> str:
    """The file that is missing; PyArrow has it in its words alone."""
    quoted = re.search(r"'([^']+)'", str(error))
    return str(error.filename or (quoted[1] if quoted else error))


def _episode(run: StoredRun, episode_id: str) -> StoredEpisode:
    found = run.episodes.get(episode_id)
    if found is None:
        raise _no_episode(run.run.run_id, f"an episode {episode_id[:_SHOWN]!r}")
    return found


def _no_episode(run_id: str, named: str) -> EpisodeNotFoundError:
    return EpisodeNotFoundError(
        f"Run {run_id} does not have {named}.", hint=f"`gym-gui episodes {run_id}` lists what it has."
    )


def _episodes_of(run: StoredRun) -> list[EpisodeSummary]:
    found = [
        EpisodeSummary(rollup=one.rollup, env_id=run.run.env_id, player=run.run.player, size_bytes=one.size_bytes)
        for one in run.episodes.values()
    ]
    return sorted(found, key=lambda one: one.rollup.episode_index)


def _summary_of(run: StoredRun) -> RunSummary:
    episodes = [(one.rollup, one.size_bytes) for one in run.episodes.values()]
    return RunSummary(
        run=run.run,
        state=run.state,
        ended_at=run.ended_at,
        episodes=len(episodes),
        steps=sum(rollup.steps for rollup, _ in episodes),
        frames=sum(rollup.frames for rollup, _ in episodes),
        dropped_frames=sum(rollup.dropped_frames for rollup, _ in episodes),
        size_bytes=sum(size for _, size in episodes),
    )
