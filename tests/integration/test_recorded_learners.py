"""Learners: Stable-Baselines3, TensorBoard's event files, Ray; each as its own users write it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import gymnasium as gym
import numpy as np
import pytest

import gym_gui
from gym_gui.config.settings import load_settings
from gym_gui.core.data_model import RunState
from gym_gui.services.bootstrap import Archive, open_archive
from gym_gui.wrappers.scalar_run import ScalarRun

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import LogExpectations

sb3 = pytest.importorskip("stable_baselines3", reason="Stable-Baselines3 is not installed")


@pytest.fixture
def summary_writer() -> Any:
    return pytest.importorskip("torch.utils.tensorboard", reason="TensorBoard is not installed").SummaryWriter


def archive(var_dir: Path) -> Archive:
    return open_archive(load_settings(var_dir))


def scalars(found: Archive, run_id: str) -> list[tuple[str, int, float]]:
    columns, _ = found.library.load_scalars(run_id)
    return [
        (columns.names[name], int(step), float(value))
        for name, step, value in zip(columns.name, columns.step, columns.value, strict=True)
    ]


def learn(env: Any, **options: Any) -> None:
    from gym_gui.wrappers.sb3 import TelemetryCallback  # noqa: PLC0415 - needs Stable-Baselines3

    model = sb3.PPO("MlpPolicy", env, n_steps=32, batch_size=32, n_epochs=1, device="cpu", seed=1)
    model.learn(96, callback=TelemetryCallback("ppo", **options))


def test_that_stable_baselines_is_recorded_with_what_it_logs(var_dir: Path) -> None:
    from stable_baselines3.common.monitor import Monitor  # noqa: PLC0415 - needs Stable-Baselines3
    from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize  # noqa: PLC0415 - same

    env = VecNormalize(DummyVecEnv([lambda: Monitor(gym_gui.RecordTelemetry(gym.make("CartPole-v1"), run="ppo"))]))
    learn(env)
    env.close()
    with archive(var_dir) as found:
        (summary,) = found.library.list_runs()
        assert (summary.steps, summary.state) == (96, RunState.COMPLETED)
        names = {name for name, _, _ in scalars(found, "ppo")}
        assert {"rollout/ep_rew_mean", "train/loss", "time/fps"} <= names


def test_that_recording_changes_nothing_of_what_is_learnt() -> None:
    def weights(*, record: bool) -> Any:
        env: Any = gym.make("CartPole-v1", render_mode="rgb_array")
        if record:
            env = gym_gui.RecordTelemetry(env, run="ppo", frames="every:2")
        model = sb3.PPO("MlpPolicy", env, n_steps=32, batch_size=32, n_epochs=1, device="cpu", seed=1)
        model.learn(96)
        model.get_env().close()
        return np.concatenate([value.numpy().ravel() for value in model.policy.state_dict().values()])

    assert np.array_equal(weights(record=False), weights(record=True))


def test_that_a_learner_whose_environments_are_elsewhere_has_a_run_in_their_group(var_dir: Path) -> None:
    with ScalarRun("far") as learner:
        learner.log(3, {"loss": 0.5, "kl": float("nan")})
        assert learner.flush(10)
        assert learner.run_id == "far"
    with archive(var_dir) as found:
        told = scalars(found, "far")
        assert told[0] == ("loss", 3, 0.5)
        assert told[1][0] == "kl"
        assert np.isnan(told[1][2])
        assert found.library.get_run("far").metadata["group"] == "far"


def test_that_event_files_are_followed_without_repeating_anything(
    var_dir: Path, tmp_path: Path, summary_writer: Any
) -> None:
    from gym_gui.wrappers.tensorboard import follow  # noqa: PLC0415 - needs TensorBoard

    folder = tmp_path / "events"
    with follow(folder, "board", look_s=60) as follower:
        writer = summary_writer(str(folder))
        writer.add_scalar("loss", 0.5, 1)
        writer.add_text("words", "are no numbers", 1)
        writer.flush()
        assert follower.look() == 1
        writer.add_scalar("loss", 0.25, 2)
        writer.flush()
        other = summary_writer(str(folder / "eval"))
        other.add_scalar("return", 7, 2)
        other.close()
        assert follower.look() == 2
        assert follower.look() == 0
    writer.add_scalar("loss", 0.125, 3)
    writer.close()
    with follow(folder, "board", look_s=60):
        pass
    with archive(var_dir) as found:
        assert sorted(scalars(found, "board")) == [("eval/return", 2, 7.0), ("loss", 1, 0.5), ("loss", 2, 0.25)]
        assert scalars(found, "board-2") == [("loss", 3, 0.125)]


def test_that_what_nobody_takes_is_taken_later_and_one_unreadable_file_hides_no_other(
    tmp_path: Path, summary_writer: Any, expect_log: LogExpectations
) -> None:
    from gym_gui.wrappers.tensorboard import follow  # noqa: PLC0415 - needs TensorBoard

    expect_log(logging.WARNING, "Scalars are let go")
    folder, var_dir = tmp_path / "events", tmp_path / "taken"
    var_dir.write_text("a file where a folder is to be")
    writer = summary_writer(str(folder))
    (folder / "a_tfevents").mkdir()
    with follow(folder, "board", var_dir=str(var_dir), look_s=60) as follower:
        writer.add_scalar("loss", 0.5, 1)
        writer.flush()
        assert follower.look() == 0
        var_dir.unlink()
        writer.add_scalar("loss", 0.25, 2)
        writer.close()
        assert follower.look() == 2
    with archive(var_dir) as found:
        assert scalars(found, "board") == [("loss", 1, 0.5), ("loss", 2, 0.25)]


def test_that_a_cleanrl_style_loop_is_recorded(var_dir: Path, summary_writer: Any, tmp_path: Path) -> None:
    def make() -> Any:
        return gym.wrappers.RecordEpisodeStatistics(gym.make("CartPole-v1"))

    envs = gym_gui.RecordTelemetry(gym.vector.SyncVectorEnv([make] * 2), run="clean", frames="none")
    writer = summary_writer(str(tmp_path / "events"))
    envs.reset(seed=1)
    for step in range(50):
        _, _, _, _, infos = envs.step(envs.action_space.sample())
        if "episode" in infos:
            writer.add_scalar("charts/episodic_return", float(infos["episode"]["r"].max()), step)
        gym_gui.log(step, sps=step)
    writer.close()
    envs.close()
    with archive(var_dir) as found:
        assert found.library.list_runs()[0].frames == 0
        assert len(scalars(found, "clean")) == 50


@pytest.mark.slow
def test_that_ray_workers_record_in_one_group(var_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ray = pytest.importorskip("ray", reason="Ray is not installed")
    monkeypatch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    ray.init(num_cpus=2, include_dashboard=False, logging_level=logging.CRITICAL, log_to_driver=False)
    try:

        def work() -> str | None:
            env = gym_gui.RecordTelemetry(gym.make("CartPole-v1"), run="ray", frames="none", var_dir=str(var_dir))
            env.reset(seed=1)
            env.step(1)
            name: str | None = env.run_id
            env.close()
            return name

        task = ray.remote(num_cpus=1)(work)
        names = ray.get([task.remote() for _ in range(2)], timeout=100)
    finally:
        ray.shutdown()
    with archive(var_dir) as found:
        assert {summary.run.run_id for summary in found.library.list_runs()} == set(names)
        assert {summary.steps for summary in found.library.list_runs()} == {1}
