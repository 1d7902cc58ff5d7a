"""The group `game` of the settings, as keyword arguments and a rate for the game that a person opens.

A profile counts for its own family of games, so that ``game=atari`` in the user's file does not slow CartPole down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gym_gui.adapters.base import EnvironmentAdapter
    from gym_gui.config.schema import GameConfig

_FAMILIES: Final = {"atari": "atari", "box2d": "box2d", "classic": "classic_control", "toy_text": "toy_text"}
# Setting -> keyword argument of the ALE.
_ATARI: Final = {
    "frameskip": "frameskip",
    "sticky_actions": "repeat_action_probability",
    "full_action_space": "full_action_space",
}


def game_kwargs(env_id: str, game: GameConfig) -> dict[str, Any]:
    """What *game* gives to ``gymnasium.make`` for this environment; empty where it is of another family.

    Raises:
        UnknownEnvironmentError: no such environment.
    """
    family = _family(env_id)
    if not _counts(game, family):
        return {}
    wanted = {name: getattr(game, setting) for setting, name in _ATARI.items()} if family == "atari" else {}
    wanted["max_episode_steps"] = game.max_episode_steps
    return {name: value for name, value in wanted.items() if value is not None}


def human_adapter_maker(
    game: Callable[[], GameConfig],
) -> Callable[[str, Mapping[str, Any]], EnvironmentAdapter]:
    """A maker of adapters for `SessionController`, which plays as the settings say at that moment.

    Args:
        game: The group `game` in force; asked on the session thread.
    """

    def make(env_id: str, env_kwargs: Mapping[str, Any]) -> EnvironmentAdapter:
        from gym_gui.adapters.generic import GymnasiumAdapter  # noqa: PLC0415 - Gymnasium: on the session thread
        from gym_gui.controllers.session import make_human_adapter  # noqa: PLC0415 - as above

        wanted = game()
        adapter = make_human_adapter(env_id, {**game_kwargs(env_id, wanted), **env_kwargs})
        if wanted.step_rate_hz is not None and isinstance(adapter, GymnasiumAdapter) and _counts(
            wanted, _family(env_id)
        ):  # fmt: skip
            adapter.play_at(wanted.step_rate_hz)
        return adapter

    return make


def _counts(game: GameConfig, family: str) -> bool:
    return game.profile not in _FAMILIES or _FAMILIES[game.profile] == family


def _family(env_id: str) -> str:
    from gym_gui.adapters.describe import entry_point_module  # noqa: PLC0415 - Gymnasium, 0.4 s
    from gym_gui.adapters.registry import ATARI_MODULE, gym_family, resolve  # noqa: PLC0415 - same

    spec = resolve(env_id).spec
    return "atari" if entry_point_module(spec) == ATARI_MODULE else gym_family(spec) or ""
