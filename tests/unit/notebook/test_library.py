"""Recorded runs as Python objects: what was recorded is what comes back."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np
import pytest
from exports import record as record_steps
from exports import step
from gymnasium import spaces
from gymnasium.envs.registration import EnvSpec
from recordings import Recordings, picture_of, step_of
from small_envs import Counting

import gym_gui
from gym_gui.config.settings import Settings, load_settings
from gym_gui.controllers.multi_agent_recording import record_multi_agent
from gym_gui.controllers.recording import RecordingRequest, record
from gym_gui.core.errors import FrameNotFoundError, RunNotFoundError, StoreError
from gym_gui.services.bootstrap import open_services
from gym_gui.testing.recorder_contract import same

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import LogExpectations

    from gym_gui.notebook import Library, Run


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """Two synthetic runs and one of a real environment."""
    recordings = Recordings(tmp_path)
    recordings.record(40, run_id="long")
    recordings.record(12, run_id="long", episode_index=1, seed=8)
    recordings.record(5, run_id="blind", pictures=False)
    recordings.close()
    with open_services(Settings(var_dir=tmp_path)) as services:
        record(services, RecordingRequest(env_id="CartPole-v1", episodes=3, seed=3))
    with gym_gui.open_library(tmp_path) as opened:
        yield opened


def test_that_a_wrong_setting_keeps_nobody_from_what_was_recorded(tmp_path: Path, expect_log: LogExpectations) -> None:
    recordings = Recordings(tmp_path)
    recordings.record(3, run_id="one")
    recordings.close()
    (tmp_path / "config.yaml").write_text("ui:\n  theme: lihgt\n")
    expect_log(logging.WARNING, "lihgt")
    with gym_gui.open_library(tmp_path) as opened:
        assert [run.run_id for run in opened.runs] == ["one"]


def test_that_a_folder_may_be_named_from_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Recordings(tmp_path / "mine").close()
    monkeypatch.setenv("HOME", str(tmp_path))
    with gym_gui.open_library("~/mine") as opened:
        assert not list(opened.runs)


def test_that_runs_and_episodes_show_themselves_as_tables(library: Library) -> None:
    assert [run.run_id for run in library.runs][1:] == ["blind", "long"]
    assert "CartPole-v1" in repr(library.runs)
    assert repr(library.runs).endswith("3 runs")
    assert "<td>long</td>" in library.runs._repr_html_()
    assert len(library["long"]) == 2
    assert "return" in repr(library["long"].episodes).splitlines()[0]
    assert [episode.index for episode in library["long"][:1]] == [0]
    assert "3 runs" in repr(library)


def test_that_a_library_is_gone_through_run_by_run(library: Library) -> None:
    assert [run.run_id for run in library] == [run.run_id for run in library.runs]
    assert len(library) == len(library.runs) > 0


def test_that_columns_hold_every_row_and_the_reset_row_is_marked(library: Library) -> None:
    episode = library["long"][0]
    steps = episode.steps
    assert steps["step_index"].tolist() == list(range(41))
    assert steps["is_reset"].tolist() == [True] + [False] * 40
    assert steps["reward"].dtype == np.float64
    assert steps["reward"].sum() == pytest.approx(episode.total_reward)
    assert len(episode.actions) == len(episode.rewards) == len(episode) == 40
    assert set(steps) >= {"info", "timestamp", "frame_ref"}
    with pytest.raises(KeyError, match="There is no column 'colour'"):
        steps["colour"]


def test_that_pictures_are_read_one_by_one_in_slices_and_all_together(library: Library) -> None:
    frames = library["long"][0].frames
    assert len(frames) == 41
    assert step_of(frames[-1]) == 40
    assert [step_of(frame) for frame in frames[30:2:-7]] == [30, 23, 16, 9]
    np.testing.assert_array_equal(np.asarray(frames[5:7]), [picture_of(5), picture_of(6)])
    assert [step_of(frame) for frame in frames.take([7, 7, 2])] == [7, 7, 2]
    with pytest.raises(IndexError):
        frames[41]
    with pytest.raises(FrameNotFoundError, match="Step 2 has no frame"):
        library["blind"][0].frames[2]


def test_that_an_arrow_table_holds_the_rows(library: Library) -> None:
    table = library["long"][0].to_arrow()
    assert table.num_rows == 41
    assert table["action"].null_count == table["reward"].null_count == 1
    assert table["frame_ref"][3].as_py() == "h5://long/frames/3"
    assert str(table.schema.field("info").type) == "string"


def test_that_transitions_come_from_within_one_episode_and_each_once(library: Library) -> None:
    run = library.runs[0]
    seen = []
    for batch in run.transitions(16, shuffle=True, seed=5):
        seen += list(zip(batch["episode"].tolist(), batch["step_index"].tolist(), strict=True))
    assert sorted(seen) == [(episode.index, step) for episode in run for step in range(len(episode))]


@pytest.mark.parametrize("n_step", [1, 3])
def test_that_transitions_discount_their_rewards_and_stop_at_the_end(library: Library, n_step: int) -> None:
    run = library.runs[0]
    gamma = 0.5
    (batch,) = run.transitions(10_000, n_step=n_step, gamma=gamma)
    episode = run[0]
    observations = np.asarray(episode.observations)
    length = len(episode)
    for row in range(length):
        span = min(n_step, length - row)
        assert batch["reward"][row] == pytest.approx(sum(gamma**k for k in range(span)))  # CartPole gives 1 a step
        assert batch["discount"][row] == gamma**span
        np.testing.assert_array_equal(batch["observation"][row], observations[row])
        np.testing.assert_array_equal(batch["next_observation"][row], observations[row + span])
        assert batch["terminated"][row] == (row + span == length)
    assert batch["action"][:length].tolist() == episode.actions.tolist()


@pytest.mark.parametrize(
    "space",
    [
        spaces.Tuple((spaces.Discrete(2), spaces.MultiBinary(3))),
        spaces.Tuple((spaces.Box(-1, 1, (2,)), spaces.Text(4))),
        spaces.Dict(go=spaces.Discrete(2)),
        spaces.Graph(spaces.Box(-1, 1, (2,)), None),
        spaces.Sequence(spaces.Discrete(4)),
        spaces.Sequence(spaces.Box(-1, 1, (2,)), stack=True),
        spaces.OneOf((spaces.Discrete(2), spaces.MultiBinary(2))),
        spaces.Text(4),
    ],
    ids=str,
)
def test_that_actions_that_are_no_arrays_of_one_shape_are_one_object_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, space: spaces.Space[Any]
) -> None:
    spec = EnvSpec("Shapely-v0", entry_point=partial(Counting, action_space=space), max_episode_steps=9)
    monkeypatch.setitem(gymnasium.registry, spec.id, spec)
    with open_services(Settings(var_dir=tmp_path)) as services:
        record(services, RecordingRequest(env_id=spec.id, episodes=3, seed=3))
    with gym_gui.open_library(tmp_path) as library:
        run = library.runs[0]
        given = [one.action for episode in run for one in episode.records if one.step_index]
        for episode in run:
            assert episode.actions.shape == (len(episode),)
            assert "action object" in repr(episode.steps)
            assert episode.to_arrow()["action"].null_count == 1
        (batch,) = run.transitions(100)
    assert batch["action"].shape == (15,)
    assert all(map(same, batch["action"], given))


def test_that_observations_of_several_shapes_are_one_object_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Growing(Counting):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.observation_space = spaces.Sequence(spaces.Discrete(9), stack=True)

        def _seen(self) -> Any:
            return np.arange(self.number + 1)

    spec = EnvSpec("Growing-v0", entry_point=Growing)
    monkeypatch.setitem(gymnasium.registry, spec.id, spec)
    with open_services(Settings(var_dir=tmp_path)) as services:
        record(services, RecordingRequest(env_id=spec.id, episodes=1, seed=3))
    with gym_gui.open_library(tmp_path) as library:
        (batch,) = library.runs[0].transitions(100)
    assert [len(one) for one in batch["observation"]] == [1, 2, 3, 4, 5]
    assert [len(one) for one in batch["next_observation"]] == [2, 3, 4, 5, 6]


@pytest.mark.parametrize("backend", ["split", "parquet", "hdf5", "sqlite"])
@pytest.mark.parametrize("edge", [None, spaces.Discrete(4)], ids=["bare", "edges"])
@pytest.mark.parametrize(
    "nest",
    [
        lambda g: g,
        lambda g: spaces.Dict(g=g, n=spaces.Tuple((g, spaces.Text(3)))),
        lambda g: spaces.Dict(s=spaces.Sequence(g, stack=True), d=spaces.Sequence(spaces.Dict(g=g), stack=True)),
    ],
    ids=["top", "nested", "stacked"],
)
def test_that_graphs_are_graphs_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: str, edge: Any, nest: Any
) -> None:
    graph = nest(spaces.Graph(spaces.Box(-1, 1, (2,)), edge))
    graph.seed(4)
    seen: list[Any] = []
    done: list[Any] = []

    class Graphs(Counting):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(action_space=graph, **kwargs)
            self.observation_space = graph

        def _seen(self) -> Any:
            seen.append(graph.sample())
            return seen[-1]

        def step(self, action: Any) -> Any:
            done.append(action)
            return super().step(action)

    spec = EnvSpec("Graphs-v0", entry_point=Graphs)
    monkeypatch.setitem(gymnasium.registry, spec.id, spec)
    with open_services(load_settings(var_dir=tmp_path, overrides=[f"record={backend}"])) as services:
        record(services, RecordingRequest(env_id=spec.id, episodes=1, seed=3))
    with gym_gui.open_library(tmp_path) as library:
        episode = library.runs[0][0]
        assert all(graph.contains(one.action) for one in episode.records[1:])
        assert all(map(same, episode.actions, done))
        observations = episode.observations
        assert all(graph.contains(one) for one in observations)
        assert all(map(same, [*observations], seen))
        assert same(observations[2:][1], seen[3])
        assert all(map(same, np.asarray(observations), seen))


def test_that_the_same_seed_gives_the_same_order(library: Library) -> None:
    run = library.runs[0]
    one, other = ([b["step_index"].tolist() for b in run.transitions(7, shuffle=True, seed=2)] for _ in range(2))
    assert one == other


def test_that_sql_answers_and_cannot_write(library: Library) -> None:
    answer = library.sql("SELECT run_id, count(*) AS n FROM step_refs WHERE run_id = ? GROUP BY run_id", ("long",))
    assert list(answer) == [{"run_id": "long", "n": 41 + 13}]
    assert answer.to_arrow()["n"].to_pylist() == [54]
    assert "1 rows" in repr(answer)
    for query in ("DELETE FROM runs", "CREATE TABLE t (a)", "SELECT nothing FROM nowhere"):
        with pytest.raises(StoreError, match="cannot be answered"):
            library.sql(query)
    assert len(library.runs) == 3


def test_that_sql_makes_no_file(library: Library, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere.db"
    for query in (f"ATTACH '{target}' AS other", f"VACUUM INTO '{target}'"):
        with pytest.raises(StoreError, match="cannot be answered"):
            library.sql(query)
    assert not target.exists()
    assert library.sql("PRAGMA table_info(steps)")[0]["name"] == "episode_key"


def test_that_a_run_that_is_not_there_is_named(library: Library) -> None:
    with pytest.raises(RunNotFoundError, match="There is no run nowhere"):
        library["nowhere"]


def test_that_a_library_follows_a_run_that_is_being_recorded(tmp_path: Path) -> None:
    with open_services(Settings(var_dir=tmp_path)) as services, gym_gui.open_library(tmp_path) as library:
        record(services, RecordingRequest(env_id="CartPole-v1", episodes=1, seed=1))
        run = library.runs[0]
        assert len(run) == 1
        before = len(run[0].records)
        run[0].refresh()
        assert len(run[0].records) == before > 1


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Run]:
    """A run of two episodes of a world whose wolves leave it one by one."""
    with open_services(Settings(var_dir=tmp_path)) as services:
        request = RecordingRequest(env_id="unit.adapters.pursuit:Pursuit", episodes=2, seed=4)
        run_id = record_multi_agent(services, request).run_id
    with gym_gui.open_library(tmp_path) as opened:
        yield opened[run_id]


def test_that_a_world_of_several_agents_has_one_picture_a_step(world: Run) -> None:
    episode = world[0]
    assert episode.steps.rows > len(episode) + 1 == len(episode.frames)
    pictures = np.asarray(episode.frames)
    assert len(list(episode.frames[:4])) == 4
    np.testing.assert_array_equal(episode.frames[-1], pictures[-1])
    sheep = [one.info["place"] for one in episode.of_agent("sheep").records]
    assert [int(picture[0, :, 0].argmax()) // 2 for picture in pictures] == sheep
    np.testing.assert_array_equal(episode.of_agent("wolf_1").frames[3], pictures[3])


def test_that_the_rows_of_one_agent_are_an_episode_of_its_own(world: Run) -> None:
    episode = world[0]
    assert episode.agents == ["sheep", "wolf_0", "wolf_1"]
    told = episode.rollup.metadata["agents"]
    for agent in episode.agents:
        own = episode.of_agent(agent)
        assert own.agents == [agent]
        assert (len(own), own.total_reward) == (told[agent]["steps"], told[agent]["return"])
        assert len(own.actions) == len(own) == len(own.frames) - 1 == len(own.observations) - 1
        assert np.asarray(own.observations).shape[1:] == ((3,) if agent == "sheep" else (2,))
        assert repr(own).startswith(f"<{agent} in episode 0 of ")
    with pytest.raises(ValueError, match="no agent 'fox'; there are sheep, wolf_0, wolf_1"):
        episode.of_agent("fox")


def test_that_transitions_are_of_the_agent_that_is_named(world: Run) -> None:
    with pytest.raises(ValueError, match="choose one with agent=, of sheep, wolf_0, wolf_1"):
        next(iter(world.transitions(4)))
    with pytest.raises(ValueError, match="No episode has an agent 'fox'; there are sheep, wolf_0, wolf_1"):
        next(iter(world.transitions(4, agent="fox")))
    batches = world.transitions(4, agent="wolf_1")
    found = list(batches)
    assert len(found) == len(batches)
    owns = [episode.of_agent("wolf_1") for episode in world]
    assert np.concatenate([batch["action"] for batch in found]).tolist() == [
        action for own in owns for action in own.actions.tolist()
    ]
    np.testing.assert_array_equal(
        np.concatenate([batch["next_observation"] for batch in found]),
        np.concatenate([np.asarray(own.observations)[1:] for own in owns]),
    )


def test_that_no_transition_leads_over_steps_at_which_an_agent_was_not_there(tmp_path: Path) -> None:
    seen = [np.full(2, number, np.float32) for number in range(7)]
    here = {0: False, 1: False, 2: True, 4: False, 5: False, 6: False}  # gone with step 2, back with step 4
    rows = [step(number, observation=seen[number], terminated=over, agent_id="fox") for number, over in here.items()]
    record_steps(tmp_path, [rows])
    with gym_gui.open_library(tmp_path) as library:
        (batch,) = library.runs[0].transitions(9, agent="fox", n_step=2)
    assert batch["step_index"].tolist() == [0, 1, 4, 5]
    assert batch["next_observation"][:, 0].tolist() == [2, 2, 6, 6]
    assert batch["terminated"].tolist() == [True, True, False, False]


def test_that_what_is_not_there_is_named_by_its_step_and_agent(tmp_path: Path) -> None:
    record_steps(tmp_path, [[step(number, agent_id=agent) for number in range(3) for agent in ("fox", "hen")]])
    with gym_gui.open_library(tmp_path) as library:
        episode = library.runs[0][0]
        with pytest.raises(FrameNotFoundError, match=r"^Step 2 has no frame\.$"):
            episode.frames[-1]
        with pytest.raises(FrameNotFoundError, match=r"^Step 1 has no frame\.$"):
            list(episode.frames[1:])
        with pytest.raises(FrameNotFoundError, match=r"^Step 1 has no observation of hen\.$"):
            episode.observations[3]
