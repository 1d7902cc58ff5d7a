"""What session tests share: an environment whose every step is known, a recorder, and time that stands until moved."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from gym_gui.adapters.base import AdapterStep, EnvironmentAdapter, EnvironmentDescription
from gym_gui.adapters.controls import Binding, ControlScheme
from gym_gui.controllers.session import SessionController
from gym_gui.controllers.session_sound import Sounds
from gym_gui.core.errors import EnvironmentRaisedError
from gym_gui.core.typing_compat import override

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gym_gui.controllers.session_state import Phase, SessionState
    from gym_gui.core.data_model import EpisodeRollup, RunRecord, RunState, StepRecord
    from gym_gui.core.schema.run_spaces import RunSpaces

TIMEOUT_S = 10.0


class KeysAsAction(ControlScheme):
    """The action is the sum of the held keys' places; 0 is idle. Turn by turn, keys without meaning are no action."""

    def __init__(self, *, turn_based: bool) -> None:
        self._turn_based = turn_based

    @property
    @override
    def bindings(self) -> Sequence[Binding]:
        return (Binding(("left", "a"), "Left"), Binding(("right", "d"), "Right"), Binding(("space",), "Fire"))

    @override
    def action_for(self, held: frozenset[str]) -> Any:
        places = {"left": 1, "a": 1, "right": 2, "d": 2, "space": 4}
        action = sum({places[key] for key in held if key in places})
        return None if self._turn_based and action == 0 else action


class FakeAdapter(EnvironmentAdapter):
    """Counts up to `episode_steps`, then terminates; raises where it is told to."""

    def __init__(
        self,
        *,
        turn_based: bool = False,
        rate_hz: float = 50.0,
        episode_steps: int = 1_000_000,
        raise_in_step: int | None = None,
        raise_in_reset: int | None = None,
        on_step: Callable[[], None] = lambda: None,
        sound_rate_hz: float | None = None,
    ) -> None:
        self.sound_rate_hz = sound_rate_hz
        self.turn_based = turn_based
        self.rate_hz = rate_hz
        self.episode_steps = episode_steps
        self.raise_in_step = raise_in_step
        self.raise_in_reset = raise_in_reset
        self.on_step = on_step
        self.seeds: list[int] = []
        self.actions: list[int] = []
        self.threads: set[str] = set()
        self.closed = False
        self._count = 0

    @property
    @override
    def description(self) -> EnvironmentDescription:
        return EnvironmentDescription(
            env_id="Fake-v0",
            env_kwargs={},
            env_spec=None,
            render_mode="rgb_array",
            action_space="Discrete(8)",
            observation_space="Discrete(1000)",
            space_signature="fake",
            step_rate_hz=self.rate_hz,
            turn_based=self.turn_based,
            versions={},
            sound_rate_hz=self.sound_rate_hz,
        )

    @property
    @override
    def controls(self) -> ControlScheme:
        return KeysAsAction(turn_based=self.turn_based)

    @override
    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> AdapterStep:
        if self.raise_in_reset == len(self.seeds):
            raise EnvironmentRaisedError("Fake-v0 raised in reset: ValueError: planted.", phase="reset")
        self.threads.add(threading.current_thread().name)
        self.seeds.append(seed)
        self._count = 0
        return AdapterStep(observation=0, frame=self._frame())

    @override
    def canonical_action(self, action: Any) -> Any:
        return int(action)

    @override
    def step(self, action: Any) -> AdapterStep:
        if self.raise_in_step == self._count:
            raise EnvironmentRaisedError("Fake-v0 raised in step: ValueError: planted.", phase="step")
        self._count += 1
        self.actions.append(action)
        self.on_step()
        return AdapterStep(
            observation=self._count,
            reward=0.5,
            terminated=self._count >= self.episode_steps,
            frame=self._frame(),
            action=action,
            sound=None if self.sound_rate_hz is None else np.full(512, self._count % 256, np.uint8),
        )

    @override
    def sample_action(self) -> Any:
        return 0

    @override
    def seed_actions(self, seed: int) -> None:
        """Nothing here is random."""

    @override
    def close(self) -> None:
        self.closed = True

    def _frame(self) -> np.ndarray[Any, np.dtype[np.uint8]]:
        return np.full((10, 8, 3), self._count % 256, np.uint8)


class FakeTelemetry:
    """Keeps everything in the order it came."""

    def __init__(self) -> None:
        self.runs: list[RunRecord] = []
        self.steps: list[StepRecord] = []
        self.started: list[EpisodeRollup] = []
        self.ended: list[EpisodeRollup] = []
        self.ended_runs: list[tuple[str, RunState]] = []
        self.log: list[str] = []

    def start_run(self, run: RunRecord, *, spaces: RunSpaces | None = None) -> None:  # noqa: ARG002 - a port's argument
        self.runs.append(run)
        self.log.append("run")

    def record_episode_start(self, rollup: EpisodeRollup) -> None:
        self.started.append(rollup)
        self.log.append("start")

    def record_step(self, step: StepRecord) -> None:
        self.steps.append(step)
        self.log.append("step")

    def complete_episode(self, rollup: EpisodeRollup) -> None:
        self.ended.append(rollup)
        self.log.append("end")

    def end_run(self, run_id: str, state: RunState) -> None:
        self.ended_runs.append((run_id, state))
        self.log.append("run ended")


