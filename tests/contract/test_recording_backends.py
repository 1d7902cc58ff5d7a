"""Every recording backend keeps the contract of recording backends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract.small_disk_contract import SmallDiskContract, small_disk

from gym_gui.recording.hdf5 import HDF5Backend, HDF5Reader
from gym_gui.recording.parquet import ParquetBackend, ParquetReader
from gym_gui.recording.split import SplitBackend, SplitReader
from gym_gui.recording.sqlite import SQLiteBackend, SQLiteReader

if TYPE_CHECKING:
    from pathlib import Path

    from gym_gui.recording.config import RecorderConfig
    from gym_gui.recording.contract import RecordingBackend, RecordingReader

__all__ = ["small_disk"]  # a fixture


class TestSplit(SmallDiskContract):
    """SQLite and HDF5."""

    def open_backend(self, config: RecorderConfig) -> RecordingBackend:
        return SplitBackend(config)

    def open_reader(self, path: Path) -> RecordingReader:
        return SplitReader(path)


class TestSQLite(SmallDiskContract):
    """One SQLite file."""

    def open_backend(self, config: RecorderConfig) -> RecordingBackend:
        return SQLiteBackend(config)

    def open_reader(self, path: Path) -> RecordingReader:
        return SQLiteReader(path)


class TestParquet(SmallDiskContract):
    """A folder of Parquet files."""

    logged = "could not be (finished; its journal|completed; the next opening)"

    def open_backend(self, config: RecorderConfig) -> RecordingBackend:
        return ParquetBackend(config)

    def open_reader(self, path: Path) -> RecordingReader:
        return ParquetReader(path)


class TestHdf5(SmallDiskContract):
    """One HDF5 file."""

    logged = "could not be (finished; its journal|completed; the next opening)"

    def open_backend(self, config: RecorderConfig) -> RecordingBackend:
        return HDF5Backend(config)

    def open_reader(self, path: Path) -> RecordingReader:
        return HDF5Reader(path)
