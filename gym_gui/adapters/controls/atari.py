"""The Atari joystick: a direction and a button, both at once."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.adapters.controls.axes import DOWN, FIRE, LEFT, RIGHT, UP, axis, direction_bindings, pressed
from gym_gui.adapters.controls.scheme import Binding, ControlScheme
from gym_gui.core.typing_compat import override

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_FIRE_BINDING: Final = Binding(FIRE, "Fire", "a")
# (horizontal, vertical, button); vertical 1 is up.
Stick = tuple[int, int, bool]


def atari_scheme(meanings: Sequence[str]) -> ControlScheme:
    """Keys for a game whose actions mean *meanings*: ``NOOP``, ``FIRE``, ``UP``, …, ``DOWNLEFTFIRE``.

    A combination that the action set lacks becomes the nearest one that it has, in this order: without the button,
    horizontal with and without the button, vertical with and without, the button alone, nothing. So a direction beats
    the button: in Breakout's four actions, let go of the arrows to serve.
    """
    return _Joystick({meaning: index for index, meaning in enumerate(meanings)})


def atari_continuous_scheme() -> ControlScheme:
    """Keys for a game opened with ``continuous=True``: radius, angle (radians) and button."""
    return _PolarJoystick()


def _stick(held: frozenset[str]) -> Stick:
    return axis(held, LEFT, RIGHT), axis(held, DOWN, UP), pressed(held, FIRE)


def _meaning(stick: Stick) -> str:
    x, y, fire = stick
    name = ("", "UP", "DOWN")[y] + ("", "RIGHT", "LEFT")[x] + ("FIRE" if fire else "")
    return name or "NOOP"


def _nearest(stick: Stick, actions: Mapping[str, int]) -> int:
    x, y, fire = stick
    tried = (stick, (x, y, False), (x, 0, fire), (x, 0, False), (0, y, fire), (0, y, False), (0, 0, fire))
    for candidate in tried:
        # A candidate that lost both directions stands for the button alone, which comes last.
        if candidate[:2] == (0, 0) and candidate != tried[-1]:
            continue
        if _meaning(candidate) in actions:
            return actions[_meaning(candidate)]
    return actions.get("NOOP", 0)


class _Joystick(ControlScheme):
    def __init__(self, actions: Mapping[str, int]) -> None:
        self._table = {stick: _nearest(stick, actions) for stick in product((-1, 0, 1), (-1, 0, 1), (False, True))}
        names = {
            word: word.capitalize() if self._uses(actions, word) else "" for word in ("UP", "DOWN", "LEFT", "RIGHT")
        }
        directions = direction_bindings(names["UP"], names["DOWN"], names["LEFT"], names["RIGHT"])
        self._bindings = (*directions, *((_FIRE_BINDING,) if self._uses(actions, "FIRE") else ()))

    @staticmethod
    def _uses(actions: Mapping[str, int], word: str) -> bool:
        return any(word in meaning for meaning in actions)

    @property
    @override
    def bindings(self) -> Sequence[Binding]:
        return self._bindings

    @override
    def action_for(self, held: frozenset[str]) -> int:
        return self._table[_stick(held)]


class _PolarJoystick(ControlScheme):
    @property
    @override
    def bindings(self) -> Sequence[Binding]:
        return (*direction_bindings(), _FIRE_BINDING)

    @override
    def action_for(self, held: frozenset[str]) -> Any:
        x, y, fire = _stick(held)
        action: NDArray[np.float32] = np.zeros(3, dtype=np.float32)
        if x or y:
            action[0] = 1.0
            action[1] = np.arctan2(y, x)
        action[2] = float(fire)
        return action
