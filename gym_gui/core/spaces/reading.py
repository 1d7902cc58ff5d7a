"""JSON to spaces: what `writing` wrote becomes an equal space again; anything else one clear sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.core.errors import SchemaMismatchError
from gym_gui.core.spaces.array_form import dtype_of, read_array
from gym_gui.core.spaces.writing import OPAQUE

if TYPE_CHECKING:
    from collections.abc import Callable

    from gymnasium import spaces

    from gym_gui.core.spaces.writing import Form

# More than a picture of 4K has; a damaged file must not ask for all memory.
_ITEMS_MAX: Final = 2**25


def read(form: object) -> spaces.Space[Any]:
    """The space that *form* describes, newly made.

    Raises:
        SchemaMismatchError: it describes none: an unknown or foreign type, a missing or impossible value.
    """
    if not isinstance(form, dict):
        raise SchemaMismatchError(f"{form!r:.80} describes no space: it is no JSON object.")
    name = form.get("type")
    if name == OPAQUE:
        raise SchemaMismatchError(
            f"The space was a {form.get('class')}, which is not Gymnasium's own; it cannot be made again from a file."
        )
    reader = _READERS.get(name) if isinstance(name, str) else None
    if reader is None:
        raise SchemaMismatchError(
            f"{name!r:.80} is no type of space that this version knows.", hint="A newer version may have written it."
        )
    try:
        return reader(form)
    except KeyError as fault:
        raise SchemaMismatchError(f"The description of a {name} space lacks {fault}.") from fault
    except SchemaMismatchError:
        raise
    except (TypeError, ValueError, OverflowError, AssertionError, MemoryError) as fault:
        raise SchemaMismatchError(f"The description of a {name} space makes no space: {fault}.") from fault


def _shape(form: Form) -> tuple[int, ...]:
    shape = tuple(form["shape"])
    if not all(type(size) is int and size >= 0 for size in shape):
        raise ValueError(f"{form['shape']!r:.80} is no shape")
    items = 1
    for size in shape:
        items *= size
    if items > _ITEMS_MAX:
        raise ValueError(f"{shape} is too large")
    return shape


def _whole(value: object) -> int:
    if type(value) is not int:
        raise TypeError(f"{value!r:.80} is no whole number")
    return value


def _box(form: Form) -> spaces.Box:
    from gymnasium.spaces import Box  # noqa: PLC0415 - 0.4 s, paid where a space is made

    dtype, shape = dtype_of(form["dtype"]), _shape(form)
    box = Box(read_array(form["low"], dtype, shape), read_array(form["high"], dtype, shape), shape, dtype)
    for name in ("bounded_below", "bounded_above"):
        # Gymnasium itself makes a single truth of a single bound that is given as an array.
        bounded = read_array(form[name], np.dtype(bool), shape) if name in form else np.asarray(getattr(box, name))
        setattr(box, name, bounded)
    return box


def _discrete(form: Form) -> spaces.Discrete[Any]:
    from gymnasium.spaces import Discrete  # noqa: PLC0415 - as above

    dtype = dtype_of(form["dtype"])
    n, start = _whole(form["n"]), _whole(form["start"])
    # Older versions of Gymnasium know no other dtype, nor the argument.
    return Discrete(n, start=start) if dtype == np.int64 else Discrete(n, start=start, dtype=dtype)


def _multi_discrete(form: Form) -> spaces.MultiDiscrete[Any]:
    from gymnasium.spaces import MultiDiscrete  # noqa: PLC0415 - as above

    dtype, shape = dtype_of(form["dtype"]), _shape(form)
    return MultiDiscrete(read_array(form["nvec"], dtype, shape), dtype, start=read_array(form["start"], dtype, shape))


def _multi_binary(form: Form) -> spaces.MultiBinary:
    from gymnasium.spaces import MultiBinary  # noqa: PLC0415 - as above

    n = form["n"]
    return MultiBinary([_whole(size) for size in n] if isinstance(n, list) else _whole(n))


def _text(form: Form) -> spaces.Text:
    from gymnasium.spaces import Text  # noqa: PLC0415 - as above

    charset = form["charset"]
    characters = charset if isinstance(charset, str) else "".join(map(chr, charset))
    return Text(_whole(form["max_length"]), min_length=_whole(form["min_length"]), charset=characters)


def _dict(form: Form) -> spaces.Dict[Any]:
    from gymnasium.spaces import Dict  # noqa: PLC0415 - as above

    pairs: list[tuple[Any, spaces.Space[Any]]] = [(key, read(part)) for key, part in form["spaces"]]
    made = Dict(pairs)
    if len(made.spaces) != len(pairs):
        raise ValueError("a key stands there twice")
    if not form.get("sort_keys", True):
        made.sort_keys = False
    return made


def _tuple(form: Form) -> spaces.Tuple[Any]:
    from gymnasium.spaces import Tuple  # noqa: PLC0415 - as above

    return Tuple([read(part) for part in form["spaces"]])


def _one_of(form: Form) -> spaces.OneOf[Any]:
    from gymnasium.spaces import OneOf  # noqa: PLC0415 - as above

    return OneOf([read(part) for part in form["spaces"]])


def _sequence(form: Form) -> spaces.Sequence:
    from gymnasium.spaces import Sequence  # noqa: PLC0415 - as above

    return Sequence(read(form["space"]), stack=bool(form["stack"]))


def _graph(form: Form) -> spaces.Graph:
    from gymnasium.spaces import Graph  # noqa: PLC0415 - as above

    return Graph(read(form["nodes"]), None if form["edges"] is None else read(form["edges"]))


_READERS: Final[dict[str, Callable[[Any], spaces.Space[Any]]]] = {
    "Box": _box,
    "Discrete": _discrete,
    "MultiDiscrete": _multi_discrete,
    "MultiBinary": _multi_binary,
    "Text": _text,
    "Dict": _dict,
    "Tuple": _tuple,
    "OneOf": _one_of,
    "Sequence": _sequence,
    "Graph": _graph,
}
