"""Episodes as records: rows, totals, endings."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from contract.odd_envs import ScriptedEnv

import gym_gui
from gym_gui.adapters.catalog import make_adapter
from gym_gui.adapters.stepper import EpisodeStepper, make_run_record
from gym_gui.core.data_model import EpisodeStatus, FrameState
from gym_gui.core.errors import EnvironmentRaisedError, InvalidActionError, InvariantError
from gym_gui.core.refs import is_run_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gym_gui.core.data_model import StepRecord

    Opener = Callable[..., EpisodeStepper]


@pytest.fixture
def opened() -> Iterator[Opener]:
    adapters = []

    def open_stepper(env_id: str = "odd/Plain-v0", **kwargs: Any) -> EpisodeStepper:
        adapter = make_adapter(env_id, env_kwargs=kwargs)
        adapters.append(adapter)
        return EpisodeStepper(adapter, make_run_record(adapter, player="random"))

    yield open_stepper
    for adapter in adapters:
        adapter.close()


def play_into(records: list[StepRecord], stepper: EpisodeStepper) -> None:
    records.append(stepper.reset(seed=9))
    while len(records) < 6:
        records.append(stepper.step(1))


def test_that_an_episode_of_n_actions_has_n_plus_one_rows(opened: Opener) -> None:
    stepper = opened()
    rows = [stepper.reset(seed=4)]
    while not rows[-1].done:
        rows.append(stepper.step(len(rows) % 3))
    rollup = stepper.finish()
    assert [row.step_index for row in rows] == list(range(13))
    assert (rows[0].action, rows[0].reward) == (None, None)
    assert [row.action for row in rows[1:]] == [index % 3 for index in range(1, 13)]
    assert all(row.frame is not None and row.frame_state is FrameState.KEPT for row in rows)
    assert all(row.timestamp.utcoffset() == timedelta(0) for row in rows)
    assert (rollup.steps, rollup.frames, rollup.status) == (12, 13, EpisodeStatus.COMPLETED)
    assert rollup.total_reward == sum(row.reward or 0.0 for row in rows)
    assert (rollup.terminated, rollup.truncated, rollup.seed) == (True, False, 4)
    assert rollup.started_at == rows[0].timestamp
    assert rollup.ended_at is not None
    assert {row.episode_id for row in rows} == {rollup.episode_id}


def test_that_episodes_have_ids_and_places_of_their_own(opened: Opener) -> None:
    stepper = opened()
    rollups = []
    for seed in (10, 11, 12):
        stepper.reset(seed=seed, options={"level": seed})
        stepper.step(0)
        assert stepper.rollup.status is EpisodeStatus.RUNNING
        rollups.append(stepper.finish())
    assert [rollup.episode_index for rollup in rollups] == [0, 1, 2]
    assert [rollup.episode_id for rollup in rollups] == ["ep-000000", "ep-000001", "ep-000002"]
    assert [rollup.seed for rollup in rollups] == [10, 11, 12]
    assert rollups[2].options == {"level": 12}
    assert all(rollup.status is EpisodeStatus.ABANDONED and rollup.steps == 1 for rollup in rollups)
    assert stepper.reset(seed=1, episode_index=40).episode_id == "ep-000040"


def test_that_steps_need_an_open_episode(opened: Opener) -> None:
    stepper = opened(max_episode_steps=1)
    with pytest.raises(InvariantError):
        stepper.step(0)
    with pytest.raises(InvariantError):
        _ = stepper.rollup
    stepper.reset(seed=1)
    assert stepper.step(0).truncated
    with pytest.raises(InvariantError):
        stepper.step(0)
    final = stepper.finish()
    assert (final.truncated, final.steps) == (True, 1)
    assert stepper.finish() == stepper.rollup == final
    with pytest.raises(InvariantError):
        stepper.step(0)


@pytest.mark.parametrize(("phase", "rows"), [("reset", 0), ("step", 3), ("render", 3)])
def test_that_what_came_before_a_fault_is_kept(opened: Opener, phase: str, rows: int) -> None:
    stepper = opened("odd/Raising-v0", phase=phase, at=0 if phase == "reset" else 3)
    records: list[StepRecord] = []
    with pytest.raises(EnvironmentRaisedError) as raised:
        play_into(records, stepper)
    rollup = stepper.finish(EpisodeStatus.FAULTED, fault=raised.value.message)
    assert len(records) == rows
    assert (rollup.steps, rollup.frames, rollup.seed) == (max(rows - 1, 0), rows, 9)
    assert rollup.status is EpisodeStatus.FAULTED
    assert phase in (rollup.fault or "")


def test_that_a_refused_action_changes_nothing(opened: Opener) -> None:
    stepper = opened()
    stepper.reset(seed=1)
    with pytest.raises(InvalidActionError):
        stepper.step("left")
    assert stepper.step(0).step_index == 1


def test_that_the_action_is_recorded_as_the_environment_got_it(opened: Opener) -> None:
    stepper = opened("odd/BufferReuse-v0")
    stepper.reset(seed=1)
    row = stepper.step([0.5, 1])
    assert row.action.dtype == np.float32
    assert row.action.tolist() == [0.5, 1]
    assert row.reward == 0.5


def test_that_a_nan_reward_is_kept(opened: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    stepper = opened("odd/Scripted-v0")
    monkeypatch.setattr(ScriptedEnv, "answer", (0, float("nan"), False, False, {}))
    stepper.reset(seed=1)
    assert np.isnan(stepper.step(0).reward or 0)
    assert np.isnan(stepper.rollup.total_reward)


def test_that_pictures_that_could_not_be_used_are_said(opened: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    stepper = opened("odd/Scripted-v0")
    monkeypatch.setattr(ScriptedEnv, "pictures", [np.zeros((2, 2, 3), np.uint8), None])
    stepper.reset(seed=1)
    row = stepper.step(0)
    assert (row.frame, row.frame_state) == (None, FrameState.NONE)
    assert stepper.finish().metadata == {"unusable_frames": 1, "frame_note": "render() gave no picture."}
    stepper.reset(seed=2)
    assert stepper.finish().metadata == {}


def test_that_a_run_record_holds_what_trust_needs() -> None:
    adapter = make_adapter("ALE/Breakout-v5", human=True)
    run = make_run_record(adapter, player="human", metadata={"note": "x"})
    about = adapter.description
    adapter.close()
    assert is_run_id(run.run_id)
    assert "breakout" in run.run_id
    assert (run.env_id, run.env_kwargs, run.player) == ("ALE/Breakout-v5", about.env_kwargs, "human")
    assert json.loads(run.env_spec or "")["kwargs"]["frameskip"] == 1
    assert run.versions.keys() >= {"python", "gymnasium", "numpy", "ale-py"}
    assert run.rom_sha256 == about.rom_sha256
    assert run.app_version == gym_gui.__version__
    assert run.host
    assert run.metadata["note"] == "x"
    assert run.space_signature == about.space_signature
