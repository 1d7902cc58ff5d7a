"""Atari's usual wrappers, with nothing but NumPy and Pillow: what the learner sees is 84x84 grey, four pictures deep.

Their order is that of the telemetry's needs: `AtariFrames` is below the recording, which so sees whole games and the
game's own rewards; lives and clipped rewards are above it, for the learner alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, SupportsFloat

import gymnasium as gym
import numpy as np
from gymnasium.spaces import Box
from PIL import Image

from gym_gui.core.errors import EnvironmentUnusableError
from gym_gui.core.typing_compat import override

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZE: Final = 84
STACKED: Final = 4
_FRAME_SKIP: Final = 4
_MOST_NOOPS: Final = 30
_FIRE: Final = 1
_NOTHING: Final = np.zeros((), np.uint8)  # darker than every picture


def atari_kwargs(env_kwargs: dict[str, Any]) -> dict[str, Any]:
    """*env_kwargs* for `gymnasium.make` with which `AtariFrames` does the frame skip; what is given stays."""
    return {"frameskip": 1, "repeat_action_probability": 0.0, "obs_type": "grayscale", **env_kwargs}


class AtariFrames(gym.Wrapper[Any, Any, Any, Any]):
    """Each action for four emulated frames; the observation is the brighter of the last two, ``uint8 (84, 84)``.

    Each episode begins with up to thirty frames of doing nothing, drawn from the environment's own generator.

    Raises:
        EnvironmentUnusableError: the environment is no Atari game of one picture.
    """

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        super().__init__(env)
        space = env.observation_space
        if not hasattr(env.unwrapped, "ale") or not isinstance(space, Box) or len(space.shape) != 2:  # noqa: PLR2004 - rows and columns
            name = env.spec.id if env.spec else type(env.unwrapped).__name__
            raise EnvironmentUnusableError(
                f"{name} is no Atari game.", hint="Leave `atari` out, or choose an ALE/... environment."
            )
        self.observation_space = Box(0, 255, (SIZE, SIZE), np.uint8)

    @override
    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        screen, info = self.env.reset(seed=seed, options=options)
        for _ in range(int(self.np_random.integers(1, _MOST_NOOPS + 1))):
            screen, _, terminated, truncated, info = self.env.step(0)
            if terminated or truncated:
                screen, info = self.env.reset()
        return _small(screen), info

    @override
    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        total, screen, before = 0.0, _NOTHING, _NOTHING
        for _ in range(_FRAME_SKIP):
            before = screen
            screen, reward, terminated, truncated, info = self.env.step(action)
            total += float(reward)
            if terminated or truncated:
                break
        # The console draws some things on every other frame only.
        return _small(np.maximum(before, screen)), total, terminated, truncated, info


class LifeIsAnEpisode(gym.Wrapper[Any, Any, Any, Any]):
    """A lost life ends the learner's episode; the game below goes on, and is reset only when it is over."""

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        super().__init__(env)
        self._lives = 0
        self._is_over = True

    @override
    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        if self._is_over or seed is not None:
            observation, info = self.env.reset(seed=seed, options=options)
        else:
            observation, _, terminated, truncated, info = self.env.step(0)
            if terminated or truncated:
                observation, info = self.env.reset(options=options)
        self._is_over = False
        self._lives = self._count()
        return observation, info

    @override
    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._is_over = terminated or truncated
        lives, self._lives = self._lives, self._count()
        return observation, reward, terminated or 0 < self._lives < lives, truncated, info

    def _count(self) -> int:
        game: Any = self.env.unwrapped
        return int(game.ale.lives())


class FireToStart(gym.Wrapper[Any, Any, Any, Any]):
    """Presses the button after each reset, in games that wait for it: a policy that never does would wait for ever."""

    @override
    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        observation, info = self.env.reset(seed=seed, options=options)
        pressed, _, terminated, truncated, pressed_info = self.env.step(_FIRE)
        return (observation, info) if terminated or truncated else (pressed, pressed_info)


class SignOfReward(gym.RewardWrapper[Any, Any]):
    """-1, 0 or 1: one learning rate suits all games."""

    @override
    def reward(self, reward: SupportsFloat) -> SupportsFloat:
        return float(np.sign(float(reward)))


def for_learner(env: gym.Env[Any, Any], *, training: bool) -> gym.Env[Any, Any]:
    """What goes above the recording: four pictures deep, the button pressed, and for *training* lives and signs."""
    game: Any = env.unwrapped
    if training:
        env = LifeIsAnEpisode(env)
    if game.get_action_meanings()[_FIRE : _FIRE + 1] == ["FIRE"]:
        env = FireToStart(env)
    if training:
        env = SignOfReward(env)
    return gym.wrappers.FrameStackObservation(env, STACKED, padding_type="zero")


def _small(screen: NDArray[np.uint8]) -> NDArray[np.uint8]:
    # BOX is the mean of the area that a pixel covers.
    return np.asarray(Image.fromarray(screen).resize((SIZE, SIZE), Image.Resampling.BOX))
