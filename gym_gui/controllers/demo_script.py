"""A script as a user writes one: a random policy plays Breakout and records itself, for the demo's picture of Watch.

A process of its own: its pictures reach the window as those of any training script do. It ends with its input, and
after a minute at the latest.
"""

from __future__ import annotations

import sys
import threading
import time
from typing import Final

RUN: Final = "demo-live"
_HZ: Final = 60.0
_MOST_S: Final = 60.0


def main() -> int:
    """Play in the var folder that the first argument names, until the input ends."""
    import ale_py  # noqa: PLC0415 - heavy, and this is a program
    import gymnasium as gym  # noqa: PLC0415 - likewise

    from gym_gui.wrappers import RecordTelemetry  # noqa: PLC0415 - likewise

    gym.register_envs(ale_py)
    over = threading.Event()

    def await_end() -> None:
        sys.stdin.read()
        over.set()

    threading.Thread(target=await_end, daemon=True).start()
    env = RecordTelemetry(
        gym.make("ALE/Breakout-v5", render_mode="rgb_array"), run=RUN, var_dir=sys.argv[1], player="random"
    )
    env.action_space.seed(1)
    env.reset(seed=1)
    ends_s = time.monotonic() + _MOST_S
    while not over.wait(1 / _HZ) and time.monotonic() < ends_s:
        _, _, terminated, truncated, _ = env.step(env.action_space.sample())
        if terminated or truncated:
            env.reset()
    env.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
