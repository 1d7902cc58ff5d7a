"""One game from its making to its end: paced steps, episodes, recording, faults.

Runs on the session's thread; it is told what to do through `Orders` and tells what happens through `publish`.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Protocol

from gym_gui.adapters.stepper import EpisodeStepper, make_run_record
from gym_gui.controllers.session_pacing import Pacer, Stopwatch
from gym_gui.controllers.session_state import Phase, SessionState
from gym_gui.core.data_model import EpisodeStatus, RunState
from gym_gui.core.errors import EnvironmentFault, EnvironmentUnusableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gym_gui.adapters.base import EnvironmentAdapter
    from gym_gui.controllers.session_orders import Orders
    from gym_gui.controllers.session_sound import Sounds
    from gym_gui.core.data_model import EpisodeRollup, RunRecord, StepRecord
    from gym_gui.core.schema.run_spaces import RunSpaces

_log = logging.getLogger(__name__)

# How long the end of an episode stays on the screen before a real-time game goes on by itself.
CONTINUE_AFTER_S: Final = 1.5
# A key that was meant for the game that just ended must not skip its end.
GRACE_S: Final = 0.35
# After so many episodes in a row without a key, nobody is there: the next one is not recorded until one comes.
UNATTENDED_EPISODES: Final = 2
CONTINUE_KEYS: Final = frozenset({"space", "enter"})

SEED_BITS: Final = 31


class Telemetry(Protocol):
    """The part of `services.telemetry.TelemetryService` that a game is recorded by."""

    def start_run(self, run: RunRecord, *, spaces: RunSpaces | None = None) -> None:
        """A run begins."""

    def record_episode_start(self, rollup: EpisodeRollup) -> None:
        """An episode begins."""

    def record_step(self, step: StepRecord) -> None:
        """A step was taken."""

    def complete_episode(self, rollup: EpisodeRollup) -> None:
        """An episode ended."""

    def end_run(self, run_id: str, state: RunState) -> None:
        """The run ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GameRequest:
    """Which game to start.

    Attributes:
        env_id: As given to ``gymnasium.make``.
        env_kwargs: Keyword arguments for it.
        seed: Seed of the first episode; None for a fresh one.
    """

    env_id: str
    env_kwargs: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None


