"""Box2D games: 50 steps a second and keys that can be held together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from gym_gui.adapters.car_racing_drawing import hasten_drawing
from gym_gui.adapters.controls.box2d import bipedal_scheme, car_scheme, lander_scheme
from gym_gui.adapters.controls.generic import generic_scheme
from gym_gui.adapters.generic import GymnasiumAdapter
from gym_gui.core.typing_compat import override

if TYPE_CHECKING:
    from gymnasium import Env

    from gym_gui.adapters.controls import ControlScheme

_CAR_RACING: Final = "CarRacing"


class Box2DAdapter(GymnasiumAdapter):
    """CarRacing, LunarLander, BipedalWalker and their variants."""

    packages: ClassVar[tuple[str, ...]] = ("Box2D", "pygame")

    @override
    def is_turn_based(self, env: Env[Any, Any]) -> bool:
        return False

    @override
    def prepare(self, env: Env[Any, Any]) -> None:
        if type(env.unwrapped).__name__ == _CAR_RACING:
            hasten_drawing(env)

    @override
    def make_controls(self, env: Env[Any, Any], *, turn_based: bool) -> ControlScheme:
        continuous = bool(getattr(env.unwrapped, "continuous", False))
        name = type(env.unwrapped).__name__
        if name == _CAR_RACING:
            return car_scheme(continuous=continuous)
        if name == "LunarLander":
            return lander_scheme(continuous=continuous)
        if name == "BipedalWalker":
            return bipedal_scheme()
        return generic_scheme(env, turn_based=turn_based)
