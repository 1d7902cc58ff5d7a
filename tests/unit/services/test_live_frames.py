"""The newest picture of each worker, as a memory-mapped file."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gym_gui.core.errors import InvalidRunIdError
from gym_gui.services.live_frames import LiveFrames, LiveFrameWriter

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import LogExpectations


def picture(value: int, height: int = 6, width: int = 4) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def test_that_the_newest_picture_is_read_back_with_its_facts(tmp_path: Path) -> None:
    with LiveFrameWriter(tmp_path, "run", "w0") as writer, LiveFrames(tmp_path) as live:
        writer.show(picture(1), episode_id="ep-000000", step_index=0, episode_return=0.0)
        writer.show(picture(7), episode_id="ep-000003", step_index=12, episode_return=-2.5)
        assert live.workers() == [("run", "w0")]
        found = live.newest("run", "w0")
        assert found is not None
        assert (found.seq, found.episode_id, found.step_index, found.episode_return) == (2, "ep-000003", 12, -2.5)
        assert np.array_equal(found.frame, picture(7))
        found.frame[...] = 0  # owned: the next one is as it was written
        again = live.newest("run", "w0")
        assert again is not None
        assert np.array_equal(again.frame, picture(7))


def test_that_nothing_new_is_none(tmp_path: Path) -> None:
    with LiveFrameWriter(tmp_path, "run", "w0") as writer, LiveFrames(tmp_path) as live:
        assert live.newest("run", "w0") is None
        writer.show(picture(1), episode_id="e", step_index=0, episode_return=0.0)
        assert live.newest("run", "w0", after_seq=1) is None


def test_that_a_picture_may_grow_while_somebody_looks(tmp_path: Path) -> None:
    with LiveFrameWriter(tmp_path, "run", "w0") as writer, LiveFrames(tmp_path) as live:
        writer.show(picture(1), episode_id="e", step_index=0, episode_return=0.0)
        assert live.newest("run", "w0") is not None
        writer.show(picture(2, 60, 40), episode_id="e", step_index=1, episode_return=0.0)
        found = live.newest("run", "w0", after_seq=1)
        assert found is not None
        assert (found.seq, found.frame.shape) == (2, (60, 40, 3))


def test_that_no_picture_is_torn(tmp_path: Path) -> None:
    writer = LiveFrameWriter(tmp_path, "run", "w0")
    stop = threading.Event()

    def play() -> None:
        value = 0
        while not stop.is_set():
            value = (value + 1) % 256
            writer.show(picture(value, 210, 160), episode_id=f"e{value}", step_index=value, episode_return=0.0)

    player = threading.Thread(target=play)
    player.start()
    try:
        with LiveFrames(tmp_path) as live:
            seen, seq = 0, 0
            while seen < 200:
                found = live.newest("run", "w0", after_seq=seq)
                if found is None:
                    continue
                seen, seq = seen + 1, found.seq
                assert (found.frame == found.step_index).all()
                assert found.episode_id == f"e{found.step_index}"
    finally:
        stop.set()
        player.join()
        writer.close()


def test_that_a_dead_writer_leaves_its_last_picture_and_when_it_was(tmp_path: Path) -> None:
    code = (
        "import os, sys, pathlib, numpy as np\n"
        "from gym_gui.services.live_frames import LiveFrameWriter\n"
        "writer = LiveFrameWriter(pathlib.Path(sys.argv[1]), 'run', 'w1')\n"
        "writer.show(np.full((2, 2, 3), 9, np.uint8), episode_id='e', step_index=4, episode_return=1.0)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    with LiveFrames(tmp_path) as live:
        found = live.newest("run", "w1")
    assert found is not None
    assert found.time_us > 1_700_000_000_000_000
    assert (found.frame == 9).all()


def test_that_a_closed_writer_leaves_nothing(tmp_path: Path) -> None:
    writer = LiveFrameWriter(tmp_path, "run", "w0")
    writer.show(picture(1), episode_id="e", step_index=0, episode_return=0.0)
    with LiveFrames(tmp_path) as live:
        assert live.newest("run", "w0") is not None
        writer.close()
        writer.close()
        assert live.workers() == []
        assert live.newest("run", "w0") is None


def test_that_a_writer_knows_whether_somebody_looks(tmp_path: Path) -> None:
    with LiveFrameWriter(tmp_path, "run", "w0") as writer, LiveFrames(tmp_path) as live:
        writer.show(picture(1), episode_id="e", step_index=0, episode_return=0.0)
        assert not writer.is_watched
        live.newest("run", "w0")
        assert writer.is_watched


def test_that_a_file_of_anything_else_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "w0.frame").write_bytes(b"something else" * 100)
    (tmp_path / "run" / "w1.frame").write_bytes(b"")
    with LiveFrames(tmp_path) as live:
        assert live.newest("run", "w0") is None
        assert live.newest("run", "w1") is None
        assert live.newest("run", "w2") is None


def test_that_a_folder_that_cannot_be_made_is_said_once(tmp_path: Path, expect_log: LogExpectations) -> None:
    expect_log(logging.WARNING, "Live pictures are not shown")
    (tmp_path / "live").write_text("a file", encoding="utf-8")
    writer = LiveFrameWriter(tmp_path / "live", "run", "w0")
    writer.show(picture(1), episode_id="e", step_index=0, episode_return=0.0)
    writer.show(picture(2), episode_id="e", step_index=1, episode_return=0.0)
    writer.close()


def test_that_a_name_that_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRunIdError):
        LiveFrameWriter(tmp_path, "../run", "w0")
