"""Orders to the trainer, control of an evaluation, and what wants attention."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from live_runs import MemoryDesk, make_run, refusal
from unit.controllers.replay_desk import HeldRunner

from gym_gui.adapters.controls import Binding, ControlScheme
from gym_gui.controllers.live_attention import AttentionController, AttentionState
from gym_gui.controllers.live_control import ControlState, Hand, LiveControlController
from gym_gui.controllers.live_orders import LiveOrdersController, RunAct, allowed, what_goes
from gym_gui.controllers.live_source import LiveHealth
from gym_gui.controllers.tasks import ImmediateTaskRunner
from gym_gui.core.clock import utc_now
from gym_gui.core.errors import DuplicateRunError
from gym_gui.core.typing_compat import override
from gym_gui.services.trainer.config import EvaluationConfig, TrainingConfig
from gym_gui.services.trainer.run_store import RunProgress
from gym_gui.services.trainer.states import TrainingState
from gym_gui.services.trainer.status import AlertStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

CONFIG = TrainingConfig(worker="sb3", env_id="CartPole-v1", evaluation=EvaluationConfig(every_steps=100))


class OrdersFace:
    def __init__(self) -> None:
        self.told: list[str] = []
        self.started: list[str] = []
        self.refused: list[tuple[str, str]] = []
        self.polls = 0

    def tell(self, sentence: str) -> None:
        self.told.append(sentence)

    def show_started(self, run_id: str) -> None:
        self.started.append(run_id)

    def show_refused(self, sentence: str, duplicate_of: str) -> None:
        self.refused.append((sentence, duplicate_of))

    def runs_changed(self) -> None:
        self.polls += 1


@pytest.mark.parametrize(
    ("state", "acts"),
    [
        (TrainingState.RUNNING, {RunAct.PAUSE, RunAct.CANCEL, RunAct.CLONE}),
        (TrainingState.PAUSED, {RunAct.RESUME, RunAct.CANCEL, RunAct.CLONE}),
        (TrainingState.PENDING, {RunAct.CANCEL, RunAct.CLONE}),
        (TrainingState.FAILED, {RunAct.CONTINUE, RunAct.ARCHIVE, RunAct.CLONE}),
    ],
)
def test_that_a_run_allows_what_its_state_does(state: TrainingState, acts: set[RunAct]) -> None:
    assert allowed(make_run(1, state, config=CONFIG)) == acts
    assert not allowed(make_run(1, state, managed=False))


def test_that_orders_go_to_those_that_allow_them_and_are_told() -> None:
    desk, face = MemoryDesk(), OrdersFace()
    orders = LiveOrdersController(desk, ImmediateTaskRunner(), face)
    orders.act(RunAct.PAUSE, [make_run(1), make_run(2, TrainingState.FAILED)])
    assert [one[:2] for one in desk.ordered] == [("pause", "run-1")]
    assert face.told == ["name 1: pausing."]
    assert face.polls == 1
    desk.refuse = refusal("It does not want to.")
    orders.act(RunAct.CANCEL, [make_run(1)])
    assert face.told[-1] == "It does not want to."


def test_that_of_several_runs_to_judge_the_last_is_judged() -> None:
    desk, tasks = MemoryDesk(), HeldRunner()
    desk.misfits["NoSuch-v1"] = "There is none."
    orders = LiveOrdersController(desk, tasks, OrdersFace())
    told: list[str] = []
    for env_id in ("CartPole-v1", "No-v1", "NoSuch-v1"):
        orders.judge(TrainingConfig(worker="random", env_id=env_id), told.append)
    tasks.run_all()
    assert [one.env_id for one in desk.judged] == ["CartPole-v1", "NoSuch-v1"]
    assert told == ["", "There is none."]
    orders.judge(CONFIG, told.append)
    tasks.run_all()
    assert told[-1] == ""


def test_that_an_ended_run_goes_on_from_its_checkpoint_as_a_new_one() -> None:
    desk, face = MemoryDesk(), OrdersFace()
    orders = LiveOrdersController(desk, ImmediateTaskRunner(), face)
    orders.act(RunAct.CONTINUE, [make_run(1, TrainingState.FAILED, config=CONFIG)])
    assert desk.ordered == [("submit", CONFIG, "run-1")]
    assert face.started == ["run-new"]


def test_that_several_ended_runs_all_go_on_and_archived_ones_come_back() -> None:
    desk, face = MemoryDesk(), OrdersFace()
    orders = LiveOrdersController(desk, ImmediateTaskRunner(), face)
    ended = [make_run(number, TrainingState.CANCELLED, config=CONFIG) for number in (1, 2, 3)]
    orders.act(RunAct.CONTINUE, ended)
    assert desk.ordered == [("submit", CONFIG, f"run-{number}") for number in (1, 2, 3)]
    assert face.told == ["3 runs: continued."]
    desk.ordered.clear()
    orders.act(RunAct.UNARCHIVE, [ended[0], make_run(4, TrainingState.FAILED, archived=True)])
    assert [one[:2] for one in desk.ordered] == [("unarchive", "run-4")]
    assert allowed(make_run(5, TrainingState.FAILED, config=CONFIG, archived=True, purged=True)) == {RunAct.CLONE}


def test_that_a_duplicate_points_to_the_run_that_is_active() -> None:
    desk, face = MemoryDesk(refuse=DuplicateRunError("It runs already.", run_id="run-7")), OrdersFace()
    orders = LiveOrdersController(desk, ImmediateTaskRunner(), face)
    orders.start(CONFIG)
    assert face.refused == [("It runs already.", "run-7")]
    assert not orders.starting


def test_that_cancelling_says_what_goes() -> None:
    assert "10 steps are done" in what_goes([make_run(1)])
    assert what_goes([make_run(1), make_run(2)]).startswith("2 runs stop for good")


class Keys(ControlScheme):
    @property
    @override
    def bindings(self) -> Sequence[Binding]:
        return (Binding(("right",), "Right"),)

    @override
    def action_for(self, held: frozenset[str]) -> Any:
        return int("right" in held)


class ControlFace:
    def __init__(self) -> None:
        self.state = ControlState()

    def show_control(self, state: ControlState) -> None:
        self.state = state

    def hand(self) -> Hand:
        return self.state.hand


@pytest.fixture
def desk() -> MemoryDesk:
    return MemoryDesk()


@pytest.fixture
def control(desk: MemoryDesk) -> tuple[LiveControlController, ControlFace]:
    face = ControlFace()
    controller = LiveControlController(desk, ImmediateTaskRunner(), face, lambda _id, _kwargs: Keys())
    controller.watch(make_run(1, config=CONFIG))
    return controller, face


def test_that_a_person_takes_over_acts_and_hands_back(
    control: tuple[LiveControlController, ControlFace], desk: MemoryDesk
) -> None:
    controller, face = control
    controller.toggle()
    assert face.hand() is Hand.PERSON
    assert [binding.label for binding in face.state.bindings] == ["Right"]
    controller.hold(frozenset({"right"}))
    controller.hold(frozenset({"right", "x"}))  # no other action: nothing to say
    controller.hold(frozenset())
    controller.speak()
    controller.toggle()
    assert face.hand() is Hand.POLICY
    assert [(one[0], one[2]) for one in desk.ordered] == [
        ("take-control", {"timeout_s": 6.0, "idle": 0}),
        ("act", {"action": 1}),
        ("act", {"action": 0}),
        ("act", {}),
        ("hand-back", {}),
    ]


def test_that_watching_another_run_hands_back(
    control: tuple[LiveControlController, ControlFace], desk: MemoryDesk
) -> None:
    controller, face = control
    controller.take()
    controller.watch(make_run(2, config=CONFIG))
    assert desk.ordered[-1][:2] == ("hand-back", "run-1")
    assert face.state.run_id == "run-2"
    assert face.state.hand is Hand.POLICY


def test_that_a_worker_that_refuses_leaves_the_policy_acting(
    control: tuple[LiveControlController, ControlFace], desk: MemoryDesk
) -> None:
    controller, face = control
    desk.refuse = refusal("No evaluation runs now.")
    controller.take()
    assert face.state.hand is Hand.POLICY
    assert face.state.why == "No evaluation runs now."


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"managed": False}, "Control can be taken of runs that the trainer started."),
        ({"state": TrainingState.COMPLETED}, "This run has ended."),
        ({"config": TrainingConfig()}, "This run has no evaluations: control is taken of an evaluation's environment."),
    ],
)
def test_that_it_is_said_why_control_cannot_be_taken(desk: MemoryDesk, changes: dict[str, Any], why: str) -> None:
    face = ControlFace()
    controller = LiveControlController(desk, ImmediateTaskRunner(), face, lambda _id, _kwargs: Keys())
    state = changes.pop("state", TrainingState.RUNNING)
    controller.watch(make_run(1, state, **changes))
    controller.take()
    assert not face.state.possible
    assert face.state.why == why
    assert not desk.ordered


class AttentionFace:
    def __init__(self) -> None:
        self.state = AttentionState()
        self.news: list[str] = []

    def show_attention(self, state: AttentionState) -> None:
        self.state = state

    def notify_alerts(self, alerts: Sequence[AlertStatus]) -> None:
        self.news += [alert.kind for alert in alerts]


def test_that_only_what_is_new_and_unseen_asks_for_attention(desk: MemoryDesk) -> None:
    face = AttentionFace()
    attention = AttentionController(desk, ImmediateTaskRunner(), face)
    desk.runs = [make_run(1, TrainingState.FAILED, ended_at=utc_now())]
    attention.poll()
    assert not face.news  # it had failed before anybody looked
    assert [alert.kind for alert in face.state.alerts] == ["failed"]
    desk.runs.append(make_run(2, TrainingState.FAILED, ended_at=utc_now(), reason="It broke."))
    attention.poll()
    attention.poll()
    assert face.news == ["failed"]
    assert [alert.run_id for alert in face.state.unseen] == ["run-2"]
    attention.look(looking=True)
    assert not face.state.unseen
    assert len(face.state.alerts) == 2


def test_that_silence_a_full_disk_and_the_trainers_alerts_are_told(desk: MemoryDesk) -> None:
    face = AttentionFace()
    attention = AttentionController(desk, ImmediateTaskRunner(), face)
    attention.poll()
    long_ago = RunProgress(last_step_at=utc_now() - timedelta(minutes=10))
    desk.runs = [make_run(1, managed=False, progress=long_ago), make_run(2, progress=long_ago)]
    nan = AlertStatus(run_id="run-2", kind="nan", sentence="The loss is nan.", since=utc_now(), active=True)
    over = AlertStatus(run_id="run-2", kind="heartbeat-late", sentence="It was late.", since=utc_now(), active=False)
    desk.state = LiveHealth(disk_free_bytes=10**9, alerts=(nan, over))
    attention.poll()
    assert sorted(face.news) == ["disk-low", "nan", "no-progress"]


def test_that_a_desk_that_fails_leaves_what_was_known(desk: MemoryDesk) -> None:
    face = AttentionFace()
    attention = AttentionController(desk, ImmediateTaskRunner(), face)
    attention.poll()
    desk.fault = refusal("Not now.")
    attention.poll()
    assert face.state.fault == "Not now."
    assert face.state.health is not None
