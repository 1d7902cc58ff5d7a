"""Toy text: small worlds that wait for each key press."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from gym_gui.adapters.controls.generic import generic_scheme
from gym_gui.adapters.controls.toy_text import toy_text_scheme
from gym_gui.adapters.generic import GymnasiumAdapter
from gym_gui.adapters.toy_text_views import toy_text_view_maker
from gym_gui.core.typing_compat import override

if TYPE_CHECKING:
    from gymnasium import Env

    from gym_gui.adapters.controls import ControlScheme
    from gym_gui.adapters.views import ViewMaker


class ToyTextAdapter(GymnasiumAdapter):
    """FrozenLake, Taxi, CliffWalking, Blackjack: their steps carry a grid, or text, beside the picture."""

    packages: ClassVar[tuple[str, ...]] = ("pygame",)

    @override
    def is_turn_based(self, env: Env[Any, Any]) -> bool:
        return True

    @override
    def make_controls(self, env: Env[Any, Any], *, turn_based: bool) -> ControlScheme:
        scheme = toy_text_scheme(type(env.unwrapped).__name__)
        return generic_scheme(env, turn_based=turn_based) if scheme is None else scheme

    @override
    def make_view(self, env: Env[Any, Any]) -> ViewMaker | None:
        return toy_text_view_maker(env)
