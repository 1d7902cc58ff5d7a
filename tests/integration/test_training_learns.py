"""Presets learn: CartPole is solved, by the preset as it stands, in a worker's own process."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from worker_streams import PlainStreams, place_in

from gym_gui.services.trainer.config import EvaluationConfig
from gym_gui.workers.presets import preset_of
from gym_gui.workers.session import work
from gym_gui.workers.stopping import StopRequest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = pytest.mark.slow


class StopsWhenSolved(PlainStreams):
    """Asks the worker to stop once an evaluation says that the task is learnt."""

    def __init__(self, stop: StopRequest, solved_at: float) -> None:
        super().__init__()
        self._stop = stop
        self._solved_at = solved_at

    def log(self, step: int, values: Mapping[str, float]) -> None:
        super().log(step, values)
        if values.get("eval/mean_return", self._solved_at - 1) >= self._solved_at:
            self._stop.make("It is solved.")


def test_that_the_cartpole_preset_is_solved(tmp_path: Path) -> None:
    preset = preset_of("cartpole-ppo")
    assert preset.solved_at == 475.0
    stop = StopRequest()
    streams = StopsWhenSolved(stop, preset.solved_at)
    # Twenty episodes, so that luck does not pass for learning.
    evaluation = EvaluationConfig(every_steps=preset.config.evaluation.every_steps, episodes=20)
    config = replace(preset.config, seed=1, frames="none", evaluation=evaluation)
    outcome = work(place_in(tmp_path, config), streams, stop)
    assert outcome.reason == "It is solved.", streams.curve("eval/mean_return")
    assert outcome.steps <= config.total_steps
    assert streams.curve("eval/mean_return")[-1][1] >= 475.0
