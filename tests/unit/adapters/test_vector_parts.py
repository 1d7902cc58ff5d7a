"""What each sub-environment saw and said comes out of a batch as it went in: any space, any info key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from destinations import Destinations
from gymnasium.vector import AutoresetMode as GymnasiumMode
from gymnasium.vector import SyncVectorEnv
from synthetic import run_of
from unit.adapters import odd_parts

from gym_gui.adapters.vector import VectorStepper
from gym_gui.adapters.vector_opening import open_vector
from gym_gui.core.data_model import StepRecord
from gym_gui.core.schema import AutoresetMode
from gym_gui.services.space_checks import compile_check
from gym_gui.wrappers import RecordTelemetry

if TYPE_CHECKING:
    from collections.abc import Iterator

FIXED = (odd_parts.Parts, odd_parts.Hollow, odd_parts.Pair, odd_parts.Number, odd_parts.Either)
SYNC = [("sync", kind) for kind in (*FIXED, odd_parts.Words)]
ASYNC = [
    pytest.param("async", kind, marks=pytest.mark.slow) for kind in (odd_parts.Parts, odd_parts.Pair, odd_parts.Words)
]


def told(kind: type[odd_parts.Parts], mode: AutoresetMode, vectorization: str) -> Iterator[StepRecord]:
    """The records of two, for six steps of the vector."""
    env_id = f"unit.adapters.odd_parts:{kind.__name__}-v0"
    envs = open_vector(env_id, num_envs=2, vectorization=vectorization, autoreset_mode=mode, render=False)
    try:
        stepper = VectorStepper(envs, run_of("run", env_id=env_id), render=False)
        events = stepper.reset(seed=1)
        for _ in range(6):
            if mode is AutoresetMode.DISABLED and stepper.ended.any():
                events += stepper.reset(mask=stepper.ended)
            events += stepper.step(np.array([0, 1]))
    finally:
        envs.close()
    return (event for event in events if isinstance(event, StepRecord))


def alone(kind: type[odd_parts.Parts], number: int) -> odd_parts.Parts:
    env = kind()
    env.number = number
    return env


@pytest.mark.parametrize("mode", list(AutoresetMode))
@pytest.mark.parametrize(("vectorization", "kind"), [*SYNC, *ASYNC])
def test_that_every_row_is_as_it_would_be_alone(
    vectorization: str, kind: type[odd_parts.Parts], mode: AutoresetMode
) -> None:
    check = compile_check(kind.observation_space)
    steps = []
    for record in told(kind, mode, vectorization):
        env = alone(kind, record.step_index)
        assert record.info == env.said()
        np.testing.assert_equal(record.observation, env.seen())
        assert check(record.observation) == ""
        steps.append(record.step_index)
    assert steps.count(odd_parts.LENGTH) == 2


@pytest.mark.parametrize("mode", list(GymnasiumMode))
@pytest.mark.parametrize("kind", FIXED)
def test_that_a_wrapper_records_the_same(
    kind: type[odd_parts.Parts], mode: GymnasiumMode, caplog: pytest.LogCaptureFixture
) -> None:
    made = Destinations()
    envs: Any = SyncVectorEnv([kind, kind], autoreset_mode=mode)
    envs = RecordTelemetry(envs, frames="none", observations=True, make_destination=made)
    envs.reset(seed=1)
    for _ in range(odd_parts.LENGTH):
        envs.step(np.array([0, 1]))
    envs.close()
    rows = made.last.rows()
    assert len([row for row in rows if row["step"] == odd_parts.LENGTH]) == 2
    for row in rows:
        said = json.loads(row["info"])
        assert said == {"7": f"step {row['step']}", "(1, 2)": row["step"], "None": {"3": "three"}}
    assert not caplog.records
