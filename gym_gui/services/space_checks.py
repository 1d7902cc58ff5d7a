"""Whether a value is in a space, a microsecond or two each time: a space is read once and becomes one function.

It gives what is wrong as the end of a sentence, empty where nothing is. Spaces of classes that are not known here are
asked themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from gymnasium.spaces import Box, Discrete, MultiBinary, MultiDiscrete, Space
    from numpy.typing import NDArray

SpaceCheck: TypeAlias = Callable[[Any], str]
_FEW: Final = 32
_GYMNASIUM: Final = "gymnasium.spaces."


def compile_check(space: Space[Any]) -> SpaceCheck:
    """The check of *space*.

    A value that Gymnasium's ``contains`` takes passes, and no other, but for lists where arrays are wanted, which
    Gymnasium takes with a warning.
    """
    kind = type(space)
    compiler = _COMPILERS.get(kind.__name__) if kind.__module__.startswith(_GYMNASIUM) else None
    return _foreign(space) if compiler is None else compiler(space)


def _discrete(space: Discrete[Any]) -> SpaceCheck:
    low, high = int(space.start), int(space.start) + int(space.n) - 1

    def check(value: Any) -> str:
        # True and False are whole numbers to Gymnasium, as they are to Python.
        if isinstance(value, (int, np.integer)) or _is_whole_array(value):
            return "" if low <= value <= high else f"{value} is not one of {low} to {high}"
        return f"a {type(value).__name__} is no whole number"

    return check


def _is_whole_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind in "iu"


def _box(space: Box) -> SpaceCheck:
    shape, dtype = space.shape, np.dtype(space.dtype)
    lows, highs = np.array(space.low), np.array(space.high)
    is_uniform = lows.size > 0 and bool((lows == lows.flat[0]).all() and (highs == highs.flat[0]).all())
    low, high = (lows.flat[0], highs.flat[0]) if is_uniform else (None, None)
    # All that the type can hold is inside: the usual picture, 100 KB of it, is not looked through.
    holds_all = is_uniform and dtype.kind in "iub" and _spans(dtype, low, high)
    bounds = _few_bounds(lows, highs)

    def check(value: Any) -> str:
        if not isinstance(value, np.ndarray):
            return f"a {type(value).__name__} instead of an array"
        if value.dtype != dtype and not np.can_cast(value.dtype, dtype):
            return f"dtype {value.dtype} instead of {dtype}"
        if value.shape != shape:
            return f"shape {value.shape} instead of {shape}"
        if holds_all or not value.size or (bounds and _all_within(value, bounds)):
            return ""
        if is_uniform:
            least, most = value.min(), value.max()
            # Written so that nan, which is nowhere, fails.
            return "" if low <= least and most <= high else f"{_range(value)} instead of {low} to {high}"
        inside = (value >= lows) & (value <= highs)
        return "" if inside.all() else _stray(value, inside, lows, highs)

    return check


def _range(value: NDArray[Any]) -> str:
    """What *value* holds: the least and the most of it, where there is NaN of the finite numbers beside it."""
    if not np.isnan(value).any():
        return f"values from {value.min()} to {value.max()}"
    finite = value[np.isfinite(value)]
    return (
        f"it holds NaN among values from {finite.min()} to {finite.max()}"
        if finite.size
        else "it holds NaN and no finite number"
    )


def _few_bounds(lows: NDArray[Any], highs: NDArray[Any]) -> list[tuple[Any, Any]]:
    """The bounds of each element, where comparing Python's numbers is quicker than calling numpy; else nothing."""
    return list(zip(lows.ravel().tolist(), highs.ravel().tolist(), strict=True)) if lows.size <= _FEW else []


def _all_within(value: NDArray[Any], bounds: list[tuple[Any, Any]]) -> bool:
    for one, (low, high) in zip(value.ravel().tolist(), bounds, strict=True):  # noqa: SIM110 - all() is half as fast
        if not low <= one <= high:
            return False
    return True


def _spans(dtype: np.dtype[Any], low: Any, high: Any) -> bool:
    if dtype.kind == "b":
        return not low and bool(high)
    limits = np.iinfo(dtype)
    return bool(low <= limits.min and high >= limits.max)


def _stray(value: Any, inside: Any, lows: Any, highs: Any) -> str:
    place = tuple(int(one) for one in np.argwhere(~inside)[0])
    return f"{value[place]} at {place} instead of {lows[place]} to {highs[place]}"


def _multi_discrete(space: MultiDiscrete[Any]) -> SpaceCheck:
    lows = np.array(getattr(space, "start", np.zeros_like(space.nvec)))
    highs = lows + space.nvec - 1
    shape, dtype, bounds = space.shape, np.dtype(space.dtype), _few_bounds(lows, highs)

    def check(value: Any) -> str:
        if not isinstance(value, np.ndarray) or value.dtype.kind not in "iub":
            return f"a {type(value).__name__} instead of an array of whole numbers"
        if value.dtype != dtype and not np.can_cast(value.dtype, dtype):
            return f"dtype {value.dtype} instead of {dtype}"
        if value.shape != shape:
            return f"shape {value.shape} instead of {shape}"
        if bounds and _all_within(value, bounds):
            return ""
        inside = (value >= lows) & (value <= highs)
        return "" if inside.all() else _stray(value, inside, lows, highs)

    return check


def _multi_binary(space: MultiBinary) -> SpaceCheck:
    shape = space.shape
    bounds = _few_bounds(np.zeros(shape), np.ones(shape))

    def check(value: Any) -> str:
        if not isinstance(value, np.ndarray):
            return f"a {type(value).__name__} instead of an array"
        if value.shape != shape:
            return f"shape {value.shape} instead of {shape}"
        if bounds and value.dtype.kind in "iub" and _all_within(value, bounds):
            return ""
        return "" if ((value == 0) | (value == 1)).all() else "values other than 0 and 1"

    return check


def _dict(space: Any) -> SpaceCheck:
    checks = {key: compile_check(part) for key, part in space.spaces.items()}

    def check(value: Any) -> str:
        if not isinstance(value, Mapping):
            return f"a {type(value).__name__} instead of a dict"
        if value.keys() != checks.keys():
            odd = sorted(map(str, value.keys() ^ checks.keys()))
            return f"its keys differ in {', '.join(odd)}"
        for key, part in checks.items():
            wrong = part(value[key])
            if wrong:
                return f"{wrong} under {key!r}"
        return ""

    return check


def _tuple(space: Any) -> SpaceCheck:
    checks = [compile_check(part) for part in space.spaces]

    def check(value: Any) -> str:
        if not isinstance(value, (tuple, list)) and not (isinstance(value, np.ndarray) and value.ndim):
            return f"a {type(value).__name__} instead of a tuple"
        if len(value) != len(checks):
            return f"{len(value)} parts instead of {len(checks)}"
        for place, part in enumerate(checks):
            wrong = part(value[place])
            if wrong:
                return f"{wrong} in part {place}"
        return ""

    return check


def _foreign(space: Space[Any]) -> SpaceCheck:
    def check(value: Any) -> str:
        try:
            return "" if space.contains(value) else f"{type(space).__name__} does not contain it"
        except Exception as fault:  # noqa: BLE001 - a stranger's class may raise anything; what it cannot judge is no member
            return f"{type(space).__name__} cannot judge it ({type(fault).__name__})"

    return check


_COMPILERS: Final[dict[str, Callable[[Any], SpaceCheck]]] = {
    "Discrete": _discrete,
    "Box": _box,
    "MultiDiscrete": _multi_discrete,
    "MultiBinary": _multi_binary,
    "Dict": _dict,
    "Tuple": _tuple,
}
