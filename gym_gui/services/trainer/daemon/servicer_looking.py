"""The calls of whoever looks: live updates, frames by ref, and what was recorded, as columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import zstandard

from gym_gui.core.data_model.batch import StepBatch
from gym_gui.core.errors import FrameNotFoundError, InvalidFrameRefError, TrainerRefusedError
from gym_gui.core.refs import check_run_id
from gym_gui.services.trainer.daemon.live_board import interests_of
from gym_gui.services.trainer.proto import trainer_pb2 as pb
from gym_gui.services.trainer.wire.batch_wire import batch_to_wire, scalars_to_wire
from gym_gui.services.trainer.wire.block_wire import dtype_to_wire
from gym_gui.services.trainer.wire.columns_wire import columns_to_wire
from gym_gui.services.trainer.wire.documents import to_text
from gym_gui.services.trainer.wire.episodes_wire import table_to_wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from numpy.typing import NDArray

    from gym_gui.core.data_model import EpisodeRollup, EpisodeSummary
    from gym_gui.services.trainer.daemon.core import TrainerCore
    from gym_gui.services.trainer.daemon.live_board import LivePicture, Viewer

_MAX_REFS: Final = 1_024
_FETCHED_AT_ONCE: Final = 8
_PAGE_EPISODES: Final = 2_000
_PAGE_STEPS: Final = 20_000
_LEVEL: Final = 1


class LookCalls:
    """The part of the servicer that shows.

    Args:
        core: The daemon's parts.
    """

    def __init__(self, core: TrainerCore) -> None:
        self._core = core

    async def Subscribe(  # noqa: N802 - gRPC's name
        self, request: pb.SubscribeRequest, _context: Any
    ) -> AsyncIterator[pb.LiveUpdate]:
        """What happens, from now on; a viewer that is slow gets less of it."""
        board = self._core.board
        viewer = board.join(interests_of(request))
        try:
            while True:
                updates, pictures = await viewer.take()
                for update in updates:
                    for message in _updates(update, viewer):
                        yield message
                for picture in pictures:
                    shown = await self._core.in_thread(_packed_picture, picture)
                    if shown is not None:
                        yield pb.LiveUpdate(frame=shown, dropped=viewer.dropped)
        finally:
            board.leave(viewer)

    async def FetchFrames(  # noqa: N802 - gRPC's name
        self, request: pb.FetchFramesRequest, _context: Any
    ) -> AsyncIterator[pb.FrameReply]:
        """Arrays by their refs, in the request's order; where there is none, why."""
        if len(request.refs) > _MAX_REFS:
            raise TrainerRefusedError(f"{len(request.refs):,} frames at once are too many; ask for {_MAX_REFS:,}.")
        for start in range(0, len(request.refs), _FETCHED_AT_ONCE):
            refs = request.refs[start : start + _FETCHED_AT_ONCE]
            for reply in await self._core.in_thread(self._fetch, start, tuple(refs)):
                yield reply

    async def ListRecordings(  # noqa: N802 - gRPC's name
        self, request: pb.ListRecordingsRequest, _context: Any
    ) -> pb.ListRecordingsReply:
        """Runs, newest first, and a mark that differs once anything was recorded."""
        library = self._core.services.library
        mark = await self._core.in_thread(library.recorded_mark)
        if request.only_mark:
            return pb.ListRecordingsReply(mark=mark)
        if request.run_id:
            found = [await self._core.in_thread(library.get_summary, request.run_id)]
        else:
            found = await self._core.in_thread(library.list_runs)
        return pb.ListRecordingsReply(summary_json=map(to_text, found), mark=mark)

    async def ListEpisodes(  # noqa: N802 - gRPC's name
        self, request: pb.ListEpisodesRequest, _context: Any
    ) -> AsyncIterator[pb.EpisodesReply]:
        """Episodes of a run in order, or of every run, newest first; or one; or those that ended, as columns."""
        library = self._core.services.library
        if request.episode:
            rollup = await self._core.in_thread(library.get_episode, request.run_id, _episode(request.episode))
            yield pb.EpisodesReply(rollup_json=to_text(rollup))
            return
        if request.table_of:
            run_ids = [check_run_id(run_id) for run_id in request.table_of]
            table = await self._core.in_thread(
                self._core.services.store.load_episode_table, run_ids, after_key=request.after_key
            )
            for columns in table_to_wire(table):
                yield pb.EpisodesReply(table=columns)
            return
        found: Sequence[EpisodeSummary] = await self._core.in_thread(
            library.list_episodes, request.run_id or None, newest=request.newest or None
        )
        for start in range(0, len(found), _PAGE_EPISODES):
            page = found[start : start + _PAGE_EPISODES]
            yield pb.EpisodesReply(summary_json=map(to_text, page))

    async def LoadSteps(  # noqa: N802 - gRPC's name
        self, request: pb.LoadStepsRequest, _context: Any
    ) -> AsyncIterator[pb.StepsReply]:
        """The rows of an episode, a page at a time."""
        library = self._core.services.library
        columns = await self._core.in_thread(
            library.load_columns, request.run_id, request.episode_id, start=request.start, stop=request.stop or None
        )
        rows = range(len(columns))
        for start in range(0, max(len(rows), 1), _PAGE_STEPS):
            page = columns if len(rows) <= _PAGE_STEPS else columns.take(rows[start : start + _PAGE_STEPS])
            yield await self._core.in_thread(columns_to_wire, page)

    async def LoadScalars(  # noqa: N802 - gRPC's name
        self, request: pb.LoadScalarsRequest, _context: Any
    ) -> AsyncIterator[pb.ScalarsReply]:
        """What a run's learner logged after a row, and the row to go on from."""
        library, row = self._core.services.library, request.after_row
        run_id = check_run_id(request.run_id)
        if request.only_names:
            names = await self._core.in_thread(library.scalar_names, run_id)
            yield pb.ScalarsReply(scalars=pb.Scalars(names=names))
            return
        names_wanted = list(request.names) or None
        while True:
            scalars, after = await self._core.in_thread(library.load_scalars, run_id, names_wanted, row)
            yield pb.ScalarsReply(scalars=scalars_to_wire(scalars), row=after)
            if request.one_page or after == row or not len(scalars):
                return
            row = after

    def _fetch(self, start: int, refs: Sequence[str]) -> list[pb.FrameReply]:
        return [self._frame(start + place, ref) for place, ref in enumerate(refs)]

    def _frame(self, position: int, ref: str) -> pb.FrameReply:
        try:
            array = self._core.services.library.require(ref)
        except InvalidFrameRefError as error:
            return pb.FrameReply(position=position, missing=str(error), missing_reason="no-ref")
        except FrameNotFoundError as error:
            return pb.FrameReply(position=position, missing=str(error), missing_reason=error.reason)
        return pb.FrameReply(
            position=position, dtype=dtype_to_wire(array.dtype), shape=array.shape, data=_packed(array)
        )


