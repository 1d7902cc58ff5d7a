"""FrameResolver: an ``h5://`` text to its array, from any thread, with decoded chunks kept for the next question."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gym_gui.core.closing import Closing
from gym_gui.core.errors import FrameNotFoundError, InvalidFrameRefError, ReplayFileError
from gym_gui.core.refs import FRAMES_DATASET, OBSERVATIONS_DATASET, FrameRef, is_run_id, make_frame_ref
from gym_gui.replay.chunk_cache import DEFAULT_CACHE_BYTES, ChunkCache
from gym_gui.replay.layout import EPISODE_STARTS, FILE_SUFFIX, INDEX, replay_path
from gym_gui.replay.readable_file import ReadableFile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from numpy.typing import NDArray

__all__ = ["FrameRef", "FrameResolver", "make_frame_ref"]

_LOGGER = logging.getLogger(__name__)
_MAX_OPEN_FILES: Final = 16


class FrameResolver(Closing):
    """Resolves refs of the runs of one folder; keeps files open and decoded chunks at hand.

    Args:
        replay_dir: Folder of ``<run_id>.h5`` files; it need not exist yet.
        cache_bytes: Bytes of decoded chunks held at most.
    """

    def __init__(self, replay_dir: str | PathLike[str], *, cache_bytes: int = DEFAULT_CACHE_BYTES) -> None:
        self._dir = Path(replay_dir)
        self._cache = ChunkCache(cache_bytes)
        self._files: OrderedDict[str, ReadableFile] = OrderedDict()
        self._lock = threading.Lock()

    def resolve(self, frame_ref: str) -> NDArray[Any] | None:
        """The array behind a ref, as a new array of its own dtype and shape, or None where it leads to nothing."""
        try:
            return self.require(frame_ref)
        except (InvalidFrameRefError, FrameNotFoundError) as error:
            _LOGGER.debug("not resolved: %s", error)
            return None

    def require(self, frame_ref: str) -> NDArray[Any]:
        """Like `resolve`, but says why there is nothing.

        Raises:
            InvalidFrameRefError: the text is no ref.
            FrameNotFoundError: no file, no such dataset, out of range, or unreadable.
        """
        ref = FrameRef.require(frame_ref)
        try:
            return self._file(ref.run_id).read_item(ref.dataset, ref.index)
        except ReplayFileError as error:
            raise FrameNotFoundError(
                f"{frame_ref} cannot be read. {error.message}", reason="unreadable", hint=error.hint
            ) from error

    def resolve_batch(self, frame_refs: Sequence[str]) -> list[NDArray[Any] | None]:
        """The arrays of many refs, in the order given; what leads to nothing is None, repeats are fine."""
        order = sorted(range(len(frame_refs)), key=lambda position: _locality(frame_refs[position]))
        arrays: list[NDArray[Any] | None] = [None] * len(frame_refs)
        for position in order:
            arrays[position] = self.resolve(frame_refs[position])
        return arrays

    def read_range(self, run_id: str, dataset: str, start: int, stop: int) -> NDArray[Any] | None:
        """Items ``start <= i < stop`` of one dataset as one new array, shorter at its end; None where there is none.

        Raises:
            FrameNotFoundError: the run has no replay file.
            ReplayFileError: the file cannot be read there.
        """
        return self._file(run_id).read_slice(dataset, start, stop)

    def has_run(self, run_id: str) -> bool:
        """Whether the run has a replay file."""
        return is_run_id(run_id) and replay_path(self._dir, run_id).is_file()

    def list_runs(self) -> list[str]:
        """Ids of the runs that have a replay file, sorted: oldest first, since ids begin with their time."""
        if not self._dir.is_dir():
            return []
        names = (path.name.removesuffix(FILE_SUFFIX) for path in self._dir.glob(f"*{FILE_SUFFIX}"))
        return sorted(name for name in names if is_run_id(name))

    def get_run_info(self, run_id: str) -> dict[str, Any] | None:
        """What the run's replay file says of itself, or None where it cannot be read.

        Keys: ``run_id``, ``total_steps`` (rows), ``total_episodes``, ``created_at``, ``has_frames``,
        ``has_observations``.
        """
        try:
            file = self._file(run_id)
            attributes, names = file.attributes(), file.names()
            return {
                "run_id": run_id,
                "total_steps": file.length(INDEX) or int(attributes.get("total_steps", 0)),
                "total_episodes": file.length(EPISODE_STARTS) or int(attributes.get("total_episodes", 0)),
                "created_at": attributes.get("created_at", ""),
                "has_frames": FRAMES_DATASET in names,
                "has_observations": OBSERVATIONS_DATASET in names,
            }
        except (ReplayFileError, FrameNotFoundError) as error:
            _LOGGER.debug("no info: %s", error)
            return None

    def close(self) -> None:
        """Close every file; the resolver may be used again."""
        with self._lock:
            files = list(self._files.values())
            self._files.clear()
        for file in files:
            file.close()
            self._cache.forget_file(str(file.path))

    def _file(self, run_id: str) -> ReadableFile:
        with self._lock:
            file = self._files.get(run_id)
            if file is not None:
                self._files.move_to_end(run_id)
                return file
        if not self.has_run(run_id):
            raise FrameNotFoundError(
                f"Run {run_id[:128]} has no replay file.", reason="no-file", hint=f"Folder: {self._dir}"
            )
        opened = ReadableFile(replay_path(self._dir, run_id), self._cache)
        surplus: list[ReadableFile] = []
        with self._lock:
            file = self._files.setdefault(run_id, opened)
            if file is not opened:
                surplus.append(opened)
            while len(self._files) > _MAX_OPEN_FILES:
                surplus.append(self._files.popitem(last=False)[1])
        for extra in surplus:
            extra.close()
        return file


def _locality(frame_ref: str) -> tuple[str, str, int]:
    # In the order of the file each chunk is decoded once, whatever the cache holds.
    ref = FrameRef.parse(frame_ref)
    return ("", "", -1) if ref is None else (ref.run_id, ref.dataset, ref.index)
