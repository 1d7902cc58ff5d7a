"""A run that several backends recorded one after the other, read as one; each part's refs are made the run's own."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from gym_gui.core.episode_choice import check_unambiguous
from gym_gui.core.errors import EnvironmentFault, EpisodeNotFoundError, FrameNotFoundError, RunNotFoundError
from gym_gui.core.refs import FrameRef

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gym_gui.core.data_model import EpisodeRollup, EpisodeSummary, RunRecord, RunSummary, StepRecord
    from gym_gui.recording.contract import RecordingReader

# Every backend counts its arrays in its own way; a part's refs say in the digits above these which part is meant.
_PART: Final = 10**15


class PartReader:
    """A `RecordingReader` of a part: its refs are shifted, so that no two parts of a run give the same.

    Attributes:
        number: Which part it is; the first is 0, whose refs stay as they are.

    Args:
        reader: The part's own reader.
        number: Which part it is.
    """

    def __init__(self, reader: RecordingReader, number: int) -> None:
        self._reader = reader
        self.number = number

    def list_runs(self) -> list[RunSummary]:
        """Every run, newest first."""
        return self._reader.list_runs()

    def get_run(self, run_id: str) -> RunRecord:
        """One run; raises `RunNotFoundError`."""
        return self._reader.get_run(run_id)

    def list_episodes(self, run_id: str | None = None, *, newest: int | None = None) -> list[EpisodeSummary]:
        """The episodes of a run in order, or of every run, newest first."""
        return self._reader.list_episodes(run_id, newest=newest)

    def get_episode(self, run_id: str, episode: str | int | None = None) -> EpisodeRollup:
        """By id or 0-based index, None for the last.

        Raises:
            RunNotFoundError: there is no run of that id.
            EpisodeNotFoundError: the run has no such episode.
            AmbiguousEpisodeError: several have that index.
        """
        return self._reader.get_episode(run_id, episode)

    def load_steps(self, run_id: str, episode_id: str, *, start: int = 0, stop: int | None = None) -> list[StepRecord]:
        """Detached records with ``start <= step_index < stop``, in order of step and agent."""
        found = self._reader.load_steps(run_id, episode_id, start=start, stop=stop)
        return [
            replace(step, frame_ref=self._shifted(step.frame_ref), obs_ref=self._shifted(step.obs_ref))
            for step in found
        ]

    def require(self, frame_ref: str) -> NDArray[Any]:
        """The array of a ref as a new array; raises `FrameNotFoundError` with the reason."""
        ref = FrameRef.require(frame_ref)
        part, index = divmod(ref.index, _PART)
        if part != self.number:
            raise FrameNotFoundError(f"{frame_ref} is in another part of the run.", reason="not-recorded")
        return self._reader.require(replace(ref, index=index).to_uri())

    def resolve_batch(self, frame_refs: Sequence[str]) -> Sequence[NDArray[Any] | None]:
        """The arrays of many refs in their order; None where one leads to nothing."""
        refs = [FrameRef.parse(text) for text in frame_refs]
        own = [place for place, ref in enumerate(refs) if ref is not None and ref.index // _PART == self.number]
        texts = [replace(ref, index=ref.index % _PART).to_uri() for place in own if (ref := refs[place]) is not None]
        found: list[NDArray[Any] | None] = [None] * len(refs)
        for place, array in zip(own, self._reader.resolve_batch(texts), strict=True):
            found[place] = array
        return found

    def close(self) -> None:
        """Let go of every file; safe to call twice."""
        self._reader.close()

    def _shifted(self, ref: str | None) -> str | None:
        parsed = None if ref is None else FrameRef.parse(ref)
        return ref if parsed is None else replace(parsed, index=parsed.index + self.number * _PART).to_uri()


def parts_of(readers: Sequence[RecordingReader], run_id: str) -> list[PartReader]:
    """The readers that have a run as its parts, the first one first: each part's run names the gaps before it."""
    numbered: list[tuple[int, RecordingReader]] = []
    for reader in readers:
        with suppress(EnvironmentFault):
            numbered.append((len(reader.get_run(run_id).metadata.get("gaps", ())), reader))
    return [PartReader(reader, part) for part, reader in sorted(numbered, key=lambda one: one[0])]


