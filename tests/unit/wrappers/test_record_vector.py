"""One line around a vector environment: each sub-environment's episodes, in every autoreset mode."""

from __future__ import annotations

from functools import partial
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from destinations import Destinations
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from small_envs import Counting, Screen
from synthetic import frame_of

from gym_gui.core.data_model import EpisodeStatus
from gym_gui.core.data_model.batch import OBSERVATION_IS_FRAME
from gym_gui.wrappers import RecordTelemetry, RecordTelemetryVector

STEPS = 12


class Fresh(Counting):
    """Gymnasium keeps the last observation by reference: it must not be written to again."""

    def _seen(self) -> Any:
        return super()._seen().copy()


def recorded(mode: AutoresetMode, made: Destinations, lengths: tuple[int, ...] = (2, 3), **options: Any) -> None:
    envs = SyncVectorEnv([partial(Fresh, length) for length in lengths], autoreset_mode=mode)
    recording = gym.wrappers.vector.RecordEpisodeStatistics(
        RecordTelemetry(envs, run="v", make_destination=made, **options)
    )
    recording.reset(seed=5)
    done = np.zeros(len(lengths), np.bool_)
    for number in range(STEPS):
        if mode is AutoresetMode.DISABLED and done.any():
            recording.reset(options={"reset_mask": done})
        _, _, terminated, truncated, _ = recording.step(np.full(len(lengths), number % 2))
        done = np.logical_or(terminated, truncated)
    recording.close()


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_that_each_sub_environment_is_recorded_as_it_would_be_alone(mode: AutoresetMode) -> None:
    made = Destinations()
    recorded(mode, made)
    rows = made.last.rows()
    for index, length in enumerate((2, 3)):
        own = [row for row in rows if row["episode"].startswith(f"env-{index:03d}-")]
        steps = [row["step"] for row in own]
        whole = list(range(length + 1))
        assert steps == (whole * (len(steps) // len(whole) + 1))[: len(steps)]
        for row in own:
            assert row["observation"].tolist() == [row["step"]] * 3
            if row["step"]:
                assert row["reward"] == row["step"]
    ended = [rollup for rollup in made.last.episodes() if rollup.status is EpisodeStatus.COMPLETED]
    assert {rollup.metadata["vector_index"]: rollup.total_reward for rollup in ended} == {0: 3.0, 1: 6.0}


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_that_every_picture_is_its_steps_own(mode: AutoresetMode) -> None:
    made = Destinations()
    recorded(mode, made)
    pictured = [row for row in made.last.rows() if row["frame"] is not None]
    assert all(np.array_equal(row["frame"], frame_of(row["step"])) for row in pictured)
    # Where the next start is shown already, nobody can draw the end.
    missing = [row["step"] for row in made.last.rows() if row["frame"] is None]
    assert set(missing) <= ({2, 3} if mode is AutoresetMode.SAME_STEP else set())


def test_that_seeds_count_up_and_are_given_once() -> None:
    made = Destinations()
    recorded(AutoresetMode.NEXT_STEP, made)
    seeds = {rollup.episode_id: rollup.seed for rollup in made.last.episodes()}
    assert (seeds["env-000-ep-000000"], seeds["env-001-ep-000000"]) == (5, 6)
    assert seeds["env-000-ep-000001"] is None
    later = next(one for one in made.last.episodes() if one.episode_id == "env-000-ep-000001")
    assert later.metadata["continues"] == "env-000-ep-000000"


@pytest.mark.parametrize("frames", ["every:2", "best", "none"])
def test_that_pictures_follow_each_sub_environments_own_count(frames: str) -> None:
    made = Destinations()
    recorded(AutoresetMode.NEXT_STEP, made, frames=frames)
    kept = {row["episode"] for row in made.last.rows() if row["frame"] is not None}
    all_of = {row["episode"] for row in made.last.rows()}
    expected = {
        "every:2": {name for name in all_of if int(name[-6:]) % 2 == 0},
        "best": {"env-000-ep-000000", "env-001-ep-000000"},
        "none": set(),
    }
    assert kept == expected[frames]
    assert len(made.last.rows()) == 2 + 2 * STEPS


def test_that_one_name_serves_both_kinds() -> None:
    envs = SyncVectorEnv([Counting])
    assert isinstance(RecordTelemetry(envs, run="v"), RecordTelemetryVector)
    assert isinstance(RecordTelemetry(Counting(), run="v"), RecordTelemetry)
    envs.close()


def test_that_an_observation_that_is_the_picture_is_stored_once() -> None:
    made = Destinations()
    recording: Any = RecordTelemetry(SyncVectorEnv([Screen, Screen]), run="v", make_destination=made)
    recording.reset(seed=1)
    recording.step(np.array([0, 1]))
    recording.close()
    assert all(row["flags"] & OBSERVATION_IS_FRAME for row in made.last.rows())
    assert made.last.arrays("observations") == {}


def test_that_a_fault_of_one_passes_and_ends_every_episode() -> None:
    made = Destinations()
    inner = Counting()
    envs = SyncVectorEnv([Counting, lambda: inner])
    recording: Any = RecordTelemetry(envs, run="v", make_destination=made)
    recording.reset(seed=1)
    inner.raises = ArithmeticError("no")
    with pytest.raises(ArithmeticError):
        recording.step(np.array([0, 1]))
    recording.close()
    assert [rollup.status for rollup in made.last.episodes()] == [EpisodeStatus.FAULTED] * 2


@pytest.mark.parametrize(("said", "listed"), [(None, "ALE/unknown"), ("ALE/Pong-v5", "ALE/Pong-v5")])
def test_that_ale_s_vector_made_directly_is_listed_as_what_is_known_of_it(said: str | None, listed: str) -> None:
    from ale_py.vector_env import AtariVectorEnv  # noqa: PLC0415 - a third of a second

    made = Destinations()
    envs = RecordTelemetry(AtariVectorEnv("pong", num_envs=2), frames="none", env_id=said, make_destination=made)
    envs.reset(seed=1)
    envs.close()
    assert made.last.run.env_id == listed
    # Whoever can say what it is is believed.
    envs = RecordTelemetry(gym.make_vec("CartPole-v1", 2), frames="none", env_id=said, make_destination=made)
    envs.reset(seed=1)
    envs.close()
    assert made.last.run.env_id == "CartPole-v1"
