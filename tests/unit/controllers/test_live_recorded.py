"""Runs of a var folder without a trainer: lines, curves, pictures and moments, from real recordings."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
from live_runs import make_run
from recordings import START, Recordings, reward_of

from gym_gui.controllers.live_recorded import RecordedRuns
from gym_gui.controllers.live_source import Moment
from gym_gui.core.data_model import EpisodeRollup, EpisodeStatus, RunRecord, RunState
from gym_gui.core.errors import RunNotFoundError
from gym_gui.services.library_reader import LibraryReader
from gym_gui.services.live_frames import LiveFrames, LiveFrameWriter
from gym_gui.services.trainer.states import TrainingState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def recordings(var_dir: Path) -> Iterator[Recordings]:
    made = Recordings(var_dir)
    yield made
    made.close()


@pytest.fixture
def recorded(recordings: Recordings) -> Iterator[RecordedRuns]:
    paths = recordings.paths
    library = LibraryReader(recordings.store, recordings.resolver, paths.recordings_dir)
    with LiveFrames(paths.live_dir) as feed:
        yield RecordedRuns(library, feed, paths.root, paths.trainer_runs_dir)


def record_member(recordings: Recordings, run_id: str, metadata: dict[str, object], returns: list[float]) -> None:
    """A run of a process that trains together with others."""
    store = recordings.store
    store.insert_run(RunRecord(run_id=run_id, env_id="E-v0", created_at=START, player="PPO", metadata=metadata))
    for index, value in enumerate(returns):
        began = START + timedelta(seconds=index)
        store.upsert_episode(
            EpisodeRollup(
                run_id=run_id,
                episode_id=f"{run_id}-{index}",
                episode_index=index,
                seed=None,
                started_at=began,
                ended_at=began + timedelta(seconds=1),
                steps=10,
                total_reward=value,
                status=EpisodeStatus.COMPLETED,
                frames=5 * (index % 2),
            )
        )


def test_that_runs_of_policies_are_listed_and_those_of_people_are_not(
    recordings: Recordings, recorded: RecordedRuns
) -> None:
    recordings.record(10, player="human")
    recordings.record(20, player="dqn")
    recordings.record(30, player="ppo", status=EpisodeStatus.RUNNING)
    newest, older = recorded.list_runs()
    assert (newest.algorithm, newest.state) == ("ppo", TrainingState.RUNNING)
    assert (older.algorithm, older.state) == ("dqn", TrainingState.COMPLETED)
    assert older.progress.steps == 20
    assert older.progress.mean_return == sum(map(reward_of, range(1, 21)))
    assert math.isnan(newest.progress.mean_return)
    assert not older.managed
    assert recorded.get_record(older.run_id) is not None
    assert recorded.get_record("nobody") is None
    assert [one.after for one in recorded.transitions(older.run_id)] == ["running", "completed"]


def test_that_a_run_that_went_on_from_a_checkpoint_counts_on(recordings: Recordings, recorded: RecordedRuns) -> None:
    record_member(recordings, "on", {"name": "moon", "steps_before": 5_000}, [1.0, 2.0])
    (run,) = recorded.list_runs()
    assert (run.steps_before, run.progress.steps) == (5_000, 5_020)


@pytest.mark.parametrize(
    ("state", "reason", "listed"),
    [
        (RunState.CANCELLED, "It was stopped with Ctrl+C.", TrainingState.CANCELLED),
        (RunState.FAULTED, "ValueError: no", TrainingState.FAILED),
        (RunState.INTERRUPTED, "", TrainingState.FAILED),
    ],
)
def test_that_a_run_is_listed_as_its_script_ended(
    recordings: Recordings, recorded: RecordedRuns, state: RunState, reason: str, listed: TrainingState
) -> None:
    record_member(recordings, "lead", {}, [1.0])
    recordings.store.end_run("lead", RunState.FAULTED, START, reason="An earlier end.")
    recordings.store.end_run("lead", state, START, reason=reason)
    (run,) = recorded.list_runs()
    assert run.state is listed
    assert run.reason.startswith(reason or "It was stopped by hand, or its process died")


def test_that_processes_that_train_together_are_one_run_with_their_evaluations_apart(
    recordings: Recordings, recorded: RecordedRuns
) -> None:
    record_member(recordings, "lead", {"group": "lead", "name": "mine"}, [1.0, 2.0])
    record_member(recordings, "lead.w1", {"group": "lead"}, [3.0])
    record_member(recordings, "lead-eval", {"group": "lead", "evaluation": True}, [9.0])
    (run,) = recorded.list_runs()
    assert (run.name, run.progress.steps, run.progress.mean_return) == ("mine", 30, 2.0)
    table = recorded.load_episode_table("lead")
    assert table.frames.tolist() == [0, 5, 0, 0]
    assert dict(zip(table.episode_ids, table.evaluations.tolist(), strict=True)) == {
        "lead-0": False,
        "lead-1": False,
        "lead.w1-0": False,
        "lead-eval-0": True,
    }
    assert len(recorded.load_episode_table("lead", after_key=table.next_key)) == 0


def test_that_an_episode_that_a_person_took_is_none_of_the_policy_s(
    recordings: Recordings, recorded: RecordedRuns
) -> None:
    record_member(recordings, "eval", {"evaluation": True}, [9.0])
    for episode_id, acted_by in (("mine", ["human"]), ("ours", ["human", "policy"]), ("its", ["policy"])):
        recordings.store.upsert_episode(
            EpisodeRollup(
                run_id="eval",
                episode_id=episode_id,
                episode_index=1,
                seed=None,
                started_at=START,
                ended_at=START,
                status=EpisodeStatus.COMPLETED,
                metadata={"acted_by": acted_by},
            )
        )
    assert list(recorded.load_episode_table("eval").episode_ids) == ["eval-0", "its"]


def test_that_an_episode_that_still_runs_is_read_once_it_has_ended(
    recordings: Recordings, recorded: RecordedRuns
) -> None:
    store = recordings.store
    record_member(recordings, "run", {}, [])
    pending = EpisodeRollup(run_id="run", episode_id="slow", episode_index=0, seed=None, started_at=START)
    store.upsert_episode(pending)
    record_member(recordings, "run", {}, [5.0])
    table = recorded.load_episode_table("run")
    assert table.episode_ids == ("run-0",)
    record_member(recordings, "run", {}, [5.0])
    store.upsert_episode(
        EpisodeRollup(
            run_id="run",
            episode_id="slow",
            episode_index=0,
            seed=None,
            started_at=START,
            ended_at=START + timedelta(seconds=9),
            total_reward=math.nan,
            status=EpisodeStatus.COMPLETED,
        )
    )
    later = recorded.load_episode_table("run", after_key=table.next_key)
    assert later.episode_ids == ("slow", "run-0")
    assert math.isnan(later.returns[0])


def test_that_a_moment_leads_to_the_step_that_was_under_way(recordings: Recordings, recorded: RecordedRuns) -> None:
    rollup = recordings.record(50, player="ppo")
    began = int(rollup.started_at.timestamp() * 1e6)
    assert recorded.find_moment(rollup.run_id, began + 16_000 * 30 + 5) == Moment(rollup.run_id, rollup.episode_id, 30)
    assert recorded.find_moment(rollup.run_id, began - 1) is None
    with pytest.raises(RunNotFoundError):
        recorded.find_moment("nobody", began)


def test_that_newest_pictures_come_once(recordings: Recordings, recorded: RecordedRuns) -> None:
    rollup = recordings.record(5, player="ppo")
    frame = np.full((4, 6, 3), 7, np.uint8)
    with LiveFrameWriter(recordings.paths.live_dir, rollup.run_id, "w0") as writer:
        writer.show(frame, episode_id="ep", step_index=3, episode_return=1.5)
        (picture,) = recorded.pictures(rollup.run_id, {})
        assert (picture.worker_id, picture.step_index, picture.episode_return) == ("w0", 3, 1.5)
        assert picture.frame.tolist() == frame.tolist()
        assert not recorded.pictures(rollup.run_id, {"w0": picture.seq})
        assert not recorded.pictures("another", {})


def test_that_pictures_of_a_worker_that_was_started_again_are_shown(recordings: Recordings) -> None:
    paths, now_s = recordings.paths, [0.0]
    library = LibraryReader(recordings.store, recordings.resolver, paths.recordings_dir)
    frame = np.zeros((4, 6, 3), np.uint8)
    with LiveFrames(paths.live_dir) as feed:
        recorded = RecordedRuns(library, feed, paths.root, paths.trainer_runs_dir, clock=lambda: now_s[0])
        with LiveFrameWriter(paths.live_dir, "run", "w0") as writer:
            for step in range(5):
                writer.show(frame, episode_id="ep", step_index=step, episode_return=0.0)
            (before,) = recorded.pictures("run", {})
        with LiveFrameWriter(paths.live_dir, "run", "w0") as writer:
            writer.show(frame, episode_id="ep", step_index=77, episode_return=0.0)
            now_s[0] += 2.0
            (after,) = recorded.pictures("run", {"w0": before.seq})
            assert (after.step_index, after.seq) == (77, 1)
            now_s[0] += 2.0
            assert not recorded.pictures("run", {"w0": 5})


def test_that_a_log_is_read_on_and_a_missing_one_is_told(recordings: Recordings, recorded: RecordedRuns) -> None:
    assert recorded.read_log("run", 0).missing
    folder = recordings.paths.trainer_runs_dir / "run"
    folder.mkdir(parents=True)
    (folder / "worker-w0.log").write_text("one\ntwo\n")
    part = recorded.read_log("run", 4)
    assert (part.data, part.offset) == (b"two\n", 8)


def test_that_the_machine_tells_its_health(recorded: RecordedRuns) -> None:
    health = recorded.health()
    assert health.cores > 0
    assert health.memory_total_bytes
    assert health.disk_free_bytes


def test_that_a_mean_speed_leaves_out_what_a_checkpoint_had_behind_it() -> None:
    run = make_run(1, TrainingState.COMPLETED)
    ended = replace(run, ended_at=run.created_at + timedelta(seconds=10), steps_before=9_000)
    gone_on = replace(ended, progress=replace(run.progress, steps=10_000))
    assert gone_on.mean_steps_per_s == 100
    assert math.isnan(replace(gone_on, ended_at=None).mean_steps_per_s)
