"""Readers of the writer's own process while it changes shapes, closes and resumes: never a wrong picture."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest
from synthetic import frame_of

from gym_gui.replay import FrameResolver, ReplayReader, ReplayWriter

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow
SECONDS = 4.0


class Scrubbing:
    """One writer, several readers, and what they found wrong."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.flushed: list[tuple[str, int, tuple[int, ...]]] = []  # ref, number, shape
        self.wrong: list[str] = []
        self.looks = 0
        self.done = threading.Event()

    def write(self) -> None:
        number = 0
        try:
            while not self.done.is_set():
                with ReplayWriter("run", self.folder, flush_interval_s=None) as writer:
                    for _ in range(30):
                        shape = (40, 64 + (number // 11) % 60, 3)
                        ref = writer.record_step(frame_of(number, shape), None, number, 0.0, False)
                        assert ref is not None
                        waiting = (ref, number, shape)
                        writer.flush()
                        self.flushed.append(waiting)
                        number += 1
        except BaseException as error:  # noqa: BLE001 - a thread's edge: the test's own thread says it
            self.wrong.append(f"the writer: {error!r}")

    def scrub(self, resolver: FrameResolver, seed: int) -> None:
        chance = np.random.default_rng(seed)
        while not self.done.is_set():
            flushed = self.flushed
            if not flushed:
                self.done.wait(0.001)
                continue
            newest = len(flushed) - 1
            picked = [flushed[int(place)] for place in {newest, *chance.integers(0, newest + 1, 6)}]
            try:
                frames = resolver.resolve_batch([ref for ref, _, _ in picked])
            except BaseException as error:  # noqa: BLE001 - same
                self.wrong.append(repr(error))
                return
            for (ref, number, shape), frame in zip(picked, frames, strict=True):
                if frame is None or not np.array_equal(frame, frame_of(number, shape)):
                    self.wrong.append(f"{ref}: {'nothing' if frame is None else 'another picture'}")
                    return
            self.looks += 1

    def follow(self) -> None:
        try:
            while not self.flushed and not self.done.is_set():
                self.done.wait(0.001)
            with ReplayReader(self.folder / "run.h5") as reader:
                before = 0
                while not self.done.is_set():
                    known = len(self.flushed)
                    rows = reader.num_steps
                    if rows < max(known, before):
                        self.wrong.append(f"{rows} rows after {max(known, before)}")
                        return
                    _, number, shape = self.flushed[known - 1]
                    frame = reader.get_frame(number)
                    if frame is None or not np.array_equal(frame, frame_of(number, shape)):
                        what = "nothing" if frame is None else f"a picture {frame.shape}, not {shape}"
                        self.wrong.append(f"row {number} of {rows}: {what}")
                        return
                    before = rows
        except BaseException as error:  # noqa: BLE001 - same
            self.wrong.append(f"the reader: {error!r}")


def test_that_scrubbing_never_fails_nor_shows_a_wrong_picture(tmp_path: Path) -> None:
    scrubbing = Scrubbing(tmp_path)
    with FrameResolver(tmp_path) as shared, FrameResolver(tmp_path, cache_bytes=100_000) as tiny:
        threads = [
            threading.Thread(target=scrubbing.write),
            threading.Thread(target=scrubbing.scrub, args=[shared, 1]),
            threading.Thread(target=scrubbing.scrub, args=[shared, 2]),
            threading.Thread(target=scrubbing.scrub, args=[tiny, 3]),
            threading.Thread(target=scrubbing.follow),
        ]
        for thread in threads:
            thread.start()
        scrubbing.done.wait(SECONDS)
        scrubbing.done.set()
        for thread in threads:
            thread.join(20.0)
        assert not any(thread.is_alive() for thread in threads), "a deadlock"
    assert scrubbing.wrong == []
    assert scrubbing.looks > 50
    assert len(scrubbing.flushed) > 60
