"""A person at a game: start, pause, step, reset, speed, keys, leave; everything recorded.

Methods return at once and may be called from any thread; the game runs on one session thread of the controller's own.
"""

from __future__ import annotations

import gc
import logging
import time
from dataclasses import replace
from functools import partial
from threading import Condition, Event, Lock, Thread
from typing import TYPE_CHECKING, Any, Final

from gym_gui.controllers.session_loop import GameLoop, GameRequest
from gym_gui.controllers.session_orders import Orders, ResetOrder
from gym_gui.controllers.session_sound import Sounds
from gym_gui.controllers.session_state import Phase, SessionState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gym_gui.adapters.base import EnvironmentAdapter
    from gym_gui.controllers.session_loop import Telemetry

_log = logging.getLogger(__name__)

SPEEDS: Final = (0.25, 0.5, 1.0, 2.0, 4.0)
_CLOSE_TIMEOUT_S: Final = 5.0


def make_human_adapter(env_id: str, env_kwargs: Mapping[str, Any]) -> EnvironmentAdapter:
    """Open an environment the way a person plays it: Atari frame by frame, with every button.

    Raises:
        UnknownEnvironmentError: no such environment.
        EnvironmentUnusableError: it cannot be made here.
    """
    from gym_gui.adapters.catalog import make_adapter  # noqa: PLC0415 - gymnasium, 0.4 s: on the session thread

    adapter = make_adapter(env_id, env_kwargs=env_kwargs, human=True)
    _settle_memory()
    return adapter


def _settle_memory() -> None:
    # A full collection walks everything that the imports left behind: 25 ms, a frame and a half, in mid-game. Frozen,
    # it is left out. Unfrozen first, so that cycles of the game before are still collected.
    gc.unfreeze()
    gc.collect()
    gc.freeze()


