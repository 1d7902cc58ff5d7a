"""A process that records through a backend until it is killed, and says each step's number once it was taken.

Run as ``python backend_kill_child.py BACKEND FOLDER EPISODE_STEPS EPISODES_A_RUN``; it writes eight bytes a step to
standard output.
"""

from __future__ import annotations

import os
import struct
import sys
from itertools import count
from pathlib import Path

from synthetic import START, episode_of, final_of, run_of, step_of

from gym_gui.core.data_model import RunState
from gym_gui.recording.config import RecorderConfig
from gym_gui.recording.factory import RecorderFactory

_BATCH = 4


def main() -> None:
    """Record without end."""
    name, folder, steps, episodes = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    backend = RecorderFactory.create_backend(RecorderConfig(backend=name, output_dir=folder))
    number = 0
    for run in count():
        run_id = f"run-{run:04d}"
        backend.begin_run(run_of(run_id))
        for episode in range(episodes):
            backend.begin_episode(episode_of(run_id, episode))
            for start in range(0, steps + 1, _BATCH):
                indices = range(start, min(start + _BATCH, steps + 1))
                backend.write_steps([step_of(run_id, episode, index, number + index) for index in indices])
                told = b"".join(struct.pack("<q", number + index) for index in indices)
                os.write(sys.stdout.fileno(), told)
            number += steps + 1
            backend.end_episode(final_of(run_id, episode, steps=steps))
        backend.end_run(run_id, RunState.COMPLETED, START)


if __name__ == "__main__":
    main()
