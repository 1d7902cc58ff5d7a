"""The adapter for any Gymnasium environment; the families configure it. Runs on the session's thread."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from copy import copy, deepcopy
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

import numpy as np

from gym_gui.adapters import describe
from gym_gui.adapters.action_words import action_words, idle_place
from gym_gui.adapters.actions import make_action_check
from gym_gui.adapters.base import AdapterStep, EnvironmentAdapter, EnvironmentDescription
from gym_gui.adapters.controls.generic import generic_scheme
from gym_gui.adapters.foreign import ForeignCode
from gym_gui.adapters.frames import FrameNormaliser
from gym_gui.adapters.normalization import NormalizationProbe
from gym_gui.adapters.opening import ANSI, checked_kwargs, close_quietly, open_environment
from gym_gui.adapters.ownership import owned
from gym_gui.adapters.view_source import ViewSource, drawn_or_written
from gym_gui.core.errors import EnvironmentRaisedError, EnvironmentUnusableError, InvariantError
from gym_gui.core.rewards import parts_of_reward
from gym_gui.core.schema.run_spaces import RunSpaces
from gym_gui.core.typing_compat import override

if TYPE_CHECKING:
    from gymnasium import Env
    from numpy.typing import NDArray

    from gym_gui.adapters.controls import ControlScheme
    from gym_gui.adapters.registry import ResolvedEnvironment
    from gym_gui.adapters.views import ViewMaker
    from gym_gui.core.spaces import SpaceDescription

_LOGGER: Final = logging.getLogger(__name__)
# A grid world declares a handful of frames a second, a game of reflexes 15 and more.
_TURN_BASED_UP_TO_HZ: Final = 5.0
_STEP_VALUES: Final = 5
_RESET_VALUES: Final = 2


class GymnasiumAdapter(EnvironmentAdapter):
    """Opens one environment and keeps its promises: owned arrays, exact actions, one kind of fault.

    Args:
        resolved: The environment, as `registry.resolve` found it.
        env_kwargs: Keyword arguments of ``gymnasium.make`` beyond ``render_mode``; JSON values.
        human: A person will play it: a family may choose other defaults.
        render: Whether pictures are wanted.

    Raises:
        EnvironmentUnusableError: it cannot be made here; the message says why.
    """

    #: Import names whose versions decide the outcome of a step, beside Gymnasium, numpy and the class's own package.
    packages: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        resolved: ResolvedEnvironment,
        *,
        env_kwargs: Mapping[str, Any] | None = None,
        human: bool = False,
        render: bool = True,
    ) -> None:
        env_id = resolved.make_id
        kwargs = checked_kwargs(env_id, env_kwargs)
        if human:
            kwargs = {**self.human_kwargs(kwargs), **kwargs}
        opened = open_environment(resolved, self.make_kwargs(kwargs), render=render)
        self._opened: Env[Any, Any] | None = opened.env
        self._env_id = env_id
        self._draws = opened.render_mode is not None
        self._frames = FrameNormaliser()
        self._resetting = ForeignCode(env_id, "reset")
        self._stepping = ForeignCode(env_id, "step")
        self._rendering = ForeignCode(env_id, "render")
        try:
            self.prepare(opened.env)
            self._check_action = make_action_check(opened.env.action_space)
            self._sampler = deepcopy(opened.env.action_space)
            self._normalization = NormalizationProbe(opened.env)
            self._spaces = describe.describe_spaces(opened.env.observation_space, opened.env.action_space)
            self._description = self._describe(resolved, kwargs, opened.render_mode, wanted=render)
            self._controls = self.make_controls(opened.env, turn_based=self._description.turn_based)
            self._views = ViewSource(partial(self.make_view, opened.env), env_id)
        except Exception as fault:
            self.close()
            raise EnvironmentUnusableError(
                f"{env_id} could not be opened: its spaces or metadata cannot be read ({fault})."
            ) from fault

    # What a family may answer differently.

    def human_kwargs(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - for families
        """Keyword arguments that suit a person, where *given* ones do not say otherwise."""
        return {}

    def make_kwargs(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        """*kwargs* as the constructor wants them, where JSON cannot say it."""
        return kwargs

    def step_rate_hz(self, env: Env[Any, Any]) -> float:
        """Steps a second in real time: the metadata's ``render_fps``, 30 where it says nothing sensible."""
        return describe.declared_rate_hz(env)

    def is_turn_based(self, env: Env[Any, Any]) -> bool:
        """Whether the world waits for a person: a choice of single actions, and few frames a second.

        So does one that names its actions, none of which does nothing: it would have to act by itself.
        """
        from gymnasium.spaces import Discrete  # noqa: PLC0415 - loaded with the environment

        if not isinstance(env.action_space, Discrete):
            return False
        words = action_words(env)
        return self.step_rate_hz(env) <= _TURN_BASED_UP_TO_HZ or (bool(words) and idle_place(words) is None)

    def prepare(self, env: Env[Any, Any]) -> None:
        """Change how *env* works, never what it answers, once it is open."""

    def make_controls(self, env: Env[Any, Any], *, turn_based: bool) -> ControlScheme:
        """The keys of this environment."""
        return generic_scheme(env, turn_based=turn_based)

    def make_view(self, env: Env[Any, Any]) -> ViewMaker | None:
        """What draws a step as a grid, a graph or text; None where the picture says all there is."""
        return drawn_or_written(env)

    def rom_sha256(self, env: Env[Any, Any]) -> str | None:  # noqa: ARG002 - for Atari
        """Hash of the ROM, where there is one."""
        return None

    def sound_rate_hz(self, env: Env[Any, Any]) -> float | None:  # noqa: ARG002 - for Atari
        """Samples a second of what `heard` gives; None where nothing is to be heard."""
        return None

    def heard(self, env: Env[Any, Any]) -> NDArray[np.uint8] | None:  # noqa: ARG002 - for Atari
        """The sound of the step that was just taken, ``uint8 (samples,)``, owned."""
        return None

    # The interface.

    @property
    @override
    def description(self) -> EnvironmentDescription:
        return self._description

    @override
    def describe_space(self) -> SpaceDescription:
        return self._spaces

    @property
    @override
    def controls(self) -> ControlScheme:
        return self._controls

    @property
    @override
    def spaces(self) -> RunSpaces:
        return RunSpaces(action=self._env.action_space, observation=self._env.observation_space)

    @property
    @override
    def unusable_frames(self) -> int:
        return self._frames.refused

    @property
    @override
    def frame_note(self) -> str:
        return self._frames.note

    def play_at(self, rate_hz: float) -> None:
        """Let a person play at *rate_hz* steps a second; to be called before the run's record is made."""
        self._description = replace(self._description, step_rate_hz=rate_hz)

    @override
    def canonical_action(self, action: Any) -> Any:
        return self._check_action(action)

    @override
    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> AdapterStep:
        env = self._env
        with self._resetting:
            result: object = env.reset(seed=seed, options=None if options is None else dict(options))
            if not isinstance(result, tuple) or len(result) != _RESET_VALUES:
                raise self._wrong_answer("reset", "an observation and an info dictionary")
            observation = self._taken_over(result[0])
            info = owned(result[1]) if isinstance(result[1], Mapping) else {}
        observation, frame = self._seen(env, observation)
        view = self._views.of(observation, is_over=False)
        stats = self._normalization.read()
        return AdapterStep(observation=observation, info=info, frame=frame, view=view, normalization_stats=stats)

    @override
    def step(self, action: Any) -> AdapterStep:
        env = self._env
        taken = self._check_action(action)
        with self._stepping:
            # An environment may write into the array it is given; the record keeps its own.
            result: object = env.step(taken if type(taken) is int else owned(taken))
            if not isinstance(result, tuple) or len(result) != _STEP_VALUES:
                raise self._wrong_answer("step", "observation, reward, terminated, truncated and info")
            observation, reward, terminated, truncated, info = result
            observation = self._taken_over(observation)
            parts = None
            if type(reward) is not float:
                parts = parts_of_reward(reward)
                reward = self._number(reward if parts is None else parts.sum())
            terminated, truncated = bool(terminated), bool(truncated)
            info = owned(info) if isinstance(info, Mapping) else {}
        observation, frame = self._seen(env, observation)
        return AdapterStep(
            observation=observation,
            reward=reward,
            terminated=terminated,
            truncated=truncated,
            info=info,
            frame=frame,
            action=taken,
            view=self._views.of(observation, is_over=terminated or truncated),
            normalization_stats=self._normalization.read(),
            sound=self.heard(env),
            reward_parts=parts,
        )

    @override
    def sample_action(self) -> Any:
        with self._stepping:
            sampled = self._sampler.sample()
        return self._check_action(sampled)

    @override
    def seed_actions(self, seed: int) -> None:
        self._sampler.seed(seed)

    def seat(self) -> Self:
        """The same adapter for one more player: with a generator of actions of its own, and everything else shared."""
        other = copy(self)
        other._sampler = deepcopy(self._sampler)  # noqa: SLF001 - its own class
        return other

    def surrender(self) -> Env[Any, Any]:
        """The open environment, which is the caller's to close from now on; the adapter is closed."""
        env, self._opened = self._env, None
        return env

    @override
    def close(self) -> None:
        env, self._opened = self._opened, None
        if env is not None:
            close_quietly(env)

    # How results are taken over.

    def _taken_over(self, observation: Any) -> Any:
        """The observation as arrays that the environment will never write to again."""
        return owned(observation)

    @property
    def _env(self) -> Env[Any, Any]:
        if self._opened is None:
            raise InvariantError(f"{self._env_id} was used after it was closed.")
        return self._opened

    def _seen(self, env: Env[Any, Any], observation: Any) -> tuple[Any, NDArray[np.uint8] | None]:
        """The observation and the picture; one object where they show the same."""
        if not self._draws:
            return observation, None
        with self._rendering:
            frame = self._frames.normalise(env.render())
        if (
            frame is not None
            and type(observation) is np.ndarray
            and observation.dtype == np.uint8
            and observation.shape == frame.shape
            and np.array_equal(observation, frame)
        ):
            return observation, observation
        return observation, frame

    def _number(self, reward: Any) -> float:
        array = np.asarray(reward)
        if array.size != 1 or array.dtype.kind not in "iufb":
            raise EnvironmentRaisedError(
                f"{self._env_id} gave a reward that is no number ({type(reward).__name__}).", phase="step"
            )
        return float(array.astype(np.float64).item())

    def _wrong_answer(self, phase: str, wanted: str) -> EnvironmentRaisedError:
        return EnvironmentRaisedError(
            f"{self._env_id} did not answer {phase}() as Gymnasium environments do: with {wanted}.", phase=phase
        )

    def _describe(
        self, resolved: ResolvedEnvironment, kwargs: dict[str, Any], render_mode: str | None, *, wanted: bool
    ) -> EnvironmentDescription:
        env = self._env
        own = describe.entry_point_module(resolved.spec)
        packages = dict.fromkeys((*self.packages, *((own,) if own else ())))
        instead = "its text is recorded" if env.render_mode == ANSI else "it is recorded without frames"
        no_picture = f"{self._env_id} draws no picture (no rgb_array mode); {instead}."
        return EnvironmentDescription(
            env_id=self._env_id,
            env_kwargs=kwargs,
            env_spec=describe.spec_json(env.spec),
            render_mode=render_mode,
            action_space=self._spaces.action_text,
            observation_space=self._spaces.observation_text,
            space_signature=self._spaces.signature,
            step_rate_hz=self.step_rate_hz(env),
            turn_based=self.is_turn_based(env),
            versions=describe.package_versions(packages),
            rom_sha256=self.rom_sha256(env),
            action_meanings=action_words(env),
            sound_rate_hz=self.sound_rate_hz(env),
            warning=no_picture if wanted and render_mode is None else "",
        )
