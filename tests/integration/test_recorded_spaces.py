"""What a run keeps of its spaces and views: read back from disk, it is what the environment said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np
import pytest
from contract import shaped_envs
from gymnasium import spaces
from unit.adapters.pursuit import Pursuit

import gym_gui
from gym_gui.adapters.catalog import make_adapter
from gym_gui.adapters.multi_agent import make_multi_agent_run
from gym_gui.config.settings import Settings
from gym_gui.controllers.exporting import import_into_folder
from gym_gui.controllers.recording import RecordingRequest, record
from gym_gui.core.packing import from_array
from gym_gui.core.schema.mismatch import counts_of
from gym_gui.core.spaces import SpaceSerializer
from gym_gui.core.spaces.graphs import graph_restorer
from gym_gui.recording.export import export_run
from gym_gui.services.bootstrap import open_archive, open_services

if TYPE_CHECKING:
    from pathlib import Path

    from gym_gui.core.data_model import RunRecord, StepRecord


def recorded(var_dir: Path, env_id: str, steps: int = 5) -> tuple[RunRecord, list[StepRecord], list[Any]]:
    """A run of random actions: its record, its steps and their observations, as another process would read them."""
    settings = Settings(var_dir=var_dir)
    with open_services(settings) as services:
        run_id = record(services, RecordingRequest(env_id=env_id, steps=steps, seed=3)).run_id
    with open_archive(settings) as archive:
        run = archive.store.get_run(run_id)
        episode = archive.store.list_episodes(run_id)[0].rollup
        rows = archive.store.load_steps(run_id, episode.episode_id)
        observations = [
            row.observation if row.obs_ref is None else from_array(archive.resolver.require(row.obs_ref))
            for row in rows
        ]
    return run, rows, observations


@pytest.mark.parametrize("env_id", ["FrozenLake-v1", "ALE/Pong-v5", "Blackjack-v1", "shaped/SmallGraph-v0"])
def test_that_a_runs_spaces_can_be_made_again_from_its_record(var_dir: Path, env_id: str) -> None:
    run, _, _ = recorded(var_dir, env_id)
    env = gymnasium.make(env_id)
    try:
        made = {name: SpaceSerializer.from_json(form) for name, form in run.metadata["spaces"].items()}
        assert made == {"observation": env.observation_space, "action": env.action_space}
        assert run.space_signature == SpaceSerializer.pair_signature(env.observation_space, env.action_space)
    finally:
        env.close()
    assert SpaceSerializer.pair_signature(made["observation"], made["action"]) == run.space_signature


@pytest.mark.parametrize(
    "env_id", ["FrozenLake-v1", "Taxi-v4", "Blackjack-v1", "shaped/SmallGraph-v0", "shaped/Room-v0"]
)
def test_that_views_are_read_as_they_were_emitted(var_dir: Path, env_id: str) -> None:
    run, rows, _ = recorded(var_dir, env_id)
    adapter = make_adapter(env_id, render=False)
    try:
        first = adapter.reset(seed=3)
        replayed = [first, *(adapter.step(row.action) for row in rows[1:])]
    finally:
        adapter.close()
    assert run.env_id == env_id
    assert len(rows) > 1
    assert all(row.view is not None for row in rows)
    assert [row.view for row in rows] == [step.view for step in replayed]


@pytest.mark.parametrize(("env_id", "steps"), [("shaped/SmallGraph-v0", 5), ("shaped/GrowingGraph-v0", 100)])
def test_that_graphs_are_recorded_with_every_node_and_link(var_dir: Path, env_id: str, steps: int) -> None:
    _, rows, observations = recorded(var_dir, env_id, steps)
    assert len(rows) == steps + 1
    env = gymnasium.make(env_id)
    try:
        expected = [env.reset(seed=3)[0], *(env.step(row.action)[0] for row in rows[1:])]
    finally:
        env.close()
    for graph, read in zip(expected, observations, strict=True):
        assert [part.dtype for part in read] == [part.dtype for part in graph]
        assert all(np.array_equal(one, other) for one, other in zip(read, graph, strict=True))


@pytest.mark.parametrize("name", ["out.h5", "out.sqlite", "out.parquet"])
@pytest.mark.parametrize("env_id", ["shaped/SmallGraph-v0", "shaped/GrowingGraph-v0", "shaped/BareGraph-v0"])
def test_that_an_import_counts_its_rows_once_and_finds_its_graphs_in_their_space(
    var_dir: Path, tmp_path: Path, env_id: str, name: str
) -> None:
    run, rows, _ = recorded(var_dir, env_id)
    copy = export_run(var_dir, run.run_id, tmp_path / name)
    taken = import_into_folder(Settings(var_dir=tmp_path / "there"), copy.output)
    with gym_gui.open_library(tmp_path / "there") as library:
        found = library.runs[0]
        assert counts_of(found.record.metadata).sentence() == f"v1: {taken.rows} steps, no mismatch"
        assert taken.rows == len(rows)
        space = SpaceSerializer.from_json(run.metadata["spaces"]["observation"])
        restore = graph_restorer(run.metadata["spaces"]["observation"])
        assert restore is not None
        for one in found.episodes[0].observations:
            # What has an array form is an array in a notebook; the rest is what the space says.
            assert space.contains(restore(from_array(one)) if isinstance(one, np.ndarray) else one)


class WideEnv(shaped_envs.MoodEnv):
    """Its observation space takes more than 64 KiB to describe."""

    def __init__(self) -> None:
        super().__init__()
        bounds = np.linspace(0, 1, 30_000)
        self.observation_space = spaces.Box(-bounds, bounds, dtype=np.float64)

    def observe(self) -> Any:
        return np.zeros(30_000)


def test_that_a_space_too_large_to_keep_is_named_and_the_run_recorded(var_dir: Path) -> None:
    if "shaped/Wide-v0" not in gymnasium.registry:
        entry_point: Any = WideEnv
        gymnasium.register("shaped/Wide-v0", entry_point=entry_point)
    run, rows, _ = recorded(var_dir, "shaped/Wide-v0")
    assert list(run.metadata["spaces"]) == ["action"]
    assert "observation space takes 6" in run.metadata["spaces_note"]
    assert run.space_signature == SpaceSerializer.pair_signature(WideEnv().observation_space, spaces.Discrete(3))
    assert len(rows) == 6


def test_that_a_strangers_space_is_recorded_and_described(var_dir: Path) -> None:
    run, rows, observations = recorded(var_dir, "shaped/Mood-v0")
    assert run.metadata["spaces"]["observation"]["class"].endswith("MoodSpace")
    assert len(rows) == 6
    assert set(observations) <= {"glad", "sad"}


def test_that_a_run_of_several_agents_keeps_the_spaces_of_all() -> None:
    env = Pursuit()
    run = make_multi_agent_run(env, "Pursuit-v0", player="script")
    made = {name: SpaceSerializer.from_json(form) for name, form in run.metadata["spaces"].items()}
    assert made["action"] == spaces.Dict({agent: env.action_space(agent) for agent in env.possible_agents})
    assert run.space_signature == SpaceSerializer.pair_signature(made["observation"], made["action"])
