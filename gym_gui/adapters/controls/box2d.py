"""Keys of the Box2D games; what is held together acts together where the action space allows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from gym_gui.adapters.controls.axes import DOWN, FIRE, LEFT, RIGHT, UP, axis, pressed
from gym_gui.adapters.controls.scheme import Binding, ControlScheme
from gym_gui.core.typing_compat import override

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_BRAKE: Final = (*DOWN, *FIRE)
_MAIN: Final = (*UP, *FIRE)
# The game's own manual brakes with 0.8: at 1 the wheels lock and the car slides.
_BRAKE_FORCE: Final = 0.8
_CAR_NOTHING, _CAR_RIGHT, _CAR_LEFT, _CAR_GAS, _CAR_BRAKE = range(5)
_LANDER_NOTHING, _LANDER_LEFT_ENGINE, _LANDER_MAIN, _LANDER_RIGHT_ENGINE = range(4)
# Hip and knee of the first leg, hip and knee of the second: (bends back, bends forward).
_JOINTS: Final = (
    ("Hip 1", "q", "a"),
    ("Knee 1", "w", "s"),
    ("Hip 2", "e", "d"),
    ("Knee 2", "r", "f"),
)


def car_scheme(*, continuous: bool) -> ControlScheme:
    """CarRacing: steering, gas and brake at once (``float32 (3,)``), or the nearest of the five discrete actions."""
    return _Car(continuous=continuous)


def lander_scheme(*, continuous: bool) -> ControlScheme:
    """LunarLander: three engines; of the discrete ones only one fires at a time, and a side engine goes first."""
    return _Lander(continuous=continuous)


def bipedal_scheme() -> ControlScheme:
    """BipedalWalker: a pair of keys for the torque at each of the four joints."""
    return _Walker()


class _Car(ControlScheme):
    def __init__(self, *, continuous: bool) -> None:
        self._continuous = continuous

    @property
    @override
    def bindings(self) -> Sequence[Binding]:
        return (
            Binding(LEFT, "Steer left", "dpad_left"),
            Binding(RIGHT, "Steer right", "dpad_right"),
            Binding(UP, "Gas", "trigger_right"),
            Binding(_BRAKE, "Brake", "trigger_left"),
        )

    @override
    def action_for(self, held: frozenset[str]) -> NDArray[np.float32] | int:
        steering, gas, brake = axis(held, LEFT, RIGHT), pressed(held, UP), pressed(held, _BRAKE)
        if self._continuous:
            return np.array((steering, gas, _BRAKE_FORCE * brake), dtype=np.float32)
        if steering:
            return _CAR_RIGHT if steering > 0 else _CAR_LEFT
        if brake:
            return _CAR_BRAKE
        return _CAR_GAS if gas else _CAR_NOTHING


class _Lander(ControlScheme):
    def __init__(self, *, continuous: bool) -> None:
        self._continuous = continuous

    @property
    @override
    def bindings(self) -> Sequence[Binding]:
        return (
            Binding(_MAIN, "Main engine", "a"),
            Binding(LEFT, "Turn left", "dpad_left"),
            Binding(RIGHT, "Turn right", "dpad_right"),
        )

    @override
    def action_for(self, held: frozenset[str]) -> NDArray[np.float32] | int:
        side, main = axis(held, LEFT, RIGHT), pressed(held, _MAIN)
        if self._continuous:
            return np.array((main, side), dtype=np.float32)
        if side:
            return _LANDER_RIGHT_ENGINE if side > 0 else _LANDER_LEFT_ENGINE
        return _LANDER_MAIN if main else _LANDER_NOTHING


class _Walker(ControlScheme):
    @property
    @override
    def bindings(self) -> Sequence[Binding]:
        return tuple(
            Binding((key,), f"{joint} {way}")
            for joint, forward, back in _JOINTS
            for key, way in ((forward, "forward"), (back, "back"))
        )

    @override
    def action_for(self, held: frozenset[str]) -> NDArray[np.float32]:
        return np.array([(forward in held) - (back in held) for _, forward, back in _JOINTS], dtype=np.float32)
