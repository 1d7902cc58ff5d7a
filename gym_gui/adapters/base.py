"""What the product needs of an environment: owned arrays, honest faults, a rate, and keys for a human."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gym_gui.core.spaces import SpaceDescription

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from gym_gui.adapters.controls import ControlScheme
    from gym_gui.core.schema.run_spaces import RunSpaces


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterStep:
    """The result of ``reset`` or ``step``. Every array is owned: the environment will never write to it again.

    Attributes:
        observation: What the agent sees.
        reward: Float64; None after reset.
        terminated: The environment ended the episode.
        truncated: A limit ended it.
        info: The environment's info.
        frame: ``uint8 (H, W, 3)``, C-contiguous, or None. The very same object as `observation` where they are one.
        action: The action exactly as the environment was given it; None after reset.
        view: What a screen may draw beside the picture or instead of it: the JSON form of a ``grid``, ``graph`` or
            ``text`` payload; None where there is only a picture.
        normalization_stats: What observation and reward were normalised with (`normalization`); None where not.
        sound: What was heard while the step was taken, ``uint8 (samples,)``, mono; None where nothing is to be heard.
        reward_parts: Its objectives, ``(objectives,)``, where the reward is the sum of several; None where it is one.
    """

    observation: Any
    reward: float | None = None
    terminated: bool = False
    truncated: bool = False
    info: Mapping[str, Any] = field(default_factory=dict)
    frame: NDArray[np.uint8] | None = None
    action: Any = None
    view: Mapping[str, Any] | None = None
    normalization_stats: Mapping[str, Any] | None = None
    sound: NDArray[np.uint8] | None = None
    reward_parts: NDArray[Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentDescription:
    """What a `RunRecord` stores about an environment.

    Attributes:
        env_id: As given to ``gymnasium.make``.
        env_kwargs: Keyword arguments beyond ``render_mode``, JSON values.
        env_spec: ``EnvSpec`` JSON, or None.
        render_mode: ``rgb_array`` or None.
        action_space: Text form.
        observation_space: Text form.
        space_signature: Hash of both.
        step_rate_hz: Nominal steps a second for a person: 60 for Atari at frameskip 1, 50 for Box2D.
        turn_based: One key press is one step; no clock.
        versions: Package -> version, of what decides a step's outcome.
        rom_sha256: Hash of the ROM, for Atari.
        action_meanings: Word for each discrete action, where the environment names them: ``NOOP``, ``LEFTFIRE``.
        sound_rate_hz: Samples a second of the steps' sound; None for an environment that is not heard.
        warning: One sentence a screen should show (no picture, say); empty otherwise.
    """

    env_id: str
    env_kwargs: Mapping[str, Any]
    env_spec: str | None
    render_mode: str | None
    action_space: str
    observation_space: str
    space_signature: str
    step_rate_hz: float
    turn_based: bool
    versions: Mapping[str, str]
    rom_sha256: str | None = None
    action_meanings: tuple[str, ...] = ()
    sound_rate_hz: float | None = None
    warning: str = ""


class EnvironmentAdapter(ABC):
    """One open environment. Made by ``adapters.catalog.make_adapter``; runs on one thread, the session's.

    Every exception of the environment's own code leaves as `EnvironmentRaisedError` with the phase it happened in.
    """

    @property
    @abstractmethod
    def description(self) -> EnvironmentDescription:
        """What the run stores; constant for the adapter's life."""

    def describe_space(self) -> SpaceDescription:
        """Both spaces as data, with their signature; constant for the adapter's life.

        An adapter that knows no Gymnasium spaces gives the texts and the signature of its description alone.
        """
        about = self.description
        return SpaceDescription(
            observation=None,
            action=None,
            signature=about.space_signature,
            observation_text=about.observation_space,
            action_text=about.action_space,
        )

    @property
    @abstractmethod
    def controls(self) -> ControlScheme:
        """Keys to actions for a human player; an empty scheme where no one has drawn a map."""

    @property
    def spaces(self) -> RunSpaces | None:
        """What its actions and observations are drawn from; None where it does not say."""
        return None

    @property
    def unusable_frames(self) -> int:
        """How many times ``render`` gave something that is no picture, since the adapter was made."""
        return 0

    @property
    def frame_note(self) -> str:
        """One sentence on the last unusable picture; empty while there was none."""
        return ""

    @abstractmethod
    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> AdapterStep:
        """Start an episode; the same seed and actions give the same steps."""

    @abstractmethod
    def canonical_action(self, action: Any) -> Any:
        """*action* as the action space writes it: an int, an owned array of the space's dtype, or dict/tuple of these.

        This form is what the environment is given and what is recorded.

        Raises:
            InvalidActionError: the action space does not hold *action*.
        """

    @abstractmethod
    def step(self, action: Any) -> AdapterStep:
        """Take one action, given in any form that `canonical_action` understands.

        Raises:
            InvalidActionError: the action space does not hold *action*; the environment was not touched.
            EnvironmentRaisedError: the environment raised.
        """

    @abstractmethod
    def sample_action(self) -> Any:
        """A random action from a generator that `seed_actions` seeds; never touches the environment's own."""

    @abstractmethod
    def seed_actions(self, seed: int) -> None:
        """Seed the generator behind `sample_action`."""

    @abstractmethod
    def close(self) -> None:
        """Release the environment; safe to call twice, raises nothing."""
