"""The child process that draws games for the catalogue: one JSON line in, one JSON line out, one PNG file each.

Run as ``python -m gym_gui.controllers.preview_worker``; it ends when its input ends, in the middle of a game too.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gym_gui.core.other_end import ends_with_other_end

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gym_gui.adapters.base import EnvironmentAdapter

# Long enough for a game to have begun: Atari's titles pass, CarRacing's camera has come down.
STEPS: Final = 150
# Frames of an Atari that one action lasts.
_FRAMES_A_STEP: Final = 5
BUDGET_S: Final = 4.0
LIMIT_S: Final = 30
SEED: Final = 11
MAX_WIDTH: Final = 480
_NICENESS: Final = 15
# A picture whose pixels differ less than this is a blank or a fade.
_FLAT: Final = 6.0
_SAMPLE: Final = 3


def draw_game(env_id: str) -> NDArray[np.uint8]:
    """A picture from a few seconds of random play, ``uint8 (H, W, 3)``.

    Raises:
        EnvironmentFault: the environment cannot be made, raised, or draws nothing.
    """
    from gym_gui.adapters.catalog import make_adapter  # noqa: PLC0415 - only the child pays for gymnasium
    from gym_gui.core.errors import EnvironmentUnusableError  # noqa: PLC0415 - kept beside its neighbour

    is_atari = env_id.startswith("ALE/")
    adapter = make_adapter(env_id, env_kwargs={"frameskip": 1} if is_atari else None)
    try:
        adapter.seed_actions(SEED)
        best, best_score = adapter.reset(seed=SEED).frame, 0.0
        steps = 0 if adapter.description.turn_based else STEPS
        until = time.monotonic() + BUDGET_S
        for step in range(steps):
            done, frame = _play_on(adapter, _FRAMES_A_STEP if is_atari else 1)
            if frame is not None and not (done and best is not None):
                # Late in the play the fullest frame wins.
                score = float(frame[::_SAMPLE, ::_SAMPLE].std())
                if score > (best_score if step > steps // 2 else _FLAT):
                    best, best_score = frame, score
            if done or time.monotonic() > until:
                break
    finally:
        adapter.close()
    if best is None:
        raise EnvironmentUnusableError(f"{env_id} draws no picture.")
    return best


def _play_on(adapter: EnvironmentAdapter, frames: int) -> tuple[bool, NDArray[np.uint8] | None]:
    """Hold one random action for so many *frames*: whether the episode is over, and what the last two show together."""
    action = adapter.sample_action()
    shown: NDArray[np.uint8] | None = None
    for left in range(frames, 0, -1):
        result = adapter.step(action)
        if left <= 2 and result.frame is not None:  # noqa: PLR2004 - the last frame and the one before
            # An Atari draws half of its sprites in every other frame; the eye, and a television, saw both.
            shown = result.frame if shown is None else brighter(shown, result.frame)
        if result.terminated or result.truncated:
            return True, shown
    return False, shown


def brighter(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Of two pictures, ``uint8 (H, W, 3)``, the higher value of every channel of every pixel."""
    import numpy  # noqa: ICN001, PLC0415 - only the child pays for it

    return numpy.maximum(first, second)


def save_picture(frame: NDArray[np.uint8], file: Path) -> None:
    """Write *frame* as PNG, at most 480 pixels wide, all or nothing."""
    from PIL import Image  # noqa: PLC0415 - only the child pays for it

    picture = Image.fromarray(frame)
    if picture.width > MAX_WIDTH:
        height = round(picture.height * MAX_WIDTH / picture.width)
        picture = picture.resize((MAX_WIDTH, height), Image.Resampling.LANCZOS)
    partial = file.with_suffix(".partial")
    picture.save(partial, format="PNG")
    partial.replace(file)


def main() -> int:
    """Serve requests until standard input ends."""
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    # Games print banners; only answers may reach the pipe.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    for line in sys.stdin:
        request = json.loads(line)
        error = ""
        _limit_time(LIMIT_S)
        try:
            with ends_with_other_end(sys.stdin.fileno()):  # a window that was killed needs no picture
                save_picture(draw_game(request["env_id"]), Path(request["file"]))
        except Exception as fault:  # noqa: BLE001 - a process's edge: foreign games raise anything
            error = f"{type(fault).__name__}: {fault}"
        _limit_time(0)
        answers.write(json.dumps({"error": error}) + "\n")
        answers.flush()
    return 0


def _limit_time(seconds: int) -> None:
    # A game that hangs ends this process; the parent starts another for the next game.
    if hasattr(signal, "alarm"):
        signal.alarm(seconds)


if __name__ == "__main__":
    sys.exit(main())
