"""Drawings of a training: grids, graphs and text of the episodes whose pictures are wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gymnasium as gym
from gymnasium import spaces

import gym_gui
from gym_gui.wrappers import RecordTelemetry

if TYPE_CHECKING:
    from pathlib import Path


class Saying(gym.Env[Any, Any]):
    """Draws itself as text; *breaks_at* says at which step it cannot."""

    metadata = {"render_modes": ["ansi"]}  # noqa: RUF012 - Gymnasium's own way

    def __init__(self, breaks_at: int = -1) -> None:
        self.observation_space, self.action_space = spaces.Discrete(9), spaces.Discrete(2)
        self.render_mode = "ansi"
        self._breaks_at = breaks_at
        self._at = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        super().reset(seed=seed, options=options)
        self._at = 0
        return 0, {}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        del action
        self._at += 1
        return self._at, 0.0, self._at == 3, False, {}

    def render(self) -> str:
        if self._at == self._breaks_at:
            raise ValueError("no words")
        return f"I am at {self._at}."


def play(env: gym.Env[Any, Any], episodes: int) -> None:
    for number in range(episodes):
        env.reset(seed=number)
        done = False
        while not done:
            _, _, terminated, truncated, _ = env.step(1)
            done = terminated or truncated
    env.close()


def views(var_dir: Path) -> list[list[Any]]:
    with gym_gui.open_library(var_dir) as library:
        return [[record.view for record in episode.records] for episode in library.runs[0].episodes]


def test_that_a_grid_is_recorded_of_the_episodes_whose_pictures_are_wanted(var_dir: Path) -> None:
    lake = gym.make("FrozenLake-v1", is_slippery=False)
    play(RecordTelemetry(lake, run="lake", frames="every:2", var_dir=var_dir), 3)
    first, second, third = views(var_dir)
    assert [view["agents"][0]["row"] for view in first] == [0, 1, 2, 3]
    assert first[0]["cells"][3][3] == "G"
    assert third == first
    assert set(second) == {None}


def test_that_an_environment_that_draws_itself_as_text_is_recorded_as_text(var_dir: Path) -> None:
    play(RecordTelemetry(Saying(), run="saying", var_dir=var_dir), 1)
    assert views(var_dir) == [[{"kind": "text", "text": f"I am at {step}."} for step in range(4)]]


def test_that_a_drawing_that_fails_costs_the_training_nothing(var_dir: Path) -> None:
    play(RecordTelemetry(Saying(breaks_at=2), run="breaking", var_dir=var_dir), 2)
    assert [[view and view["text"] for view in episode] for episode in views(var_dir)] == [
        ["I am at 0.", "I am at 1.", None, None],
        [None] * 4,
    ]


def test_that_no_pictures_are_no_drawings(var_dir: Path) -> None:
    play(RecordTelemetry(Saying(), run="quiet", frames="none", var_dir=var_dir), 1)
    assert views(var_dir) == [[None] * 4]
