"""Taking control of a running evaluation, and handing it back: held keys become actions that are ordered of the worker.

`LiveControlController` lives on the thread that its task runner answers on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gym_gui.adapters.controls import Binding, ControlScheme
    from gym_gui.controllers.live_source import LiveRun, TrainerOrders
    from gym_gui.controllers.views import TaskRunner

# A window that died hands back by saying nothing for so long; one that lives speaks three times as often.
TIMEOUT_S: Final = 6.0
SPEAK_MS: Final = 2_000


class Hand(StrEnum):
    """Who acts."""

    POLICY = "policy"
    TAKING = "taking"
    PERSON = "person"
    RETURNING = "returning"


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlState:
    """Who acts in the evaluation of a run.

    Attributes:
        run_id: The run; None where none is watched.
        possible: Whether control can be taken.
        hand: Who acts.
        why: One sentence: why it cannot be taken, or what went wrong; empty otherwise.
        bindings: The keys of the game, while a person acts.
    """

    run_id: str | None = None
    possible: bool = False
    hand: Hand = Hand.POLICY
    why: str = ""
    bindings: Sequence[Binding] = ()


class ControlView(Protocol):
    """The face of a `LiveControlController`."""

    def show_control(self, state: ControlState) -> None:
        """Something changed."""


class OrderDesk(Protocol):
    """Who takes orders; asked in tasks only."""

    def orders(self) -> TrainerOrders:
        """The trainer."""


class LiveControlController:
    """Takes over, acts, hands back.

    Args:
        desk: Who takes orders.
        runner: Where it is waited for; one thread, so that actions keep their order.
        view: What shows who acts.
        scheme_of: Finds the keys of an environment; in a task.
    """

    def __init__(
        self,
        desk: OrderDesk,
        runner: TaskRunner,
        view: ControlView,
        scheme_of: Callable[[str, Mapping[str, Any]], ControlScheme] | None = None,
    ) -> None:
        self._desk = desk
        self._runner = runner
        self._view = view
        self._scheme_of = scheme_of or scheme_of_env
        self._state = ControlState()
        self._scheme: ControlScheme | None = None
        self._run: LiveRun | None = None
        self._sent: Any = None
        self._next: Any = None
        self._busy = False

    @property
    def state(self) -> ControlState:
        """Who acts."""
        return self._state

    def watch(self, run: LiveRun | None) -> None:
        """This run is watched; what was taken of another is handed back."""
        before = self._state
        if run is None or run.run_id != before.run_id:
            if before.hand in {Hand.PERSON, Hand.TAKING}:
                self.hand_back()
            self._state = ControlState(run_id=None if run is None else run.run_id)
        self._run = run
        why = _why_not(run)
        lost = bool(why) and self._state.hand is not Hand.POLICY
        changed = replace(self._state, possible=not why, hand=Hand.POLICY if lost else self._state.hand)
        if not changed.possible or self._state.possible != changed.possible:
            changed = replace(changed, why=why)
        if changed != before:
            self._show(changed)

    def toggle(self) -> None:
        """Take control, or hand it back."""
        if self._state.hand is Hand.PERSON:
            self.hand_back()
        elif self._state.hand is Hand.POLICY:
            self.take()

    def take(self) -> None:
        """Take control."""
        run = self._run
        if run is None or not self._state.possible or self._state.hand is not Hand.POLICY:
            return
        self._show(replace(self._state, hand=Hand.TAKING, why=""))
        kwargs = {} if run.config is None else run.config.env_kwargs

        def work() -> ControlScheme:
            scheme = self._scheme_of(run.env_id, kwargs)
            detail: dict[str, Any] = {"timeout_s": TIMEOUT_S}
            idle = scheme.action_for(frozenset())
            if idle is not None:
                detail["idle"] = jsonable(idle)
            self._desk.orders().order(run.run_id, "take-control", detail)
            return scheme

        self._runner.submit(
            work,
            lambda scheme: self._taken(run.run_id, scheme),
            lambda error: self._refused(run.run_id, error),
        )

    def hand_back(self) -> None:
        """The policy goes on."""
        run_id, self._scheme = self._state.run_id, None
        if run_id is None or self._state.hand not in {Hand.PERSON, Hand.TAKING}:
            return
        self._show(replace(self._state, hand=Hand.RETURNING, bindings=()))
        self._runner.submit(
            lambda: self._desk.orders().order(run_id, "hand-back", {}),
            lambda _: self._returned(run_id, ""),
            lambda error: self._returned(run_id, str(error)),
        )

    def hold(self, keys: frozenset[str]) -> None:
        """These keys of the game are down."""
        if self._scheme is not None and self._state.hand is Hand.PERSON:
            action = self._scheme.action_for(keys)
            if action is not None:
                self._next = jsonable(action)
                self._send()

    def speak(self) -> None:
        """Say that the person is still there; asked now and then."""
        run_id = self._state.run_id
        if self._state.hand is Hand.PERSON and run_id is not None and not self._busy:
            self._order(run_id, {})

    # Inside.

    def _send(self) -> None:
        run_id = self._state.run_id
        if self._busy or run_id is None or self._next == self._sent:
            return  # the newest keys follow as soon as the answer is there
        self._sent = self._next
        self._order(run_id, {"action": self._sent})

    def _order(self, run_id: str, detail: Mapping[str, Any]) -> None:
        self._busy = True

        def answered(fault: str) -> None:
            self._busy = False
            if fault and self._state.run_id == run_id and self._state.hand is Hand.PERSON:
                self._scheme = None
                self._show(replace(self._state, hand=Hand.POLICY, why=fault, bindings=()))
            elif self._state.hand is Hand.PERSON:
                self._send()

        self._runner.submit(
            lambda: self._desk.orders().order(run_id, "act", detail),
            lambda _: answered(""),
            lambda error: answered(str(error) or type(error).__name__),
        )

    def _taken(self, run_id: str, scheme: ControlScheme) -> None:
        if self._state.run_id != run_id or self._state.hand is not Hand.TAKING:
            return
        self._scheme, self._sent, self._next = scheme, None, None
        self._show(replace(self._state, hand=Hand.PERSON, bindings=tuple(scheme.bindings)))

    def _refused(self, run_id: str, error: Exception) -> None:
        if self._state.run_id == run_id:
            self._show(replace(self._state, hand=Hand.POLICY, why=str(error) or type(error).__name__))

    def _returned(self, run_id: str, fault: str) -> None:
        if self._state.run_id == run_id and self._state.hand is Hand.RETURNING:
            self._show(replace(self._state, hand=Hand.POLICY, why=fault))

    def _show(self, state: ControlState) -> None:
        self._state = state
        self._view.show_control(state)


def _why_not(run: LiveRun | None) -> str:
    if run is None:
        return "Choose a run first."
    if not run.managed:
        return "Control can be taken of runs that the trainer started."
    if not run.state.is_active:
        return "This run has ended."
    if run.config is not None and run.config.evaluation.every_steps <= 0:
        return "This run has no evaluations: control is taken of an evaluation's environment."
    return ""


def scheme_of_env(env_id: str, env_kwargs: Mapping[str, Any]) -> ControlScheme:
    """The keys of an environment, found by opening it once.

    Raises:
        UnknownEnvironmentError: there is none of that id.
        EnvironmentUnusableError: it cannot be opened here.
    """
    from gym_gui.adapters.catalog import make_adapter  # noqa: PLC0415 - gymnasium, 0.4 s: in a task

    adapter = make_adapter(env_id, env_kwargs=dict(env_kwargs))
    try:
        return adapter.controls
    finally:
        adapter.close()


def jsonable(action: Any) -> Any:
    """An action as JSON values."""
    if isinstance(action, np.ndarray):
        return action.tolist()
    return action.item() if isinstance(action, np.generic) else action
