"""Environments of a run: for learning and for evaluation, with the recording in its place among their wrappers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gymnasium.wrappers import RecordEpisodeStatistics

from gym_gui.adapters.opening import checked_kwargs, open_environment
from gym_gui.adapters.registry import resolve
from gym_gui.workers.atari import AtariFrames, atari_kwargs, for_learner
from gym_gui.workers.evaluation import SaysWhoActed

if TYPE_CHECKING:
    from gymnasium import Env

    from gym_gui.services.trainer.config import TrainingConfig
    from gym_gui.workers.streams import Streams


def open_plain(config: TrainingConfig, *, render: bool) -> Env[Any, Any]:
    """The environment as the recording is to see it.

    Args:
        config: Which, and with what.
        render: Whether it is to draw.

    Raises:
        UnknownEnvironmentError: there is none of that id.
        EnvironmentUnusableError: it cannot be made here.
    """
    kwargs = checked_kwargs(config.env_id, config.env_kwargs)
    env = open_environment(resolve(config.env_id), atari_kwargs(kwargs) if config.atari else kwargs, render=render).env
    return AtariFrames(env) if config.atari else env


class TrainingEnvironment:
    """Makes one environment to learn in; may be sent to a process of its own.

    Args:
        config: Of the run.
        streams: Where it is recorded.
    """

    def __init__(self, config: TrainingConfig, streams: Streams) -> None:
        self._config = config
        self._streams = streams

    def __call__(self) -> Env[Any, Any]:
        """The environment, recorded, with the returns of whole episodes in its infos.

        Raises:
            UnknownEnvironmentError: there is none of that id.
            EnvironmentUnusableError: it cannot be made here.
        """
        config = self._config
        env = self._streams.training(open_plain(config, render=config.frames != "none"))
        env = RecordEpisodeStatistics(env, buffer_length=1)
        return for_learner(env, training=True) if config.atari else env


def evaluation_environment(config: TrainingConfig, streams: Streams) -> tuple[Env[Any, Any], SaysWhoActed]:
    """One environment to be judged in, recorded with its pictures; and its wrapper that names the actor.

    Raises:
        UnknownEnvironmentError: there is none of that id.
        EnvironmentUnusableError: it cannot be made here.
    """
    says_who = SaysWhoActed(open_plain(config, render=True))
    env = streams.evaluation(says_who)
    return (for_learner(env, training=False) if config.atari else env), says_who
