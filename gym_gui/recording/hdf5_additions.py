"""What a program adds to an HDF5 recording by itself: groups, datasets, attributes, noted until the file is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import h5py
import numpy as np

from gym_gui.core.errors import SchemaMismatchError
from gym_gui.core.value_codec import decode_value, encode_value
from gym_gui.recording.journal import JournalWriter, read_payload, scan

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_ADDITION: Final = 4
_GROUP, _DATASET, _ATTRIBUTES = "group", "dataset", "attributes"


class Additions:
    """Notes additions; each is tried out at once on a file in memory, so that a fault is the caller's to see.

    Args:
        path: Where they are noted; what is there is gone on with.
        track_order: Groups list their members in the order in which they were made.
    """

    def __init__(self, path: Path, *, track_order: bool) -> None:
        self._path = path
        self._track_order = track_order
        self._trial = h5py.File("additions", "w", driver="core", backing_store=False)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            apply_additions(self._trial, path, track_order=track_order)
        self._journal = JournalWriter(path)

    def add_group(self, path: str, attributes: Mapping[str, Any]) -> None:
        """A group and what it says of itself; groups above it are made."""
        self._add({"kind": _GROUP, "path": path, "attributes": dict(attributes)})

    def add_dataset(self, path: str, shape: tuple[int, ...], dtype: str, options: Mapping[str, Any]) -> None:
        """A dataset; *options* are those of h5py's ``create_dataset``."""
        self._add({"kind": _DATASET, "path": path, "shape": tuple(shape), "dtype": dtype, "options": dict(options)})

    def set_attributes(self, path: str, attributes: Mapping[str, Any]) -> None:
        """Attributes of anything, also of what is not there yet."""
        self._add({"kind": _ATTRIBUTES, "path": path, "attributes": dict(attributes)})

    def close(self) -> None:
        """Let go; safe to call twice."""
        self._trial.close()
        self._journal.close()

    def _add(self, addition: dict[str, Any]) -> None:
        try:
            _apply(self._trial, addition, track_order=self._track_order)
        except (TypeError, ValueError, OSError, RuntimeError, KeyError) as error:
            raise SchemaMismatchError(f"HDF5 cannot take {addition['path']}: {error}.") from error
        payload = encode_value(addition)
        assert isinstance(payload, bytes)  # noqa: S101 - for the type checker: only numbers and None are not
        self._journal.append([(_ADDITION, payload)])


def apply_additions(file: h5py.File, path: Path, *, track_order: bool) -> None:
    """Make what was noted at *path*, if anything was."""
    if path.exists():
        for entry in scan(path):
            _apply(file, decode_value(read_payload(path, entry)), track_order=track_order)


def _apply(file: h5py.File, addition: Mapping[str, Any], *, track_order: bool) -> None:
    path = addition["path"]
    if addition["kind"] == _DATASET:
        if path in file:
            del file[path]
        options = {"track_order": track_order, **addition["options"]}
        file.create_dataset(path, addition["shape"], np.dtype(addition["dtype"]), **options)
        return
    if path not in file:
        file.create_group(path, track_order=track_order)
    for name, value in addition["attributes"].items():
        file[path].attrs[name] = value
