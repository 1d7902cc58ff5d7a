"""Held keys as numbers: which directions are pressed, with opposites cancelling out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gym_gui.adapters.controls.scheme import Binding

if TYPE_CHECKING:
    from collections.abc import Sequence

UP: Final = ("up", "w")
DOWN: Final = ("down", "s")
LEFT: Final = ("left", "a")
RIGHT: Final = ("right", "d")
FIRE: Final = ("space",)


def pressed(held: frozenset[str], keys: Sequence[str]) -> bool:
    """Whether any of *keys* is held."""
    return any(key in held for key in keys)


def axis(held: frozenset[str], negative: Sequence[str], positive: Sequence[str]) -> int:
    """-1, 0 or 1; both or neither is 0."""
    return pressed(held, positive) - pressed(held, negative)


def direction_bindings(
    up: str = "Up", down: str = "Down", left: str = "Left", right: str = "Right"
) -> tuple[Binding, ...]:
    """Bindings of arrows, WASD and the pad's cross, with the given words; an empty word leaves one out."""
    all_four = (
        Binding(UP, up, "dpad_up"),
        Binding(DOWN, down, "dpad_down"),
        Binding(LEFT, left, "dpad_left"),
        Binding(RIGHT, right, "dpad_right"),
    )
    return tuple(binding for binding in all_four if binding.label)
