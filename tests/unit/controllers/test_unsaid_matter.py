"""What training processes do not write with every row is shown all the same: places in a vector, observed graphs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.vector import SyncVectorEnv

import gym_gui
from gym_gui.config.settings import load_settings
from gym_gui.controllers.row_matter import matter_of
from gym_gui.controllers.unsaid_matter import UnsaidMatter
from gym_gui.core.schema.render_payload import GraphPayload
from gym_gui.services.bootstrap import open_archive

if TYPE_CHECKING:
    from pathlib import Path

    from gym_gui.controllers.row_matter import RowMatter

LENGTH = 3


class Roads(gymnasium.Env[Any, Any]):
    """Sees a graph of towns that grows by one with each step."""

    def __init__(self) -> None:
        self.observation_space = spaces.Graph(spaces.Box(-1.0, 1.0, (2,)), spaces.Discrete(4))
        self.action_space = spaces.Discrete(2)
        self.number = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed, options=options)
        self.number = 0
        return self._seen(), {}

    def step(self, action: int) -> tuple[Any, float, bool, bool, dict[str, Any]]:  # noqa: ARG002 - its contract
        self.number += 1
        return self._seen(), 1.0, self.number >= LENGTH, False, {}

    def _seen(self) -> Any:
        towns = np.full((2 + self.number, 2), 0.5, np.float32)
        return spaces.GraphInstance(towns, np.array([3]), np.array([[0, 1]]))


def matters_of(var_dir: Path, episode: int) -> list[RowMatter]:
    """What the player knows of each row of an episode."""
    with open_archive(load_settings(var_dir)) as archive:
        run = archive.library.get_run("run")
        rollup = archive.library.get_episode("run", episode)
        unsaid = UnsaidMatter(run, rollup)
        return [matter_of(unsaid.completed(row)) for row in archive.library.load_steps("run", rollup.episode_id)]


def test_that_a_graph_that_a_training_observed_is_drawn(var_dir: Path) -> None:
    env = gym_gui.RecordTelemetry(Roads(), run="run")
    env.reset(seed=1)
    for _ in range(LENGTH):
        env.step(0)
    env.close()
    graphs = [matter.payload for matter in matters_of(var_dir, 0)]
    assert [len(graph.nodes) for graph in graphs if isinstance(graph, GraphPayload)] == [2, 3, 4, 5]
    first = graphs[0]
    assert isinstance(first, GraphPayload)
    assert (first.nodes[1].x, first.edges[0].source, first.edges[0].target) == (0.5, 0, 1)


def test_that_every_row_of_a_vector_tells_its_place(var_dir: Path) -> None:
    env = gym_gui.RecordTelemetry(SyncVectorEnv([Roads, Roads]), run="run")
    env.reset(seed=[5, 9])
    for _ in range(2 * LENGTH):
        env.step(np.zeros(2, np.int64))
    env.close()
    place = {"autoreset_mode": "next_step", "vector_index": 1, "batch_size": 2}
    first, *others = (matter.vector_metadata for matter in matters_of(var_dir, 1))
    assert first == place | {"reset_mask": [True, True], "seeds": [5, 9]}
    assert others == [place] * LENGTH
    later = matters_of(var_dir, 3)
    assert later[0].vector_metadata == place | {"reset_mask": [True, True]}
