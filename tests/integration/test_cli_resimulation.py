"""What the JSON says is enough to play an episode again, with plain Gymnasium and nothing of ours, frame for frame."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from integration.command_line import VISITORS, answer
from needs import HAS_BOX2D, needs_box2d

from gym_gui.replay import FrameResolver

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

# Environment, and what `record` is told beside it.
RECORDINGS = {
    "sticky": ("ALE/Breakout-v5", ["--steps", "150"]),
    "human": ("ALE/MsPacman-v5", ["--steps", "80", "--as-human"]),
    "racing": ("CarRacing-v3", ["--steps", "25"]),
    "lander": ("LunarLander-v3", ["--steps", "150", "-k", "continuous=true", "-k", "enable_wind=true"]),
    "lake": ("FrozenLake-v1", ["--episodes", "3"]),
    "taxi": ("Taxi-v4", ["--steps", "60"]),
    "dict observation": ("visiting_envs:DictObservation-v0", ["--episodes", "2"]),
    "multi-discrete": ("visiting_envs:MultiDiscreteAction-v0", ["--episodes", "2", "-k", "scale=0.7"]),
    "dict action": ("visiting_envs:DictAction-v0", ["--episodes", "2"]),
    "tuple action": ("visiting_envs:TupleAction-v0", ["--episodes", "2"]),
}
OF_BOX2D = ("racing", "lander")


@dataclass(frozen=True)
class Library:
    """All recordings in one var folder."""

    var_dir: Path
    runs: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    var_dir = tmp_path_factory.mktemp("resimulation") / "var"
    made = {
        name: answer("record", env_id, "--seed", "11", *options, var_dir=var_dir)["run_id"]
        for name, (env_id, options) in RECORDINGS.items()
        if HAS_BOX2D or name not in OF_BOX2D
    }
    listed = {run["run_id"]: run for run in answer("runs", var_dir=var_dir)}
    return Library(var_dir, {name: listed[run_id] for name, run_id in made.items()})


def action_from(told: Any, space: gymnasium.Space[Any]) -> Any:
    """An action as JSON tells it, in the form that its space has."""
    if isinstance(space, spaces.Dict):
        return {key: action_from(told[key], part) for key, part in space.spaces.items()}
    if isinstance(space, spaces.Tuple):
        return tuple(action_from(one, part) for one, part in zip(told, space.spaces, strict=True))
    return told if isinstance(space, spaces.Discrete) else np.array(told, dtype=space.dtype)


def played_again(
    env: gymnasium.Env[Any, Any], seed: int, steps: list[dict[str, Any]]
) -> list[tuple[Any, float | None, bool, bool]]:
    """Frame, reward and flags of every step."""
    env.reset(seed=seed)
    outcome: list[tuple[Any, float | None, bool, bool]] = [(env.render(), None, False, False)]
    for step in steps[1:]:
        _, reward, terminated, truncated, _ = env.step(action_from(step["action"], env.action_space))
        outcome.append((env.render(), float(reward), bool(terminated), bool(truncated)))
    return outcome


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=needs_box2d) if name in OF_BOX2D else name for name in RECORDINGS]
)
def test_that_seed_and_actions_reproduce_an_episode(
    library: Library, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(VISITORS)
    run = library.runs[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # other people's environments, and Gymnasium's checker of them
        import ale_py  # noqa: PLC0415 - loud when imported

        gymnasium.register_envs(ale_py)
        env = gymnasium.make(run["env_id"], render_mode="rgb_array", **run["env_kwargs"])
        try:
            compare(library, run, env)
        finally:
            env.close()


def compare(library: Library, run: dict[str, Any], env: gymnasium.Env[Any, Any]) -> None:
    episodes = answer("episodes", run["run_id"], var_dir=library.var_dir)
    assert len(episodes) == run["episodes"] > 0
    with FrameResolver(library.var_dir / "replay") as resolver:
        for episode in episodes:
            steps = answer("steps", run["run_id"], episode["episode_id"], var_dir=library.var_dir)
            assert len(steps) == episode["steps"] + 1 > 1
            again = played_again(env, episode["seed"], steps)
            for step, (frame, reward, terminated, truncated) in zip(steps, again, strict=True):
                where = f"step {step['step_index']} of {episode['episode_id']}"
                # Exactly: a reward is a float64 on its whole way.
                assert (reward, terminated, truncated) == (step["reward"], step["terminated"], step["truncated"]), where
                np.testing.assert_array_equal(resolver.require(step["frame_ref"]), frame, where)


def test_that_each_episode_has_a_seed_of_its_own(library: Library) -> None:
    episodes = answer("episodes", library.runs["lake"]["run_id"], var_dir=library.var_dir)
    assert sorted(episode["seed"] for episode in episodes) == [11, 12, 13]


def test_that_a_reward_without_a_short_form_is_kept_to_the_last_bit(library: Library) -> None:
    steps = answer("steps", library.runs["multi-discrete"]["run_id"], "0", var_dir=library.var_dir)
    rewards = [step["reward"] for step in steps[1:]]
    assert any(reward != float(np.float32(reward)) for reward in rewards)
    (first,) = (
        episode
        for episode in answer("episodes", library.runs["multi-discrete"]["run_id"], var_dir=library.var_dir)
        if episode["index"] == 0
    )
    assert first["return"] == sum(rewards)
