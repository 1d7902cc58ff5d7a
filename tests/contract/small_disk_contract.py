"""What every recording backend does on a full disk: it says so, keeps what was flushed, goes on when there is room."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from disks import SmallDisk, small_disk

from gym_gui.core.data_model import RunState
from gym_gui.core.errors import RecordingError
from gym_gui.testing.recorder_contract import START, RecordingBackendContract, announce, ended, step

if TYPE_CHECKING:
    from conftest import LogExpectations

    from gym_gui.core.data_model import StepRecord
    from gym_gui.recording.contract import RecordingBackend

__all__ = ["small_disk"]  # a fixture


def noisy(number: int) -> StepRecord:
    """A step whose picture does not compress."""
    noise: Any = np.random.default_rng(number).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    return step(number, render_payload=noise)


def write_until_refused(backend: RecordingBackend, first: int) -> int:
    """Write and flush one step after the other until the disk refuses; the number of the one that it refused."""
    for number in range(first, first + 600):
        try:
            backend.write_steps([noisy(number)])
            backend.flush()
        except RecordingError:
            return number
    pytest.fail("the disk took everything")


class SmallDiskContract(RecordingBackendContract):
    """The contract, with a disk that can be filled.

    Attributes:
        logged: What the backend logs as an error where a disk stays full until it is closed; empty for nothing.
    """

    logged = ""

    @pytest.mark.slow
    def test_that_a_full_disk_is_said_and_recording_goes_on_when_there_is_room(self, small_disk: SmallDisk) -> None:
        backend = self.open_backend(self.config(small_disk.path))
        announce(backend, [step(0)])
        backend.write_steps([noisy(number) for number in range(10)])
        backend.flush()
        small_disk.fill(leave_bytes=150_000)
        refused = write_until_refused(backend, 10)
        reader = self.open_reader(backend.path)
        assert len(reader.load_steps("run", "e0000")) >= 10
        self.check_step(reader, noisy(9))
        reader.close()
        small_disk.free()
        # The step that was refused is given again: whether the backend had kept it is its own affair.
        backend.write_steps([noisy(number) for number in range(refused, refused + 20)])
        backend.flush()
        backend.end_episode(ended(steps=refused + 19))
        backend.end_run("run", RunState.COMPLETED, START)
        backend.close()
        reader = self.open_reader(backend.path)
        assert [one.step_index for one in reader.load_steps("run", "e0000")] == list(range(refused + 20))
        for number in range(refused + 20):
            self.check_step(reader, noisy(number))
        reader.close()

    @pytest.mark.slow
    def test_that_a_disk_that_stays_full_does_not_keep_a_backend_from_closing(
        self, small_disk: SmallDisk, expect_log: LogExpectations
    ) -> None:
        if self.logged:
            expect_log(logging.ERROR, self.logged)
        backend = self.open_backend(self.config(small_disk.path))
        announce(backend, [step(0)])
        backend.write_steps([noisy(number) for number in range(10)])
        backend.flush()
        small_disk.fill()
        write_until_refused(backend, 10)
        try:
            backend.close()
        except RecordingError as error:
            assert str(error)  # noqa: PT017 - it may close well where nothing is left to write
        backend.close()
        small_disk.free()
        reader = self.open_reader(backend.path)
        for number in range(10):
            self.check_step(reader, noisy(number))
        reader.close()
