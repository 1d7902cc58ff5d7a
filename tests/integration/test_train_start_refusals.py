"""`gym-gui train start` refuses what could only fail later: at once, in one sentence, and starts nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from integration.command_line import gym_gui

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("NoSuch-v1",), "There is no environment 'NoSuch-v1'."),
        (
            ("breakout",),
            "There is no environment 'breakout'. As a preset there is breakout-ppo",
        ),
        (("NoSuch-v1", "--algorithm", "random"), "There is no environment 'NoSuch-v1'."),
        (("CartPole-v1", "--algorithm", "SAC"), "SAC cannot learn CartPole-v1: its actions are Discrete(2)"),
        (("cartpole-ppo", "--set", "num_envs=0"), "num_envs is a whole number of at least 1, not 0."),
        (
            ("cartpole-ppo", "--set", "learning_rate=fast"),
            "learning_rate is a number above 0, or lin_ and one, not fast.",
        ),
        (("cartpole-ppo", "--frames", "some"), "frames='some' is not known."),
        (("cartpole-ppo", "--set", "gamma=7"), "gamma is a number from 0 to 1, not 7."),
        (("cartpole-ppo", "--set", "policy=MlpPolcy"), "There is no policy 'MlpPolcy'. Did you mean MlpPolicy"),
        (("cartpole-ppo", "--set", "algorithm=ddqn"), "There is no algorithm 'ddqn'. Did you mean DQN?"),
        (("pendulum-sac", "--set", "env_id=CartPole-v1"), "SAC cannot learn CartPole-v1"),
    ],
)
def test_that_what_no_worker_could_do_is_wrong_usage(words: tuple[str, ...], told: str, var_dir: Path) -> None:
    found = gym_gui("train", "start", *words, var_dir=var_dir)
    assert (found.code, found.stdout) == (2, ""), found.stderr
    assert found.sentence.startswith(f"gym-gui: {told}")
    assert not (var_dir / "logs").exists()  # no trainer was started for it


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"import gym_gui\nfor step in range(3)\n    pass\n", "expected ':' (line 2)"),
        (b"\x7fELF\x00\x01", "source code string cannot contain null bytes"),
    ],
    ids=["mistyped", "binary"],
)
def test_that_a_script_that_is_no_python_is_told_before_it_starts(
    text: bytes, why: str, var_dir: Path, tmp_path: Path
) -> None:
    script = tmp_path / "own.py"
    script.write_bytes(text)
    found = gym_gui("train", "start", "--script", str(script), var_dir=var_dir)
    assert (found.code, found.stdout) == (2, ""), found.stderr
    assert found.sentence == f"gym-gui: The script {script} is no Python that can run here: {why}."
    assert not (var_dir / "logs").exists()


def test_that_a_preset_beside_a_script_is_not_dropped_in_silence(var_dir: Path, tmp_path: Path) -> None:
    script = tmp_path / "own.py"
    script.touch()
    found = gym_gui("train", "start", "cartpole-ppo", "--script", str(script), "--dry-run", var_dir=var_dir)
    assert found.code == 2
    assert "Name the preset cartpole-ppo or a --script" in found.sentence
    # Behind -- it is an argument of the script's, whatever it is called.
    words = ("--dry-run", "--script", str(script), "--", "cartpole-ppo", "--seed", "3")
    found = gym_gui("train", "start", *words, GYM_GUI_VAR_DIR=str(var_dir))
    assert (found.code, found.stdout.strip().rpartition(" -- ")[2]) == (0, "cartpole-ppo --seed 3")


@pytest.mark.parametrize("words", [("Nope",), ("CartPole-v1", "more")])
def test_that_a_word_before_the_script_s_own_is_not_taken_for_one(
    words: tuple[str, ...], var_dir: Path, tmp_path: Path
) -> None:
    script = tmp_path / "own.py"
    script.touch()
    found = gym_gui("train", "start", *words, "--script", str(script), "--dry-run", var_dir=var_dir)
    assert (found.code, found.stdout) == (2, "")
    assert f"'{words[0]}' is not for a --script to learn: arguments of the script follow --." in found.sentence
