"""The group `game` of the settings reaches the games of its family, and no others."""

from __future__ import annotations

from typing import Any

import pytest

from gym_gui.config.schema import GameConfig
from gym_gui.controllers.game_options import game_kwargs, human_adapter_maker

ATARI = GameConfig(profile="atari", frameskip=2, sticky_actions=0.5, full_action_space=True)


@pytest.mark.parametrize(
    ("env_id", "game", "kwargs"),
    [
        (
            "ALE/Pong-v5",
            ATARI,
            {"frameskip": 2, "repeat_action_probability": 0.5, "full_action_space": True},
        ),
        ("CartPole-v1", ATARI, {}),
        ("CartPole-v1", GameConfig(), {}),
        ("CartPole-v1", GameConfig(frameskip=2, max_episode_steps=9), {"max_episode_steps": 9}),
        ("FrozenLake-v1", GameConfig(profile="toy_text", max_episode_steps=9), {"max_episode_steps": 9}),
        ("FrozenLake-v1", GameConfig(profile="classic", max_episode_steps=9), {}),
    ],
)
def test_that_a_profile_counts_for_its_family(env_id: str, game: GameConfig, kwargs: dict[str, Any]) -> None:
    assert game_kwargs(env_id, game) == kwargs


@pytest.mark.parametrize(
    ("env_id", "game", "given", "rate_hz"),
    [
        ("CartPole-v1", GameConfig(profile="classic", step_rate_hz=30), {}, 30.0),
        ("CartPole-v1", GameConfig(profile="box2d", step_rate_hz=30), {}, 50.0),
        ("ALE/Pong-v5", ATARI, {}, 30.0),
        ("ALE/Pong-v5", ATARI, {"frameskip": 3}, 20.0),
    ],
)
def test_that_a_game_is_opened_at_the_rate_that_was_asked_for(
    env_id: str, game: GameConfig, given: dict[str, Any], rate_hz: float
) -> None:
    adapter = human_adapter_maker(lambda: game)(env_id, given)
    try:
        assert adapter.description.step_rate_hz == rate_hz
    finally:
        adapter.close()