def _updates(update: StepBatch | tuple[str, Sequence[EpisodeRollup]], viewer: Viewer) -> list[pb.LiveUpdate]:
    if not isinstance(update, StepBatch):
        run_id, rollups = update
        episodes = pb.LiveEpisodes(run_id=run_id, rollup_json=map(to_text, rollups))
        return [pb.LiveUpdate(episodes=episodes, dropped=viewer.dropped)]
    found = []
    about = {"run_id": update.run_id, "worker_id": update.worker_id}
    if viewer.interests.steps and len(update):
        found.append(pb.LiveUpdate(batch=pb.LiveBatch(**about, batch=batch_to_wire(update)), dropped=viewer.dropped))
    if viewer.interests.scalars and update.scalars is not None:
        scalars = pb.LiveScalars(**about, scalars=scalars_to_wire(update.scalars))
        found.append(pb.LiveUpdate(scalars=scalars, dropped=viewer.dropped))
    return found


def _packed_picture(picture: LivePicture) -> pb.LiveFrame | None:
    frame = picture.frame()
    if frame is None:
        return None
    height, width, channels = frame.shape
    return pb.LiveFrame(
        run_id=picture.run_id,
        worker_id=picture.worker_id,
        episode_id=picture.episode_id,
        step_index=picture.step_index,
        time_us=picture.time_us,
        height=height,
        width=width,
        channels=channels,
        data=_packed(frame),
        episode_return=picture.episode_return,
    )


def _packed(array: NDArray[Any]) -> bytes:
    # A compressor belongs to one thread at a time; making one costs little beside a picture.
    plain = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    return zstandard.ZstdCompressor(level=_LEVEL, write_content_size=True).compress(plain.data)


def _episode(text: str) -> str | int | None:
    """An index, an id, or `None` for the last, as the client wrote it: ``#3``, ``=name``, ``last``."""
    if text == "last":
        return None
    if text.startswith("#") and text[1:].lstrip("-").isdigit():
        return int(text[1:])
    return text.removeprefix("=")
