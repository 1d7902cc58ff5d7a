"""What the player asked for and the session's thread has not yet done: one mailbox for each game.

Written from any thread, read by the session's; the only state that they share.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from threading import Condition
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

MIN_SPEED: Final = 0.25
MAX_SPEED: Final = 4.0


@dataclass(frozen=True, slots=True)
class ResetOrder:
    """Start a new episode.

    Attributes:
        seed: The seed to reset with; None for a fresh one.
    """

    seed: int | None = None


class Orders:
    """The mailbox of one game.

    Args:
        clock: Seconds, monotonic.
        wait: Waits on a condition that is held, at most so many seconds (None: without end). Tests own it.
    """

    def __init__(self, clock: Callable[[], float], wait: Callable[[Condition, float | None], object]) -> None:
        self._clock = clock
        self._wait = wait
        self._changed = Condition()
        self._held: frozenset[str] = frozenset()
        self._presses: deque[str] = deque()
        self._reset: ResetOrder | None = None
        self._single_steps = 0
        self.paused = False
        self.speed = 1.0
        self.leaving = False
        # When the environment was asked for the step that it has not answered yet; None while it owes nothing.
        self.asked_s: float | None = None
        # Counts for ever: who compares it with an earlier value learns whether anybody is there.
        self.presses_seen = 0

    # --- any thread -------------------------------------------------------------------------------------------------

    def hold(self, keys: frozenset[str]) -> None:
        """These keys are down now; those that were not down before are presses."""
        with self._changed:
            # Sorted, so that keys which come down together act in an order that can be repeated.
            pressed = sorted(keys - self._held)
            self._presses.extend(pressed)
            self.presses_seen += len(pressed)
            self._held = keys
            self._changed.notify_all()

    def pause(self, *, paused: bool) -> None:
        """Stand still, or go on."""
        with self._changed:
            self.paused = paused
            self._single_steps = 0
            self._changed.notify_all()

    def single_step(self) -> None:
        """Stand still, and take one step."""
        with self._changed:
            self.paused = True
            self._single_steps += 1
            self._changed.notify_all()

    def reset(self, order: ResetOrder) -> None:
        """Start a new episode."""
        with self._changed:
            self._reset = order
            self._changed.notify_all()

    def set_speed(self, speed: float) -> None:
        """Multiply the game's rate; clamped to 0.25 to 4."""
        with self._changed:
            self.speed = min(MAX_SPEED, max(MIN_SPEED, speed))
            self._changed.notify_all()

    def leave(self) -> None:
        """End the game."""
        with self._changed:
            self.leaving = True
            self._changed.notify_all()

    # --- the session's thread ---------------------------------------------------------------------------------------

    def wait_until(self, deadline: float | None, wanted: Callable[[], bool]) -> None:
        """Return when *wanted* is true or the clock reaches *deadline*; leaving and resets always wake."""
        with self._changed:
            while not (self.leaving or self._reset is not None or wanted()):
                remaining = None if deadline is None else deadline - self._clock()
                if remaining is not None and remaining <= 0:
                    return
                self._wait(self._changed, remaining)

    @property
    def has_press(self) -> bool:
        """Whether a key came down since it was last asked for."""
        return bool(self._presses)

    @property
    def is_holding(self) -> bool:
        """Whether a key is down."""
        return bool(self._held)

    @property
    def has_single_step(self) -> bool:
        """Whether a single step waits to be taken."""
        return self._single_steps > 0

    def sample_keys(self) -> frozenset[str]:
        """The keys that are down, with those that came down and up again since the last sample: a tap is not lost."""
        with self._changed:
            keys = self._held.union(self._presses)
            self._presses.clear()
            return keys

    def take_press(self) -> str | None:
        """The oldest press not yet taken."""
        with self._changed:
            return self._presses.popleft() if self._presses else None

    def forget_presses(self) -> None:
        """What was pressed up to now means nothing any more."""
        with self._changed:
            self._presses.clear()

    def take_single_step(self) -> bool:
        """Whether one single step is to be taken; it is taken off the list."""
        with self._changed:
            taken = self._single_steps > 0
            self._single_steps -= taken
            return taken

    def take_reset(self) -> ResetOrder | None:
        """The reset that waits, if one does."""
        with self._changed:
            order, self._reset = self._reset, None
            return order
