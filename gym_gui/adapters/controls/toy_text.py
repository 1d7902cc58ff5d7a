"""Keys of the toy text worlds: one press, one step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gym_gui.adapters.controls.axes import DOWN, LEFT, RIGHT, UP
from gym_gui.adapters.controls.scheme import Binding, ControlScheme
from gym_gui.core.typing_compat import override

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class ChoiceScheme(ControlScheme):
    """One control, one discrete action; None while no key means anything, the first listed where several do."""

    def __init__(self, choices: Sequence[tuple[Binding, int]]) -> None:
        self._bindings = tuple(binding for binding, _ in choices)
        self._choices = tuple((frozenset(binding.keys), action) for binding, action in choices)

    @property
    @override
    def bindings(self) -> Sequence[Binding]:
        return self._bindings

    @override
    def action_for(self, held: frozenset[str]) -> int | None:
        for keys, action in self._choices:
            if not keys.isdisjoint(held):
                return action
        return None


def toy_text_scheme(class_name: str) -> ControlScheme | None:
    """The scheme for an environment class of ``gymnasium.envs.toy_text``; None for one it does not know."""
    choices = _CHOICES.get(class_name)
    return None if choices is None else ChoiceScheme(choices)


def _moves(*, up: int, down: int, left: int, right: int) -> tuple[tuple[Binding, int], ...]:
    return (
        (Binding(UP, "Up", "dpad_up"), up),
        (Binding(DOWN, "Down", "dpad_down"), down),
        (Binding(LEFT, "Left", "dpad_left"), left),
        (Binding(RIGHT, "Right", "dpad_right"), right),
    )


# Not WASD for Taxi's d, which drops the passenger: its moves are the arrows alone.
_ARROWS: Final = {"up": "Up", "down": "Down", "left": "Left", "right": "Right"}
_CHOICES: Final[Mapping[str, Sequence[tuple[Binding, int]]]] = {
    "FrozenLakeEnv": _moves(left=0, down=1, right=2, up=3),
    "CliffWalkingEnv": _moves(up=0, right=1, down=2, left=3),
    "TaxiEnv": (
        *(
            (Binding((key,), _ARROWS[key], f"dpad_{key}"), action)
            for key, action in (("up", 1), ("down", 0), ("left", 3), ("right", 2))
        ),
        (Binding(("p", "space"), "Pick up", "a"), 4),
        (Binding(("d", "enter"), "Drop off", "b"), 5),
    ),
    "BlackjackEnv": (
        (Binding(("h", "space"), "Hit", "a"), 1),
        (Binding(("s", "enter"), "Stick", "b"), 0),
    ),
}
