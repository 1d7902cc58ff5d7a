"""Ways out: a recorded run as Parquet, CSV, JSON, HDF5, SQLite, Minari, MP4, GIF or PNG."""

from __future__ import annotations

from gym_gui.recording.export.formats import FORMATS, ExportFormat, find_format, format_of_path
from gym_gui.recording.export.request import ExportOptions, ExportRequest, ExportResult, ExportStoppedError
from gym_gui.recording.export.run import export, export_run

__all__ = [
    "FORMATS",
    "ExportFormat",
    "ExportOptions",
    "ExportRequest",
    "ExportResult",
    "ExportStoppedError",
    "export",
    "export_run",
    "find_format",
    "format_of_path",
]
