"""Presets: runs to start from, with settings that suit their task; ``benchmarks/learning.py`` measures them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gym_gui.core.errors import ConfigError
from gym_gui.services.trainer.config import CheckpointConfig, EvaluationConfig, ResourceConfig, TrainingConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A run to start from.

    Attributes:
        name: As it is typed.
        title: One line for a person.
        config: The run.
        solved_at: Mean return of an evaluation from which on the task counts as learnt; None where it has no such mark.
    """

    name: str
    title: str
    config: TrainingConfig
    solved_at: float | None = None


_CARTPOLE_PPO: Final = Preset(
    name="cartpole-ppo",
    title="CartPole with PPO: balances for good, a minute alone on two cores.",
    solved_at=475.0,
    config=TrainingConfig(
        worker="sb3",
        env_id="CartPole-v1",
        total_steps=50_000,
        num_envs=8,
        algorithm="PPO",
        policy="MlpPolicy",
        hyperparameters={
            "n_steps": 32,
            "batch_size": 256,
            "n_epochs": 20,
            "gae_lambda": 0.8,
            "gamma": 0.98,
            "learning_rate": "lin_1e-3",
            "clip_range": "lin_0.2",
            "device": "cpu",
        },
        frames="every:20",
        evaluation=EvaluationConfig(every_steps=10_000, episodes=5),
        checkpoint=CheckpointConfig(every_steps=10_000),
    ),
)

_CARTPOLE_DQN: Final = Preset(
    name="cartpole-dqn",
    title="CartPole with DQN: values instead of a policy, balances within a minute.",
    solved_at=475.0,
    config=TrainingConfig(
        worker="sb3",
        env_id="CartPole-v1",
        total_steps=50_000,
        algorithm="DQN",
        policy="MlpPolicy",
        hyperparameters={
            "learning_rate": 2.3e-3,
            "batch_size": 64,
            "buffer_size": 100_000,
            "learning_starts": 1_000,
            "gamma": 0.99,
            "target_update_interval": 10,
            "train_freq": 256,
            "gradient_steps": 128,
            "exploration_fraction": 0.16,
            "exploration_final_eps": 0.04,
            "policy_kwargs": {"net_arch": [256, 256]},
            "device": "cpu",
        },
        frames="every:20",
        evaluation=EvaluationConfig(every_steps=5_000, episodes=5),
        checkpoint=CheckpointConfig(every_steps=10_000, replay_memory=True),
    ),
)

_LUNARLANDER_PPO: Final = Preset(
    name="lunarlander-ppo",
    title="LunarLander with PPO: lands between the flags.",
    solved_at=200.0,
    config=TrainingConfig(
        worker="sb3",
        env_id="LunarLander-v3",
        total_steps=1_000_000,
        num_envs=16,
        algorithm="PPO",
        policy="MlpPolicy",
        hyperparameters={
            "n_steps": 512,
            "batch_size": 256,
            "n_epochs": 4,
            "gae_lambda": 0.98,
            "gamma": 0.999,
            "ent_coef": 0.01,
            "learning_rate": "lin_1e-3",
            "device": "cpu",
        },
        frames="every:100",
        evaluation=EvaluationConfig(every_steps=50_000, episodes=10),
        checkpoint=CheckpointConfig(every_steps=100_000),
    ),
)

_PENDULUM_SAC: Final = Preset(
    name="pendulum-sac",
    title="Pendulum with SAC: a torque that is no either-or, upright within a minute.",
    solved_at=-200.0,
    config=TrainingConfig(
        worker="sb3",
        env_id="Pendulum-v1",
        total_steps=20_000,
        algorithm="SAC",
        policy="MlpPolicy",
        hyperparameters={
            "learning_rate": 1e-3,
            "buffer_size": 50_000,
            "policy_kwargs": {"net_arch": [64, 64]},
            "device": "cpu",
        },
        frames="every:10",
        evaluation=EvaluationConfig(every_steps=2_000, episodes=5),
        checkpoint=CheckpointConfig(every_steps=5_000, replay_memory=True),
    ),
)

_BREAKOUT_PPO: Final = Preset(
    name="breakout-ppo",
    title="Breakout with PPO from pixels: as fast as the machine is; a night on two cores.",
    config=TrainingConfig(
        worker="sb3",
        env_id="ALE/Breakout-v5",
        total_steps=10_000_000,
        num_envs=8,
        algorithm="PPO",
        policy="CnnPolicy",
        atari=True,
        hyperparameters={
            "n_steps": 128,
            "batch_size": 256,
            "n_epochs": 4,
            "ent_coef": 0.01,
            "vf_coef": 0.5,
            "learning_rate": "lin_2.5e-4",
            "clip_range": "lin_0.1",
        },
        frames="every:50",
        evaluation=EvaluationConfig(every_steps=250_000, episodes=3, deterministic=False),
        checkpoint=CheckpointConfig(every_steps=250_000),
        resources=ResourceConfig(cpus=2.0),
    ),
)

_RANDOM: Final = Preset(
    name="breakout-random",
    title="Breakout without learning: shows that everything works here, and how fast.",
    config=TrainingConfig(worker="random", env_id="ALE/Breakout-v5", total_steps=20_000, num_envs=2, frames="all"),
)

PRESETS: Final = {
    preset.name: preset
    for preset in (_CARTPOLE_PPO, _CARTPOLE_DQN, _LUNARLANDER_PPO, _PENDULUM_SAC, _BREAKOUT_PPO, _RANDOM)
}


def preset_of(name: str) -> Preset:
    """The preset of that name.

    Raises:
        ConfigError: there is none.
    """
    if name not in PRESETS:
        raise ConfigError(f"There is no preset {name!r}.", hint=f"Choose one of {', '.join(PRESETS)}.")
    return PRESETS[name]
