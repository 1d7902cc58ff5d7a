"""Keys of the classic control problems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.adapters.controls.axes import LEFT, RIGHT, axis
from gym_gui.adapters.controls.scheme import Binding, ControlScheme
from gym_gui.core.typing_compat import override

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

_MAX_TORQUE: Final = 2.0  # of Pendulum


def classic_scheme(class_name: str) -> ControlScheme | None:
    """The scheme for an environment class of ``gymnasium.envs.classic_control``; None for one it does not know."""
    make = _SCHEMES.get(class_name)
    return None if make is None else make()


class _Cart(ControlScheme):
    """CartPole has no way to do nothing: while no key (or both) is held, pushes alternate and about cancel out.

    The only scheme that keeps something between calls: which way the last idle push went.
    """

    def __init__(self) -> None:
        self._idle_push = 0

    @property
    @override
    def bindings(self) -> Sequence[Binding]:
        return (Binding(LEFT, "Push left", "dpad_left"), Binding(RIGHT, "Push right", "dpad_right"))

    @override
    def action_for(self, held: frozenset[str]) -> int:
        way = axis(held, LEFT, RIGHT)
        if way:
            return int(way > 0)
        self._idle_push = 1 - self._idle_push
        return self._idle_push


class _ThreeWay(ControlScheme):
    """0, 1 and 2 for the one way, nothing, and the other."""

    def __init__(self, left: str, right: str) -> None:
        self._bindings = (Binding(LEFT, left, "dpad_left"), Binding(RIGHT, right, "dpad_right"))

    @property
    @override
    def bindings(self) -> Sequence[Binding]:
        return self._bindings

    @override
    def action_for(self, held: frozenset[str]) -> int:
        return 1 + axis(held, LEFT, RIGHT)


class _Force(ControlScheme):
    """One number, ``float32 (1,)``: *at_right* while right is held, its negative while left is."""

    def __init__(self, left: str, right: str, at_right: float) -> None:
        self._bindings = (Binding(LEFT, left, "dpad_left"), Binding(RIGHT, right, "dpad_right"))
        self._at_right = at_right

    @property
    @override
    def bindings(self) -> Sequence[Binding]:
        return self._bindings

    @override
    def action_for(self, held: frozenset[str]) -> NDArray[np.float32]:
        return np.array((axis(held, LEFT, RIGHT) * self._at_right,), dtype=np.float32)


_SCHEMES: Final[Mapping[str, Callable[[], Any]]] = {
    "CartPoleEnv": _Cart,
    "MountainCarEnv": lambda: _ThreeWay("Push left", "Push right"),
    "Continuous_MountainCarEnv": lambda: _Force("Push left", "Push right", 1.0),
    "AcrobotEnv": lambda: _ThreeWay("Turn clockwise", "Turn anticlockwise"),
    "PendulumEnv": lambda: _Force("Turn anticlockwise", "Turn clockwise", -_MAX_TORQUE),
}
