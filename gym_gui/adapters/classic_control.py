"""Classic control: pushes and torques in real time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from gym_gui.adapters.controls.classic_control import classic_scheme
from gym_gui.adapters.controls.generic import generic_scheme
from gym_gui.adapters.generic import GymnasiumAdapter
from gym_gui.core.typing_compat import override

if TYPE_CHECKING:
    from gymnasium import Env

    from gym_gui.adapters.controls import ControlScheme


class ClassicControlAdapter(GymnasiumAdapter):
    """CartPole, MountainCar, Pendulum, Acrobot."""

    packages: ClassVar[tuple[str, ...]] = ("pygame",)

    @override
    def is_turn_based(self, env: Env[Any, Any]) -> bool:
        return False

    @override
    def make_controls(self, env: Env[Any, Any], *, turn_based: bool) -> ControlScheme:
        scheme = classic_scheme(type(env.unwrapped).__name__)
        return generic_scheme(env, turn_based=turn_based) if scheme is None else scheme
