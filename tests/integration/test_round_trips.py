"""Out and back in: every step, action (its type too), reward bit, info, picture and observation is what it was."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from exports import RUN, START, differences, frame_of, record, step
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gym_gui.config.settings import Settings
from gym_gui.controllers.exporting import import_into_folder
from gym_gui.core.data_model import EpisodeRollup, EpisodeStatus, FrameState, RunRecord, RunState
from gym_gui.core.errors import ExportError
from gym_gui.recording.config import RecorderConfig
from gym_gui.recording.export import export_run
from gym_gui.recording.factory import RecorderFactory

pytestmark = pytest.mark.slow

FORMATS: list[tuple[str, dict[str, Any]]] = [
    ("out.parquet", {"frames": True}),
    ("folder", {"format": "parquet", "frames": True, "partitioned": True}),
    ("out.sqlite", {}),
    ("out.h5", {}),
]
REWARDS = st.sampled_from([0.0, -0.0, 1.0, 0.1, 5e-324, float("nan"), float("inf"), -float("inf"), -1e300])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip
INFOS = st.dictionaries(st.sampled_from(["lives", "pos", "a.b", "näme", ""]), JSON, max_size=3)
BOX = hnp.arrays("f4", (3,), elements=st.floats(width=32))
# One strategy a run: what its actions are.
ACTIONS: list[st.SearchStrategy[Any]] = [
    st.integers(-(2**63), 2**63 - 1),
    BOX,
    st.tuples(BOX, st.integers(0, 3), hnp.arrays("i8", (2, 2))).map(
        lambda t: {"steer": t[0], "gear": t[1], "grid": t[2]}
    ),
    st.tuples(st.integers(0, 3), BOX),
    st.text(max_size=5),
    st.lists(st.integers(0, 9), max_size=3),
    st.floats() | st.booleans() | st.none() | st.integers(0, 3) | BOX,
]
OBSERVATIONS: list[st.SearchStrategy[Any]] = [
    st.none(),
    hnp.arrays("f8", (2,)),
    st.integers(0, 9).map(np.int64),
    st.tuples(BOX, hnp.arrays("u1", (2, 2))).map(lambda t: {"b": t[0], "a": t[1]}),
    st.tuples(st.integers(0, 9).map(np.int64), BOX),
    st.text(max_size=5),
    hnp.arrays("u1", (40, 40, 1)),
    st.just("picture"),
]


@st.composite
def runs(draw: st.DrawFn) -> list[list[Any]]:
    """Episodes of attached steps; all of a run have actions and observations of one kind."""
    actions, observations = draw(st.sampled_from(ACTIONS)), draw(st.sampled_from(OBSERVATIONS))
    agents = draw(st.sampled_from([["agent_0"], ["agent_0", "b"], ["b", "agent_0"]]))
    shapes = st.sampled_from(draw(st.sampled_from([[(21, 16, 3)], [(21, 16, 3), (8, 9, 3)]])))
    episodes = []
    for _ in range(draw(st.integers(1, 2))):
        last = draw(st.integers(0, 5))
        episodes.append(
            [
                _step(draw, (index, agent, last), (actions, observations, shapes))
                for index in range(last + 1)
                for agent in agents
            ]
        )
    return episodes


def _step(draw: st.DrawFn, place: tuple[int, str, int], kinds: tuple[Any, Any, Any]) -> Any:
    (index, agent, last), (actions, observations, shapes) = place, kinds
    frame = frame_of(index, draw(shapes)) if draw(st.booleans()) else None
    observation = draw(observations)
    if isinstance(observation, str) and observation == "picture":
        observation = frame
    shed = FrameState.SHED if frame is None and draw(st.booleans()) else FrameState.NONE
    return step(
        index,
        agent_id=agent,
        action=draw(actions) if index else None,
        reward=draw(REWARDS) if index else draw(st.none() | REWARDS),
        terminated=index == last and draw(st.booleans()),
        truncated=index == last and draw(st.booleans()),
        info=draw(INFOS),
        observation=observation,
        render_payload=frame,
        frame_state=shed if frame is None else FrameState.KEPT,
        time_step=draw(st.none() | st.integers(0, 9)),
    )


@pytest.mark.parametrize(("name", "options"), FORMATS, ids=[name for name, _ in FORMATS])
@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(episodes=runs())
def test_that_a_run_is_the_same_after_a_way_out_and_back_in(
    name: str, options: dict[str, Any], episodes: list[list[Any]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        here, there = Path(folder, "here"), Path(folder, "there")
        record(here, episodes, metadata={"seeds": [2**40]})
        written = export_run(here, RUN, Path(folder, name), **options)
        assert written.rows == sum(map(len, episodes))
        taken = import_into_folder(Settings(var_dir=there), written.output)
        assert taken.rows == written.rows
        assert differences(here, RUN, there, RUN) == []


@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(episodes=runs())
def test_that_minari_keeps_what_it_has_a_place_for(episodes: list[list[Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        here, there = Path(folder, "here"), Path(folder, "there")
        record(here, [[one for one in steps if one.agent_id == "agent_0"] for steps in episodes])
        try:
            written = export_run(here, RUN, Path(folder, "made-up-v0"), format="minari")
        except ExportError as error:
            assert "Minari" in error.message  # noqa: PT017 - told, and nothing is left behind
            assert sorted(one.name for one in Path(folder).iterdir()) == ["here"]
            return
        taken = import_into_folder(Settings(var_dir=there), written.output)
        ignoring = {"frames", "frame_state", "frame_ref", "time_step", "dropped_frames"}
        found = differences(here, RUN, there, taken.run_id, ignoring=ignoring)
        assert found == [] or any("left out" in note for note in written.notes)


def test_that_part_of_a_run_comes_back_with_what_is_true_of_that_part(tmp_path: Path) -> None:
    record(tmp_path / "here", [[step(index, terminated=index == 9) for index in range(10)] for _ in range(3)])
    out = tmp_path / "part.parquet"
    written = export_run(tmp_path / "here", RUN, out, episodes="1-2", start=2, stop=6)
    assert (written.episodes, written.rows) == (2, 8)
    settings_there = Settings(var_dir=tmp_path / "there")
    assert import_into_folder(settings_there, out, run_id="part").run_id == "part"
    from gym_gui.services.bootstrap import open_archive  # noqa: PLC0415 - one use

    with open_archive(settings_there) as archive:
        rollups = [summary.rollup for summary in archive.store.list_episodes("part")]
        run = archive.store.get_run("part")
    assert [(one.episode_index, one.steps, one.total_reward, one.terminated) for one in rollups] == [
        (1, 5, 3.5, False),
        (2, 5, 3.5, False),
    ]
    assert run.metadata["imported_from"] == {"format": "parquet", "run_id": RUN}


def test_that_a_run_that_is_here_already_is_not_touched(tmp_path: Path) -> None:
    record(tmp_path, [[step(0), step(1)]])
    out = export_run(tmp_path, RUN, tmp_path / "out.parquet").output
    with pytest.raises(ExportError, match="already") as caught:
        import_into_folder(Settings(var_dir=tmp_path), out)
    assert "--run-id" in caught.value.hint
    assert import_into_folder(Settings(var_dir=tmp_path), out, run_id="again").rows == 2
    assert differences(tmp_path, RUN, tmp_path, "again") == []


def test_that_an_import_that_is_stopped_leaves_nothing_behind(tmp_path: Path) -> None:
    record(tmp_path / "here", [[step(index, render_payload=frame_of(index)) for index in range(200)]])
    out = export_run(tmp_path / "here", RUN, tmp_path / "out.parquet", frames=True).output
    there = Settings(var_dir=tmp_path / "there")
    with pytest.raises(ExportError, match="stopped"):
        import_into_folder(there, out, cancelled=iter([False] * 100 + [True] * 200).__next__)
    assert not list((tmp_path / "there" / "replay").iterdir())
    assert import_into_folder(there, out).rows == 200
    assert differences(tmp_path / "here", RUN, tmp_path / "there", RUN) == []


@pytest.mark.parametrize("name", ["copy.sqlite", "copy.h5"])
def test_that_an_export_is_a_recording_that_can_be_exported_itself(tmp_path: Path, name: str) -> None:
    steps = [step(index, observation=np.arange(3) * index, render_payload=frame_of(index)) for index in range(20)]
    record(tmp_path / "var", [steps, steps])
    first = export_run(tmp_path / "var", RUN, tmp_path / "first.parquet", frames=True)
    copy = export_run(tmp_path / "var", RUN, tmp_path / name)
    second = export_run(copy.output, RUN, tmp_path / "second.parquet", frames=True)
    assert (second.rows, second.frames) == (first.rows, first.frames) == (40, 40)
    one, other = (pd.read_parquet(result.output).drop(columns="frame_ref") for result in (first, second))
    pd.testing.assert_frame_equal(one, other, check_exact=True)
    video = export_run(copy.output, RUN, tmp_path / "out.mkv", lossless=True, episodes=[1])
    assert video.frames == 20


@pytest.mark.parametrize("backend", ["parquet", "hdf5", "sqlite", "split"])
def test_that_what_any_backend_recorded_can_be_exported_and_imported(tmp_path: Path, backend: str) -> None:
    run = RunRecord(run_id=RUN, env_id="Made/Up-v0", created_at=START)
    rollup = EpisodeRollup(run_id=RUN, episode_id="ep-0", episode_index=0, seed=7, started_at=START)
    folder = tmp_path / "recorded"
    with RecorderFactory.create_backend(RecorderConfig(backend=backend, output_dir=folder)) as writer:
        writer.begin_run(run)
        writer.begin_episode(rollup)
        writer.write_steps([step(index, render_payload=frame_of(index)) for index in range(10)])
        writer.end_episode(replace(rollup, steps=9, status=EpisodeStatus.COMPLETED, ended_at=START))
        writer.end_run(RUN, RunState.COMPLETED, START)
    assert export_run(folder, RUN, tmp_path / "out.csv").rows == 10
    assert export_run(folder, RUN, tmp_path / "out.gif").frames > 1
    taken = import_into_folder(Settings(var_dir=tmp_path / "there"), folder)
    assert (taken.rows, taken.frames) == (10, 10)
