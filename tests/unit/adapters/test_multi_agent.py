"""Several agents in one world: a row each, a return each, and one episode that they share."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from unit.adapters.guests import Guests
from unit.adapters.pursuit import Pursuit

from gym_gui.adapters.multi_agent import EVERYBODY, MultiAgentStepper, make_multi_agent_run, run_spaces
from gym_gui.config.settings import Settings, load_settings
from gym_gui.controllers.replay_columns import append_rows, empty_columns
from gym_gui.core.data_model import EpisodeStatus, RunState
from gym_gui.core.errors import EnvironmentUnusableError, InvalidActionError, InvariantError, SchemaMismatchError
from gym_gui.core.schema.run_spaces import RunSpaces
from gym_gui.recording.export.job import ExportJob, Progressing
from gym_gui.recording.export.pictures import pictures
from gym_gui.recording.export.request import ExportRequest
from gym_gui.recording.export.run import open_source
from gym_gui.recording.export.selection import select
from gym_gui.services.bootstrap import open_services
from gym_gui.services.telemetry_schema import SchemaMode, SchemaValidator

if TYPE_CHECKING:
    from pathlib import Path

    from gym_gui.core.data_model import RunRecord, StepRecord

CHASE = {"sheep": 1, "wolf_0": 1, "wolf_1": 0}


def opened() -> tuple[Pursuit, MultiAgentStepper]:
    env = Pursuit()
    return env, MultiAgentStepper(env, make_multi_agent_run(env, "Pursuit-v0", player="script"))


def test_that_every_agent_has_its_own_row_reward_and_rollup() -> None:
    _, stepper = opened()
    first = stepper.reset(seed=1)
    assert [(row.agent_id, row.step_index, row.action, row.reward) for row in first] == [
        ("sheep", 0, None, None),
        ("wolf_0", 0, None, None),
        ("wolf_1", 0, None, None),
    ]
    rows = []
    while stepper.acting:
        rows = stepper.step(CHASE)
    caught_at = rows[0].step_index
    assert caught_at == first[1].info["place"] + first[0].info["place"]
    assert {row.agent_id: (row.reward, row.terminated, row.action) for row in rows} == {
        "sheep": (-0.01, True, 1),
        "wolf_0": (0.99, True, 1),
        "wolf_1": (-0.01, True, 0),
    }
    final = stepper.finish()
    assert final.agent_id == EVERYBODY
    assert final.status is EpisodeStatus.COMPLETED
    assert final.terminated
    own = stepper.rollups
    assert own["wolf_0"].total_reward == pytest.approx(1 - 0.01 * caught_at)
    assert own["sheep"].total_reward == pytest.approx(-0.01 * caught_at)
    assert final.total_reward == sum(one.total_reward for one in own.values())
    assert final.metadata["agents"]["wolf_0"] == {
        "steps": caught_at,
        "return": own["wolf_0"].total_reward,
        "terminated": True,
        "truncated": False,
    }
    assert stepper.finish() is final
    with pytest.raises(InvariantError):
        stepper.step(CHASE)


def test_that_rows_own_their_arrays() -> None:
    env, stepper = opened()
    rows = stepper.reset(seed=1)
    before = rows[0].observation.copy()
    stepper.step(CHASE)
    assert np.array_equal(rows[0].observation, before)
    assert not np.array_equal(env.view, before)


@pytest.mark.parametrize("actions", [{"sheep": 1}, {**CHASE, "wolf_1": 2}])
def test_that_a_missing_or_wrong_action_touches_nothing(actions: dict[str, Any]) -> None:
    env, stepper = opened()
    stepper.reset(seed=1)
    before = dict(env.places)
    with pytest.raises(InvalidActionError):
        stepper.step(actions)
    assert env.places == before
    assert stepper.rollup.steps == 0


def test_that_what_has_no_parallel_interface_is_refused() -> None:
    with pytest.raises(EnvironmentUnusableError, match="has no possible_agents"):
        make_multi_agent_run(object(), "Thing-v0", player="x")  # type: ignore[arg-type]  # that is the point


def test_that_each_agent_is_checked_against_the_spaces_that_the_run_describes() -> None:
    env, stepper = opened()
    run = make_multi_agent_run(env, "Pursuit-v0", player="script")
    for spaces in (None, RunSpaces(by_agent=run_spaces(env))):
        validator = SchemaValidator(SchemaMode.STRICT)
        validator.begin_run(run, spaces)
        rows = [*stepper.reset(seed=1), *stepper.step(CHASE)]
        for row in rows:
            validator.check(replace(row, run_id=run.run_id, space_signature=None))
        with pytest.raises(SchemaMismatchError, match="action outside"):
            validator.check(replace(rows[-1], run_id=run.run_id, action=2, space_signature=None))


def test_that_the_rows_of_all_agents_come_back_from_disk_and_are_checked_against_their_own_spaces(
    var_dir: Path,
) -> None:
    env = Pursuit()
    run = make_multi_agent_run(env, "Pursuit-v0", player="script")
    stepper = MultiAgentStepper(env, run)
    with open_services(Settings(var_dir=var_dir)) as services:
        telemetry = services.telemetry
        telemetry.start_run(run)  # which describes the spaces of each agent
        told = stepper.reset(seed=3)
        telemetry.record_episode_start(stepper.rollup)
        while stepper.acting:
            told += stepper.step(CHASE)
        for row in told:
            telemetry.record_step(row)
        telemetry.complete_episode(stepper.finish())
        assert telemetry.schema_counts(run.run_id).sentence() == f"v1: {len(told)} steps, no mismatch"
        telemetry.end_run(run.run_id, RunState.COMPLETED)
        telemetry.flush()
        rollup = services.store.get_episode(run.run_id)
        found = services.store.load_steps(run.run_id, rollup.episode_id)
        assert rollup.total_reward == stepper.rollup.total_reward
        assert rollup.metadata["agents"].keys() == {"sheep", "wolf_0", "wolf_1"}
        by_place = {(row.step_index, row.agent_id): row for row in found}
        assert len(by_place) == len(found) == len(told)
        for row in told:
            back = by_place[row.step_index, row.agent_id]
            assert (back.action, back.reward, back.terminated) == (row.action, row.reward, row.terminated)
            assert back.obs_ref is not None
            assert np.array_equal(services.resolver.require(back.obs_ref), row.observation)
        columns = append_rows(empty_columns(run.run_id), found)
        assert len(columns) == told[-1].step_index + 1
        assert (columns.frame_indices >= 0).all(), "whichever agent's row holds the picture, the step shows it"


def visited(order: str = "abc") -> tuple[MultiAgentStepper, list[StepRecord]]:
    """An episode whose agents come and go."""
    env = Guests(order)
    stepper = MultiAgentStepper(env, make_multi_agent_run(env, "Guests-v0", player="script"))
    rows = stepper.reset(seed=1)
    while stepper.acting:
        rows += stepper.step(dict.fromkeys(stepper.acting, 1))
    return stepper, rows


# Step -> the agents' rewards together.
SUMS = [0, 1.5, 2 * 1.25, 3 * 1.25, 4 * 0.75, 5 * 0.75, 6 * 0.75, 7 * 0.75, 8 * 0.75]


@pytest.mark.parametrize("order", ["abc", "cba"])
def test_that_a_step_of_several_agents_is_their_sum_in_the_player(order: str) -> None:
    stepper, rows = visited(order)
    early, late = [row for row in rows if row.step_index < 3], [row for row in rows if row.step_index >= 3]
    columns = append_rows(append_rows(empty_columns("run"), early), late)
    assert columns.rewards[1:].tolist() == SUMS[1:]
    assert columns.returns.tolist() == np.cumsum(SUMS).tolist()
    assert columns.returns[-1] == stepper.finish().total_reward
    assert np.flatnonzero(columns.flags).tolist() == [8], "that b left ended nothing"
    assert [(one.agent_id, one.action, one.reward, one.total_reward) for one in columns.agents[3]] == [
        ("a", 1, 3.0, 6.0),
        ("b", 1, 1.5, 3.0),
        ("c", 1, -0.75, -1.25),
    ]
    assert [one.terminated for one in columns.agents[3]] == [False, True, False]
    assert [one.action for one in columns.agents[2]] == [1, 1, None]


def test_that_nan_counts_as_nothing_in_a_sum_and_one_agent_is_left_as_it_is() -> None:
    _, rows = visited()
    odd = [replace(row, reward=np.nan) if row.agent_id == "a" and row.step_index in {1, 4} else row for row in rows]
    columns = append_rows(empty_columns("run"), odd)
    assert columns.rewards[1] == 0.5
    assert columns.rewards[4] == -1.0
    alone = append_rows(empty_columns("run"), [row for row in odd if row.agent_id == "a"])
    assert np.isnan(alone.rewards[4])
    assert set(alone.agents) == {()}
    assert alone.actions[1] == 1


def record_guests(home: Path, *, backend: str = "split", order: str = "abc") -> RunRecord:
    """Record one episode of agents that come and go."""
    env = Guests(order)
    run = make_multi_agent_run(env, "Guests-v0", player="script")
    stepper = MultiAgentStepper(env, run)
    settings = load_settings(var_dir=home, overrides=[f"record={backend}"])
    with open_services(settings) as services:
        telemetry = services.telemetry
        telemetry.start_run(run, spaces=RunSpaces(by_agent=run_spaces(env)))
        rows = stepper.reset(seed=1)
        telemetry.record_episode_start(stepper.rollup)
        while stepper.acting:
            rows += stepper.step(dict.fromkeys(stepper.acting, 1))
        for row in rows:
            telemetry.record_step(row)
        telemetry.complete_episode(stepper.finish())
        telemetry.end_run(run.run_id, RunState.COMPLETED)
        telemetry.flush()
    return run


def test_that_pictures_tell_the_sums_of_their_steps(tmp_path: Path) -> None:
    run = record_guests(tmp_path / "var", order="cba")
    for start in (0, 3):
        request = ExportRequest(run_id=run.run_id, output=tmp_path / "out.png", format="png", start=start)
        with open_source(tmp_path / "var", run.run_id) as source:
            job = ExportJob(source, select(source.rows, request), request.options, Progressing(), target=request.output)
            found = list(pictures(job))
        assert [one.reward for one in found] == [None, *SUMS[1:]][start:]
        assert [one.total for one in found] == np.cumsum(SUMS).tolist()[start:]
        assert found[-1].action == {"a": 1, "c": 1}


def test_that_an_agent_that_comes_in_needs_no_action_and_later_ones_do() -> None:
    env = Guests()
    run = make_multi_agent_run(env, "Guests-v0", player="script")
    stepper = MultiAgentStepper(env, run)
    validator = SchemaValidator(SchemaMode.STRICT)
    validator.begin_run(run, RunSpaces(by_agent=run_spaces(env)))
    for seed in range(2):
        rows = stepper.reset(seed=seed)
        while stepper.acting:
            rows += stepper.step(dict.fromkeys(stepper.acting, 1))
        stepper.finish()
        for row in rows:
            validator.check(row)
    assert validator.counts(run.run_id).mismatches == {}
    last = next(row for row in rows if row.step_index == 5 and row.agent_id == "c")
    episode = stepper.reset(seed=3)[0].episode_id
    for step_index in (2, 3):
        row = replace(last, episode_id=episode, step_index=step_index, action=None)
        if step_index == 2:
            validator.check(row)
            continue
        with pytest.raises(SchemaMismatchError, match="no action"):
            validator.check(row)
