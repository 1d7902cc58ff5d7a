"""Runs from words: presets, environments and changes by name; and the command that says the same again."""

from __future__ import annotations

import shlex

import pytest
from click.testing import CliRunner

from gym_gui.cli.main import gym_gui_command
from gym_gui.core.errors import ConfigError
from gym_gui.services.trainer.config import TrainingConfig
from gym_gui.services.trainer.value_ranges import ALGORITHMS, HYPERPARAMETERS
from gym_gui.workers.composing import changed, command_line, pair, starting_config
from gym_gui.workers.forms import form_of
from gym_gui.workers.presets import PRESETS


def test_that_names_lead_to_settings_and_hyperparameters() -> None:
    config = changed(
        starting_config("cartpole-ppo"),
        dict(
            map(
                pair, ["learning_rate=lin_3e-4", "evaluation.episodes=2", "tags.team=red", "policy_kwargs.net_arch=[8]"]
            )
        ),
    )
    assert config.hyperparameters["learning_rate"] == "lin_3e-4"
    assert config.hyperparameters["policy_kwargs"] == {"net_arch": [8]}
    assert config.hyperparameters["n_steps"] == PRESETS["cartpole-ppo"].config.hyperparameters["n_steps"]
    assert config.evaluation.episodes == 2
    assert config.tags == {"team": "red"}


def test_that_an_environment_is_learnt_with_ppo_unless_told_otherwise() -> None:
    assert starting_config("Acrobot-v1").algorithm == "PPO"
    assert starting_config("Acrobot-v1", algorithm="DQN").algorithm == "DQN"
    assert starting_config("Acrobot-v1", algorithm="random").worker == "random"
    assert starting_config("ALE/Pong-v5").atari


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("learning_rat", 1, "Did you mean learning_rate"),
        ("evaluation.episode", 1, "Did you mean evaluation.episodes"),
        ("total_steps", "many", "cannot be read"),
        ("name.first", 1, "nothing within"),
        ("num_envs", 0, "num_envs is a whole number of at least 1, not 0"),
        ("total_steps", 0, "total_steps is a whole number of at least 1"),
        ("vectorization", "both", "sync or async"),
        ("evaluation.episodes", 0, "at least 1"),
        ("gamma", 7, "gamma is a number from 0 to 1, not 7"),
        ("gae_lambda", -0.1, "from 0 to 1"),
        ("learning_rate", "fast", "learning_rate is a number above 0, or lin_ and one, not fast"),
        ("learning_rate", 0, "above 0"),
        ("n_steps", 2.5, "n_steps is a whole number"),
        ("n_epochs", True, "n_epochs is a whole number"),
        ("use_sde", "maybe", "true or false"),
    ],
)
def test_that_wrong_names_and_values_are_refused(name: str, value: object, hint: str) -> None:
    with pytest.raises(ConfigError, match=hint):
        changed(starting_config("cartpole-ppo"), {name: value})


def test_that_every_number_and_switch_of_a_form_has_its_range() -> None:
    kinds = {"int", "float", "schedule", "bool"}
    for algorithm in ALGORITHMS:
        for field in form_of(algorithm):
            # `ent_coef` may be a word to one of them.
            if field.kind in kinds and field.name != "ent_coef":
                allowed = HYPERPARAMETERS[field.name]
                assert allowed.kind == field.kind
                assert field.default is None or allowed.holds(field.default)


@pytest.mark.parametrize(
    "config",
    [
        *(preset.config for preset in PRESETS.values()),
        changed(starting_config("lunarlander-ppo"), {"seed": 4, "learning_rate": None, "env_kwargs.gravity": -5.0}),
        changed(starting_config("Acrobot-v1", algorithm="DQN"), {"num_envs": 2, "tags": {"why": "it's a test"}}),
        changed(starting_config("Acrobot-v1", algorithm="random"), {"name": "7", "tags": {"number": "7"}}),
        TrainingConfig(worker="script", script=__file__, arguments=("--lr", "1e-3", "two words"), total_steps=0),
    ],
)
def test_that_the_command_starts_the_same_run(config: TrainingConfig) -> None:
    words = shlex.split(command_line(config))
    assert words[:3] == ["gym-gui", "train", "start"]
    assert typed(words) == config


def test_that_what_has_an_option_of_its_own_is_written_with_it() -> None:
    config = changed(
        starting_config("cartpole-ppo"),
        {"total_steps": 500, "seed": 3, "num_envs": 2, "frames": "none", "name": "my run"},
    )
    assert command_line(config, resume_from="cartpole-1") == (
        "gym-gui train start cartpole-ppo --steps 500 --seed 3 --num-envs 2 --frames none --name 'my run' "
        "--resume-from cartpole-1"
    )


def typed(words: list[str]) -> TrainingConfig:
    """What the command line makes of these words."""
    answer = CliRunner().invoke(
        gym_gui_command, [*words[1:3], "--dry-run", "--json", *words[3:]], obj=None, standalone_mode=False
    )
    assert answer.exception is None, answer.exception
    return TrainingConfig.from_json(answer.stdout)


def test_that_a_preset_keeps_its_algorithm() -> None:
    with pytest.raises(ConfigError, match="CartPole-v1 with --algorithm SAC"):
        starting_config("cartpole-ppo", algorithm="SAC")
