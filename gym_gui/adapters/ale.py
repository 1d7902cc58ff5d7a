"""Atari games: real time, the picture that is the observation, and the defaults that suit a person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from gym_gui.adapters.ale_sound import ListeningALE
from gym_gui.adapters.controls.atari import atari_continuous_scheme, atari_scheme
from gym_gui.adapters.controls.generic import generic_scheme
from gym_gui.adapters.describe import file_sha256
from gym_gui.adapters.generic import GymnasiumAdapter
from gym_gui.core.typing_compat import override

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from gymnasium import Env
    from numpy.typing import NDArray

    from gym_gui.adapters.base import AdapterStep
    from gym_gui.adapters.controls import ControlScheme
    from gym_gui.adapters.registry import ResolvedEnvironment

# The console draws 60 pictures a second (NTSC); the metadata's render_fps of 30 is not real time.
_CONSOLE_HZ: Final = 60.0
# A person acts at each emulated frame, is obeyed each time, and has every button that the joystick has.
_HUMAN_KWARGS: Final[Mapping[str, Any]] = {
    "frameskip": 1,
    "repeat_action_probability": 0.0,
    "full_action_space": True,
}
# Wrappers of gymnasium.make that hand observations on untouched.
_TRANSPARENT: Final = frozenset({"OrderEnforcing", "TimeLimit", "PassiveEnvChecker"})


class AtariAdapter(GymnasiumAdapter):
    """An ``ALE/…-v5`` game or one of the older ids."""

    packages: ClassVar[tuple[str, ...]] = ("ale_py",)
    _speaker: ListeningALE | None = None  # where a person hears the game

    def __init__(
        self,
        resolved: ResolvedEnvironment,
        *,
        env_kwargs: Mapping[str, Any] | None = None,
        human: bool = False,
        render: bool = True,
    ) -> None:
        self._wants_sound = human
        super().__init__(resolved, env_kwargs=env_kwargs, human=human, render=render)
        self._may_observe_screen = self._draws and observes_screen(self._env)
        self._screen_is_observation = False

    @override
    def human_kwargs(self, given: Mapping[str, Any]) -> dict[str, Any]:
        return dict(_HUMAN_KWARGS)

    @override
    def make_kwargs(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        frameskip = kwargs.get("frameskip")
        # JSON has no tuples, and the ALE takes nothing else for a random frameskip.
        return {**kwargs, "frameskip": tuple(frameskip)} if isinstance(frameskip, list) else kwargs

    @override
    def prepare(self, env: Env[Any, Any]) -> None:
        # Beside the game: the observation stays what it is, which `sound_obs` as a keyword would change. Steps of
        # differing lengths would not be in time with their pictures.
        game: Any = env.unwrapped
        if self._wants_sound and isinstance(getattr(game, "_frameskip", None), int) and hasattr(game, "ale"):
            self._speaker = game.ale = ListeningALE(game.ale)

    @override
    def sound_rate_hz(self, env: Env[Any, Any]) -> float | None:
        return None if self._speaker is None else float(self._speaker.getAudioSize()) * _CONSOLE_HZ

    @override
    def heard(self, env: Env[Any, Any]) -> NDArray[np.uint8] | None:
        game: Any = env.unwrapped
        return None if self._speaker is None else self._speaker.heard(game._frameskip)  # noqa: SLF001 - no public name

    @override
    def step_rate_hz(self, env: Env[Any, Any]) -> float:
        return console_rate_hz(env)

    @override
    def is_turn_based(self, env: Env[Any, Any]) -> bool:
        return False

    @override
    def make_controls(self, env: Env[Any, Any], *, turn_based: bool) -> ControlScheme:
        game: Any = env.unwrapped
        if getattr(game, "continuous", False):
            return atari_continuous_scheme()
        if not hasattr(game, "get_action_meanings"):
            return generic_scheme(env, turn_based=turn_based)
        return atari_scheme(game.get_action_meanings())

    @override
    def rom_sha256(self, env: Env[Any, Any]) -> str | None:
        return rom_sha256(env)

    @override
    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> AdapterStep:
        # Shown once an episode that the observation is the screen, then taken for it without rendering again.
        self._screen_is_observation = False
        if self._speaker is not None:
            self._speaker.forget()
        result = super().reset(seed=seed, options=options)
        self._screen_is_observation = (
            self._may_observe_screen and result.frame is not None and result.frame is result.observation
        )
        return result

    @override
    def _seen(self, env: Env[Any, Any], observation: Any) -> tuple[Any, NDArray[np.uint8] | None]:
        return (observation, observation) if self._screen_is_observation else super()._seen(env, observation)

    @override
    def _taken_over(self, observation: Any) -> Any:
        # The ALE allocates a new array for each observation and never writes to it again.
        return observation if self._may_observe_screen else super()._taken_over(observation)


def console_rate_hz(env: Env[Any, Any]) -> float:
    """Steps a second in real time, of an environment that `is_ale` says yes to."""
    frameskip = getattr(env.unwrapped, "_frameskip", 4)
    if isinstance(frameskip, tuple):
        low, high = frameskip
        frameskip = (low + high - 1) / 2  # the upper bound is exclusive
    return _CONSOLE_HZ / float(frameskip)


def rom_sha256(env: Env[Any, Any]) -> str | None:
    """Hash of the game's ROM; None where it is not found."""
    from ale_py import roms  # noqa: PLC0415 - loaded with the environment

    game = getattr(env.unwrapped, "_game", None)
    path = roms.get_rom_path(game) if isinstance(game, str) else None
    return None if path is None else file_sha256(Path(path))


def observes_screen(env: Env[Any, Any]) -> bool:
    """Whether observation and picture of an Atari environment are the same thing, whatever it shows."""
    from ale_py import AtariEnv  # noqa: PLC0415 - loaded with the environment

    layer: Any = env
    while type(layer).__name__ in _TRANSPARENT and hasattr(layer, "env"):
        layer = layer.env
    return type(layer) is AtariEnv and layer._obs_type == "rgb" and not layer.sound_obs  # noqa: SLF001 - no public name