class ChainReader:
    """A `RecordingReader` over the parts of one run.

    Args:
        parts: At least one, the first one first.
    """

    def __init__(self, parts: Sequence[PartReader]) -> None:
        self._parts = parts

    def list_runs(self) -> list[RunSummary]:
        """Every run as its last part has it, counted over all parts, newest first."""
        found: dict[str, RunSummary] = {}
        for part in self._parts:
            for one in part.list_runs():
                before = found.get(one.run.run_id)
                size_bytes = one.size_bytes + (before.size_bytes if before else 0)
                found[one.run.run_id] = replace(one, size_bytes=size_bytes)
        for run_id, one in found.items():
            rollups = [summary.rollup for summary in self.list_episodes(run_id)]
            found[run_id] = replace(
                one,
                episodes=len(rollups),
                steps=sum(rollup.steps for rollup in rollups),
                frames=sum(rollup.frames for rollup in rollups),
            )
        return sorted(found.values(), key=lambda one: one.run.created_at, reverse=True)

    def get_run(self, run_id: str) -> RunRecord:
        """One run, with every gap in its metadata; raises `RunNotFoundError`."""
        fault: RunNotFoundError | None = None
        for part in reversed(self._parts):
            try:
                return part.get_run(run_id)
            except RunNotFoundError as error:
                fault = error
        raise fault or RunNotFoundError(f"There is no run {run_id[:128]!r} here.")

    def list_episodes(self, run_id: str | None = None, *, newest: int | None = None) -> list[EpisodeSummary]:
        """The episodes of a run in order, or of every run, newest first; the last part that has one knows its end."""
        if run_id is not None:
            self.get_run(run_id)
        found: dict[tuple[str, str], EpisodeSummary] = {}
        for part in self._parts:
            with suppress(RunNotFoundError):
                for one in part.list_episodes(run_id):
                    key = (one.rollup.run_id, one.rollup.episode_id)
                    before = found.get(key)
                    size_bytes = one.size_bytes + (before.size_bytes if before else 0)
                    found[key] = replace(one, size_bytes=size_bytes)
        if run_id is not None:
            return sorted(found.values(), key=lambda one: one.rollup.episode_index)
        return sorted(found.values(), key=lambda one: one.rollup.started_at, reverse=True)[:newest]

    def get_episode(self, run_id: str, episode: str | int | None = None) -> EpisodeRollup:
        """By id or 0-based index, None for the last.

        Raises:
            RunNotFoundError: there is no run of that id.
            EpisodeNotFoundError: the run has no such episode.
            AmbiguousEpisodeError: several have that index.
        """
        rollups = [summary.rollup for summary in self.list_episodes(run_id)]
        if episode is not None:
            rollups = [one for one in rollups if episode in (one.episode_id, one.episode_index)]
        if isinstance(episode, int):
            check_unambiguous(episode, rollups)
        if not rollups:
            raise EpisodeNotFoundError(
                f"Run {run_id} does not have the episode {str(episode)[:128]!r}.",
                hint=f"`gym-gui episodes {run_id}` lists what it has.",
            )
        return rollups[-1]

    def load_steps(self, run_id: str, episode_id: str, *, start: int = 0, stop: int | None = None) -> list[StepRecord]:
        """Detached records with ``start <= step_index < stop``, in order of step and agent."""
        self.get_episode(run_id, episode_id)
        found: dict[tuple[int, str], StepRecord] = {}
        for part in self._parts:
            with suppress(RunNotFoundError, EpisodeNotFoundError):
                for step in part.load_steps(run_id, episode_id, start=start, stop=stop):
                    found.setdefault((step.step_index, step.agent_id), step)
        return [found[key] for key in sorted(found)]

    def require(self, frame_ref: str) -> NDArray[Any]:
        """The array of a ref as a new array; raises `FrameNotFoundError` with the reason."""
        number = FrameRef.require(frame_ref).index // _PART
        for part in self._parts:
            if part.number == number:
                return part.require(frame_ref)
        raise FrameNotFoundError(f"{frame_ref} leads to no part of the run.", reason="out-of-range")

    def resolve_batch(self, frame_refs: Sequence[str]) -> Sequence[NDArray[Any] | None]:
        """The arrays of many refs in their order; None where one leads to nothing."""
        found: list[NDArray[Any] | None] = [None] * len(frame_refs)
        for part in self._parts:
            for place, array in enumerate(part.resolve_batch(frame_refs)):
                if array is not None:
                    found[place] = array
        return found

    def close(self) -> None:
        """Let go of every file; safe to call twice."""
        for part in self._parts:
            part.close()