class GameLoop:
    """Plays one game until the orders say leave, or it faults.

    Args:
        request: Which game.
        orders: What the player asks for.
        telemetry: What records it; also the way by which pictures reach the screen.
        make_adapter: Opens the environment; called on this thread, because importing and opening take long.
        publish: Told every new state.
        clock: Seconds, monotonic; the one that *orders* waits by.
        recording: Shown in the state.
        sounds: Where its sound goes.
    """

    def __init__(
        self,
        request: GameRequest,
        orders: Orders,
        telemetry: Telemetry,
        make_adapter: Callable[[str, Mapping[str, Any]], EnvironmentAdapter],
        *,
        publish: Callable[[SessionState], None],
        clock: Callable[[], float],
        recording: bool,
        sounds: Sounds,
    ) -> None:
        self._sounds = sounds
        self._request = request
        self._orders = orders
        self._telemetry = telemetry
        self._make_adapter = make_adapter
        self._publish = publish
        self._clock = clock
        self._state = SessionState(phase=Phase.LOADING, env_id=request.env_id, recording=recording)
        self._stopwatch = Stopwatch(clock)
        self._adapter: EnvironmentAdapter | None = None
        self._run_state = RunState.COMPLETED
        self._run_started = False
        self._episode_open = False
        self._presses_before = 0
        self._unattended_episodes = 0

    def run(self) -> None:
        """Play to the end. Never raises: what goes wrong becomes the state's phase and message."""
        try:
            self._open()
            self._begin_episode(self._request.seed)
            while not self._orders.leaving:
                self._turn()
        except EnvironmentFault as fault:
            self._show_fault(fault.message, fault.hint)
        except Exception as error:  # noqa: BLE001 - see below
            # The session thread's edge: a fault of ours must be seen, and must not take the window along.
            _log.exception("The game loop of %s failed.", self._request.env_id)
            self._show_fault(
                f"The game stopped because of a fault in this application ({type(error).__name__}: {error}).",
                "What was played up to here is kept; the log has the details.",
            )
        finally:
            self._close()

    # --- the parts of a game ----------------------------------------------------------------------------------------

    def _open(self) -> None:
        adapter = self._adapter = self._make_adapter(self._request.env_id, self._request.env_kwargs)
        description = adapter.description
        if not adapter.controls.bindings and adapter.controls.action_for(frozenset()) is None:
            raise EnvironmentUnusableError(
                f"{self._request.env_id} takes actions that no key can say.",
                hint=f"Let a policy play it: gym-gui record {self._request.env_id} --policy random --episodes 1",
            )
        keep_sound = self._sounds.keeps()
        self._run = make_run_record(adapter, player="human", keep_sound=keep_sound)
        self._stepper = EpisodeStepper(adapter, self._run, keep_sound=keep_sound)
        self._rate_hz = description.step_rate_hz
        self._sound_rate_hz = description.sound_rate_hz
        self._turn_based = description.turn_based
        self._pacer = Pacer(self._clock, self._rate_hz * self._orders.speed)
        self._state = replace(
            self._state,
            turn_based=self._turn_based,
            bindings=tuple(adapter.controls.bindings),
            message=description.warning,
            has_sound=self._sound_rate_hz is not None,
        )

    def _turn(self) -> None:
        order = self._orders.take_reset()
        if order is not None:
            self._unattended_episodes = 0
            self._begin_episode(order.seed)
        elif self._state.phase is Phase.EPISODE_OVER:
            self._stay_at_the_end()
        elif self._orders.paused:
            self._stay_paused()
        elif self._turn_based:
            self._play_a_turn()
        else:
            self._play_in_time()

    def _begin_episode(self, seed: int | None) -> None:
        if self._orders.leaving:
            return
        self._end_episode(EpisodeStatus.ABANDONED)
        chosen = secrets.randbits(SEED_BITS) if seed is None else seed
        try:
            first = self._stepper.reset(seed=chosen)
        except EnvironmentFault:
            # An episode that could not begin is kept too, as faulted: its seed is what reproduces the fault.
            self._record_start()
            raise
        rollup = self._record_start()
        self._orders.forget_presses()
        self._presses_before = self._orders.presses_seen
        self._stopwatch.clear()
        self._pacer.restart()
        self._show(
            phase=Phase.PAUSED if self._orders.paused else Phase.PLAYING,
            run_id=self._run.run_id,
            episode_index=rollup.episode_index,
            episode_id=rollup.episode_id,
            seed=chosen,
            step=0,
            total_reward=0.0,
            elapsed_s=0.0,
            terminated=False,
            truncated=False,
            waiting=False,
        )
        self._telemetry.record_step(first)

    def _record_start(self) -> EpisodeRollup:
        if not self._run_started:
            self._run_started = True
            self._telemetry.start_run(self._run, spaces=None if self._adapter is None else self._adapter.spaces)
        rollup = self._stepper.rollup
        self._episode_open = True
        self._telemetry.record_episode_start(rollup)
        return rollup

    def _play_in_time(self) -> None:
        self._follow_speed()
        if self._state.phase is not Phase.PLAYING:
            self._pacer.restart()
            self._show(phase=Phase.PLAYING)
        self._stopwatch.run()
        orders, speed = self._orders, self._state.speed
        orders.wait_until(self._pacer.deadline, lambda: orders.paused or orders.speed != speed)
        if self._clock() >= self._pacer.deadline:
            self._pacer.begin_step()
            # Sampled here and not a frame earlier: what is down now decides this step.
            self._step(orders.sample_keys())

    def _play_a_turn(self) -> None:
        orders = self._orders
        if self._state.phase is not Phase.PLAYING:
            self._show(phase=Phase.PLAYING)
        self._stopwatch.run()
        orders.wait_until(None, lambda: orders.has_press or orders.paused)
        key = orders.take_press()
        if key is not None:
            self._step(frozenset({key}))

    def _stay_paused(self) -> None:
        self._follow_speed()
        self._stopwatch.stop()
        if self._state.phase is not Phase.PAUSED:
            self._pacer.restart()
            self._show(phase=Phase.PAUSED, true_hz=0.0)
        orders, speed = self._orders, self._state.speed
        orders.wait_until(None, lambda: not orders.paused or orders.has_single_step or orders.speed != speed)
        if orders.take_single_step():
            # Of the game's time a step is one period, whenever it is taken.
            self._stopwatch.add(1 / self._rate_hz)
            self._step(orders.sample_keys())
        else:
            orders.forget_presses()

    def _stay_at_the_end(self) -> None:
        orders = self._orders
        if self._turn_based:
            orders.wait_until(None, lambda: orders.has_press)
            if orders.take_press() in CONTINUE_KEYS:
                self._begin_episode(None)
            return
        now = self._clock()
        orders.wait_until(now + GRACE_S, lambda: False)
        orders.forget_presses()
        paused = orders.paused
        # A pause asked for at the end holds the end on the screen until it is lifted.
        until = None if paused or self._state.waiting else now + CONTINUE_AFTER_S
        orders.wait_until(until, lambda: orders.has_press or orders.paused != paused)
        over = until is not None and self._clock() >= until and not orders.paused
        if over or orders.has_press:
            self._begin_episode(None)

    def _step(self, keys: frozenset[str]) -> None:
        assert self._adapter is not None  # noqa: S101 - `_open` made it, or we would not be here
        action = self._adapter.controls.action_for(keys)
        if action is None and self._turn_based:
            return
        self._orders.asked_s = self._clock()
        try:
            record = self._stepper.step(action)
        finally:
            self._orders.asked_s = None
        rollup = self._stepper.rollup
        # The state first: the record wakes the screen, which then finds both.
        self._state = replace(
            self._state,
            step=rollup.steps,
            total_reward=rollup.total_reward,
            elapsed_s=self._stopwatch.elapsed_s,
            true_hz=self._pacer.true_hz if self._state.phase is Phase.PLAYING else 0.0,
            late_frames=self._pacer.late,
            message=(self._adapter.frame_note if record.frame is None else "") or self._adapter.description.warning,
        )
        self._publish(self._state)
        self._telemetry.record_step(record)
        self._sounds.let_hear(self._stepper.sound, self._sound_rate_hz, self._state, self._rate_hz)
        if record.done:
            self._stopwatch.stop()
            self._end_episode(None)
            attended = self._orders.is_holding or self._orders.presses_seen > self._presses_before
            self._unattended_episodes = 0 if attended else self._unattended_episodes + 1
            self._orders.forget_presses()
            self._show(
                phase=Phase.EPISODE_OVER,
                true_hz=0.0,
                terminated=record.terminated,
                truncated=record.truncated,
                waiting=self._turn_based or self._unattended_episodes >= UNATTENDED_EPISODES,
            )

    # --- ends -------------------------------------------------------------------------------------------------------

    def _end_episode(self, status: EpisodeStatus | None, fault: str | None = None) -> None:
        if self._episode_open:
            self._episode_open = False
            self._telemetry.complete_episode(self._stepper.finish(status, fault))

    def _show_fault(self, message: str, hint: str) -> None:
        self._run_state = RunState.FAULTED
        self._end_episode(EpisodeStatus.FAULTED, message)
        self._show(phase=Phase.FAULTED, message=message, hint=hint, true_hz=0.0)

    def _close(self) -> None:
        self._end_episode(EpisodeStatus.ABANDONED)
        if self._run_started:
            self._telemetry.end_run(self._run.run_id, self._run_state)
        if self._adapter is not None:
            self._adapter.close()

    # --- small things -----------------------------------------------------------------------------------------------

    def _follow_speed(self) -> None:
        if self._turn_based:
            return
        if self._orders.speed != self._state.speed or self._state.target_hz == 0:
            self._pacer.set_rate(self._rate_hz * self._orders.speed)
            self._show(speed=self._orders.speed, target_hz=self._pacer.rate_hz)

    def _show(self, **changes: Any) -> None:
        self._state = replace(self._state, **changes)
        self._publish(self._state)
