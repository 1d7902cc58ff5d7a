"""The worker ``sb3``: learns, obeys orders, keeps checkpoints, goes on from one, and lets a person take control."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from worker_streams import PlainStreams, place_in

from gym_gui.core.data_model import RunState
from gym_gui.services.trainer.config import CheckpointConfig, EvaluationConfig, TrainingConfig
from gym_gui.workers.session import work
from gym_gui.workers.stopping import StopRequest

if TYPE_CHECKING:
    from pathlib import Path

TINY_PPO = {"n_steps": 32, "batch_size": 32, "n_epochs": 1, "policy_kwargs": {"net_arch": [8]}}
TINY_OFF_POLICY = {"buffer_size": 500, "learning_starts": 20, "batch_size": 8, "policy_kwargs": {"net_arch": [8]}}


def ppo(**changes: Any) -> TrainingConfig:
    settings: dict[str, Any] = {
        "worker": "sb3",
        "env_id": "CartPole-v1",
        "algorithm": "PPO",
        "total_steps": 128,
        "seed": 7,
        "frames": "none",
        "hyperparameters": TINY_PPO,
    }
    return TrainingConfig(**{**settings, **changes})


def worked(folder: Path, config: TrainingConfig, streams: PlainStreams, resume_from: Path | None = None) -> Any:
    return work(place_in(folder, config, resume_from=resume_from), streams, StopRequest())


def test_that_a_run_ends_with_its_steps_done_and_a_checkpoint(tmp_path: Path) -> None:
    streams = PlainStreams()
    outcome = worked(tmp_path, ppo(), streams)
    assert (outcome.state, outcome.steps) == ("completed", 128)
    assert outcome.checkpoint == str(tmp_path / "checkpoints" / "step-000000000128.zip")
    assert streams.ended == [(RunState.COMPLETED, "All 128 steps are done.")]
    assert len(streams.trained.actions) == 128


@pytest.mark.parametrize(
    ("algorithm", "env_id", "hyperparameters"),
    [
        ("A2C", "CartPole-v1", {"policy_kwargs": {"net_arch": [8], "activation_fn": "Tanh"}}),
        ("DQN", "CartPole-v1", {**TINY_OFF_POLICY, "train_freq": [1, "episode"]}),
        ("SAC", "Pendulum-v1", TINY_OFF_POLICY),
        ("TD3", "Pendulum-v1", {**TINY_OFF_POLICY, "action_noise": "normal_0.1"}),
    ],
)
def test_that_each_algorithm_learns(
    tmp_path: Path, algorithm: str, env_id: str, hyperparameters: dict[str, Any]
) -> None:
    config = ppo(algorithm=algorithm, env_id=env_id, total_steps=60, hyperparameters=hyperparameters)
    outcome = worked(tmp_path, config, PlainStreams())
    assert outcome.state == "completed"
    assert outcome.steps >= 60


def test_that_the_same_seed_does_the_same_again(tmp_path: Path) -> None:
    runs = []
    for name, seed in (("one", 7), ("two", 7), ("three", 8)):
        streams = PlainStreams()
        worked(tmp_path / name, ppo(seed=seed, num_envs=2, total_steps=192), streams)
        runs.append((streams.trained.actions, streams.curve("train/loss")))
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_that_the_learners_numbers_are_logged_at_its_steps(tmp_path: Path) -> None:
    streams = PlainStreams()
    worked(tmp_path, ppo(), streams)
    assert [step for step, _ in streams.curve("train/loss")] == [64, 96, 128, 128]
    assert streams.curve("rollout/ep_rew_mean")


def test_that_evaluations_play_the_same_seeds_and_the_best_is_kept(tmp_path: Path) -> None:
    streams = PlainStreams()
    config = ppo(total_steps=96, evaluation=EvaluationConfig(every_steps=40, episodes=2, seed=500))
    worked(tmp_path, config, streams)
    assert [step for step, _ in streams.curve("eval/mean_return")] == [40, 80, 96]
    assert streams.evaluated.seeds == [500, 501] * 3
    assert set(streams.evaluated.actors) == {"policy"}
    assert (tmp_path / "checkpoints" / "best.zip").is_file()


def test_that_the_newest_checkpoints_are_kept(tmp_path: Path) -> None:
    worked(tmp_path, ppo(total_steps=160, checkpoint=CheckpointConfig(every_steps=32, keep=2)), PlainStreams())
    names = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    assert names == ["step-000000000128.zip", "step-000000000160.zip"]


def test_that_a_stopped_run_goes_on_where_it_was(tmp_path: Path) -> None:
    streams = PlainStreams()
    schedule = {**TINY_PPO, "learning_rate": "lin_1e-3"}
    config = ppo(total_steps=100_000, hyperparameters=schedule)
    streams.destination.on_heartbeat = lambda steps, _phase: streams.destination.order("stop") if steps > 64 else None
    stopped = worked(tmp_path / "first", config, streams)
    assert stopped.state == "cancelled"
    assert 64 < stopped.steps < 100_000

    going_on = PlainStreams()
    config = ppo(total_steps=stopped.steps + 64, hyperparameters=schedule)
    done = worked(tmp_path / "second", config, going_on, tmp_path / "first" / "checkpoints" / _name(stopped.steps))
    assert done.state == "completed"
    assert stopped.steps + 64 <= done.steps < stopped.steps + 128
    rates = [rate for _, rate in going_on.curve("train/learning_rate")]
    assert rates[0] == pytest.approx(1e-3 * 32 / (stopped.steps + 64))  # where the schedule was, not where it began


def test_that_a_learners_memory_goes_on_too(tmp_path: Path) -> None:
    config = ppo(
        algorithm="DQN",
        total_steps=60,
        hyperparameters=TINY_OFF_POLICY,
        checkpoint=CheckpointConfig(every_steps=30, keep=3, replay_memory=True),
    )
    done = worked(tmp_path, config, PlainStreams())
    memories = [path.name for path in (tmp_path / "checkpoints").glob("*.buffer")]
    assert memories == ["step-000000000060.buffer"]  # only the newest is worth its size

    from stable_baselines3.common.vec_env import DummyVecEnv  # noqa: PLC0415 - same

    from gym_gui.workers.learner import load_learner  # noqa: PLC0415 - loads the learners
    from gym_gui.workers.making import TrainingEnvironment  # noqa: PLC0415 - same

    envs = DummyVecEnv([TrainingEnvironment(config, PlainStreams())])
    learner = load_learner(config, tmp_path / "checkpoints" / _name(done.steps), envs, seed=7)
    assert learner.replay_buffer.pos == 60
    assert learner.replay_buffer.actions[:60].any()
    envs.close()


def test_that_a_checkpoint_of_something_else_is_refused(tmp_path: Path) -> None:
    worked(tmp_path, ppo(total_steps=32), PlainStreams())
    config = ppo(env_id="MountainCar-v0")
    outcome = worked(tmp_path / "other", config, PlainStreams(), tmp_path / "checkpoints" / _name(32))
    assert outcome.state == "failed"
    assert "cannot go on from this checkpoint" in outcome.reason


def test_that_orders_are_obeyed_between_steps_and_answered(tmp_path: Path) -> None:
    streams = PlainStreams()
    inbox = streams.destination
    script = [("pause",), ("resume",), ("checkpoint",), ("evaluate",), ("dance",)]
    inbox.on_heartbeat = lambda _steps, _phase: inbox.order(*script.pop(0)) if script else None
    # As many steps as it takes for five looks at the orders.
    config = ppo(total_steps=4_096, evaluation=EvaluationConfig(episodes=1))
    assert worked(tmp_path, config, streams).state == "completed"
    assert [(kind, outcome) for kind, outcome, _ in inbox.answers] == [
        ("pause", "done"),
        ("resume", "done"),
        ("checkpoint", "done"),
        ("evaluate", "done"),
        ("dance", "refused"),
    ]
    assert "paused" in {phase for _, phase in inbox.beats}
    assert len(streams.curve("eval/mean_return")) == 1
    assert len(list((tmp_path / "checkpoints").glob("step-*.zip"))) == 2


def test_that_a_person_takes_control_and_the_recording_says_so(tmp_path: Path) -> None:
    streams = PlainStreams()
    inbox = streams.destination
    config = ppo(total_steps=2_048, evaluation=EvaluationConfig(episodes=1, seed=900))
    acted: list[int] = []

    def person(_steps: int, phase: str) -> None:
        humans = [action for action, actor in zip(*_seen(streams), strict=True) if actor == "human"]
        if phase != "evaluating" and not acted:
            acted.append(0)
            inbox.order("act", action=1)  # too early: nobody holds the controls
            inbox.order("take-control", hz=200, idle=0)
        elif phase == "evaluating" and len(acted) == 1 and humans:
            acted.append(1)
            inbox.order("act", action=7)  # CartPole knows no such action
            inbox.order("act", action=1)
        elif len(acted) == 2 and 1 in humans:
            acted.append(2)
            inbox.order("hand-back")

    inbox.on_heartbeat = person
    assert worked(tmp_path, config, streams).state == "completed"
    assert [(kind, outcome) for kind, outcome, _ in inbox.answers] == [
        ("act", "refused"),
        ("take-control", "done"),
        ("act", "refused"),
        ("act", "done"),
        ("hand-back", "done"),
    ]
    actions, actors = _seen(streams)
    humans = [int(action) for action, actor in zip(actions, actors, strict=True) if actor == "human"]
    assert humans == sorted(humans)  # 0 until the person did 1
    assert set(humans) == {0, 1}
    assert not streams.curve("eval/mean_return")  # a person's episode says nothing about the policy


def test_that_wrong_hyperparameters_fail_in_one_sentence(tmp_path: Path) -> None:
    outcome = worked(tmp_path, ppo(hyperparameters={"gamma_ray": 1}), PlainStreams())
    assert outcome.state == "failed"
    assert outcome.reason.startswith("PPO has no hyper-parameter 'gamma_ray'. It has ")


def _name(steps: int) -> str:
    return f"step-{steps:012d}.zip"


def _seen(streams: PlainStreams) -> tuple[list[Any], list[str | None]]:
    return streams.evaluated.actions, streams.evaluated.actors
