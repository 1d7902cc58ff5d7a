"""One library over everything that was recorded: the telemetry database, and the recordings of every other backend.

Any thread. Nothing is opened before it is asked for: a folder of recordings costs a listing.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gym_gui.core.data_model.run import KEPT_ELSEWHERE
from gym_gui.core.errors import (
    EnvironmentFault,
    EpisodeNotFoundError,
    FrameNotFoundError,
    InvalidFrameRefError,
    RecordingError,
    RunNotFoundError,
)
from gym_gui.core.refs import FrameRef
from gym_gui.recording.failover import NONE
from gym_gui.services.shelf import Shelf, mark_of
from gym_gui.telemetry.step_columns import columns_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from gym_gui.core.data_model import (
        EpisodeRollup,
        EpisodeSummary,
        EpisodeTable,
        RunRecord,
        RunSummary,
        ScalarColumns,
        StepRecord,
    )
    from gym_gui.recording.contract import RecordingReader
    from gym_gui.replay import FrameResolver
    from gym_gui.telemetry.sqlite_store import TelemetrySQLiteStore
    from gym_gui.telemetry.step_columns import StepColumns

_LOGGER = logging.getLogger(__name__)
# What the listing of a run that another backend keeps says in its metadata.


class LibraryReader:
    """A `RecordingReader` over a var folder; a run that is in two places is listed once.

    Args:
        store: Rows of the window's own recordings, and the list of what other backends record here.
        resolver: Their arrays.
        recordings_dir: Folder of the recordings of other backends; it need not exist.
        put_right: Ends the runs whose process died; asked before what is new, where a run says that it is recorded.
    """

    def __init__(
        self,
        store: TelemetrySQLiteStore,
        resolver: FrameResolver,
        recordings_dir: Path,
        *,
        put_right: Callable[[], object] | None = None,
    ) -> None:
        self._store = store
        self._put_right = put_right
        self._resolver = resolver
        self._shelf = Shelf(recordings_dir)
        self._elsewhere: dict[str, bool] = {}
        self._listed: set[str] = set()

    def add(self, path: Path) -> None:
        """Show a recording from anywhere, too; `open_recording` tells whether there is one. Nothing is opened yet."""
        self._shelf.add(path)

    # Rows.

    def list_runs(self) -> list[RunSummary]:
        """Every run, newest first."""
        listed = self._store.list_runs()
        found = {one.run.run_id: one for reader in self._unlisted() for one in reader.list_runs()}
        if not found:
            return listed
        found |= {one.run.run_id: one for one in listed}
        return sorted(found.values(), key=lambda one: one.run.created_at, reverse=True)

    def get_run(self, run_id: str) -> RunRecord:
        """One run.

        Raises:
            RunNotFoundError: there is none of that id.
        """
        try:
            return self._store.get_run(run_id)
        except RunNotFoundError:
            reader = self._reader_of(run_id)
            if reader is None:
                raise
            return reader.get_run(run_id)

    def get_summary(self, run_id: str) -> RunSummary:
        """One run as a list shows it.

        Raises:
            RunNotFoundError: there is none of that id.
        """
        try:
            return self._store.get_summary(run_id)
        except RunNotFoundError:
            found = [one for one in self.list_runs() if one.run.run_id == run_id]
            if not found:
                raise
            return found[0]

    def list_episodes(self, run_id: str | None = None, *, newest: int | None = None) -> list[EpisodeSummary]:
        """The episodes of a run in order, or of every run, newest first; no more than the *newest* ones.

        Raises:
            RunNotFoundError: there is no run of that id.
        """
        if run_id is not None:
            try:
                return self._store.list_episodes(run_id, newest=newest)
            except RunNotFoundError:
                reader = self._reader_of(run_id)
                if reader is None:
                    raise
                return reader.list_episodes(run_id, newest=newest)
        listed = self._store.list_episodes(newest=newest)
        found = {_key(one): one for reader in self._unlisted() for one in reader.list_episodes(newest=newest)}
        if not found:
            return listed
        found = {key: one for key, one in found.items() if not self._is_listed(key[0])}
        found |= {_key(one): one for one in listed}
        return sorted(found.values(), key=lambda one: one.rollup.started_at, reverse=True)[:newest]

    def load_episode_table(self, run_ids: Sequence[str], *, after_key: int = 0) -> EpisodeTable:
        """The episodes of runs that ended, as columns.

        Args:
            run_ids: Runs that are looked at as one; this folder's database lists them.
            after_key: The `next_key` of the last reading; 0 for all.

        Raises:
            RunNotFoundError: there is no run of one of those ids.
        """
        return self._store.load_episode_table(run_ids, after_key=after_key)

    def find_moment(self, run_id: str, time_us: int) -> tuple[str, int] | None:
        """The episode and step that were under way at an instant, microseconds since 1970; None where none was."""
        return self._store.find_moment(run_id, time_us)

    def recorded_mark(self) -> tuple[int, ...]:
        """Numbers that differ once anything was recorded, by any process; files are looked at, none is opened."""
        if self._put_right is not None and self._store.running_run_ids():
            self._put_right()
        unlisted = (one for one in self._shelf.places() if one.folder is None or not self._is_listed(one.folder))
        return (*self._store.recorded_mark(), *(mark_of(one) for one in unlisted))

    def get_episode(self, run_id: str, episode: str | int | None = None) -> EpisodeRollup:
        """An episode by id or 0-based index; None for the last one.

        Raises:
            RunNotFoundError: there is no run of that id.
            EpisodeNotFoundError: the run has no such episode.
            AmbiguousEpisodeError: several have that index.
        """
        try:
            return self._store.get_episode(run_id, episode)
        except (RunNotFoundError, EpisodeNotFoundError):
            reader = self._reader_of(run_id)
            if reader is None:
                raise
            return reader.get_episode(run_id, episode)

    def load_steps(self, run_id: str, episode_id: str, *, start: int = 0, stop: int | None = None) -> list[StepRecord]:
        """Detached steps with ``start <= step_index < stop``, in order of step and agent.

        Raises:
            RunNotFoundError: there is no run of that id.
            EpisodeNotFoundError: the run has no such episode.
            RecordingError: its recording is damaged, or gone.
        """
        if not self._is_elsewhere(run_id):
            return self._store.load_steps(run_id, episode_id, start=start, stop=stop)
        found: dict[tuple[int, str], StepRecord] = {}
        missing: EnvironmentFault | None = None
        readers = self._shelf.readers_of(run_id)
        for reader in readers:
            try:
                steps = reader.load_steps(run_id, episode_id, start=start, stop=stop)
            except (RunNotFoundError, EpisodeNotFoundError) as error:
                missing = error
                continue
            for step in steps:
                found.setdefault((step.step_index, step.agent_id), step)
        if not found:
            # The list knows more episodes than files: one that was just begun has no row yet.
            if missing is not None and len(readers) == 1:
                self.get_episode(run_id, episode_id)
            return [] if readers else self._steps_without_files(run_id, episode_id, start, stop)
        return [found[key] for key in sorted(found)]

    def _steps_without_files(self, run_id: str, episode_id: str, start: int, stop: int | None) -> list[StepRecord]:
        """The steps of a run whose recording is not there: none where none was kept.

        Raises:
            RecordingError: it had steps, and it is damaged or gone.
        """
        rollup = self._store.get_episode(run_id, episode_id)
        metadata = self._store.get_run(run_id).metadata
        where = metadata.get(KEPT_ELSEWHERE)
        backend, folder = (where.get("backend"), where.get("folder", "")) if isinstance(where, Mapping) else ("", "")
        if rollup.steps and backend not in {"", NONE} and "gaps" not in metadata:
            raise RecordingError(
                f"The recording of run {run_id} is damaged, or gone: {folder} holds none that can be read.",
                hint="Copy it back from elsewhere.",
            )
        return self._store.load_steps(run_id, episode_id, start=start, stop=stop)

    def load_columns(self, run_id: str, episode_id: str, *, start: int = 0, stop: int | None = None) -> StepColumns:
        """What `load_steps` reads, as columns.

        Raises:
            RunNotFoundError: there is no run of that id.
            EpisodeNotFoundError: the run has no such episode.
        """
        if not self._is_elsewhere(run_id):
            return self._store.load_columns(run_id, episode_id, start=start, stop=stop)
        return columns_of(run_id, episode_id, self.load_steps(run_id, episode_id, start=start, stop=stop))

    # What learners logged, which the database alone keeps.

    def scalar_names(self, run_id: str) -> list[str]:
        """Names of all that a run's learner logged, sorted; none where the run is not in the database."""
        try:
            return self._store.scalar_names(run_id)
        except RunNotFoundError:
            self.get_run(run_id)
            return []

    def load_scalars(
        self, run_id: str, names: Sequence[str] | None = None, after_row: int = 0
    ) -> tuple[ScalarColumns, int]:
        """What a run's learner logged, a page at a time; see `TelemetrySQLiteStore.load_scalars`.

        Raises:
            RunNotFoundError: the database has no run of that id.
        """
        return self._store.load_scalars(run_id, names, after_row)

    # Arrays.

    def require(self, frame_ref: str) -> NDArray[Any]:
        """The array of a ref as a new array.

        Raises:
            InvalidFrameRefError: the text is no ref.
            FrameNotFoundError: it leads to nothing; the reason says why.
        """
        ref = FrameRef.require(frame_ref)
        if self._resolver.has_run(ref.run_id):
            return self._resolver.require(frame_ref)
        fault: FrameNotFoundError | None = None
        for reader in self._shelf.readers_of(ref.run_id):
            try:
                return reader.require(frame_ref)
            except FrameNotFoundError as error:
                fault = fault or error
        if fault is not None:
            raise fault
        return self._resolver.require(frame_ref)  # which says that there is no file

    def resolve_batch(self, frame_refs: Sequence[str]) -> Sequence[NDArray[Any] | None]:
        """The arrays of many refs in their order; None where one leads to nothing."""
        runs = {ref.run_id for text in frame_refs if (ref := FrameRef.parse(text)) is not None}
        if all(map(self._resolver.has_run, runs)):
            return self._resolver.resolve_batch(frame_refs)
        found: list[NDArray[Any] | None] = []
        for text in frame_refs:
            try:
                found.append(self.require(text))
            except (InvalidFrameRefError, FrameNotFoundError) as error:
                _LOGGER.debug("not resolved: %s", error)
                found.append(None)
        return found

    def close(self) -> None:
        """Let go of the recordings' files; store and resolver are their owner's to close."""
        self._shelf.close()

    # Inside.

    def _is_listed(self, run_id: str) -> bool:
        """Whether the database lists the run; what it once listed is not asked again."""
        if run_id not in self._listed:
            try:
                self._store.get_run(run_id)
            except RunNotFoundError:
                return False
            self._listed.add(run_id)
        return True

    def _is_elsewhere(self, run_id: str) -> bool:
        """Whether another backend keeps the run's steps; what was once said of a run stays so."""
        known = self._elsewhere.get(run_id)
        if known is None:
            try:
                known = KEPT_ELSEWHERE in self._store.get_run(run_id).metadata
            except RunNotFoundError:
                if not self._shelf.readers_of(run_id):
                    return False
                known = True
            self._elsewhere[run_id] = known
        return known

    def _unlisted(self) -> Iterator[RecordingReader]:
        """Readers of the recordings whose runs the database does not list."""
        for place in self._shelf.places():
            # What is recorded here lies in a folder that has the run's name.
            if place.folder is None or not self._is_listed(place.folder):
                reader = self._shelf.open(place)
                if reader is not None:
                    yield reader

    def _reader_of(self, run_id: str) -> RecordingReader | None:
        return next(iter(self._shelf.readers_of(run_id)), None)


def _key(summary: EpisodeSummary) -> tuple[str, str]:
    return summary.rollup.run_id, summary.rollup.episode_id
