"""The bots play: they see the pictures of the real games, and their scores say whether they understood them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from needs import needs_box2d

from gym_gui.adapters.catalog import make_adapter
from gym_gui.adapters.stepper import EpisodeStepper, make_run_record
from gym_gui.controllers.bots import BreakoutPlayer
from gym_gui.controllers.policies import make_policy
from gym_gui.core.errors import EnvironmentFault

RED = (200, 72, 72)


def played(env_id: str, policy_name: str, steps: int, *, seed: int = 1, **env_kwargs: Any) -> tuple[float, list[Any]]:
    """Return and actions of a game that a policy plays as a person would, one episode at most."""
    adapter = make_adapter(env_id, env_kwargs=env_kwargs, human=True)
    try:
        policy = make_policy(policy_name, adapter)
        stepper = EpisodeStepper(adapter, make_run_record(adapter, player=policy_name))
        step = stepper.reset(seed=seed)
        policy.reset(seed)
        actions: list[Any] = []
        while len(actions) < steps and not step.done:
            step = stepper.step(policy.act(step))
            actions.append(step.action)
        return stepper.rollup.total_reward, actions
    finally:
        adapter.close()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_that_the_breakout_bot_keeps_the_ball(seed: int) -> None:
    score, actions = played("ALE/Breakout-v5", "bot", 3000, seed=seed)
    assert len(actions) == 3000, "five lives last"
    assert score >= 20


@needs_box2d
@pytest.mark.slow
@pytest.mark.parametrize("continuous", [True, False], ids=["continuous", "discrete"])
def test_that_the_car_keeps_to_the_road(*, continuous: bool) -> None:
    score, _ = played("CarRacing-v3", "bot", 250, continuous=continuous)
    # Standing still costs 25, and every tile of the road brings 3 to 4.
    assert score > 100


def picture(*, ball: int | None, paddle: int) -> np.ndarray[Any, Any]:
    """A Breakout screen with the ball and the paddle in these columns."""
    frame = np.zeros((210, 160, 3), dtype=np.uint8)
    frame[189:193, paddle - 8 : paddle + 8] = RED
    frame[189:193, 152:160] = RED  # the right wall's foot has the paddle's colour
    if ball is not None:
        frame[120:124, ball : ball + 2] = RED
    return frame


@pytest.mark.parametrize(
    ("ball", "keys"),
    [(100, {"right"}), (20, {"left"}), (61, set()), (57, set())],
    ids=["right", "left", "under", "near"],
)
def test_that_the_paddle_goes_where_the_ball_is(ball: int, keys: set[str]) -> None:
    assert BreakoutPlayer().keys_for(picture(ball=ball, paddle=60)) == keys


def test_that_a_ball_is_served_by_pressing_and_letting_go() -> None:
    player = BreakoutPlayer()
    held = [bool(player.keys_for(picture(ball=None, paddle=60))) for _ in range(12)]
    assert held == [False, False, False, True] * 3


@pytest.mark.parametrize("name", ["random", "idle"])
def test_that_the_same_seed_gives_the_same_actions(name: str) -> None:
    assert played("FrozenLake-v1", name, 40, seed=5) == played("FrozenLake-v1", name, 40, seed=5)


def test_that_another_seed_gives_other_actions() -> None:
    _, first = played("CartPole-v1", "random", 10, seed=5)
    _, second = played("CartPole-v1", "random", 10, seed=6)
    assert first != second


def test_that_the_idle_policy_presses_nothing() -> None:
    _, actions = played("ALE/Breakout-v5", "idle", 20)
    assert actions == [0] * 20


@pytest.mark.parametrize(
    ("name", "told"),
    [("bot", "There is no bot for CartPole-v1. Bots play Breakout and CarRacing"), ("clever", "no policy 'clever'")],
)
def test_that_a_policy_that_is_not_there_is_told_of(name: str, told: str) -> None:
    adapter = make_adapter("CartPole-v1")
    try:
        with pytest.raises(EnvironmentFault, match=told):
            make_policy(name, adapter)
    finally:
        adapter.close()
