"""The pictures of a vector environment: what ``render`` gives for each sub-environment, or the observation itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.adapters.foreign import ForeignCode
from gym_gui.adapters.frames import FrameNormaliser
from gym_gui.adapters.opening import RGB_ARRAY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gymnasium.vector import VectorEnv
    from numpy.typing import NDArray

_ALE_VECTOR: Final = "AtariVectorEnv"
_PICTURE_AXES: Final = 3


class VectorPictures:
    """Finds the picture of each sub-environment.

    Args:
        envs: The vector environment.
        env_id: What a fault is told of.
        wanted: Whether there are to be any.
    """

    def __init__(self, envs: VectorEnv[Any, Any, Any], env_id: str, *, wanted: bool) -> None:
        space = envs.single_observation_space
        shape = space.shape or ()
        is_bytes = space.dtype == np.uint8
        self._envs = envs
        # ALE's own draws nothing: its observation is the last few screens, the newest one at the end.
        self._is_stack = wanted and is_bytes and type(envs.unwrapped).__name__ == _ALE_VECTOR
        self._draws = wanted and not self._is_stack and envs.render_mode == RGB_ARRAY
        self._may_be_observation = wanted and is_bytes and len(shape) == _PICTURE_AXES and shape[2] == _PICTURE_AXES
        self._frames = [FrameNormaliser() for _ in range(envs.num_envs)]
        self._rendering = ForeignCode(env_id, "render")
        self._is_observation = False

    def of(self, observations: Sequence[Any]) -> list[NDArray[np.uint8] | None]:
        """Each sub-environment's picture now; the very object of its observation where they show the same."""
        if self._is_stack:
            return [self.in_observation(one) for one in observations]
        if not self._draws:
            return [None] * len(observations)
        with self._rendering:
            rendered = self._envs.render() or (None,) * len(observations)
        pictures = [
            _shared(normaliser.normalise(one), seen)
            for normaliser, one, seen in zip(self._frames, rendered, observations, strict=True)
        ]
        self._is_observation = self._may_be_observation and all(
            picture is seen for picture, seen in zip(pictures, observations, strict=True)
        )
        return pictures

    def in_observation(self, observation: Any) -> NDArray[np.uint8] | None:
        """The picture that *observation* is or holds, where nothing can be rendered any more; None where it is none."""
        if observation is None:
            return None
        if self._is_stack:
            return self._frames[0].normalise(observation[-1])
        return observation if self._is_observation else None


def _shared(frame: NDArray[np.uint8] | None, observation: Any) -> NDArray[np.uint8] | None:
    if (
        frame is not None
        and type(observation) is np.ndarray
        and observation.dtype == np.uint8
        and observation.shape == frame.shape
        and np.array_equal(observation, frame)
    ):
        return observation
    return frame
