"""What the hastened CarRacing draws is what the plain one draws, pixel for pixel."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pygame
import pytest
from needs import needs_box2d

from gym_gui.adapters.car_racing_drawing import hasten_drawing

pytestmark = needs_box2d


@pytest.mark.parametrize("env_kwargs", [{}, {"domain_randomize": True}, {"continuous": False}])
def test_that_both_pictures_of_every_step_are_the_plain_ones(env_kwargs: dict[str, Any]) -> None:
    plain = gymnasium.make("CarRacing-v3", render_mode="rgb_array", **env_kwargs)
    hastened = gymnasium.make("CarRacing-v3", render_mode="rgb_array", **env_kwargs)
    hasten_drawing(hastened)
    plain.action_space.seed(3)
    for seed in (1, 2):
        observed = [env.reset(seed=seed)[0] for env in (plain, hastened)]
        for _ in range(15):
            np.testing.assert_array_equal(observed[0], observed[1])
            seen: list[Any] = [env.render() for env in (plain, hastened)]
            np.testing.assert_array_equal(seen[0], seen[1])
            action = plain.action_space.sample()
            observed = [env.step(action)[0] for env in (plain, hastened)]
    plain.close()
    hastened.close()


@pytest.mark.slow
def test_that_a_long_drive_looks_the_same_however_often_it_is_looked_at() -> None:
    plain, hastened = (gymnasium.make("CarRacing-v3", render_mode="rgb_array", max_episode_steps=400) for _ in "ab")
    hasten_drawing(hastened)
    observed = [env.reset(seed=5)[0] for env in (plain, hastened)]
    for number in range(120):
        np.testing.assert_array_equal(observed[0], observed[1])
        for _ in range((1, 1, 0, 3)[number % 4]):
            seen: list[Any] = [env.render() for env in (plain, hastened)]
            np.testing.assert_array_equal(seen[0], seen[1])
        # On the grass and sideways, with the brakes on and marks on the ground.
        action = np.array([np.sin(number / 9), number % 40 < 30, 0.8 * (number % 40 > 34)], np.float32)
        observed = [env.step(action)[0] for env in (plain, hastened)]
    plain.close()
    hastened.close()


def test_that_pictures_are_the_callers_own_and_outlive_an_end_of_pygame() -> None:
    env = gymnasium.make("CarRacing-v3", render_mode="rgb_array")
    hasten_drawing(env)
    env.reset(seed=1)
    first: Any = env.render()
    before = first.copy()
    for _ in range(3):
        env.step(env.action_space.sample())
        env.render()
    np.testing.assert_array_equal(first, before)
    pygame.quit()
    env.reset(seed=1)
    np.testing.assert_array_equal(env.render(), before)
    env.close()


def test_that_a_road_drawn_again_asks_the_environment_for_no_polygon() -> None:
    env = gymnasium.make("CarRacing-v3", render_mode="rgb_array")
    env.reset(seed=1)
    for _ in range(55):  # for a second it looks at the whole world
        env.step(env.action_space.sample())
    game: Any = env.unwrapped
    drawn: list[object] = []
    original = game._draw_colored_polygon

    def counted(*arguments: Any, **named: Any) -> None:
        drawn.append(arguments)
        original(*arguments, **named)

    game._draw_colored_polygon = counted
    hasten_drawing(env)
    env.step(env.action_space.sample())
    first = len(drawn)
    env.render()
    assert 0 < first < 300, "of some 700 polygons"
    assert len(drawn) == first
    env.close()


def test_that_an_environment_built_otherwise_is_left_alone() -> None:
    env = gymnasium.make("LunarLander-v3", render_mode="rgb_array")
    before = set(vars(env.unwrapped))
    hasten_drawing(env)
    assert set(vars(env.unwrapped)) == before
    env.close()
