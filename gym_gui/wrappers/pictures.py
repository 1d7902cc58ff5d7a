"""PictureSource: the picture of an environment now, rendered only where the observation is not known to be it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.adapters.frames import FrameNormaliser
from gym_gui.wrappers.observation_keeping import is_rgb
from gym_gui.wrappers.said_once import SaidOnce

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LOGGER = logging.getLogger(__name__)
_AXES: Final = 3
_WORD_BYTES: Final = 8


class PictureSource:
    """Finds the picture that belongs to an observation.

    Args:
        env: The environment; ``render`` is called only if its mode is ``rgb_array``.
    """

    def __init__(self, env: Any) -> None:
        self._env = env
        self._normaliser = FrameNormaliser()
        self._said = SaidOnce(_LOGGER)
        self._renders = env.render_mode == "rgb_array"
        self._observes = is_rgb(env.observation_space)
        self._is_screen = self._observes and self._renders and _is_atari_screen(env)
        # Shown once an episode that the observation is the screen, then taken for it without rendering again.
        self._shown = False
        if not self._renders and not self._observes:
            _LOGGER.info('no pictures are recorded: make the environment with render_mode="rgb_array"')

    def restart(self) -> None:
        """An episode begins."""
        self._shown = False

    def of(self, observation: Any) -> NDArray[np.uint8] | None:
        """The picture, ``uint8 (H, W, 3)``, which the environment may write to later; None where there is none."""
        if not self._renders:
            return observation if self._observes else None
        if self._shown:
            picture: NDArray[np.uint8] = observation
            return picture
        try:
            rendered = self._env.render()
        except Exception as fault:  # noqa: BLE001 - the script did not ask for a picture; its environment need not give one
            self._said.fault("A picture is missing", fault)
            return None
        if not _is_picture(rendered):
            return self._normaliser.normalise(rendered)
        if self._is_screen:
            self._shown = self.same(rendered, observation)
        found: NDArray[np.uint8] = rendered
        return found

    @staticmethod
    def same(picture: NDArray[np.uint8], observation: Any) -> bool:
        """Whether *observation* shows exactly *picture*."""
        if (
            type(observation) is not np.ndarray
            or observation.dtype != np.uint8
            or observation.shape != picture.shape
            or not observation.size
        ):
            return False
        if picture[0, 0, 0] != observation[0, 0, 0]:
            return False
        if (
            picture.flags.c_contiguous and observation.flags.c_contiguous and not picture.nbytes % _WORD_BYTES
        ):  # eight at a time
            return bool((picture.reshape(-1).view(np.uint64) == observation.reshape(-1).view(np.uint64)).all())
        return bool(np.array_equal(picture, observation))


def _is_picture(value: Any) -> bool:
    return type(value) is np.ndarray and value.dtype == np.uint8 and value.ndim == _AXES and value.shape[2] == _AXES


def _is_atari_screen(env: Any) -> bool:
    if type(env.unwrapped).__module__.partition(".")[0] != "ale_py":
        return False
    from gym_gui.adapters.ale import observes_screen  # noqa: PLC0415 - its control maps are loaded with it

    return observes_screen(env)
