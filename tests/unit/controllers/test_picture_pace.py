"""A picture that is old by choice is told as that, and never where nobody knows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from live_runs import make_run

from gym_gui.controllers.live_source import LiveWorker
from gym_gui.controllers.picture_pace import ordinal, pace_of
from gym_gui.services.trainer.config import EvaluationConfig, TrainingConfig
from gym_gui.services.trainer.run_store import RunProgress

WHICH = "every 100th episode has pictures"


@pytest.mark.parametrize(
    ("frames", "num_envs", "episodes", "told"),
    [
        ("every:100", 1, 263, (f"{WHICH} · next in about 37 episodes", "next in about 37 episodes")),
        ("every:100", 8, 8 * 199 + 3, (f"{WHICH} · next in about 8 episodes", "next in about 8 episodes")),
        ("every:100", 1, 299, (f"{WHICH} · next in about 1 episode", "next in about 1 episode")),
        ("every:100", 1, 300, (WHICH,)),
        ("every:1", 1, 3, ()),
        ("all", 1, 3, ()),
        ("best", 1, 3, ()),
        ("none", 1, 3, ()),
        ("", 1, 3, ()),
    ],
)
def test_that_the_next_picture_is_told(frames: str, num_envs: int, episodes: int, told: tuple[str, ...]) -> None:
    config = TrainingConfig(num_envs=num_envs)
    run = make_run(1, frames=frames, config=config, progress=RunProgress(episodes=episodes))
    assert pace_of(run, evaluation=False) == told


def test_that_processes_of_a_script_count_for_themselves_and_evaluations_by_steps() -> None:
    run = make_run(1, frames="every:10", progress=RunProgress(steps=12_500, episodes=5))
    assert pace_of(run, evaluation=False)[-1] == "next in about 5 episodes"
    workers = tuple(LiveWorker(worker_id=name) for name in ("w0", "w1"))
    assert pace_of(replace(run, workers=workers), evaluation=False)[-1] == "next in about 16 episodes"
    assert pace_of(run, evaluation=True) == ()
    judged = replace(run, config=TrainingConfig(evaluation=EvaluationConfig(every_steps=10_000)))
    assert pace_of(judged, evaluation=True)[0] == "evaluated every 10,000 steps · next in about 7,500 steps"


def test_that_ordinals_are_english() -> None:
    assert [ordinal(n) for n in (2, 3, 11, 21, 113, 1_000)] == ["2nd", "3rd", "11th", "21st", "113th", "1,000th"]
