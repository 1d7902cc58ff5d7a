"""What every store of telemetry keeps to; a subclass makes the store."""

from __future__ import annotations

import math
import struct
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pytest
from synthetic import START, episode_of, final_of, run_of, step_of

from gym_gui.core.data_model import EpisodeStatus, FrameState, RunState
from gym_gui.core.errors import (
    AmbiguousEpisodeError,
    EpisodeNotFoundError,
    InvalidActionError,
    RunNotFoundError,
    StoreError,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from gym_gui.core.data_model import EpisodeRollup, EpisodeSummary, RunRecord, RunSummary, StepRecord


class Store(Protocol):
    """The face that the contract looks at."""

    def close(self) -> None: ...
    def transaction(self) -> AbstractContextManager[None]: ...
    def insert_run(self, run: RunRecord) -> None: ...
    def end_run(self, run_id: str, state: RunState, ended_at: datetime) -> None: ...
    def upsert_episode(self, rollup: EpisodeRollup, *, stored_bytes: int = 0) -> None: ...
    def insert_steps(self, steps: Sequence[StepRecord]) -> None: ...
    def close_interrupted(self, run_ids: Collection[str]) -> None: ...
    def interrupt_episodes(self, run_id: str) -> None: ...
    def list_runs(self) -> list[RunSummary]: ...
    def get_run(self, run_id: str) -> RunRecord: ...
    def list_episodes(self, run_id: str | None = None) -> list[EpisodeSummary]: ...
    def recorded_mark(self) -> tuple[int, ...]: ...
    def get_episode(self, run_id: str, episode: str | int | None = None) -> EpisodeRollup: ...
    def load_steps(
        self, run_id: str, episode_id: str, *, start: int = 0, stop: int | None = None
    ) -> list[StepRecord]: ...


def detached(number: int, **fields: Any) -> StepRecord:
    """Step *number* of run ``run``, episode 0, as it is stored: refs where its arrays were."""
    refs = {"frame_ref": f"h5://run/frames/{number}", "obs_ref": f"h5://run/observations/{number}"}
    return step_of("run", 0, number, number, **{"render_payload": None, "observation": None} | refs | fields)


class StoreContract:
    """The conformance class."""

    def open_store(self, path: Path) -> Store:
        raise NotImplementedError

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        store = self.open_store(tmp_path / "telemetry.sqlite")
        yield store
        store.close()

    def test_that_the_mark_changes_with_every_recording_and_only_then(self, store: Store) -> None:
        marks = [store.recorded_mark()]
        store.insert_run(run_of("run"))
        store.upsert_episode(episode_of("run", 0))
        marks.append(store.recorded_mark())
        store.insert_steps([detached(0), detached(1)])
        marks.append(store.recorded_mark())
        store.upsert_episode(final_of("run", 0, steps=1))
        marks.append(store.recorded_mark())
        store.upsert_episode(episode_of("run", 1))
        marks.append(store.recorded_mark())
        assert len(set(marks)) == len(marks)
        assert store.recorded_mark() == marks[-1]

    def test_that_a_run_comes_back_as_it_was(self, store: Store) -> None:
        run = run_of(
            "run",
            env_id="module:Env-v0",
            env_kwargs={"a": [1, 2.5, None], "b": {"c": "é"}},
            env_spec="{}",
            player="human",
            step_rate_hz=50.0,
            versions={"numpy": "2"},
            rom_sha256="ab",
            host="here",
            app_version="0.1",
            worker_id="w1",
            metadata={"note": "x"},
            space_signature="s",
            created_at=datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=timezone(timedelta(hours=2))),
        )
        store.insert_run(run)
        assert store.get_run("run") == run
        (summary,) = store.list_runs()
        assert (summary.run, summary.state, summary.episodes, summary.steps) == (run, RunState.RUNNING, 0, 0)

    def test_that_inserting_a_step_twice_changes_nothing(self, store: Store) -> None:
        """L2: the identity of a step is (run, episode, step, agent)."""
        store.insert_run(run_of("run"))
        store.upsert_episode(episode_of("run", 0))
        first = [detached(number) for number in range(5)]
        store.insert_steps(first)
        store.insert_steps([replace(step, reward=99.0, action=99) for step in first])
        store.insert_steps([*first, detached(5)])
        found = store.load_steps("run", "e0000")
        assert [step.reward for step in found] == [None, 0.25, 0.5, 0.75, 1.0, 1.25]
        assert [step.action for step in found] == [None, 1, 2, 3, 4, 5]

    def test_that_agents_of_one_step_are_rows_of_their_own(self, store: Store) -> None:
        store.insert_steps([detached(number, agent_id=agent) for number in range(2) for agent in ("red", "blue")])
        found = store.load_steps("run", "e0000")
        assert {(step.step_index, step.agent_id) for step in found} == {
            (0, "red"),
            (0, "blue"),
            (1, "red"),
            (1, "blue"),
        }
        assert [step.step_index for step in found] == [0, 0, 1, 1]

    @pytest.mark.parametrize(
        "reward", [0.0, -0.0, math.nan, math.inf, -math.inf, 1e-320, 0.1 + 0.2, 1e308, -1.5], ids=repr
    )
    def test_that_a_reward_keeps_every_bit(self, store: Store, reward: float) -> None:
        store.insert_steps([detached(1, reward=reward)])
        (found,) = store.load_steps("run", "e0000")
        assert found.reward is not None
        if math.isnan(reward):
            assert math.isnan(found.reward)
        else:
            assert struct.pack("<d", found.reward) == struct.pack("<d", reward)

    ACTIONS: tuple[Any, ...] = (
        None, 0, -(2**63), 2**63 - 1, True, 2.5, -0.0, "left", b"\x00", (1, (2.0,)), [1, 2], {"gas": np.float32(0.5)},
        np.arange(6, dtype=">i2").reshape(2, 3), np.array(1.5), np.float64(2.5), np.array([True, False]),
    )  # fmt: skip

    def test_that_actions_come_back_exactly(self, store: Store) -> None:
        store.insert_steps([detached(number, action=action) for number, action in enumerate(self.ACTIONS)])
        for action, found in zip(self.ACTIONS, store.load_steps("run", "e0000"), strict=True):
            assert type(found.action) is type(action)
            assert repr(found.action) == repr(action)
            assert getattr(found.action, "dtype", None) == getattr(action, "dtype", None)

    def test_that_every_field_of_a_step_comes_back(self, store: Store) -> None:
        step = detached(
            3,
            terminated=True,
            truncated=True,
            info={"lives": 3, "labels": {"x": [1, 2]}},
            timestamp=START + timedelta(days=-2, microseconds=1),
            agent_id="red",
            frame_ref="h5://run/frames.12/7",
            obs_ref="h5://run/observations.3/9",
            payload_version=7,
            space_signature="other",
            vector_metadata={"env": 2},
            time_step=17,
            render_hint={"kind": "grid"},
            frame_state=FrameState.KEPT,
        )
        store.insert_steps([step])
        assert store.load_steps("run", "e0000") == [step]

    @pytest.mark.parametrize("state", list(FrameState))
    def test_that_what_became_of_the_picture_is_kept(self, store: Store, state: FrameState) -> None:
        store.insert_steps([detached(0, frame_ref=None, obs_ref=None, frame_state=state)])
        (found,) = store.load_steps("run", "e0000")
        assert (found.frame_state, found.frame_ref, found.obs_ref) == (state, None, None)

    @pytest.mark.parametrize("ref", ["h5://run/frames/7", "h5://run/frames.2/7"])
    def test_that_an_observation_that_is_the_frame_has_its_ref(self, store: Store, ref: str) -> None:
        store.insert_steps([detached(0, frame_ref=ref, obs_ref=ref)])
        (found,) = store.load_steps("run", "e0000")
        assert (found.frame_ref, found.obs_ref) == (ref, ref)

    def test_that_an_observation_without_array_form_comes_back(self, store: Store) -> None:
        observation = {"text": "you are in a maze", "exits": ["north", "east"], "map": np.arange(3)}
        store.insert_steps([detached(0, obs_ref=None, observation=observation)])
        (found,) = store.load_steps("run", "e0000")
        assert repr(found.observation) == repr(observation)

    def test_that_an_action_that_cannot_be_stored_keeps_nothing_of_the_call(self, store: Store) -> None:
        with pytest.raises(InvalidActionError):
            store.insert_steps([detached(0), detached(1, action=object())])
        assert store.list_runs() == []
        store.insert_steps([detached(0)])
        assert len(store.load_steps("run", "e0000")) == 1

    def test_that_a_transaction_is_kept_whole_or_not_at_all(self, store: Store) -> None:
        def fail_halfway() -> None:
            with store.transaction():
                store.insert_run(run_of("run"))
                store.upsert_episode(episode_of("run", 0))
                store.insert_steps([detached(0)])
                raise KeyError("fault of the test")

        with pytest.raises(KeyError):
            fail_halfway()
        assert store.list_runs() == []
        with store.transaction():
            store.insert_run(run_of("run"))
            store.insert_steps([detached(0)])  # keys made in what was rolled back are not used again
        assert len(store.load_steps("run", "e0000")) == 1

    def test_that_readers_see_only_what_is_committed(self, store: Store) -> None:
        store.insert_run(run_of("run"))
        seen: list[int] = []

        def read() -> None:
            seen.append(len(store.list_episodes("run")))

        with store.transaction():
            store.upsert_episode(episode_of("run", 0))
            reader = threading.Thread(target=read)
            reader.start()
            reader.join(5.0)
        read()
        assert seen == [0, 1]

    def test_that_episodes_are_found_by_id_by_index_and_last(self, store: Store) -> None:
        store.insert_run(run_of("run"))
        for index in range(3):
            store.upsert_episode(
                final_of("run", index, steps=index, total_reward=index / 3, options={"x": 1}, fault="f")
            )
        assert store.get_episode("run", "e0001") == final_of(
            "run", 1, steps=1, total_reward=1 / 3, options={"x": 1}, fault="f"
        )
        assert store.get_episode("run", 0).episode_id == "e0000"
        assert store.get_episode("run").episode_id == "e0002"
        assert [one.rollup.episode_index for one in store.list_episodes("run")] == [0, 1, 2]
        assert [one.rollup.episode_index for one in store.list_episodes()] == [2, 1, 0]

    def test_that_an_index_that_several_episodes_have_is_refused_with_their_ids(self, store: Store) -> None:
        store.insert_run(run_of("run"))
        for worker in ("w0", "w1"):
            store.upsert_episode(final_of("run", 7, steps=1, episode_id=f"{worker}-e7", worker_id=worker))
        with pytest.raises(AmbiguousEpisodeError, match="2 episodes of index 7: w0-e7, w1-e7"):
            store.get_episode("run", 7)
        assert store.get_episode("run").episode_id == "w1-e7"

    def test_that_open_episodes_of_a_run_that_goes_on_end_by_what_their_rows_say(self, store: Store) -> None:
        store.insert_run(run_of("run"))
        store.upsert_episode(episode_of("run", 0))
        store.insert_steps([detached(0), detached(1)])
        store.interrupt_episodes("run")
        rollup = store.get_episode("run", 0)
        assert (rollup.status, rollup.steps) == (EpisodeStatus.INTERRUPTED, 1)
        assert store.list_runs()[0].state is RunState.RUNNING

    @pytest.mark.parametrize("total", [math.nan, math.inf, 0.1], ids=repr)
    def test_that_a_return_is_kept(self, store: Store, total: float) -> None:
        store.upsert_episode(final_of("run", 0, steps=1, total_reward=total))
        assert repr(store.get_episode("run").total_reward) == repr(total)

    @pytest.mark.parametrize("seed", [None, 0, 2**63 - 1, 2**64, 2**200])
    def test_that_any_seed_is_kept(self, store: Store, seed: int | None) -> None:
        """NumPy takes seeds of any length."""
        store.upsert_episode(final_of("run", 0, steps=1, seed=seed))
        assert store.get_episode("run").seed == seed

    @pytest.mark.parametrize("run_id", ["nope", "", "../x", "x" * 10_000, "\udcff", "\x00"], ids=range(6))
    def test_that_a_run_that_is_not_there_is_said_so_shortly(self, store: Store, run_id: str) -> None:
        for ask in (store.get_run, store.list_episodes, store.get_episode, lambda run: store.load_steps(run, "e0000")):
            with pytest.raises(RunNotFoundError) as refusal:
                ask(run_id)
            assert len(str(refusal.value)) < 400

    @pytest.mark.parametrize("episode", ["nope", 7, -1, 2**80, "\udcff", "x" * 10_000], ids=range(6))
    def test_that_an_episode_that_is_not_there_is_said_so_shortly(self, store: Store, episode: str | int) -> None:
        store.insert_run(run_of("run"))
        store.upsert_episode(episode_of("run", 0))
        with pytest.raises(EpisodeNotFoundError) as refusal:
            store.get_episode("run", episode)
        assert len(str(refusal.value)) < 400
        if isinstance(episode, str):
            with pytest.raises(EpisodeNotFoundError):
                store.load_steps("run", episode)

    def test_that_a_part_of_an_episode_can_be_loaded(self, store: Store) -> None:
        store.insert_steps([detached(number) for number in range(10)])
        found = store.load_steps("run", "e0000", start=3, stop=7)
        assert [step.step_index for step in found] == [3, 4, 5, 6]
        assert store.load_steps("run", "e0000", start=10) == []
        assert store.load_steps("run", "e0000", start=2**80) == []
        assert len(store.load_steps("run", "e0000", stop=2**80)) == 10

    def test_that_an_episode_that_runs_counts_its_rows(self, store: Store) -> None:
        store.insert_run(run_of("run"))
        store.upsert_episode(episode_of("run", 0))
        store.insert_steps([detached(number) for number in range(5)])
        rollup = store.get_episode("run")
        assert (rollup.steps, rollup.frames, rollup.total_reward) == (4, 5, 2.5)
        (run,) = store.list_runs()
        assert (run.steps, run.frames, run.episodes) == (4, 5, 1)

    def test_that_interrupted_runs_end_by_what_their_rows_say(self, store: Store) -> None:
        """L5: status and totals of what a killed process left are true."""
        store.insert_run(run_of("run"))
        for index, last in ((0, {"terminated": True}), (1, {"truncated": True}), (2, {})):
            store.upsert_episode(episode_of("run", index))
            store.insert_steps([
                replace(detached(number, **(last if number == 3 else {})), episode_id=f"e{index:04d}")
                for number in range(4)
            ])  # fmt: skip
        store.upsert_episode(episode_of("run", 3))
        store.close_interrupted(["run"])
        found = {one.rollup.episode_index: one.rollup for one in store.list_episodes("run")}
        assert [found[index].status for index in range(4)] == [
            EpisodeStatus.COMPLETED, EpisodeStatus.COMPLETED, EpisodeStatus.INTERRUPTED, EpisodeStatus.INTERRUPTED,
        ]  # fmt: skip
        assert [(found[index].terminated, found[index].truncated) for index in range(3)] == [
            (True, False), (False, True), (False, False),
        ]  # fmt: skip
        assert [found[index].steps for index in range(4)] == [3, 3, 3, 0]
        assert found[0].total_reward == 1.5
        assert found[0].ended_at == START.astimezone(UTC)
        assert store.list_runs()[0].state is RunState.INTERRUPTED

    def test_that_a_run_that_said_its_end_keeps_it(self, store: Store) -> None:
        """Its process was killed after the commit and before its file was closed."""
        store.insert_run(run_of("run"))
        store.end_run("run", RunState.COMPLETED, START)
        store.close_interrupted(["run"])
        (run,) = store.list_runs()
        assert (run.state, run.ended_at) == (RunState.COMPLETED, START)

    def test_that_a_run_that_is_resumed_keeps_its_description(self, store: Store) -> None:
        store.insert_run(run_of("run", player="human"))
        store.end_run("run", RunState.INTERRUPTED, START)
        store.insert_run(run_of("run", player="random"))
        (run,) = store.list_runs()
        assert (run.run.player, run.state, run.ended_at) == ("human", RunState.RUNNING, None)

    def test_that_a_closed_store_refuses_to_write_with_a_sentence(self, store: Store) -> None:
        store.close()
        store.close()
        with pytest.raises(StoreError):
            store.insert_run(run_of("run"))
