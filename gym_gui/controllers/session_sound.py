"""Where a game's sound goes, and when it may be heard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gym_gui.controllers.session_state import Phase
from gym_gui.core.sound import keeps_time

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from gym_gui.controllers.session_state import SessionState


@dataclass(frozen=True, slots=True, kw_only=True)
class Sounds:
    """Where a game's sound goes.

    Attributes:
        play: Given the samples of each step that goes by in time, and their rate in Hz; must return at once.
        keeps: Whether they are recorded; asked when a game is opened.
    """

    play: Callable[[bytes, int], None] = lambda _samples, _rate_hz: None
    keeps: Callable[[], bool] = lambda: True

    def let_hear(
        self, sound: NDArray[np.uint8] | None, rate_hz: float | None, state: SessionState, step_rate_hz: float
    ) -> None:
        """Play a step's sound where time goes by as on the console: slower or faster, it would be another sound.

        Args:
            sound: Of the step, ``uint8 (samples,)``.
            rate_hz: Samples a second.
            state: How the game is played.
            step_rate_hz: Steps a second at speed 1.
        """
        in_time = state.phase is Phase.PLAYING and state.speed == 1.0
        if sound is not None and rate_hz is not None and in_time and keeps_time(len(sound), rate_hz, step_rate_hz):
            self.play(sound.tobytes(), round(rate_hz))
