"""What an action means in words, where that is known without making the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from gym_gui.core.data_model import RunRecord

# fmt: off
# ale_py.Action, in order: the full set of an Atari console's joystick.
_ATARI: Final = (
    "Noop", "Fire", "Up", "Right", "Left", "Down", "Up right", "Up left", "Down right", "Down left",
    "Up fire", "Right fire", "Left fire", "Down fire",
    "Up right fire", "Up left fire", "Down right fire", "Down left fire",
)
# fmt: on
_GRID: Final = ("Left", "Down", "Right", "Up")

# From each environment's documentation in gymnasium 1.4; the key is the id without its version.
_DISCRETE: Final[Mapping[str, Sequence[str]]] = {
    "CartPole": ("Push left", "Push right"),
    "MountainCar": ("Accelerate left", "Coast", "Accelerate right"),
    "Acrobot": ("Torque -1", "Torque 0", "Torque +1"),
    "LunarLander": ("Noop", "Left engine", "Main engine", "Right engine"),
    "CarRacing": ("Noop", "Steer right", "Steer left", "Gas", "Brake"),
    "FrozenLake": _GRID,
    "FrozenLake8x8": _GRID,
    "CliffWalking": ("Up", "Right", "Down", "Left"),
    "CliffWalkingSlippery": ("Up", "Right", "Down", "Left"),
    "Taxi": ("South", "North", "East", "West", "Pick up", "Drop off"),
    "Blackjack": ("Stick", "Hit"),
}
_BOX: Final[Mapping[str, Sequence[str]]] = {
    "CarRacing": ("Steer", "Gas", "Brake"),
    "LunarLander": ("Main", "Lateral"),
    "LunarLanderContinuous": ("Main", "Lateral"),
    "BipedalWalker": ("Hip 1", "Knee 1", "Hip 2", "Knee 2"),
    "BipedalWalkerHardcore": ("Hip 1", "Knee 1", "Hip 2", "Knee 2"),
    "MountainCarContinuous": ("Force",),
    "Pendulum": ("Torque",),
}
_SHOWN_ITEMS: Final = 8


def action_text(action: Any) -> str:
    """An action as a person reads it; arrays with three decimals, long ones cut short. Empty for None."""
    if action is None:
        return ""
    if isinstance(action, np.generic) or (isinstance(action, np.ndarray) and action.ndim == 0):
        action = action.item()
    if isinstance(action, np.ndarray):
        shown = ", ".join(action_text(value) for value in action.ravel()[:_SHOWN_ITEMS])
        rest = action.size - _SHOWN_ITEMS
        text = f"[{shown}{f', … {rest} more' if rest > 0 else ''}]"
    elif isinstance(action, Mapping):
        text = ", ".join(f"{key}: {action_text(value)}" for key, value in action.items())
    elif isinstance(action, list | tuple):
        text = f"({', '.join(action_text(value) for value in action)})"
    else:
        text = f"{action:.3f}" if isinstance(action, float) else str(action)
    return text


def action_name(run: RunRecord, action: Any) -> str:
    """What *action* does in this run's environment; empty where nobody has written that down."""
    base = _base_name(run.env_id)
    if isinstance(action, int | np.integer) and not isinstance(action, bool):
        names = _discrete_names(run, base)
        return names[int(action)] if 0 <= int(action) < len(names) else ""
    return ""


def action_parts(run: RunRecord, action: Any) -> tuple[tuple[str, str], ...]:
    """What each number of a continuous *action* steers, with the number; empty where nobody has written that down."""
    if not isinstance(action, np.ndarray) or action.ndim != 1:
        return ()
    names = _BOX.get(_base_name(run.env_id), ())
    if len(names) != len(action):
        return ()
    return tuple((name, f"{value:+.3f}") for name, value in zip(names, action.tolist(), strict=True))


def _discrete_names(run: RunRecord, base: str) -> Sequence[str]:
    told = run.metadata.get("action_meanings")
    if isinstance(told, Sequence) and not isinstance(told, str) and all(isinstance(t, str) for t in told):
        return [str(name).replace("_", " ").capitalize() for name in told]
    if run.env_id.startswith("ALE/"):
        # A reduced set is each game's own choice out of these; only the full one is known by its size.
        return _ATARI if run.action_space == f"Discrete({len(_ATARI)})" else ()
    return _DISCRETE.get(base, ())


def _base_name(env_id: str) -> str:
    return re.sub(r"-v\d+\Z", "", env_id.rsplit(":", 1)[-1].rsplit("/", 1)[-1])
