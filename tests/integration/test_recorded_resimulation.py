"""What a script recorded is played again in plain Gymnasium: seeds and actions give the same pictures, bit for bit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec

from gym_gui.config.settings import load_settings
from gym_gui.services.bootstrap import Archive, open_archive
from gym_gui.wrappers import RecordTelemetry

if TYPE_CHECKING:
    from pathlib import Path

    from gym_gui.core.data_model import EpisodeRollup, StepRecord

ENVIRONMENTS = {
    "FrozenLake-v1": {"map_name": "8x8"},
    "CartPole-v1": {},
    "ALE/Breakout-v5": {"frameskip": 3},
    "Pendulum-v1": {"g": 9.0},
}
STEPS = 60


def record(env: Any, seeds: tuple[int | None, ...]) -> None:
    env.action_space.seed(11)
    for seed in seeds:
        env.reset(seed=seed)
        for _ in range(STEPS):
            _, _, terminated, truncated, _ = env.step(env.action_space.sample())
            if terminated or truncated:
                break
    env.close()


def same(found: Archive, row: StepRecord, env: Any, observation: Any) -> None:
    assert row.frame_ref is not None
    assert np.array_equal(found.library.require(row.frame_ref), env.render())
    kept = row.observation if row.obs_ref is None else found.library.require(row.obs_ref)
    assert np.array_equal(kept, observation)


def replay(found: Archive, env: Any, rollup: EpisodeRollup, seed: int | None) -> None:
    first, *rows = found.library.load_steps(rollup.run_id, rollup.episode_id)
    observation, _ = env.reset(seed=seed)
    same(found, first, env, observation)
    for row in rows:
        observation, reward, terminated, truncated, _ = env.step(row.action)
        assert (row.reward, row.terminated, row.truncated) == (float(reward), terminated, truncated)
        same(found, row, env, observation)


@pytest.mark.parametrize(("env_id", "options"), ENVIRONMENTS.items())
def test_that_seeds_and_actions_give_the_same_pictures(var_dir: Path, env_id: str, options: dict[str, Any]) -> None:
    if env_id.startswith("ALE/"):
        import ale_py  # noqa: PLC0415 - registers its games

        gym.register_envs(ale_py)
    record(RecordTelemetry(gym.make(env_id, render_mode="rgb_array", **options), run="again"), (3, 4))
    with open_archive(load_settings(var_dir)) as found:
        run = found.library.get_run("again")
        assert run.env_spec is not None
        assert (run.rom_sha256 is not None) == env_id.startswith("ALE/")
        env = gym.make(EnvSpec.from_json(run.env_spec))
        episodes = found.library.list_episodes("again")
        assert sorted(summary.rollup.seed or 0 for summary in episodes) == [3, 4]
        for summary in episodes:
            replay(found, env, summary.rollup, summary.rollup.seed)
        env.close()


def test_that_an_episode_without_a_seed_is_played_on_from_the_one_before(var_dir: Path) -> None:
    record(RecordTelemetry(gym.make("CartPole-v1", render_mode="rgb_array"), run="again"), (None, None))
    with open_archive(load_settings(var_dir)) as found:
        episodes = [summary.rollup for summary in found.library.list_episodes("again")]
        episodes.sort(key=lambda rollup: rollup.episode_index)
        env = gym.make("CartPole-v1", render_mode="rgb_array")
        replay(found, env, episodes[0], episodes[0].metadata["generator_seed"])
        assert episodes[1].metadata["continues"] == episodes[0].episode_id
        replay(found, env, episodes[1], None)
        env.close()
