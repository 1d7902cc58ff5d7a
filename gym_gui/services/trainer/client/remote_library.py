"""RemoteLibrary: what a trainer on another machine recorded, read as if it were a folder of this one. Any thread."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.core.closing import Closing
from gym_gui.core.data_model import EpisodeRollup, EpisodeSummary, RunSummary
from gym_gui.core.errors import FrameNotFoundError, TrainerRefusedError
from gym_gui.core.refs import FrameRef
from gym_gui.core.typing_compat import override
from gym_gui.replay.chunk_codec import decode_chunk
from gym_gui.services.trainer.proto import trainer_pb2 as pb
from gym_gui.services.trainer.wire.batch_wire import scalars_of_wire
from gym_gui.services.trainer.wire.block_wire import dtype_of_wire
from gym_gui.services.trainer.wire.columns_wire import columns_of_wire
from gym_gui.services.trainer.wire.documents import of_text
from gym_gui.services.trainer.wire.episodes_wire import table_of_wire
from gym_gui.telemetry.column_records import joined, records_of_columns
from gym_gui.telemetry.step_columns import columns_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from gym_gui.core.data_model import EpisodeTable, RunRecord, StepRecord
    from gym_gui.core.data_model.batch import ScalarColumns
    from gym_gui.services.trainer.client.client import TrainerClient
    from gym_gui.telemetry.step_columns import StepColumns

_PAGE_REFS: Final = 256
_MAX_ARRAY_BYTES: Final = 1024**3
# To scrub to and fro, and to read ahead.
_CACHE_BYTES: Final = 64 * 1024 * 1024


class RemoteLibrary(Closing):
    """Answers what `LibraryReader` answers.

    Args:
        client: Of the trainer; closed with the library.

    Every method raises `TrainerUnavailableError` where the trainer does not answer.
    """

    def __init__(self, client: TrainerClient) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._cache: OrderedDict[str, NDArray[Any]] = OrderedDict()
        self._cached_bytes = 0

    def add(self, path: Path) -> None:
        """A recording of this machine has no place among those of another.

        Raises:
            TrainerRefusedError: always.
        """
        raise TrainerRefusedError(f"{path.name} is on this machine, and the library is on another one.")

    # Rows.

    def list_runs(self) -> list[RunSummary]:
        """Every run, newest first."""
        reply = self._client.ask(self._client.stub.ListRecordings, pb.ListRecordingsRequest())
        return [of_text(RunSummary, text, "A run") for text in reply.summary_json]

    def get_run(self, run_id: str) -> RunRecord:
        """One run.

        Raises:
            RunNotFoundError: there is none of that id.
        """
        return self.get_summary(run_id).run

    def get_summary(self, run_id: str) -> RunSummary:
        """One run as a list shows it.

        Raises:
            RunNotFoundError: there is none of that id.
        """
        return self._client.get_recording(run_id)

    def list_episodes(self, run_id: str | None = None, *, newest: int | None = None) -> list[EpisodeSummary]:
        """The episodes of a run in order, or of every run, newest first.

        Raises:
            RunNotFoundError: there is no run of that id.
        """
        request = pb.ListEpisodesRequest(run_id=run_id or "", newest=newest or 0)
        return [
            of_text(EpisodeSummary, text, "An episode")
            for reply in self._client.stream(self._client.stub.ListEpisodes, request)
            for text in reply.summary_json
        ]

    def load_episode_table(self, run_ids: Sequence[str], *, after_key: int = 0) -> EpisodeTable | None:
        """Episodes of runs that ended, as columns, beyond the last reading's `next_key`.

        None where the trainer is too old to answer so; `list_episodes` tells the same, all of it each time.

        Raises:
            RunNotFoundError: there is no run of one of those ids.
        """
        # An older trainer reads the run's id alone.
        request = pb.ListEpisodesRequest(run_id=run_ids[0], table_of=run_ids, after_key=after_key)
        pages = []
        for reply in self._client.stream(self._client.stub.ListEpisodes, request):
            if not reply.HasField("table"):
                return None
            pages.append(reply.table)
        return table_of_wire(pages) if pages else None

    def recorded_mark(self) -> tuple[int, ...]:
        """Numbers that differ once anything was recorded there."""
        request = pb.ListRecordingsRequest(only_mark=True)
        return tuple(self._client.ask(self._client.stub.ListRecordings, request).mark)

    def get_episode(self, run_id: str, episode: str | int | None = None) -> EpisodeRollup:
        """An episode by id or 0-based index; None for the last one.

        Raises:
            RunNotFoundError: there is no run of that id.
            EpisodeNotFoundError: the run has no such episode.
            AmbiguousEpisodeError: several have that index.
        """
        asked = "last" if episode is None else f"#{episode}" if isinstance(episode, int) else f"={episode}"
        request = pb.ListEpisodesRequest(run_id=run_id, episode=asked)
        replies = list(self._client.stream(self._client.stub.ListEpisodes, request))
        return of_text(EpisodeRollup, replies[0].rollup_json, "An episode")

    def load_columns(self, run_id: str, episode_id: str, *, start: int = 0, stop: int | None = None) -> StepColumns:
        """The steps with ``start <= step_index < stop`` as columns.

        Raises:
            RunNotFoundError: there is no run of that id.
            EpisodeNotFoundError: the run has no such episode.
        """
        if stop is not None and stop <= start:
            return columns_of(run_id, episode_id, ())
        request = pb.LoadStepsRequest(run_id=run_id, episode_id=episode_id, start=start, stop=stop or 0)
        pages = [
            columns_of_wire(reply, run_id, episode_id)
            for reply in self._client.stream(self._client.stub.LoadSteps, request)
        ]
        return joined(pages)

    def load_steps(self, run_id: str, episode_id: str, *, start: int = 0, stop: int | None = None) -> list[StepRecord]:
        """Detached steps with ``start <= step_index < stop``, in order of step and agent.

        Raises:
            RunNotFoundError: there is no run of that id.
            EpisodeNotFoundError: the run has no such episode.
        """
        return records_of_columns(self.load_columns(run_id, episode_id, start=start, stop=stop))

    # What learners logged.

    def scalar_names(self, run_id: str) -> list[str]:
        """Names of all that a run's learner logged, sorted."""
        request = pb.LoadScalarsRequest(run_id=run_id, only_names=True)
        replies = list(self._client.stream(self._client.stub.LoadScalars, request))
        return list(replies[0].scalars.names)

    def load_scalars(
        self, run_id: str, names: Sequence[str] | None = None, after_row: int = 0
    ) -> tuple[ScalarColumns, int]:
        """What a run's learner logged after a row, a page at a time, and the last row's number to go on from.

        Raises:
            RunNotFoundError: there is no run of that id.
        """
        request = pb.LoadScalarsRequest(run_id=run_id, names=names or (), after_row=after_row, one_page=True)
        reply = next(self._client.stream(self._client.stub.LoadScalars, request))
        return scalars_of_wire(reply.scalars, "The trainer's answer"), reply.row

    # Arrays.

    def require(self, frame_ref: str) -> NDArray[Any]:
        """The array of a ref as a new array.

        Raises:
            InvalidFrameRefError: the text is no ref.
            FrameNotFoundError: it leads to nothing; the reason says why.
        """
        FrameRef.require(frame_ref)
        with self._lock:
            known = self._cache.get(frame_ref)
        if known is not None:
            return known.copy()
        reply = next(self._replies((frame_ref,)))
        if reply.missing:
            raise FrameNotFoundError(reply.missing, reason=reply.missing_reason)
        found = _array_of(reply)
        self._keep(frame_ref, found)
        return found.copy()

    def resolve_batch(self, frame_refs: Sequence[str]) -> Sequence[NDArray[Any] | None]:
        """The arrays of many refs in their order; None where one leads to nothing."""
        found: list[NDArray[Any] | None] = []
        for start in range(0, len(frame_refs), _PAGE_REFS):
            page = frame_refs[start : start + _PAGE_REFS]
            found += [None if reply.missing else _array_of(reply) for reply in self._replies(page)]
        return found

    @override
    def close(self) -> None:
        self._client.close()

    def _replies(self, refs: Sequence[str]) -> Any:
        return self._client.stream(self._client.stub.FetchFrames, pb.FetchFramesRequest(refs=refs))

    def _keep(self, ref: str, array: NDArray[Any]) -> None:
        with self._lock:
            if array.nbytes > _CACHE_BYTES // 4 or ref in self._cache:
                return
            self._cache[ref] = array
            self._cached_bytes += array.nbytes
            while self._cached_bytes > _CACHE_BYTES:
                self._cached_bytes -= self._cache.popitem(last=False)[1].nbytes


def _array_of(reply: pb.FrameReply) -> NDArray[Any]:
    shape = tuple(reply.shape)
    try:
        dtype = dtype_of_wire(reply.dtype)
        plain = np.empty(min(dtype.itemsize * math.prod(shape), _MAX_ARRAY_BYTES), np.uint8)
        decode_chunk(reply.data, plain)
        return plain.view(dtype).reshape(shape)
    except (ValueError, TypeError) as error:
        raise FrameNotFoundError(f"What the trainer sent is no array: {error}.", reason="unreadable") from error
