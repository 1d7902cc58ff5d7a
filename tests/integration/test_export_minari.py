"""A data set that Minari takes as one of its own: loaded, iterated, its environment recovered and stepped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gymnasium
import minari
import numpy as np
import pytest
from exports import RUN, differences, record, step
from integration.command_line import VISITORS
from minari.data_collector import EpisodeBuffer

from gym_gui.config.settings import Settings
from gym_gui.controllers.exporting import import_into_folder
from gym_gui.controllers.recording import RecordingRequest
from gym_gui.controllers.recording import record as record_game
from gym_gui.core.errors import ExportError
from gym_gui.recording.export import export_run
from gym_gui.recording.export.run import open_source
from gym_gui.services.bootstrap import open_services

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def played(var_dir: Path, env_id: str, **request: Any) -> str:
    """The id of a run that was recorded."""
    with open_services(Settings(var_dir=var_dir)) as services:
        return record_game(services, RecordingRequest(env_id=env_id, seed=3, **request)).run_id


@pytest.mark.parametrize("env_id", ["ALE/Breakout-v5", "CartPole-v1", "Blackjack-v1"])
def test_that_minari_loads_the_data_set_and_its_environment_plays_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, env_id: str
) -> None:
    run_id = played(tmp_path / "var", env_id, steps=40)
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "sets"))
    (tmp_path / "sets" / "mine").mkdir(parents=True)
    result = export_run(tmp_path / "var", run_id, tmp_path / "sets" / "mine" / "random-v0", format="minari")
    assert list(minari.list_local_datasets()) == ["mine/random-v0"]
    dataset = minari.load_dataset("mine/random-v0")
    assert dataset.total_steps + dataset.total_episodes == result.rows
    env = dataset.recover_environment()
    assert env.observation_space == dataset.observation_space
    assert env.action_space == dataset.action_space
    with open_source(tmp_path / "var") as source:
        episodes = [one.rollup for one in source.rows.list_episodes(run_id)]
        seeds = [one["seed"] for one in dataset.storage.get_episode_metadata(range(len(episodes)))]
        assert seeds == [one.seed for one in episodes]
        for rollup, data in zip(episodes, dataset.iterate_episodes(), strict=True):
            steps = source.rows.load_steps(run_id, rollup.episode_id)
            assert data.actions.tolist() == [one.action for one in steps[1:]]
            assert data.rewards.tolist() == [one.reward for one in steps[1:]]
            assert data.terminations.tolist() == [one.terminated for one in steps[1:]]
            observation, _ = env.reset(seed=rollup.seed)
            for place, one in enumerate(steps):
                if place:
                    observation, *_ = env.step(data.actions[place - 1])
                seen = np.array(_row(data.observations, place))
                assert np.array_equal(seen, np.array(observation)), (place, one)
    if env_id.startswith("ALE/"):
        assert data.infos["lives"].tolist() == [one.info["lives"] for one in steps]
        assert any("seeds" in note for note in result.notes)
    left_out = "Minari has no place for: view."
    assert (left_out in result.notes) == (env_id == "Blackjack-v1"), result.notes  # it is drawn as a text
    env.close()


def test_that_a_space_that_minari_does_not_know_is_that_which_the_data_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(VISITORS)
    run_id = played(tmp_path / "var", "visiting_envs:Greeted-v0", episodes=2)
    result = export_run(tmp_path / "var", run_id, tmp_path / "greeted-v0", format="minari")
    assert any("Minari does not know a space" in note for note in result.notes)
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    dataset = minari.load_dataset("greeted-v0")
    assert isinstance(dataset.observation_space, gymnasium.spaces.Dict)
    known = dataset.observation_space["both"], dataset.observation_space["place"].shape
    assert known == (gymnasium.spaces.Discrete(99), (1,))
    assert isinstance(dataset.observation_space["said"], gymnasium.spaces.Text)
    assert dataset[0].observations["said"][:2] == ["good day 0", "good day 1"]


def _row(observations: Any, place: int) -> Any:
    return [part[place] for part in observations] if isinstance(observations, tuple) else observations[place]


def test_that_an_atari_run_comes_back_from_minari_as_it_was(tmp_path: Path) -> None:
    run_id = played(tmp_path / "var", "ALE/Pong-v5", steps=30)
    path = export_run(tmp_path / "var", run_id, tmp_path / "pong-v0", format="minari").output
    taken = import_into_folder(Settings(var_dir=tmp_path / "there"), path)
    assert taken.frames == 31
    assert differences(tmp_path / "var", run_id, tmp_path / "there", run_id) == []


@pytest.mark.filterwarnings("ignore::UserWarning")  # Minari advises to name author, permalink and the like
def test_that_a_data_set_that_minari_wrote_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "sets"))
    env = gymnasium.make("CartPole-v1")
    seen, ends, rewards = [env.reset(seed=11)[0]], [False], 0.0
    while not ends[-1]:
        observation, reward, terminated, _, _ = env.step(1)
        seen.append(observation)
        ends.append(terminated)
        rewards += float(reward)
    count = len(seen) - 1
    buffer = EpisodeBuffer(
        id=None,
        seed=11,
        observations=np.stack(seen),
        actions=np.ones(count, np.int64),
        rewards=[1.0] * count,
        terminations=ends[1:],
        truncations=[False] * count,
        infos={},
    )
    minari.create_dataset_from_buffers("theirs-v0", buffer=[buffer], env=env)
    env.close()
    taken = import_into_folder(Settings(var_dir=tmp_path / "var"), tmp_path / "sets" / "theirs-v0")
    assert taken.env_id == "CartPole-v1"
    with open_source(tmp_path / "var") as source:
        (rollup,) = [one.rollup for one in source.rows.list_episodes(taken.run_id)]
        steps = source.rows.load_steps(taken.run_id, rollup.episode_id)
        assert (rollup.seed, rollup.total_reward, rollup.terminated) == (11, rewards, True)
        assert [one.action for one in steps] == [None, *[1] * int(rewards)]
        first = source.arrays([steps[0].obs_ref])[0]
    expected, _ = gymnasium.make("CartPole-v1").reset(seed=11)
    assert first is not None
    assert np.array_equal(first, expected)


def test_that_a_world_of_several_agents_is_refused_for_its_agents(tmp_path: Path) -> None:
    rows = [step(number, agent_id=agent, observation=1) for number in range(3) for agent in ("fox", "hen")]
    record(tmp_path / "var", [rows], metadata={"agents": ["fox", "hen"]})
    with pytest.raises(ExportError, match=f"Minari knows one agent only, and run {RUN} has several: fox, hen"):
        export_run(tmp_path / "var", RUN, tmp_path / "name-v0", format="minari")
    assert [path.name for path in tmp_path.iterdir()] == ["var"]


def test_that_actions_of_many_forms_are_refused(tmp_path: Path) -> None:
    record(tmp_path / "var", [[step(0, observation=1), step(1, action="a", observation=1), step(2, observation=1)]])
    with pytest.raises(ExportError, match="differ in form"):
        export_run(tmp_path / "var", RUN, tmp_path / "name-v0", format="minari")
    assert [path.name for path in tmp_path.iterdir()] == ["var"]
