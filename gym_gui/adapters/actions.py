"""Actions in the one form their space writes them, so that what is recorded is what the environment was given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from gym_gui.adapters.ownership import owned
from gym_gui.core.errors import InvalidActionError

if TYPE_CHECKING:
    from gymnasium import spaces
    from numpy.typing import NDArray

ActionCheck: TypeAlias = Callable[[Any], Any]
"""Takes an action in any tolerated form and answers the canonical one, owned, or raises `InvalidActionError`."""

_SHOWN: Final = 80


def make_action_check(space: spaces.Space[Any]) -> ActionCheck:
    """The check for *space*; made once for an environment, called at each step.

    Discrete takes any integer; Box, MultiDiscrete and MultiBinary take numbers, lists and arrays of the right shape
    whose values survive the cast to the space's dtype and lie within its bounds; Dict and Tuple check their parts.
    Any other space is asked with ``contains``.
    """
    from gymnasium import spaces as gym_spaces  # noqa: PLC0415 - costs 0.4 s, paid when an environment is opened

    makers: tuple[tuple[type, Callable[[Any], ActionCheck]], ...] = (
        (gym_spaces.Discrete, _discrete_check),
        (gym_spaces.Box, _box_check),
        (gym_spaces.MultiDiscrete, _multi_discrete_check),
        (gym_spaces.MultiBinary, _multi_binary_check),
        (gym_spaces.Dict, _dict_check),
        (gym_spaces.Tuple, _tuple_check),
    )
    for kind, make in makers:
        if isinstance(space, kind):
            return make(space)
    return _any_check(space)


def _shown(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _refused(action: Any, space: object, why: str) -> InvalidActionError:
    return InvalidActionError(
        f"{_shown(action)} is not an action of {_shown(space)}: {why}.",
        hint="Choose a value that this action space holds.",
    )


def _as_int(action: Any, space: object) -> int:
    if isinstance(action, (int, np.integer, np.bool_)):
        return int(action)
    if isinstance(action, np.ndarray) and action.size == 1 and action.dtype.kind in "iub":
        return int(action.item())
    what = "it is no number" if not isinstance(action, (float, np.floating)) else "it is no whole number"
    raise _refused(action, space, what)


def _discrete_check(space: spaces.Discrete) -> ActionCheck:
    low = int(space.start)
    high = low + int(space.n) - 1

    def check(action: Any) -> int:
        value = action if type(action) is int else _as_int(action, space)
        if not low <= value <= high:
            raise _refused(action, space, f"it takes whole numbers from {low} to {high}")
        return value

    return check


def _as_array(action: Any, space: spaces.Space[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """*action* as a fresh array of the space's shape and *dtype*, every value the same number as before."""
    try:
        given = np.asarray(action)
    except (ValueError, TypeError):
        raise _refused(action, space, "it is no array of numbers") from None
    if given.dtype.kind not in "iufb":
        raise _refused(action, space, "it is no number or array of numbers")
    shape = space.shape or ()
    if given.shape != shape:
        if given.size != 1 or np.prod(shape) != 1:
            raise _refused(action, space, f"its shape is {given.shape} and must be {shape}")
        given = given.reshape(shape)
    if dtype.kind == "f" or given.dtype == dtype:
        if given.dtype.kind == "f" and np.isnan(given).any():
            raise _refused(action, space, "it holds a value that is no number (NaN)")
        with np.errstate(over="ignore"):  # a float64 too large for float32 becomes infinite and fails the bounds
            return given.astype(dtype, order="C", copy=True)
    with np.errstate(invalid="ignore"):
        cast = given.astype(dtype, order="C", copy=True)
    if not np.array_equal(cast, given):
        raise _refused(action, space, f"its values cannot be written as {dtype}")
    return cast


def _check_bounds(value: NDArray[Any], action: Any, space: object, low: Any, high: Any) -> None:
    if (value >= low).all() and (value <= high).all():
        return
    below, above = value < low, value > high
    place = tuple(int(i) for i in np.argwhere(below | above)[0])
    bound, word = (low, "below the lower") if below[place] else (high, "above the upper")
    where = f"value {', '.join(map(str, place))}" if place else "it"
    limit = np.broadcast_to(bound, value.shape)[place]
    raise _refused(action, space, f"{where} ({value[place]}) is {word} bound {limit}")


def _box_check(space: spaces.Box) -> ActionCheck:
    dtype, low, high = np.dtype(space.dtype), space.low, space.high

    def check(action: Any) -> NDArray[Any]:
        value = _as_array(action, space, dtype)
        _check_bounds(value, action, space, low, high)
        return value

    return check


def _multi_discrete_check(space: spaces.MultiDiscrete) -> ActionCheck:
    dtype = np.dtype(space.dtype)
    low = np.asarray(getattr(space, "start", np.zeros_like(space.nvec)))
    high = low + space.nvec - 1

    def check(action: Any) -> NDArray[Any]:
        value = _as_array(action, space, dtype)
        _check_bounds(value, action, space, low, high)
        return value

    return check


def _multi_binary_check(space: spaces.MultiBinary) -> ActionCheck:
    dtype = np.dtype(space.dtype)

    def check(action: Any) -> NDArray[Any]:
        value = _as_array(action, space, dtype)
        _check_bounds(value, action, space, 0, 1)
        return value

    return check


def _dict_check(space: spaces.Dict) -> ActionCheck:
    checks = {key: make_action_check(part) for key, part in space.spaces.items()}

    def check(action: Any) -> dict[Any, Any]:
        if not isinstance(action, Mapping):
            raise _refused(action, space, "it must be a dictionary")
        if action.keys() != checks.keys():
            raise _refused(action, space, f"its keys must be {', '.join(map(str, checks))}")
        return {key: part(action[key]) for key, part in checks.items()}

    return check


def _tuple_check(space: spaces.Tuple[Any]) -> ActionCheck:
    checks = tuple(make_action_check(part) for part in space.spaces)

    def check(action: Any) -> tuple[Any, ...]:
        if not isinstance(action, (tuple, list)) or len(action) != len(checks):
            raise _refused(action, space, f"it must be a tuple of {len(checks)} parts")
        return tuple(part(item) for part, item in zip(checks, action, strict=True))

    return check


def _any_check(space: spaces.Space[Any]) -> ActionCheck:
    def check(action: Any) -> Any:
        try:
            held = space.contains(action)
        except Exception as fault:  # a foreign space may raise anything on a foreign value
            raise _refused(action, space, f"the space could not check it ({fault})") from fault
        if not held:
            raise _refused(action, space, "the space does not hold it")
        return owned(action)

    return check
