"""The sound of a step of several emulated frames: the ALE itself gives that of the last frame alone.

Gymnasium's Atari environment asks the ALE for one frame at a time, so each can be listened to as it goes by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gym_gui.core.sound import SILENCE

if TYPE_CHECKING:
    from numpy.typing import NDArray


class ListeningALE:
    """Stands where an environment has its ALE, and keeps the sound of each frame that is emulated; all else is the ALE.

    Args:
        ale: The environment's.
    """

    def __init__(self, ale: Any) -> None:
        ale.setBool("sound_obs", True)
        self._ale = ale
        self._frames: list[NDArray[np.uint8]] = []

    def act(self, *args: Any) -> Any:
        """Emulate one frame, as the ALE does, and listen."""
        ale = self._ale
        before = ale.getFrameNumber()
        reward = ale.act(*args)
        if ale.getFrameNumber() != before:  # once the game is over nothing is emulated, and the old sound would stand
            self._frames.append(ale.getAudio())
        return reward

    def forget(self) -> None:
        """Let go what was kept: a step that raised half way was heard by nobody."""
        self._frames = []

    def heard(self, frames: int) -> NDArray[np.uint8]:
        """What was heard since the last call, ``uint8 (samples,)``, of *frames* frames: those left out were silent."""
        found, self._frames = self._frames, []
        silence = np.full(self._ale.getAudioSize(), SILENCE, np.uint8)
        return np.concatenate([*found, *[silence] * (frames - len(found))])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ale, name)
