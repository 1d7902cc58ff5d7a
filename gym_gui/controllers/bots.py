"""Small bots for two games, Breakout and CarRacing: they see what an agent sees, and never look inside the game."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gym_gui.adapters.base import EnvironmentAdapter
    from gym_gui.core.data_model import StepRecord


class BreakoutPlayer:
    """Follows the ball with two keys and a button: reads ball and paddle from the picture, ``uint8 (210, 160, 3)``."""

    # Rows between the bricks and the paddle, and the paddle's own; ball and paddle are both (200, 72, 72).
    _FIELD: Final = slice(93, 189)
    _PADDLE: Final = slice(189, 193)
    _WALLS: Final = slice(8, 152)
    _RED: Final = 200
    _HALF_PADDLE: Final = 3

    def __init__(self) -> None:
        self._seen = 0

    def keys_for(self, frame: NDArray[np.uint8]) -> frozenset[str]:
        """The keys to hold: under the ball, or serving where there is none."""
        self._seen += 1
        ball = self._column(frame[self._FIELD, self._WALLS])
        if ball is None:
            # The button has to be let go before it counts again.
            return frozenset({"space"} if self._seen % 4 == 0 else ())
        paddle = self._column(frame[self._PADDLE, self._WALLS])
        offset = 0.0 if paddle is None else ball - paddle
        if abs(offset) <= self._HALF_PADDLE:
            return frozenset()
        return frozenset({"right" if offset > 0 else "left"})

    def _column(self, pixels: NDArray[np.uint8]) -> float | None:
        found = np.nonzero((pixels[..., 0] == self._RED) & (pixels[..., 1] < self._RED // 2))[1]
        return float(found.mean()) if len(found) else None


class BreakoutBot:
    """A `BreakoutPlayer` at the keys of a person."""

    def __init__(self, adapter: EnvironmentAdapter) -> None:
        self._controls = adapter.controls
        self._player = BreakoutPlayer()

    def reset(self, seed: int) -> None:  # noqa: ARG002 - it plays by sight
        """A new game."""
        self._player = BreakoutPlayer()

    def act(self, last: StepRecord) -> Any:
        """What its keys mean; serving blindly where there is no picture."""
        frame = last.frame
        return self._controls.action_for(frozenset({"space"}) if frame is None else self._player.keys_for(frame))


class CarRacingBot:
    """Follows the middle of the road in the observation, ``uint8 (96, 96, 3)``, slower where it bends.

    Tuned on seeds 1 to 3: returns of 450 to 850 in 600 steps.
    """

    _ROWS: Final = range(66, 30, -1)  # from just ahead of the car to the horizon worth looking at
    _STEER_ROW: Final = 54
    _BEND_ROW: Final = 40
    _CAR: Final = (72, 48)
    # The white bar of the instruments: its height is the speed.
    _SPEED_BAR: Final = (slice(84, 94), 13)
    _FASTEST: Final = 5
    _SLOWEST: Final = 2

    def __init__(self, adapter: EnvironmentAdapter) -> None:
        self._controls = adapter.controls
        self._is_continuous = np.shape(self._controls.action_for(frozenset())) == (3,)

    def reset(self, seed: int) -> None:
        """A new track."""

    def act(self, last: StepRecord) -> Any:
        """Steering, gas and brake; as keys where the game takes only those."""
        seen = last.observation
        if isinstance(seen, np.ndarray) and seen.shape == (96, 96, 3):
            steering, gas, brake = self._drive(seen)
        else:
            steering, gas, brake = 0.0, 0.2, 0.0  # nothing to be seen: straight on, gently
        if self._is_continuous:
            return np.array([steering, gas, brake], dtype=np.float32)
        return self._controls.action_for(_as_keys(steering, gas, brake))

    def _drive(self, seen: NDArray[np.uint8]) -> tuple[float, float, float]:
        middles = self._follow_road(seen)
        if not middles:
            return 0.0, 0.1, 0.0
        farthest = min(middles)
        look, far = max(self._STEER_ROW, farthest), max(self._BEND_ROW, farthest)
        row, column = self._CAR
        angle = float(np.arctan2(middles[look] - column, row - look))
        bend = abs(float(np.arctan2(middles[far] - middles[look], look - far))) if far < look else 1.0
        bend = max(bend, abs(angle)) + (0.5 if farthest > self._BEND_ROW else 0.0)
        wanted = max(self._FASTEST - 3 * bend, self._SLOWEST)
        speed = int((seen[self._SPEED_BAR].min(axis=-1) > 100).sum())  # noqa: PLR2004 - brighter than the panel
        steering = float(np.clip(1.2 * angle, -1, 1))
        return steering, 0.5 if speed < wanted else 0.0, 0.4 if speed > wanted + 1 else 0.0

    def _follow_road(self, seen: NDArray[np.uint8]) -> dict[int, float]:
        """Row -> the road's middle column, from the car upwards, as far as the road hangs together."""
        # Grass is green; road, kerbs and car are not.
        road = seen[..., 1].astype(np.int16) - seen[..., 0] < 30  # noqa: PLR2004 - of 255
        middles: dict[int, float] = {}
        near = float(self._CAR[1])
        for row in self._ROWS:
            found = _nearest_stretch(road[row], near)
            if found is None or (found[0] > 6 and middles):  # noqa: PLR2004 - pixels: another road beside it
                break
            near = middles[row] = found[1]
        return middles


def _nearest_stretch(row: NDArray[np.bool_], near: float) -> tuple[float, float] | None:
    """Distance from *near* and middle of the nearest stretch of road in one row of pixels."""
    edges = np.flatnonzero(np.diff(row.astype(np.int8), prepend=0, append=0))
    stretches = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a > 2]  # noqa: PLR2004 - specks
    gaps = [(float(max(a - near, near - b, 0)), float(a + b) / 2) for a, b in stretches]
    return min(gaps, default=None)


def _as_keys(steering: float, gas: float, brake: float) -> frozenset[str]:
    keys = {"right": steering > 0.2, "left": steering < -0.2, "up": gas > 0, "down": brake > 0}  # noqa: PLR2004 - dead zone
    return frozenset(key for key, held in keys.items() if held)
