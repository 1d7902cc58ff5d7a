"""Environments recorded side by side are the episodes that each would have been alone, on disk too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gym_gui.config.settings import Settings
from gym_gui.controllers.recording import RecordingRequest, record
from gym_gui.controllers.vector_recording import record_vector
from gym_gui.core.data_model import EpisodeStatus
from gym_gui.core.errors import EnvironmentUnusableError
from gym_gui.services.bootstrap import open_services

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gym_gui.core.data_model import EpisodeRollup
    from gym_gui.services.bootstrap import Services


@pytest.fixture
def services(var_dir: Path) -> Iterator[Services]:
    with open_services(Settings(var_dir=var_dir)) as opened:
        yield opened


def rows_of(services: Services, rollup: EpisodeRollup) -> list[tuple[Any, ...]]:
    """What an episode was, pictures and observations resolved."""
    rows = []
    for step in services.store.load_steps(rollup.run_id, rollup.episode_id):
        arrays = [services.resolver.require(ref).tobytes() for ref in (step.frame_ref, step.obs_ref) if ref is not None]
        ends = (step.terminated, step.truncated)
        rows.append((step.step_index, step.action, step.reward, *ends, step.info, *arrays))
    return rows


def rollups(services: Services, run_id: str) -> list[EpisodeRollup]:
    return [one.rollup for one in services.store.list_episodes(run_id)]


def test_that_each_episode_equals_the_one_recorded_alone_with_its_seed(services: Services) -> None:
    request = RecordingRequest(env_id="FrozenLake-v1", episodes=7, seed=20, num_envs=3, autoreset_mode="disabled")
    result = record_vector(services, request)
    assert result.fault == ""
    found = rollups(services, result.run_id)
    complete = [rollup for rollup in found if rollup.status is EpisodeStatus.COMPLETED]
    assert len(complete) >= 7
    assert [rollup.seed for rollup in found] == list(range(20, 20 + len(found)))
    for rollup in complete:
        alone = record(services, RecordingRequest(env_id="FrozenLake-v1", episodes=1, seed=rollup.seed))
        (reference,) = rollups(services, alone.run_id)
        assert rows_of(services, rollup) == rows_of(services, reference)
        assert (rollup.total_reward, rollup.steps) == (reference.total_reward, reference.steps)
        assert (rollup.terminated, rollup.truncated) == (reference.terminated, reference.truncated)


@pytest.mark.parametrize("mode", ["next_step", "same_step", "disabled"])
def test_that_every_stream_is_whole_and_the_run_says_what_it_was(services: Services, mode: str) -> None:
    request = RecordingRequest(env_id="CartPole-v1", episodes=5, seed=5, num_envs=2, autoreset_mode=mode, render=False)
    result = record_vector(services, request)
    run = services.store.get_run(result.run_id)
    assert run.metadata["vector"] == {"num_envs": 2, "vectorization": "sync", "autoreset_mode": mode}
    assert run.metadata["schema"]["text"].endswith("no mismatch")
    found = rollups(services, result.run_id)
    assert [rollup.episode_index for rollup in found] == list(range(len(found)))
    whole = sum(rollup.status is EpisodeStatus.COMPLETED for rollup in found)
    assert whole >= 5
    assert (result.episodes, result.cut_off) == (len(found), len(found) - whole)
    assert sum(rollup.steps for rollup in found) == result.steps
    for rollup in found:
        steps = services.store.load_steps(result.run_id, rollup.episode_id)
        assert [step.step_index for step in steps] == list(range(rollup.steps + 1))
        assert sum(step.reward or 0.0 for step in steps) == rollup.total_reward
        assert [step.done for step in steps] == [False] * rollup.steps + [rollup.status is EpisodeStatus.COMPLETED]
        places = {(step.vector_metadata or {})["vector_index"] for step in steps}
        assert places == {rollup.metadata["vector_index"]}
        assert all(step.obs_ref is not None for step in steps), "the last observation of an episode is its own"


@pytest.mark.parametrize("mode", ["next_step", "same_step", "disabled"])
@pytest.mark.parametrize("episodes", [1, 2, 3, 4])
def test_that_an_episode_that_only_began_with_the_last_step_is_none(
    services: Services, mode: str, episodes: int
) -> None:
    request = RecordingRequest(
        env_id="FrozenLake-v1", episodes=episodes, seed=3, num_envs=3, autoreset_mode=mode, render=False
    )
    result = record_vector(services, request)
    found = rollups(services, result.run_id)
    assert all(rollup.steps for rollup in found)
    assert [rollup.episode_index for rollup in found] == list(range(len(found)))
    assert result.episodes - result.cut_off >= episodes


def test_that_the_last_observation_before_a_reset_is_the_one_that_ended_the_episode(services: Services) -> None:
    request = RecordingRequest(
        env_id="CartPole-v1", episodes=4, seed=1, num_envs=2, autoreset_mode="same_step", render=False
    )
    result = record_vector(services, request)
    for rollup in rollups(services, result.run_id):
        if rollup.terminated:
            last = services.store.load_steps(result.run_id, rollup.episode_id)[-1]
            position, _, angle, _ = services.resolver.require(last.obs_ref or "")
            assert abs(position) > 2.4 or abs(angle) > 12 * np.pi / 180


def test_that_steps_end_a_recording_with_the_step_of_the_vector_that_reaches_them(services: Services) -> None:
    request = RecordingRequest(env_id="CartPole-v1", steps=10, seed=1, num_envs=4, render=False)
    result = record_vector(services, request)
    assert result.steps == 12
    assert {rollup.status for rollup in rollups(services, result.run_id)} == {EpisodeStatus.ABANDONED}


def test_that_a_fault_of_one_ends_the_recording_and_keeps_what_was_before(services: Services) -> None:
    request = RecordingRequest(env_id="integration.visiting_envs:RaisesInStep-v0", steps=100, seed=1, num_envs=2)
    result = record_vector(services, request)
    assert "the bridge is out" in result.fault
    found = rollups(services, result.run_id)
    assert [rollup.status for rollup in found] == [EpisodeStatus.FAULTED] * 2
    assert [rollup.steps for rollup in found] == [5, 5]


def test_that_no_person_plays_several_at_once(services: Services) -> None:
    with pytest.raises(EnvironmentUnusableError, match="by one person"):
        record_vector(services, RecordingRequest(env_id="CartPole-v1", num_envs=2, as_human=True))
