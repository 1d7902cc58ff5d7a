"""Arrays in a recording's SQLite file: each content once, compressed; the store of rows with a table for them.

The writing side belongs to the recorder's thread; the reading side may be used from any.
"""

from __future__ import annotations

import json
import sqlite3
from collections import OrderedDict
from contextlib import suppress
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

import numpy as np
import zstandard

from gym_gui.core.data_model import FrameState
from gym_gui.core.packing import to_array
from gym_gui.core.refs import FRAMES_DATASET, OBSERVATIONS_DATASET, make_frame_ref
from gym_gui.core.typing_compat import override
from gym_gui.db.connection import store_error
from gym_gui.recording.sqlite_schema import APPLICATION_ID, MIGRATIONS
from gym_gui.telemetry.sqlite_store import TelemetrySQLiteStore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike

    from numpy.typing import NDArray

    from gym_gui.core.data_model import StepRecord
    from gym_gui.db.migrations import Migration

DEFAULT_LEVEL: Final = 3
_DIGEST_BYTES: Final = 16
# Contents whose place is remembered: a game shows its title picture again and again.
_REMEMBERED: Final = 4_096


class _Packed(NamedTuple):
    digest: bytes
    array: NDArray[Any]


class RecordingStore(TelemetrySQLiteStore):
    """Runs, episodes, steps and arrays in one file.

    Args:
        path: The file; its folder must exist.
        read_only: Never create, migrate or write.
        level: Of Zstandard.

    Raises:
        StoreError: the file is foreign, damaged, missing (when read-only), or cannot be written.
        StoreVersionError: a newer application wrote it.
    """

    _application_id: ClassVar[int] = APPLICATION_ID
    _migrations: ClassVar[Sequence[Migration]] = MIGRATIONS

    def __init__(self, path: str | PathLike[str], *, read_only: bool = False, level: int = DEFAULT_LEVEL) -> None:
        super().__init__(path, read_only=read_only)
        self._compressor = zstandard.ZstdCompressor(level=level)
        self._places: OrderedDict[bytes, int] = OrderedDict()

    def set_pragmas(self, pragmas: Mapping[str, str | int]) -> None:
        """Change how the writing connection works; the values were checked.

        Raises:
            StoreError: the disk refused.
        """
        try:
            for name, value in pragmas.items():
                self._writing().execute(f"PRAGMA {name} = {value}")
        except sqlite3.Error as error:
            raise store_error("set up", self._path, error) from error

    @override
    def close(self) -> None:
        # In WAL mode whoever reads makes files beside the recording, which a reader cannot remove again.
        if self._writer is not None:
            with suppress(sqlite3.Error):  # somebody reads just now: then it stays in that mode
                self._writer.execute("PRAGMA busy_timeout = 0")
                self._writer.execute("PRAGMA journal_mode = DELETE")
        super().close()

    def insert_attached(self, steps: Sequence[StepRecord]) -> int:
        """Add attached *steps* and their arrays; one that is there already changes nothing.

        Returns:
            Bytes that the arrays took.

        Raises:
            InvalidActionError: an action or another value cannot be stored exactly; no step of the call was kept.
            StoreError: the database refused; no step of the call was kept.
        """
        packed = [(_packed(step.frame), _packed(step.observation)) for step in steps]
        contents = {one.digest: one.array for pair in packed for one in pair if one is not None}
        with self.transaction():
            places, size_bytes = self._store(contents)
            self.insert_steps([_detached(step, *pair, places) for step, pair in zip(steps, packed, strict=True)])
        # Only now: what is rolled back has no place.
        self._places.update(places)
        while len(self._places) > _REMEMBERED:
            self._places.popitem(last=False)
        return size_bytes

    def array(self, array_key: int) -> NDArray[Any] | None:
        """The array of a key, as a new one, or None where there is none.

        Raises:
            StoreError: the database cannot be read.
            ValueError: its bytes are damaged.
        """
        with self._readers.borrow() as connection:
            row = connection.execute(
                "SELECT dtype, shape, data FROM arrays WHERE array_key = ?", (min(array_key, 2**62),)
            ).fetchone()
        return None if row is None else _unpacked(*row)

    def _store(self, contents: Mapping[bytes, NDArray[Any]]) -> tuple[dict[bytes, int], int]:
        connection = self._writing()
        places: dict[bytes, int] = {}
        size_bytes = 0
        for digest, array in contents.items():
            place = self._places.get(digest)
            if place is None:
                row = connection.execute("SELECT array_key FROM arrays WHERE digest = ?", (digest,)).fetchone()
                place = None if row is None else int(row[0])
            if place is None:
                data = self._compressor.compress(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
                cursor = connection.execute(
                    "INSERT INTO arrays (digest, dtype, shape, data) VALUES (?, ?, ?, ?)",
                    (digest, dtype_text(array.dtype), json.dumps(array.shape, separators=(",", ":")), data),
                )
                place = int(cursor.lastrowid or 0)
                size_bytes += len(data)
            places[digest] = place
        return places, size_bytes


def dtype_text(dtype: np.dtype[Any]) -> str:
    """NumPy's text of a dtype; of a composite one its fields as JSON."""
    return dtype.str if dtype.names is None else json.dumps(np.lib.format.dtype_to_descr(dtype))


def dtype_of(text: str) -> np.dtype[Any]:
    """The dtype that `dtype_text` wrote."""
    return np.dtype(_fields(json.loads(text)) if text.startswith("[") else text)


def _fields(listed: list[Any]) -> list[Any]:
    fields: list[Any] = []
    for name, kind, *shape in listed:
        inner = _fields(kind) if isinstance(kind, list) else kind
        fields.append((name, inner, *(tuple(one) for one in shape)))
    return fields


def _packed(value: Any) -> _Packed | None:
    array = None if value is None else to_array(value)
    if array is None:
        return None
    content = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    digest = blake2b(f"{dtype_text(array.dtype)}{array.shape};".encode(), digest_size=_DIGEST_BYTES)
    digest.update(content.data)
    return _Packed(digest.digest(), array)


def _unpacked(dtype: str, shape: str, data: bytes) -> NDArray[Any]:
    kind, sizes = dtype_of(dtype), tuple(json.loads(shape))
    out = np.empty(sizes, kind)
    try:
        content = zstandard.ZstdDecompressor().decompress(data, max_output_size=out.nbytes)
    except zstandard.ZstdError as error:
        raise ValueError(f"the array is damaged: {error}") from error
    if len(content) != out.nbytes:
        raise ValueError(f"the array holds {len(content)} bytes, not {out.nbytes}")
    out.reshape(-1).view(np.uint8)[:] = np.frombuffer(content, np.uint8)
    return out


def _detached(
    step: StepRecord, frame: _Packed | None, observation: _Packed | None, places: Mapping[bytes, int]
) -> StepRecord:
    frame_ref = obs_ref = None
    if frame is not None:
        frame_ref = make_frame_ref(step.run_id, FRAMES_DATASET, places[frame.digest])
    if observation is not None:
        same = frame is not None and frame.digest == observation.digest
        dataset = FRAMES_DATASET if same else OBSERVATIONS_DATASET
        obs_ref = make_frame_ref(step.run_id, dataset, places[observation.digest])
    return replace(
        step,
        observation=step.observation if observation is None else None,
        render_payload=None,
        frame_ref=frame_ref,
        obs_ref=obs_ref,
        frame_state=step.frame_state if frame is None else FrameState.KEPT,
    )
