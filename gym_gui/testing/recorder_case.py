"""What the conformance classes of recording backends share: a backend, its reader, and the look at one step."""

# ruff: noqa: S101 - asserts are what a conformance class is made of

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gym_gui.core.data_model import FrameState, RunState
from gym_gui.core.packing import from_array
from gym_gui.recording.config import RecorderConfig
from gym_gui.testing.recorder_values import START, announce, ended, same

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gym_gui.core.data_model import StepRecord
    from gym_gui.recording.contract import RecordingBackend, RecordingReader


class RecordingCase:
    """A subclass makes the backend and its reader.

    Attributes:
        keeps_frames: Whether pictures can be read back.
    """

    keeps_frames = True

    def open_backend(self, config: RecorderConfig) -> RecordingBackend:
        """A backend that writes as *config* says."""
        raise NotImplementedError

    def open_reader(self, path: Path) -> RecordingReader:
        """A reader of what a backend with that ``path`` wrote."""
        raise NotImplementedError

    def config(self, folder: Path) -> RecorderConfig:
        """How the backend is configured; a subclass may want other options."""
        return RecorderConfig(output_dir=folder / "recording")

    def path_of(self, config: RecorderConfig) -> Path:
        """Where a backend of that configuration writes."""
        with self.open_backend(config) as backend:
            return backend.path

    def recorded(self, folder: Path, *steps: StepRecord) -> RecordingReader:
        """Write *steps*, each announced, and open a reader."""
        backend = self.open_backend(self.config(folder))
        with backend:
            announce(backend, steps)
            backend.write_steps(steps)
        return self.open_reader(backend.path)

    def check_run(self, folder: Path, steps: Sequence[StepRecord]) -> None:
        """The steps of a run that ended, its episodes before it, come back as they were written."""
        backend = self.open_backend(self.config(folder))
        with backend:
            announce(backend, steps)
            backend.write_steps(steps)
            for index in sorted({int(one.episode_id[1:]) for one in steps}):
                backend.end_episode(ended(index))
            backend.end_run("run", RunState.COMPLETED, START)
        reader = self.open_reader(backend.path)
        for one in steps:
            self.check_step(reader, one)
        reader.close()

    def check_step(self, reader: RecordingReader, expected: StepRecord) -> None:
        """The step that comes back is the one that was written."""
        (found,) = [
            one
            for one in reader.load_steps(
                expected.run_id, expected.episode_id, start=expected.step_index, stop=expected.step_index + 1
            )
            if one.agent_id == expected.agent_id
        ]
        for name in ("action", "reward", "extra", "vector_metadata", "view", "normalization_stats", "time_step"):
            assert same(getattr(found, name), getattr(expected, name)), name
        for name in ("terminated", "truncated", "timestamp", "agent_id", "payload_version", "space_signature"):
            assert getattr(found, name) == getattr(expected, name), name
        if expected.frame is not None and self.keeps_frames:
            assert found.frame_ref is not None
            assert same(reader.require(found.frame_ref), expected.frame)
            assert found.frame_state is FrameState.KEPT
        if isinstance(expected.observation, np.ndarray):
            assert found.obs_ref is not None
            assert same(reader.require(found.obs_ref), expected.observation)
        elif expected.observation is not None:
            seen = found.observation if found.obs_ref is None else from_array(reader.require(found.obs_ref))
            np.testing.assert_equal(seen, expected.observation)
