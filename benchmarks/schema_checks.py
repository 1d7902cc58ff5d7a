"""What it costs a step to be checked against the schema, on the producer's thread; 10 us are allowed.

The peer is Gymnasium's own ``contains`` for the same action and observation, which checks nothing else.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import make, spaces
from report import answer

from gym_gui.core.clock import utc_now
from gym_gui.core.data_model import RunRecord, StepRecord
from gym_gui.core.schema.run_spaces import RunSpaces
from gym_gui.services.telemetry_schema import SchemaValidator

if TYPE_CHECKING:
    from collections.abc import Callable

CALLS = 2_000
ROUNDS = 9
GRID = {
    "kind": "grid",
    "rows": 8,
    "columns": 8,
    "cells": [["F"] * 8] * 8,
    "legend": {"F": {"label": "ice", "role": "floor"}, "H": {"label": "hole", "role": "hazard"}},
    "agents": [{"row": 1, "column": 1, "label": "you"}],
}
VECTOR = {"autoreset_mode": "same_step", "vector_index": 1, "batch_size": 8}
NESTED = spaces.Dict(
    {
        "camera": spaces.Box(0, 255, (84, 84, 3), np.uint8),
        "joints": spaces.Box(-1, 1, (12,), np.float32),
        "hands": spaces.Tuple((spaces.Discrete(3), spaces.MultiBinary(4))),
    }
)
Case = tuple[spaces.Space[Any], spaces.Space[Any], dict[str, Any]]


def cases() -> dict[str, Case]:
    """Name -> action space, observation space, other fields of the step."""
    return {
        "Atari picture": (spaces.Discrete(18), spaces.Box(0, 255, (210, 160, 3), np.uint8), {}),
        "CartPole": (spaces.Discrete(2), make("CartPole-v1").observation_space, {}),
        "BipedalWalker": (spaces.Box(-1, 1, (4,), np.float32), spaces.Box(-5, 5, (24,), np.float32), {}),
        "float pictures": (spaces.Discrete(4), spaces.Box(0, 1, (4, 84, 84), np.float32), {}),
        "nested Dict": (spaces.Discrete(4), NESTED, {}),
        "8x8 grid view": (spaces.Discrete(4), spaces.Discrete(64), {"view": GRID}),
        "of a vector": (spaces.Discrete(2), make("CartPole-v1").observation_space, {"vector_metadata": VECTOR}),
    }


def best_us(call: Callable[[], object]) -> float:
    """Microseconds of one call, in the best round."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for _ in range(CALLS):
            call()
        times.append(time.perf_counter() - started)
    return round(min(times) / CALLS * 1e6, 2)


def measure(action_space: spaces.Space[Any], observation_space: spaces.Space[Any], more: dict[str, Any]) -> Any:
    """One case."""
    action_space.seed(1)
    observation_space.seed(1)
    action = action_space.sample()
    action = int(action) if isinstance(action_space, spaces.Discrete) else action
    observation = observation_space.sample()
    validator = SchemaValidator()
    run = RunRecord(run_id="r", env_id="e", created_at=utc_now(), space_signature="s")
    validator.begin_run(run, RunSpaces(action=action_space, observation=observation_space))
    step = StepRecord(
        run_id="r",
        episode_id="e",
        step_index=1,
        action=action,
        observation=observation,
        reward=1.0,
        space_signature="s",
        **more,
    )
    checked = best_us(lambda: validator.check(step))
    contained = best_us(lambda: action_space.contains(action) and observation_space.contains(observation))
    if validator.counts("r").total_mismatches:
        raise RuntimeError("a sample is in its space")
    return {"check_us": checked, "gymnasium_contains_us": contained}


def main() -> None:
    """Measure every case."""
    answer("schema_checks", {name: measure(*case) for name, case in cases().items()})


if __name__ == "__main__":
    main()
