"""Arrays on disk: one HDF5 file a run, written as it happens, read while it is written, addressed by ``h5://`` refs."""

from gym_gui.core.refs import FrameRef, make_frame_ref
from gym_gui.replay.chunk_codec import Effort
from gym_gui.replay.frame_resolver import FrameResolver
from gym_gui.replay.reader import ReplayReader
from gym_gui.replay.writer import ReplayWriter

__all__ = ["Effort", "FrameRef", "FrameResolver", "ReplayReader", "ReplayWriter", "make_frame_ref"]