class Time:
    """Time that moves only when a test moves it, and that knows when the session's thread has nothing left to do."""

    def __init__(self) -> None:
        self.now = 0.0
        self._lock = threading.Condition()
        self._waiting: tuple[threading.Condition, float | None] | None = None
        self._turns = 0

    def clock(self) -> float:
        return self.now

    def wait(self, condition: threading.Condition, timeout_s: float | None) -> bool:
        """Stands in for `Condition.wait`: the session's thread waits here until time moves or an order comes."""
        with self._lock:
            self._waiting = (condition, None if timeout_s is None else self.now + timeout_s)
            self._turns += 1
            self._lock.notify_all()
        try:
            if timeout_s is not None and timeout_s <= 0:
                return False
            return condition.wait(TIMEOUT_S)
        finally:
            with self._lock:
                self._waiting = None

    def settle(self) -> None:
        """Return when the session's thread waits for something that has not come yet."""
        with self._lock:
            arrived = self._lock.wait_for(self._is_settled, TIMEOUT_S)
        assert arrived, "the session's thread did not come to rest"

    def advance(self, seconds: float) -> None:
        """Move time on, deadline by deadline, letting the session's thread do what is due at each."""
        target = self.now + seconds
        while True:
            self.settle()
            with self._lock:
                waiting = self._waiting
                assert waiting is not None
                condition, deadline = waiting
                turns = self._turns
                due = deadline is not None and deadline <= target
                self.now = deadline if due and deadline is not None else target
            if not due:
                return
            with condition:
                condition.notify_all()
            with self._lock:
                assert self._lock.wait_for(partial(self._has_turned_since, turns), TIMEOUT_S)

    def jump(self, seconds: float) -> None:
        """Move time on at once, as when the machine was busy elsewhere."""
        self.settle()
        with self._lock:
            assert self._waiting is not None
            condition = self._waiting[0]
            turns = self._turns
            self.now += seconds
        with condition:
            condition.notify_all()
        with self._lock:
            assert self._lock.wait_for(lambda: self._turns > turns, TIMEOUT_S)

    def jump_to_end(self, seconds: float) -> None:
        """Move time on at once where the game is expected to end, so that its thread will not wait here again."""
        self.settle()
        with self._lock:
            assert self._waiting is not None
            condition = self._waiting[0]
            self.now += seconds
        with condition:
            condition.notify_all()

    def go_by(self, seconds: float) -> None:
        """Move time on while the session's thread is busy elsewhere, with nobody to wake."""
        with self._lock:
            self.now += seconds

    def _has_turned_since(self, turns: int) -> bool:
        return self._turns > turns

    def _is_settled(self) -> bool:
        return self._waiting is not None and (self._waiting[1] is None or self._waiting[1] > self.now)


class Desk:
    """A session controller with everything around it that a test looks at."""

    def __init__(self, adapter: FakeAdapter | Callable[[], EnvironmentAdapter]) -> None:
        self.time = Time()
        self.telemetry = FakeTelemetry()
        self.states: list[SessionState] = []
        self._changed = threading.Condition()
        self.adapter = adapter
        self.heard: list[tuple[int, int]] = []
        self.keeps_sound = True
        self.controller = SessionController(
            self.telemetry,
            self._make,
            on_change=self._on_change,
            clock=self.time.clock,
            wait=self.time.wait,
            sounds=Sounds(
                play=lambda samples, rate_hz: self.heard.append((samples[0], rate_hz)), keeps=lambda: self.keeps_sound
            ),
        )

    def _make(self, _env_id: str, _env_kwargs: Mapping[str, Any]) -> EnvironmentAdapter:
        return self.adapter if isinstance(self.adapter, EnvironmentAdapter) else self.adapter()

    def _on_change(self) -> None:
        with self._changed:
            self.states.append(self.controller.state)
            self._changed.notify_all()

    def wait_for(self, phase: Phase) -> SessionState:
        """The state, once its phase is *phase*."""
        with self._changed:
            reached = self._changed.wait_for(lambda: self.controller.state.phase is phase, TIMEOUT_S)
        assert reached, f"phase is {self.controller.state.phase}, not {phase}: {self.controller.state.message}"
        return self.controller.state

    def order(self, give: Callable[[], object]) -> None:
        """Give an order and let the session's thread carry it out."""
        self.time.settle()
        turns = self.time._turns
        give()
        with self.time._lock:
            assert self.time._lock.wait_for(lambda: self.time._turns > turns, TIMEOUT_S)
        self.time.settle()

    def leave(self) -> None:
        """Leave the game and wait until everything is recorded."""
        self.controller.stop()
        assert self.controller.wait_at_rest(TIMEOUT_S)
