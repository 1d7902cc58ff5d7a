"""Ways back in: a run out of Parquet, HDF5, SQLite or Minari, fed to the recorder as if it were played."""

from __future__ import annotations

from gym_gui.recording.importing.feed import ImportResult, Recipient, feed
from gym_gui.recording.importing.opening import open_import

__all__ = ["ImportResult", "Recipient", "feed", "open_import"]
