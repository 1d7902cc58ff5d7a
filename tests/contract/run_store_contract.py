"""What every store of training runs keeps to; a subclass opens the store."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING, Final

import pytest

from gym_gui.core.errors import DuplicateRunError, InvalidRunIdError, RunNotFoundError, RunTransitionError
from gym_gui.services.trainer.config import ResourceConfig, TrainingConfig
from gym_gui.services.trainer.dispatch.claiming import PATIENCE
from gym_gui.services.trainer.run_store import RunProgress, WorkerProcess
from gym_gui.services.trainer.states import TRANSITIONS, Retention, TrainingState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from gym_gui.services.trainer.run_store import RunStore, TrainingRun

S = TrainingState
# How a run comes to each state.
WAYS: Final = {
    S.PENDING: (),
    S.DISPATCHING: (S.DISPATCHING,),
    S.RUNNING: (S.DISPATCHING, S.RUNNING),
    S.PAUSED: (S.DISPATCHING, S.RUNNING, S.PAUSED),
    S.COMPLETED: (S.DISPATCHING, S.RUNNING, S.COMPLETED),
    S.FAILED: (S.FAILED,),
    S.CANCELLED: (S.CANCELLED,),
}
WORKER: Final = WorkerProcess(
    worker_id="w0",
    pid=12,
    born_s=1.5,
    host="here",
    token_digest="ab" * 32,
    heartbeat_at=datetime(2026, 1, 2, tzinfo=UTC),
)


def config_of(seed: int = 0, *, cpus: float = 1.0, gpus: int = 0, priority: int = 0, name: str = "") -> TrainingConfig:
    """A run that differs from every other by its seed."""
    resources = ResourceConfig(cpus=cpus, gpus=gpus)
    return TrainingConfig(env_id="CartPole-v1", seed=seed, resources=resources, priority=priority, name=name)


def claim(store: RunStore, *, cpus: float = 4.0, gpus: tuple[int, ...] = (), at_most: int = 100) -> str | None:
    """The id of the run that is claimed."""
    run = store.claim(cpus=cpus, gpus=gpus, at_most=at_most)
    return None if run is None else run.run_id


class RunStoreContract:
    """The conformance class."""

    def open_store(self, folder: Path) -> RunStore:
        raise NotImplementedError

    def open_again(self, store: RunStore, folder: Path) -> RunStore:
        """Another connection to the same runs; the same object where there is no other."""
        del store
        return self.open_store(folder)

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[RunStore]:
        with closing(self.open_store(tmp_path)) as store:
            yield store

    def brought_to(self, store: RunStore, state: TrainingState, seed: int = 0) -> TrainingRun:
        """A run in that state."""
        run = store.add(f"run-{seed}", config_of(seed))
        for step in WAYS[state]:
            run = store.move(run.run_id, step, f"to {step.value}")
        return run

    def test_that_a_run_comes_back_as_it_was_added(self, store: RunStore, tmp_path: Path) -> None:
        config = replace(config_of(3, gpus=1, priority=-2, name="Ann's"), hyperparameters={"lr": 1e-4, "nested": [1]})
        before = datetime.now(UTC) - timedelta(seconds=1)
        added = store.add("one", config, resumed_from="other", steps_before=12_000, reason="It was doing well.")
        assert (added.state, added.attempt, added.digest) == (S.PENDING, 1, config.digest())
        assert (added.resumed_from, added.steps_before, added.progress.steps) == ("other", 12_000, 12_000)
        assert added.reason == "It was doing well."
        assert [one.reason for one in store.transitions("one")] == ["It was doing well."]
        assert before < added.created_at < datetime.now(UTC) + timedelta(seconds=1)
        again = self.open_again(store, tmp_path)
        assert repr(again.get("one")) == repr(store.get("one")) == repr(added)  # nan is not equal to itself
        if again is not store:
            again.close()

    def test_that_no_run_is_found_where_there_is_none(self, store: RunStore) -> None:
        calls: list[Callable[[], object]] = [
            lambda: store.get("none"),
            lambda: store.transitions("none"),
            lambda: store.move("none", S.FAILED, ""),
            lambda: store.retain("none", Retention.RETAINED, ""),
            lambda: store.set_progress("none", RunProgress()),
            lambda: store.set_workers("none", [WORKER]),
            lambda: store.count_restart("none"),
            lambda: store.list(after="none"),
        ]
        for call in calls:
            with pytest.raises(RunNotFoundError, match="none"):
                call()

    def test_that_a_name_that_is_no_file_name_is_refused(self, store: RunStore) -> None:
        with pytest.raises(InvalidRunIdError):
            store.add("../escape", config_of())
        assert not store.list()

    def test_that_the_table_of_transitions_is_kept(self, store: RunStore) -> None:
        for seed, (before, after) in enumerate(product(TrainingState, TrainingState)):
            run = self.brought_to(store, before, seed)
            told = len(store.transitions(run.run_id))
            if after in TRANSITIONS[before]:
                moved = store.move(run.run_id, after, "because")
                assert (moved.state, moved.reason) == (after, "because")
                assert repr(moved) == repr(store.get(run.run_id))
                last = store.transitions(run.run_id)[-1]
                assert (last.before, last.after, last.reason) == (before, after, "because")
                assert (moved.ended_at is None) == after.is_active
            else:
                with pytest.raises(RunTransitionError, match=before.value):
                    store.move(run.run_id, after, "because")
                assert store.get(run.run_id).state is before
                assert len(store.transitions(run.run_id)) == told

    def test_that_every_transition_has_its_time_and_its_reason(self, store: RunStore) -> None:
        run = self.brought_to(store, S.COMPLETED)
        told = store.transitions(run.run_id)
        assert [one.after for one in told] == [S.PENDING, S.DISPATCHING, S.RUNNING, S.COMPLETED]
        assert all(one.reason for one in told)
        assert [one.at for one in told] == sorted(one.at for one in told)
        assert told[0].before is None
        assert run.started_at == told[2].at
        assert run.ended_at == told[3].at

    def test_that_what_a_run_held_is_let_go_where_it_ends_or_waits_again(self, store: RunStore) -> None:
        for seed, after in enumerate((S.FAILED, S.CANCELLED, S.PENDING)):
            store.add(f"run-{seed}", config_of(seed, gpus=1))
            run = store.claim(cpus=9, gpus=(4,), at_most=9)
            assert run is not None
            store.set_workers(run.run_id, [WORKER])
            assert (store.get(run.run_id).gpus, store.get(run.run_id).workers) == ((4,), (WORKER,))
            moved = store.move(run.run_id, after, "over")
            assert (moved.gpus, moved.workers) == ((), ())
            assert store.get(run.run_id).host == WORKER.host  # where it ran is known all the same

    def test_that_a_twin_of_an_active_run_is_refused_and_pointed_to(self, store: RunStore) -> None:
        store.add("first", config_of(1))
        for state in (None, S.DISPATCHING, S.RUNNING, S.PAUSED):
            if state:
                store.move("first", state, "on")
            with pytest.raises(DuplicateRunError, match="first") as caught:
                store.add("second", config_of(1, name="called otherwise", priority=9))
            assert caught.value.run_id == "first"
        store.move("first", S.COMPLETED, "done")
        assert store.add("second", config_of(1)).attempt == 2
        store.move("second", S.CANCELLED, "no")
        assert store.add("third", config_of(1)).attempt == 3
        assert store.add("other", config_of(2)).attempt == 1

    def test_that_a_name_is_given_once(self, store: RunStore) -> None:
        store.add("name", config_of(1))
        store.move("name", S.FAILED, "no")
        with pytest.raises(DuplicateRunError) as caught:
            store.add("name", config_of(2))
        assert caught.value.run_id == "name"

    def test_that_lists_are_newest_first_by_state_and_in_pages(self, store: RunStore) -> None:
        for seed in range(5):
            store.add(f"run-{seed}", config_of(seed))
        store.move("run-1", S.FAILED, "no")
        store.move("run-3", S.CANCELLED, "no")
        names = [run.run_id for run in store.list()]
        assert names == ["run-4", "run-3", "run-2", "run-1", "run-0"]
        assert [run.run_id for run in store.list({S.FAILED, S.CANCELLED})] == ["run-3", "run-1"]
        assert [run.run_id for run in store.list(limit=2)] == names[:2]
        assert [run.run_id for run in store.list(after="run-3", limit=2)] == names[2:4]
        assert not store.list(after="run-0")

    def test_that_the_archive_is_a_way_in_one_direction_and_out_again(self, store: RunStore) -> None:
        run = self.brought_to(store, S.RUNNING)
        with pytest.raises(RunTransitionError, match="ended"):
            store.retain(run.run_id, Retention.RETAINED, "away")
        store.move(run.run_id, S.COMPLETED, "done")
        with pytest.raises(RunTransitionError, match="Archive it first"):
            store.retain(run.run_id, Retention.PURGED, "gone")
        assert store.retain(run.run_id, Retention.RETAINED, "away").retention is Retention.RETAINED
        assert not store.list()
        assert [one.run_id for one in store.list(archived=True)] == [run.run_id]
        store.retain(run.run_id, Retention.NONE, "back")
        assert [one.run_id for one in store.list()] == [run.run_id]
        store.retain(run.run_id, Retention.RETAINED, "away again")
        store.retain(run.run_id, Retention.PURGED, "gone")
        with pytest.raises(RunTransitionError):
            store.retain(run.run_id, Retention.NONE, "no way back")
        told = store.transitions(run.run_id)[-4:]
        assert [one.reason for one in told] == ["away", "back", "away again", "gone"]
        assert {(one.before, one.after) for one in told} == {(S.COMPLETED, S.COMPLETED)}

    def test_that_progress_and_workers_come_back_exactly(self, store: RunStore) -> None:
        run = self.brought_to(store, S.RUNNING)
        progress = RunProgress(
            steps=10**12,
            episodes=7,
            mean_return=-0.1,
            steps_per_s=1e5 / 3,
            last_step_at=datetime(2026, 5, 6, 7, 8, 9, 123456, tzinfo=UTC),
            frames=3,
            dropped_frames=2,
        )
        store.set_progress(run.run_id, progress)
        others = [WORKER, replace(WORKER, worker_id="w1", pid=2**31, heartbeat_at=None)]
        assert store.get(run.run_id).host == ""
        store.set_workers(run.run_id, others)
        assert store.get(run.run_id).progress == progress
        assert store.get(run.run_id).workers == tuple(others)
        store.set_workers(run.run_id, [])
        assert store.list()[0].workers == ()
        assert [store.count_restart(run.run_id) for _ in range(3)] == [1, 2, 3]
        assert store.get(run.run_id).restarts == 3

    def test_that_claims_go_by_priority_then_by_age(self, store: RunStore) -> None:
        for seed, priority in enumerate((0, 5, 0, 5)):
            store.add(f"run-{seed}", config_of(seed, priority=priority))
        assert [claim(store) for _ in range(5)] == ["run-1", "run-3", "run-0", "run-2", None]
        assert all(run.state is S.DISPATCHING for run in store.list())

    def test_that_limits_are_kept(self, store: RunStore) -> None:
        for seed in range(4):
            store.add(f"run-{seed}", config_of(seed, cpus=1.5))
        assert claim(store, cpus=3.0) == "run-0"
        assert claim(store, cpus=3.0) == "run-1"
        assert claim(store, cpus=3.0) is None
        assert claim(store, cpus=30.0, at_most=2) is None
        store.move("run-0", S.FAILED, "over")
        assert claim(store, cpus=3.0) == "run-2"

    def test_that_a_cluster_s_run_takes_nothing_of_this_machine(self, store: RunStore) -> None:
        store.add("far", replace(config_of(1, cpus=64, gpus=8), launcher="ray"))
        store.add("near", config_of(2, cpus=1))
        assert claim(store, cpus=1) == "far"
        assert claim(store, cpus=1) == "near"
        assert store.get("far").gpus == ()

    def test_that_a_gpu_is_one_run_s(self, store: RunStore) -> None:
        for seed in range(3):
            store.add(f"run-{seed}", config_of(seed, gpus=1, cpus=0))
        assert claim(store, gpus=(2, 5)) == "run-0"
        assert claim(store, gpus=(2, 5)) == "run-1"
        assert claim(store, gpus=(2, 5)) is None
        assert [store.get(f"run-{seed}").gpus for seed in range(3)] == [(2,), (5,), ()]
        store.move("run-0", S.CANCELLED, "over")
        assert claim(store, gpus=(2, 5)) == "run-2"
        assert store.get("run-2").gpus == (2,)

    def test_that_a_large_run_is_passed_over_but_not_for_ever(self, store: RunStore) -> None:
        store.add("small-0", config_of(0))
        assert claim(store, cpus=2) == "small-0"
        store.add("large", config_of(1, cpus=2))
        for seed in range(2, 2 + PATIENCE):
            store.add(f"small-{seed}", config_of(seed))
            assert claim(store, cpus=2) == f"small-{seed}"
            store.move(f"small-{seed}", S.FAILED, "over")
        store.add("late", config_of(99))
        assert claim(store, cpus=2) is None
        store.move("small-0", S.FAILED, "over")
        assert claim(store, cpus=2) == "large"

    def test_that_a_run_that_no_machine_here_could_hold_keeps_nobody_waiting(self, store: RunStore) -> None:
        store.add("huge", config_of(0, gpus=8, priority=9))
        for seed in range(1, PATIENCE + 5):
            store.add(f"run-{seed}", config_of(seed))
            assert claim(store) == f"run-{seed}"
            store.move(f"run-{seed}", S.FAILED, "over")

    def test_that_runs_that_are_not_to_go_yet_are_left_out(self, store: RunStore) -> None:
        store.add("soon", config_of(1))
        assert store.claim(cpus=4, gpus=(), at_most=4, except_for={"soon"}) is None
        assert claim(store) == "soon"

    def test_that_trainers_share_the_queue_and_not_their_machines(self, store: RunStore) -> None:
        for seed in range(3):
            store.add(f"run-{seed}", config_of(seed, gpus=1))
        first = store.claim(cpus=1, gpus=(0,), at_most=1, owner="a")
        second = store.claim(cpus=1, gpus=(0,), at_most=1, owner="b")
        assert first is not None
        assert second is not None
        assert (first.owner, first.gpus, second.owner, second.gpus) == ("a", (0,), "b", (0,))
        # Its checkpoints are with the first one: there it starts again.
        store.move(first.run_id, S.PENDING, "again")
        store.move(second.run_id, S.FAILED, "over")
        other = store.claim(cpus=1, gpus=(0,), at_most=1, owner="b")
        assert other is not None
        assert other.run_id == "run-2"
        again = store.claim(cpus=1, gpus=(0,), at_most=1, owner="a")
        assert again is not None
        assert again.run_id == first.run_id

    def test_that_claims_at_once_never_give_a_slot_twice(self, store: RunStore, tmp_path: Path) -> None:
        stores = [store, *(self.open_again(store, tmp_path) for _ in range(3))]
        for seed in range(12):
            store.add(f"run-{seed}", config_of(seed, gpus=1, cpus=0.5))
        together = threading.Barrier(len(stores) * 2)

        def claim_all(mine: RunStore) -> list[TrainingRun]:
            together.wait()
            got = (mine.claim(cpus=4, gpus=range(7), at_most=6) for _ in range(4))
            return [run for run in got if run is not None]

        with ThreadPoolExecutor(len(stores) * 2) as pool:
            claimed = [run for got in pool.map(claim_all, stores * 2) for run in got]
        for other in stores[1:]:
            if other is not store:
                other.close()
        assert len(claimed) == len({run.run_id for run in claimed}) == 6
        held = [gpu for run in claimed for gpu in run.gpus]
        assert len(held) == len(set(held)) == 6

    def test_that_one_of_two_twins_at_once_is_refused(self, store: RunStore, tmp_path: Path) -> None:
        stores = [store, self.open_again(store, tmp_path)]
        together = threading.Barrier(4)

        def add(number: int) -> str:
            together.wait()
            try:
                return stores[number % 2].add(f"run-{number}", config_of(7)).run_id
            except DuplicateRunError as error:
                return f"see {error.run_id}"

        with ThreadPoolExecutor(4) as pool:
            said = list(pool.map(add, range(4)))
        if stores[1] is not store:
            stores[1].close()
        (winner,) = [one for one in said if not one.startswith("see")]
        assert sorted(said) == sorted([winner] + [f"see {winner}"] * 3)