class SessionController:
    """One person's game at a time.

    Args:
        telemetry: Records what happens.
        make_adapter: Opens an environment; called on the session thread.
        on_change: Told that `state` is new, on any thread; it must only set a flag or send a signal.
        recording: Whether telemetry keeps what it is told; shown in the state.
        sounds: Where a game's sound goes; None for nowhere but the recording.
        clock: Seconds, monotonic.
        wait: Waits on a held condition, at most so many seconds; tests own time by it.
    """

    def __init__(
        self,
        telemetry: Telemetry,
        make_adapter: Callable[[str, Mapping[str, Any]], EnvironmentAdapter] = make_human_adapter,
        *,
        on_change: Callable[[], None] = lambda: None,
        recording: bool = True,
        sounds: Sounds | None = None,
        clock: Callable[[], float] = time.perf_counter,
        wait: Callable[[Condition, float | None], object] = Condition.wait,
    ) -> None:
        self._telemetry = telemetry
        self._make_adapter = make_adapter
        self._on_change = on_change
        self._recording = recording
        self._sounds = sounds or Sounds()
        self._clock = clock
        self._wait = wait
        self._lock = Lock()
        self._wanted = Condition(self._lock)
        self._resting = Event()
        self._resting.set()
        self._next: tuple[GameRequest, Orders] | None = None
        self._request: GameRequest | None = None
        self._orders: Orders | None = None
        self._state = SessionState()
        self._closing = False
        self._thread: Thread | None = None

    @property
    def state(self) -> SessionState:
        """The newest snapshot; it says so where the environment takes a second or more over one step."""
        asked_s = None if self._orders is None else self._orders.asked_s
        waited_s = 0 if asked_s is None else int(self._clock() - asked_s)
        if not waited_s:
            return self._state
        return replace(
            self._state,
            unanswered_s=waited_s,
            true_hz=0.0,
            message=f"The environment has not answered for {waited_s} s.",
            hint="The game goes on when it does.",
        )

    def start(self, env_id: str, *, seed: int | None = None, env_kwargs: Mapping[str, Any] | None = None) -> None:
        """Leave the game that is being played, if any, and start this one."""
        request = GameRequest(env_id=env_id, env_kwargs=dict(env_kwargs or {}), seed=seed)
        orders = Orders(self._clock, self._wait)
        with self._lock:
            if self._closing:
                return
            before, self._orders = self._orders, orders
            self._request = request
            self._next = (request, orders)
            self._resting.clear()
            self._state = SessionState(phase=Phase.LOADING, env_id=env_id, recording=self._recording)
            if self._thread is None:
                self._thread = Thread(target=self._run, name="session", daemon=True)
                self._thread.start()
            self._wanted.notify_all()
        if before is not None:
            before.leave()
        self._on_change()

    def retry(self) -> None:
        """Start the last game again, after a fault."""
        request = self._request
        if request is not None:
            self.start(request.env_id, seed=request.seed, env_kwargs=request.env_kwargs)

    def pause(self) -> None:
        """Stand still."""
        self._order(lambda orders: orders.pause(paused=True))

    def resume(self) -> None:
        """Go on."""
        self._order(lambda orders: orders.pause(paused=False))

    def toggle(self) -> None:
        """Pause, or go on."""
        self._order(lambda orders: orders.pause(paused=not orders.paused))

    def single_step(self) -> None:
        """Stand still and take one step with the keys that are down."""
        self._order(Orders.single_step)

    def reset(self, seed: int | None = None) -> None:
        """End the episode here and start another, with this seed or a fresh one."""
        self._order(lambda orders: orders.reset(ResetOrder(seed)))

    def set_speed(self, speed: float) -> None:
        """Play at *speed* times the game's rate, 0.25 to 4."""
        self._order(lambda orders: orders.set_speed(speed))

    def change_speed(self, places: int) -> None:
        """Go so many places up or down in `SPEEDS`."""
        self._order(lambda orders: orders.set_speed(_neighbour(orders.speed, places)))

    def set_held_keys(self, keys: frozenset[str]) -> None:
        """These keys are down now."""
        self._order(lambda orders: orders.hold(keys))

    def stop(self) -> None:
        """Leave the game. The state is idle at once; the last episode is completed on the session thread."""
        with self._lock:
            before, self._orders = self._orders, None
            self._next = None
            self._state = SessionState()
        if before is not None:
            before.leave()
        self._on_change()

    def wait_at_rest(self, timeout_s: float) -> bool:
        """Wait until no game is open, with everything recorded; whether that came true in time."""
        return self._resting.wait(timeout_s)

    def close(self) -> None:
        """Leave the game and end the thread; safe to call twice."""
        self.stop()
        with self._lock:
            self._closing = True
            self._wanted.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(_CLOSE_TIMEOUT_S)
            if thread.is_alive():
                _log.error("The environment did not return within %g s; its thread is left behind.", _CLOSE_TIMEOUT_S)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _order(self, give: Callable[[Orders], None]) -> None:
        orders = self._orders
        if orders is not None:
            give(orders)

    def _run(self) -> None:
        while True:
            with self._wanted:
                while self._next is None:
                    self._resting.set()
                    if self._closing:
                        return
                    self._wanted.wait()
                request, orders = self._next
                self._next = None
            GameLoop(
                request,
                orders,
                self._telemetry,
                self._make_adapter,
                publish=partial(self._take_state, orders),
                clock=self._clock,
                recording=self._recording,
                sounds=self._sounds,
            ).run()

    def _take_state(self, orders: Orders, state: SessionState) -> None:
        with self._lock:
            # A game that was left, or replaced, has nothing more to say.
            if self._orders is not orders:
                return
            self._state = state
        self._on_change()


def _neighbour(speed: float, places: int) -> float:
    nearest = min(range(len(SPEEDS)), key=lambda place: abs(SPEEDS[place] - speed))
    return SPEEDS[max(0, min(len(SPEEDS) - 1, nearest + places))]
