"""What the fault campaign's scripts do: record known steps, and write down what they were told is safe.

``python fault_child.py ROOT NAME JOURNAL``; NAME is ``publisher`` (bare batches) or the name of a run that
``RecordTelemetry`` records. A journal line is ``put N`` (episodes given away), ``safe N`` (episodes of which the answer
was that they are on disk) or ``end``.
"""

from __future__ import annotations

import faulthandler
import signal
import sys
import time
from pathlib import Path

ROOT, NAME, JOURNAL = sys.argv[1:4]
sys.path[:0] = [str(Path(ROOT) / "tests"), ROOT]

EPISODES = 120
LENGTH = 29
FRAMES_EVERY = 4
PAUSE_S = 0.03


def publish(say: object) -> None:
    """Batches of one whole episode each."""
    import os

    from trainer_rig import make_batch, publisher

    from gym_gui.core.data_model import RunState

    spool = Path(os.environ["GYM_GUI_VAR_DIR"]) / "spool"
    way = publisher(os.environ["GYM_GUI_TRAINER"], spool, run_id=NAME, session=NAME)
    for seq in range(1, EPISODES + 1):
        way.put(make_batch(seq, rows=LENGTH + 1, run_id=NAME, frames=seq % FRAMES_EVERY == 0))
        print(f"put {seq}", file=say)
        print(f"safe {way.status().durable_seq}", file=say)
        if seq % 20 == 0 and way.flush(20):
            print(f"safe {seq}", file=say)
        time.sleep(PAUSE_S)
    if way.flush(60):
        print(f"safe {EPISODES}", file=say)
    way.close(RunState.COMPLETED)


def record(say: object) -> None:
    """Episodes of an environment whose every answer follows from the step's number."""
    from small_envs import Counting

    import gym_gui

    env = gym_gui.RecordTelemetry(Counting(length=LENGTH), run=NAME, frames=f"every:{FRAMES_EVERY}")
    for episode in range(1, EPISODES + 1):
        env.reset(seed=episode)
        for step in range(LENGTH):
            env.step(step % 2)
        print(f"put {episode}", file=say)
        if episode % 10 == 0 and env.flush(20):
            print(f"safe {episode}", file=say)
        time.sleep(PAUSE_S)
    if env.flush(60):
        print(f"safe {EPISODES}", file=say)
    env.close()


if __name__ == "__main__":
    faulthandler.register(signal.SIGUSR1)  # for one that does not end: where it is
    with Path(JOURNAL).open("a", encoding="utf-8", buffering=1) as journal:
        (publish if NAME == "publisher" else record)(journal)
        print("end", file=journal)
