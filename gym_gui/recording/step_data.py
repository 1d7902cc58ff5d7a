"""A step's dictionary is made the recorder's own and checked: arrays copied, what has no exact form refused by name.

Runs on the caller's thread, where microseconds count: a core that slept pays for every line of code that it has not at
hand. What a dictionary's names and types call for is worked out once, and done by a plan from then on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from gym_gui.core.errors import SchemaMismatchError
from gym_gui.recording.step_place import INT64_MAX, INT64_MIN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

_KEYS: Final = frozenset({str, int})
_PLAIN: Final = frozenset({float, bool, type(None)})
# Kinds of dtypes that may have no exact form.
_RARE_KINDS: Final = "OV"
_FLAGS: Final = ("terminated", "truncated", "done")
_SHOWN: Final = 40


class _NoFormError(Exception):
    """A value without an exact form; `misfit` finds which and why."""


class _Plan(NamedTuple):
    """What dictionaries of the same names and types call for.

    Attributes:
        integers: Names whose numbers must fit 64 bits.
        arrays: Names of arrays.
        dicts: Names of dictionaries.
        owners: Names of whatever else must be copied or looked at, each with how.
        is_checked: Whether the types alone say that the values fit the names' meanings.
        is_usual: The same, and there are no `owners`.
    """

    integers: tuple[str, ...]
    arrays: tuple[str, ...]
    dicts: tuple[str, ...]
    owners: tuple[tuple[str, Callable[[Any, list[int]], Any]], ...]
    is_checked: bool
    is_usual: bool


# By names and types; a program has a few kinds of steps.
_MAX_PLANS: Final = 512
_plans: Final[dict[tuple[Any, ...], _Plan]] = {}


def own_step(step_data: dict[str, Any], step_number: int) -> tuple[dict[str, Any], int]:
    """A copy that the recorder owns, and the bytes of its arrays.

    Raises:
        SchemaMismatchError: a value does not fit its name, or has no exact form; the message says where it lies.
    """
    try:
        plan = _plans.get((*step_data, *map(type, step_data.values())))
    except (TypeError, AttributeError) as error:  # asking beforehand would cost every step
        raise SchemaMismatchError(f"step {step_number}: it is {_described(step_data)}, not a dictionary.") from error
    if plan is None or not plan.is_usual:
        return _own_unusual(step_data, step_number, plan)
    # What `_own_dict` does, spelt out; the arrays last, because their copy takes the cache from everything else.
    owned, sizes = step_data.copy(), [0]
    for name in plan.integers:
        if not INT64_MIN <= owned[name] <= INT64_MAX:
            raise _refusal(step_data, step_number)
    try:
        for name in plan.dicts:
            owned[name] = _own_dict(owned[name], sizes)
    except (_NoFormError, RecursionError) as error:
        raise _refusal(step_data, step_number) from error
    size_bytes = sizes[0]
    for name in plan.arrays:
        array = owned[name]
        if array.dtype.kind in _RARE_KINDS:
            return _own_unusual(step_data, step_number, plan)
        size_bytes += array.nbytes
        owned[name] = array.copy()
    return owned, size_bytes


def _own_unusual(step_data: dict[str, Any], step_number: int, plan: _Plan | None) -> tuple[dict[str, Any], int]:
    sizes = [0]
    try:
        if plan is None or not plan.is_checked:
            check_names(step_data, step_number)
        return _own_dict(step_data, sizes, plan), sizes[0]
    except (_NoFormError, RecursionError) as error:
        raise _refusal(step_data, step_number) from error


def own(value: Any, sizes: list[int]) -> Any:
    """A copy of *value* that shares no array and no container with it; bytes of arrays are added to ``sizes[0]``.

    Raises:
        _NoFormError: something in it has no exact form.
    """
    return value if type(value) in _PLAIN else _OWNERS.get(type(value), _own_rare)(value, sizes)


def _own_int(value: int, _sizes: list[int]) -> int:
    if not INT64_MIN <= value <= INT64_MAX:
        raise _NoFormError
    return value


def _own_text(value: str, _sizes: list[int]) -> str:
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise _NoFormError from error
    return value


def _own_array(value: NDArray[Any], sizes: list[int]) -> NDArray[Any]:
    if value.dtype.hasobject or value.dtype.names is not None:
        raise _NoFormError
    sizes[0] += value.nbytes
    return value.copy()


def _own_dict(value: dict[Any, Any], sizes: list[int], plan: _Plan | None = None) -> dict[Any, Any]:
    if plan is None:
        shape = (*value, *map(type, value.values()))
        plan = _plans.get(shape) or _make_plan(value, shape)
    owned = value.copy()
    for name in plan.integers:
        if not INT64_MIN <= owned[name] <= INT64_MAX:
            raise _NoFormError
    for name in plan.arrays:
        owned[name] = _own_array(owned[name], sizes)
    for name in plan.dicts:
        owned[name] = _own_dict(owned[name], sizes)
    for name, owner in plan.owners:
        owned[name] = owner(owned[name], sizes)
    return owned


def _make_plan(value: dict[Any, Any], shape: tuple[Any, ...]) -> _Plan:
    for key in value:
        if type(key) is str:
            _own_text(key, [])
        elif type(key) is not int or not INT64_MIN <= key <= INT64_MAX:
            raise _NoFormError
    kinds = {name: type(one) for name, one in value.items()}
    named = {*_PLAIN, int, np.ndarray, dict}
    owners = tuple((name, _OWNERS.get(kind, _own_rare)) for name, kind in kinds.items() if kind not in named)
    is_checked = not any(kinds.get(name) in {int, np.ndarray} for name in (*_FLAGS, "reward", "timestamp"))
    integers, arrays, dicts = (
        tuple(name for name, kind in kinds.items() if kind is wanted) for wanted in (int, np.ndarray, dict)
    )
    plan = _Plan(integers, arrays, dicts, owners, is_checked, is_checked and not owners)
    if all(type(key) is str for key in value):  # True, 1 and 1.0 are one key to a dictionary of plans
        if len(_plans) >= _MAX_PLANS:
            _plans.clear()
        _plans[shape] = plan
    return plan


def _own_tuple(value: tuple[Any, ...], sizes: list[int]) -> tuple[Any, ...]:
    return tuple([own(one, sizes) for one in value])


def _own_list(value: list[Any], sizes: list[int]) -> list[Any]:
    return [own(one, sizes) for one in value]


def _own_rare(value: Any, sizes: list[int]) -> Any:
    if isinstance(value, np.generic):
        if value.dtype.hasobject or value.dtype.names is not None:
            raise _NoFormError
        return value
    if isinstance(value, bytes):
        sizes[0] += len(value)
        return bytes(value)
    # What is one of the plain types, and more, is kept as the plain type: OrderedDict, IntEnum, named tuples.
    if isinstance(value, dict):
        return _own_dict(dict(value), sizes)
    if isinstance(value, (tuple, list)):
        return _own_tuple(tuple(value), sizes) if isinstance(value, tuple) else _own_list(list(value), sizes)
    if isinstance(value, str):
        return _own_text(str.__str__(value), sizes)
    if isinstance(value, (int, float)):
        return _own_int(int(value), sizes) if isinstance(value, int) else float(value)
    raise _NoFormError


def check_names(step_data: Mapping[str, Any], step_number: int) -> None:
    """Make sure that the names with a meaning have values that fit it.

    Raises:
        SchemaMismatchError: one does not; the message names it.
    """
    reward = step_data.get("reward")
    if type(reward) is not float and reward is not None and not _is_number(reward):
        raise _misfit(step_number, "reward", reward, "a number")
    for name in _FLAGS:
        flag = step_data.get(name, False)
        if not isinstance(flag, (bool, np.bool_)) and not (isinstance(flag, int) and flag in {0, 1}):
            raise _misfit(step_number, name, flag, "true or false")
    info = step_data.get("info")
    if info is not None and not isinstance(info, dict):
        raise _misfit(step_number, "info", info, "a dictionary")
    frame = step_data.get("frame")
    if frame is not None and not isinstance(frame, np.ndarray):
        raise _misfit(step_number, "frame", frame, "an array")
    agent_id = step_data.get("agent_id")
    if agent_id is not None and not isinstance(agent_id, (str, int, np.integer)):
        raise _misfit(step_number, "agent_id", agent_id, "a name or a number")
    timestamp = step_data.get("timestamp")
    if timestamp is not None and type(timestamp) is not float and not _is_number(timestamp):
        raise _misfit(step_number, "timestamp", timestamp, "seconds since 1970")


def _refusal(step_data: Any, step_number: int) -> SchemaMismatchError:
    """The sentence for what `own` refused, with the path of the value that has no exact form."""
    path, value = _find(step_data, "", 0)
    if type(value) is int:
        return SchemaMismatchError(f"step {step_number}: {path} is {value}, which does not fit 64 bits.")
    return SchemaMismatchError(
        f"step {step_number}: {path or 'the step'} is {_described(value)}, which cannot be kept exactly.",
        hint="Use numbers, NumPy arrays, text, or dicts, lists and tuples of these.",
    )


def _find(value: Any, path: str, depth: int) -> tuple[str, Any]:
    items: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        for key in value:
            if type(key) not in _KEYS:
                return f"{path} (its key {key!r:.40})".strip(), key
        items = [(f"{path}.{key}" if path else str(key), one) for key, one in value.items()]
    elif isinstance(value, (list, tuple)):
        items = [(f"{path}[{place}]", one) for place, one in enumerate(value)]
    if depth > _SHOWN:
        return path, value
    for name, one in items:
        try:
            own(one, [0])
        except (_NoFormError, RecursionError):
            return _find(one, name, depth + 1)
    return path, value


def _misfit(step_number: int, name: str, value: Any, wanted: str) -> SchemaMismatchError:
    return SchemaMismatchError(f"step {step_number}: {name} is {_described(value)}, not {wanted}.")


def _described(value: Any) -> str:
    if isinstance(value, str):
        return f"text ({value!r:.40})"
    if isinstance(value, np.ndarray):
        return f"an array ({value.dtype}, {'x'.join(map(str, value.shape)) or 'no dimensions'})"
    name = type(value).__name__
    return f"a{'n' * (name[0].lower() in 'aeio')} {name}"  # not "an uint8"


def _is_number(value: Any) -> bool:
    if isinstance(value, (int, float, np.bool_, np.integer, np.floating)):
        return True
    return isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind in "biuf"


_OWNERS: Final[Mapping[type, Callable[[Any, list[int]], Any]]] = {
    int: _own_int,
    str: _own_text,
    np.ndarray: _own_array,
    dict: _own_dict,
    tuple: _own_tuple,
    list: _own_list,
}
