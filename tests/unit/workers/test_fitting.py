"""What an algorithm cannot learn is told before it is loaded, in one sentence that names what could."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from gymnasium import spaces

from gym_gui.core.errors import ConfigError, EnvironmentUnusableError, UnknownEnvironmentError
from gym_gui.services.trainer.config import TrainingConfig
from gym_gui.services.trainer.judging import RunJudge
from gym_gui.services.trainer.value_ranges import ALGORITHMS
from gym_gui.workers.algorithms import algorithm_class, missing_learners
from gym_gui.workers.fitting import check_fit, check_spaces

if TYPE_CHECKING:
    from pathlib import Path

NUMBERS = spaces.Box(-1.0, 1.0, (2,))
ACTIONS = {
    "Box": NUMBERS,
    "Discrete": spaces.Discrete(3),
    "MultiDiscrete": spaces.MultiDiscrete([2, 3]),
    "MultiBinary": spaces.MultiBinary(4),
}


def run(algorithm: str = "PPO", env_id: str = "CartPole-v1", **changes: Any) -> TrainingConfig:
    return TrainingConfig(worker="sb3", env_id=env_id, algorithm=algorithm, **changes)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("kind", ACTIONS)
def test_that_what_is_let_pass_is_what_the_algorithm_itself_takes(algorithm: str, kind: str) -> None:
    """The table that is looked at beforehand says what the installed learner does."""
    if missing_learners():
        pytest.skip("the learners are not installed")
    import gymnasium  # noqa: PLC0415 - only where there are learners
    from stable_baselines3.common.vec_env import DummyVecEnv  # noqa: PLC0415 - likewise, and three seconds

    class World(gymnasium.Env[Any, Any]):
        observation_space = NUMBERS
        action_space = ACTIONS[kind]

    def taken() -> bool:
        try:
            algorithm_class(algorithm)("MlpPolicy", DummyVecEnv([World]))
        except AssertionError:
            return False
        return True

    def passed() -> bool:
        try:
            check_spaces(run(algorithm), NUMBERS, ACTIONS[kind])
        except ConfigError:
            return False
        return True

    assert passed() == taken()


def test_that_the_sentence_names_what_could_learn_it() -> None:
    with pytest.raises(ConfigError) as refused:
        check_fit(run("SAC"))
    assert str(refused.value) == (
        "SAC cannot learn CartPole-v1: its actions are Discrete(2), and SAC needs numbers (Box). "
        "Choose PPO, DQN or A2C."
    )


def test_that_an_environment_that_is_not_here_is_wrong_usage_with_near_matches() -> None:
    with pytest.raises(UnknownEnvironmentError, match=r"no environment 'CartPol-v1'\. Did you mean CartPole-v1"):
        check_fit(run(env_id="CartPol-v1"))
    with pytest.raises(EnvironmentUnusableError, match="has no option 'wheels'"):
        check_fit(run(env_kwargs={"wheels": 3}))


@pytest.mark.parametrize(
    "observed", [spaces.Tuple([NUMBERS]), spaces.Text(3), spaces.Dict({"a": NUMBERS, "b": spaces.Dict({"c": NUMBERS})})]
)
def test_that_observations_that_no_policy_takes_are_refused(observed: spaces.Space[Any]) -> None:
    with pytest.raises(ConfigError, match="no policy here takes in"):
        check_spaces(run(), observed, ACTIONS["Discrete"])


def test_that_a_policy_that_does_not_suit_the_observations_is_refused() -> None:
    named = spaces.Dict({"a": NUMBERS})
    check_spaces(run(policy="MultiInputPolicy"), named, ACTIONS["Discrete"])
    for policy, observed in (("MultiInputPolicy", NUMBERS), ("MlpPolicy", named)):
        with pytest.raises(ConfigError, match="does not suit"):
            check_spaces(run(policy=policy), observed, ACTIONS["Discrete"])


def test_that_a_random_policy_plays_whatever_there_is_and_a_script_is_not_looked_at() -> None:
    check_fit(TrainingConfig(worker="random", env_id="Blackjack-v1"))
    check_fit(TrainingConfig(worker="script", env_id="NoSuch-v1", script="train.py"))


def test_that_a_process_of_its_own_says_the_same() -> None:
    with RunJudge() as judge:
        assert not judge.misfit_of(TrainingConfig(worker="random", env_id="CartPole-v1"))
        assert "Did you mean CartPole-v1" in judge.misfit_of(TrainingConfig(worker="random", env_id="CartPol-v1"))


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("import os; os.kill(os.getpid(), 11)", "CartPole-v1 ended the process that made it (signal 11)."),
        ("import time; time.sleep(60)", ""),
        ("raise SystemExit(1)", ""),
    ],
    ids=["dies", "hangs", "fault-of-ours"],
)
def test_that_an_environment_that_dies_is_named_and_what_nobody_knows_is_not_said(does: str, said: str) -> None:
    with RunJudge((sys.executable, "-c", does), patience_s=1.0) as judge:
        assert judge.misfit_of(run()) == said


def test_that_what_is_judged_while_its_judge_closes_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    """A window that closes waits for nobody, and leaves nobody behind."""
    os.mkfifo(tmp_path / "begun")
    # Both the environment's process and one that it started have the other end of the pipe.
    does = (
        f"import subprocess, sys, time; begun = open({str(tmp_path / 'begun')!r}, 'wb', buffering=0)\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], pass_fds=[begun.fileno()])\n"
        "begun.write(b'.'); time.sleep(600)"
    )
    judge, told = RunJudge((sys.executable, "-c", does), patience_s=600.0), list[str]()
    waiting = threading.Thread(target=lambda: told.append(judge.misfit_of(run())))
    waiting.start()
    with (tmp_path / "begun").open("rb", buffering=0) as begun:
        assert begun.read(1) == b"."
        judge.close()
        waiting.join()
        assert not begun.read(1)  # nobody has the other end any more
    assert told == [""]
    assert not judge.misfit_of(run())
