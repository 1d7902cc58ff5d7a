"""The list of runs: sorted, searched, filtered, and honest about who does not answer."""

from __future__ import annotations

import math

import pytest
from live_runs import MemoryDesk, make_run

from gym_gui.controllers.live_runs import LiveRunsController, LiveRunsState, RunColumn, StateGroup, run_labels, speed_of
from gym_gui.controllers.tasks import ImmediateTaskRunner
from gym_gui.core.errors import TrainerUnavailableError
from gym_gui.services.trainer.run_store import RunProgress
from gym_gui.services.trainer.states import TrainingState


class Face:
    def __init__(self) -> None:
        self.state = LiveRunsState()

    def show_runs(self, state: LiveRunsState) -> None:
        self.state = state

    @property
    def ids(self) -> list[str]:
        return [run.run_id for run in self.state.shown]


@pytest.fixture
def desk() -> MemoryDesk:
    return MemoryDesk(
        runs=[
            make_run(4, TrainingState.FAILED, env_id="LunarLander-v3", host="there"),
            make_run(3, TrainingState.COMPLETED, archived=True),
            make_run(2, algorithm="DQN", progress=RunProgress(steps=999)),
            make_run(1, TrainingState.PENDING),
        ]
    )


@pytest.fixture
def face() -> Face:
    return Face()


@pytest.fixture
def runs(desk: MemoryDesk, face: Face) -> LiveRunsController:
    controller = LiveRunsController(desk, ImmediateTaskRunner(), face)
    controller.poll()
    return controller


def test_that_archived_runs_are_out_of_the_way_until_asked_for(runs: LiveRunsController, face: Face) -> None:
    assert face.ids == ["run-4", "run-2", "run-1"]
    runs.toggle(StateGroup.ARCHIVED)
    assert face.ids == ["run-3"]
    runs.toggle(StateGroup.FAILED)
    assert face.ids == ["run-4", "run-3"]
    runs.clear_filters()
    assert face.ids == ["run-4", "run-2", "run-1"]
    assert {chip.group: chip.count for chip in face.state.chips} == {
        StateGroup.ACTIVE: 1,
        StateGroup.WAITING: 1,
        StateGroup.FAILED: 1,
        StateGroup.ARCHIVED: 1,
    }


@pytest.mark.parametrize(
    ("words", "found"),
    [("lunar", ["run-4"]), ("dqn name", ["run-2"]), ("THERE", ["run-4"]), ("run-1", ["run-1"]), ("nothing", [])],
)
def test_that_every_word_is_searched_for(runs: LiveRunsController, face: Face, words: str, found: list[str]) -> None:
    runs.search(words)
    assert face.ids == found
    assert face.state.filtered


def test_that_what_has_no_value_comes_last_whichever_way(runs: LiveRunsController, face: Face) -> None:
    runs.sort(RunColumn.RETURN, descending=True)
    assert face.ids == ["run-4", "run-1", "run-2"]
    runs.sort(RunColumn.RETURN, descending=False)
    assert face.ids == ["run-1", "run-4", "run-2"]
    assert math.isnan(face.state.shown[-1].progress.mean_return)


@pytest.mark.parametrize("column", list(RunColumn))
def test_that_every_column_sorts(runs: LiveRunsController, face: Face, column: RunColumn) -> None:
    runs.sort(column, descending=True)
    assert sorted(face.ids) == ["run-1", "run-2", "run-4"]


def test_that_a_fault_is_told_and_the_lines_stay(runs: LiveRunsController, face: Face, desk: MemoryDesk) -> None:
    desk.fault = TrainerUnavailableError("No trainer answers.", hint="Start one.")
    runs.poll()
    assert face.state.fault == "No trainer answers. Start one."
    assert len(face.ids) == 3
    desk.fault = None
    runs.poll()
    assert not face.state.fault


def test_that_runs_of_the_same_name_are_told_apart() -> None:
    runs = [make_run(1, run_id="cart-aa11", name="cart"), make_run(2, run_id="cart-bb22", name="cart"), make_run(3)]
    assert run_labels(runs) == {"cart-aa11": "cart · aa11", "cart-bb22": "cart · bb22", "run-3": "name 3"}


def test_that_only_a_run_that_steps_has_a_speed(desk: MemoryDesk, face: Face) -> None:
    desk.runs = [make_run(place, state) for place, state in enumerate(TrainingState)]
    assert [run.state for run in desk.runs if speed_of(run) is not None] == [TrainingState.RUNNING]
    controller = LiveRunsController(desk, ImmediateTaskRunner(), face)
    controller.poll()
    controller.sort(RunColumn.SPEED, descending=False)
    assert face.state.shown[0].state is TrainingState.RUNNING


def test_that_a_run_that_reached_its_end_is_done_whole() -> None:
    assert make_run(50).share == 0.5
    assert make_run(50, TrainingState.COMPLETED).share == 1.0
    assert make_run(50, TrainingState.CANCELLED).share == 0.5
