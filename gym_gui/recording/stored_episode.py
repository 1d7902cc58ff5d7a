"""One recorded episode as a reader sees it, whatever it is kept in: its summary, its rows, its arrays."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from gym_gui.core.data_model import PAYLOAD_VERSION, FrameState, StepRecord
from gym_gui.core.errors import FrameNotFoundError
from gym_gui.core.info_codec import decode_info
from gym_gui.core.refs import FRAMES_DATASET, OBSERVATIONS_DATASET, FrameRef
from gym_gui.core.value_codec import decode_value
from gym_gui.recording.journal_rows import (
    FRAME_STATE_SHIFT,
    OBSERVATION_IS_ARRAY,
    OBSERVATION_IS_FRAME,
    TERMINATED,
    TRUNCATED,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from gym_gui.core.data_model import EpisodeRollup, RunRecord, RunState
    from gym_gui.recording.journal_rows import Row

# A ref's index is the episode's number times this, plus the array's place in the episode: no two episodes of a run
# share one, and no file need be asked where an episode begins.
PLACES: Final = 1_000_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class StoredEpisode(ABC):
    """An episode in a file. Any thread.

    Attributes:
        ordinal: Its number within the run, from 1, in the order in which episodes began.
        first_place: What the places of its refs begin with. Formats differ in it: of a run that one of them went on
            with where another failed, no two arrays have the same ref.
    """

    ordinal: int
    first_place: int

    @property
    @abstractmethod
    def rollup(self) -> EpisodeRollup:
        """Its summary; of a running episode, as far as its rows go."""

    @property
    @abstractmethod
    def size_bytes(self) -> int:
        """Bytes of its files."""

    @abstractmethod
    def steps(self, run: RunRecord, start: int, stop: int | None) -> list[StepRecord]:
        """Detached records with ``start <= step_index < stop``, by step and agent."""

    @abstractmethod
    def frame(self, place: int) -> NDArray[Any]:
        """A frame; raises `IndexError` where there is none."""

    @abstractmethod
    def observation(self, row: int) -> NDArray[Any]:
        """The observation of a row; raises `IndexError` where there is none."""

    def close(self) -> None:  # noqa: B027 - not every kind holds a file open
        """Let go of files."""


@dataclass(slots=True)
class StoredRun:
    """A run and its episodes.

    Attributes:
        run: The run.
        state: Where the recording stands.
        ended_at: When it ended.
        episodes: By their ids, in the order in which they began.
    """

    run: RunRecord
    state: RunState
    ended_at: datetime | None
    episodes: Mapping[str, StoredEpisode]


def resolve(run: StoredRun, ref: FrameRef) -> NDArray[Any]:
    """The array of a ref.

    Raises:
        FrameNotFoundError: it leads to nothing.
    """
    ordinal, place = divmod(ref.index, PLACES)
    episode = next((one for one in run.episodes.values() if one.ordinal == ordinal), None)
    if ref.dataset not in {FRAMES_DATASET, OBSERVATIONS_DATASET}:
        raise FrameNotFoundError(f"Run {ref.run_id} has no {ref.dataset}.", reason="no-dataset")
    if episode is None:
        raise FrameNotFoundError(f"{ref.to_uri()} is of no episode of its run.", reason="out-of-range")
    read = episode.frame if ref.dataset == FRAMES_DATASET else episode.observation
    try:
        return read(place - episode.first_place)
    except IndexError as error:
        raise FrameNotFoundError(f"{ref.to_uri()} is beyond what was recorded.", reason="out-of-range") from error


def record_of(row: Row, number: int, run: RunRecord, episode: StoredEpisode) -> StepRecord:
    """The detached record of a row.

    Args:
        row: What was stored.
        number: Its place among the rows of the episode.
        run: Its run.
        episode: Its episode.
    """
    rollup, before = episode.rollup, episode.ordinal * PLACES + episode.first_place
    rare: dict[str, Any] = {} if row.extra is None else decode_value(row.extra)
    picture = None if row.frame is None else FrameRef(run.run_id, FRAMES_DATASET, before + row.frame).to_uri()
    is_array = bool(row.flags & OBSERVATION_IS_ARRAY)
    seen = picture if row.flags & OBSERVATION_IS_FRAME else None
    return StepRecord(
        run_id=run.run_id,
        episode_id=rollup.episode_id,
        step_index=row.step_index,
        action=decode_value(row.action),
        observation=None if is_array else decode_value(row.observation),
        reward=row.reward,
        terminated=bool(row.flags & TERMINATED),
        truncated=bool(row.flags & TRUNCATED),
        info=decode_info(row.info),
        timestamp=_EPOCH + timedelta(microseconds=row.time_us),
        agent_id=row.agent_id,
        render_hint=rare.get("render_hint"),
        frame_ref=picture,
        obs_ref=FrameRef(run.run_id, OBSERVATIONS_DATASET, before + number).to_uri() if is_array else seen,
        payload_version=rare.get("payload_version", PAYLOAD_VERSION),
        worker_id=rare.get("worker_id", rollup.worker_id),
        space_signature=rare.get("space_signature", run.space_signature),
        vector_metadata=rare.get("vector_metadata"),
        view=rare.get("view"),
        normalization_stats=rare.get("normalization_stats"),
        extra=rare.get("extra"),
        time_step=rare.get("time_step"),
        frame_state=FrameState((row.flags >> FRAME_STATE_SHIFT) & 3),
    )
