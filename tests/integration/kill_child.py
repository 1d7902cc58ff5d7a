"""A process that records until it is killed, and says each step's number and time once the recorder has taken it.

Run as ``python kill_child.py HOW VAR_DIR RUN_ID RATE_HZ EPISODE_STEPS VARIANT_STEPS``. HOW is
``pipeline``, ``pipeline:BACKEND``, ``writer`` or ``recorder:BACKEND``. RATE_HZ 0 means as
fast as possible, VARIANT_STEPS how many steps keep one picture size (0: all). It writes 16 bytes a step to standard
output: the step's number (int64) and `time.monotonic()` (float64), which counts alike in every process of a machine.
"""

from __future__ import annotations

import os
import struct
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from synthetic import episode_of, final_of, frame_of, run_of, seen_at, shape_of, step_of

from gym_gui.config.settings import Settings
from gym_gui.recording import RecorderFactory
from gym_gui.replay import ReplayWriter
from gym_gui.services.bootstrap import open_services

if TYPE_CHECKING:
    from collections.abc import Iterator


def numbers(rate_hz: float) -> Iterator[int]:
    """0, 1, 2, … at that rate; each is told once the loop's body is done with it."""
    started_s = time.monotonic()
    pace = threading.Event()
    number = 0
    while True:
        yield number
        os.write(sys.stdout.fileno(), struct.pack("<qd", number, time.monotonic()))
        number += 1
        if rate_hz:
            pace.wait(max(0.0, started_s + number / rate_hz - time.monotonic()))


def record_through_pipeline(
    var_dir: Path, run_id: str, rate_hz: float, episode_steps: int, variant_steps: int, *, backend: str = "split"
) -> None:
    """Record with everything that the product records with."""
    telemetry = open_services(Settings(var_dir=var_dir), record={"backend": backend}).telemetry
    telemetry.start_run(run_of(run_id))
    for number in numbers(rate_hz):
        episode, step_index = divmod(number, episode_steps + 1)
        if step_index == 0:
            telemetry.record_episode_start(episode_of(run_id, episode))
        frame = frame_of(number, shape_of(number, variant_steps))
        last = step_index == episode_steps
        seen = seen_at(number, frame)
        telemetry.record_step(
            step_of(run_id, episode, step_index, number, render_payload=frame, observation=seen, terminated=last)
        )
        if last:
            telemetry.complete_episode(final_of(run_id, episode, steps=episode_steps))


def record_with_writer(var_dir: Path, run_id: str, rate_hz: float, episode_steps: int, variant_steps: int) -> None:
    """Record with the replay writer alone."""
    writer = ReplayWriter(run_id, var_dir / "replay")
    writer.start()
    for number in numbers(rate_hz):
        done = number % episode_steps == episode_steps - 1
        frame = frame_of(number, shape_of(number, variant_steps))
        writer.record_step(frame, seen_at(number, frame), number, number / 4, done)
        if done:
            writer.mark_episode_end()


def record_with_recorder(
    var_dir: Path, run_id: str, rate_hz: float, episode_steps: int, variant_steps: int, *, backend: str
) -> None:
    """Record dictionaries with a recorder; the episode that a step belongs to is not told but for its number."""
    recorder = RecorderFactory.create_recorder({"backend": backend, "output_dir": str(var_dir), "run_id": run_id})
    for number in numbers(rate_hz):
        frame = frame_of(number, shape_of(number, variant_steps))
        data = {"frame": frame, "observation": seen_at(number, frame), "action": number, "reward": number / 4}
        episode, step_index = divmod(number, episode_steps + 1)
        recorder.record_step(data, step_index, episode_id=episode)


if __name__ == "__main__":
    how, var_dir_text, run_id_text, rate_text, episode_text, variant_text = sys.argv[1:]
    how, _, backend_text = how.partition(":")
    named = {"backend": backend_text} if backend_text else {}
    recorders = {"pipeline": record_through_pipeline, "writer": record_with_writer, "recorder": record_with_recorder}
    recorders[how](Path(var_dir_text), run_id_text, float(rate_text), int(episode_text), int(variant_text), **named)
