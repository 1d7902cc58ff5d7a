"""kill -9 of programs that record with each backend: L5, at most a quarter second is gone, and the rest is right."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
import pytest
from integration.test_kill import Case, Killed, record_and_kill
from synthetic import frame_of, seen_at, shape_of

from gym_gui.config.settings import Settings
from gym_gui.core.data_model import EpisodeStatus, RunState
from gym_gui.recording import RecorderFactory
from gym_gui.recording.backend_recorder import BackendRecorder
from gym_gui.recording.step_records import step_data_of
from gym_gui.services.bootstrap import open_services

if TYPE_CHECKING:
    from pathlib import Path

    from gym_gui.recording.contract import RecordingReader

pytestmark = pytest.mark.slow
STEADY = pytest.param(Case(60), id="60-hz")
FLOOD = pytest.param(Case(0, 300, 100), id="as-fast-as-possible")
CASES = [STEADY, FLOOD]


def check_recording(reader: RecordingReader, run_id: str, case: Case, killed: Killed) -> int:
    """What is there is whole and right, and what must be there is; how many steps."""
    found = 0
    for summary in reader.list_episodes(run_id):
        steps = reader.load_steps(run_id, summary.rollup.episode_id)
        assert [step.step_index for step in steps] == list(range(len(steps)))
        first = summary.rollup.episode_index * (case.episode_steps + 1)
        assert first == found or not steps, "an episode that was only announced is the last"
        found += len(steps)
        for step in steps[:: case.looked_at]:
            number = first + step.step_index
            frame = frame_of(number, shape_of(number, case.variant_steps))
            data = step_data_of(step, reader.require)
            assert np.array_equal(data["frame"], frame)
            assert np.array_equal(data["observation"], seen_at(number, frame))
            assert step.action in {number, None if step.step_index == 0 else number}
    assert killed.must_be_there() <= set(range(found)), "older than the promise, and gone"
    return found


@pytest.mark.parametrize(
    ("backend", "case"),
    [
        pytest.param(backend, *case.values, id=f"{backend}-{case.id}")
        for backend, cases in {"split": CASES, "sqlite": CASES, "parquet": [STEADY], "hdf5": [STEADY]}.items()
        for case in cases
    ],
)
def test_that_a_recorder_killed_at_any_instant_loses_a_quarter_second_at_most(
    tmp_path: Path, backend: str, case: Case
) -> None:
    after_s = np.random.default_rng(len(backend)).uniform(0.3, 0.9)
    killed = record_and_kill(f"recorder:{backend}", tmp_path, "killed", case, after_s)
    config = {"backend": backend, "output_dir": str(tmp_path), "run_id": "killed"}
    recorder = RecorderFactory.create_recorder(config)
    assert isinstance(recorder, BackendRecorder)
    with recorder:
        with closing(recorder.open_reader()) as reader:
            found = check_recording(reader, "killed", case, killed)
        recorder.record_step({"reward": 1.0}, 0, episode_id=10_000)
    with closing(recorder.open_reader()) as reader:
        assert len(reader.load_steps("killed", "ep-010000")) == 1
        kept = sum(len(reader.load_steps("killed", one.rollup.episode_id)) for one in reader.list_episodes("killed"))
        assert kept == found + 1, "what was there stays"


@pytest.mark.parametrize("case", CASES)
def test_that_a_pipeline_with_another_backend_is_put_right_by_the_next_start(tmp_path: Path, case: Case) -> None:
    killed = record_and_kill("pipeline:sqlite", tmp_path / "var", "killed", case, 0.6)
    with open_services(Settings(var_dir=tmp_path / "var")) as services:
        assert services.recovered_runs == ["killed"]
        (run,) = services.store.list_runs()
        assert run.state is RunState.INTERRUPTED
        recorder = RecorderFactory.create_recorder(
            {"backend": "sqlite", "output_dir": str(services.paths.recordings_dir / "killed")}
        )
        assert isinstance(recorder, BackendRecorder)
        with recorder, closing(recorder.open_reader()) as reader:
            found = check_recording(reader, "killed", case, killed)
        last = services.store.get_episode("killed")
        assert last.status in {EpisodeStatus.INTERRUPTED, EpisodeStatus.COMPLETED}
        listed = last.episode_index * (case.episode_steps + 1) + last.steps + 1
        assert listed <= found
        assert killed.must_be_there() <= set(range(listed))
