"""Recorders: one contract, several backends, and the ways out to other formats and back in."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gym_gui.recording.base import BaseRecorder
    from gym_gui.recording.config import BufferConfig, RecorderConfig
    from gym_gui.recording.contract import RecorderProtocol, RecordingBackend, RecordingReader
    from gym_gui.recording.factory import RecorderFactory
    from gym_gui.recording.hdf5 import HDF5Recorder
    from gym_gui.recording.null import NullRecorder
    from gym_gui.recording.parquet import ParquetRecorder
    from gym_gui.recording.session import RecorderManager
    from gym_gui.recording.split import SplitRecorder
    from gym_gui.recording.sqlite import SQLiteRecorder

# Loaded when first named: a backend's packages cost time, and some of them may not be installed.
_HOMES = {
    "BaseRecorder": "base",
    "BufferConfig": "config",
    "HDF5Recorder": "hdf5",
    "NullRecorder": "null",
    "ParquetRecorder": "parquet",
    "RecorderConfig": "config",
    "RecorderFactory": "factory",
    "RecorderManager": "session",
    "RecorderProtocol": "contract",
    "RecordingBackend": "contract",
    "RecordingReader": "contract",
    "SQLiteRecorder": "sqlite",
    "SplitRecorder": "split",
}

__all__ = [
    "BaseRecorder",
    "BufferConfig",
    "HDF5Recorder",
    "NullRecorder",
    "ParquetRecorder",
    "RecorderConfig",
    "RecorderFactory",
    "RecorderManager",
    "RecorderProtocol",
    "RecordingBackend",
    "RecordingReader",
    "SQLiteRecorder",
    "SplitRecorder",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
