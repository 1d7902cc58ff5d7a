"""Spaces to JSON: one small object for each, by its exact class; nothing that decides equality is left out."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from gym_gui.core.errors import SchemaMismatchError
from gym_gui.core.spaces.array_form import array_form, dtype_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from gymnasium import spaces

Form: TypeAlias = dict[str, Any]
"""JSON values that describe one space; ``type`` names its class."""

OPAQUE: Final = "Opaque"
_TEXT_MAX: Final = 2_000
_ADDRESS: Final = re.compile(r" at 0x[0-9a-fA-F]+")


def write(space: spaces.Space[Any], *, opaque: bool) -> Form:
    """The form of *space*.

    Args:
        space: Any space.
        opaque: A class that is not Gymnasium's own becomes an ``Opaque`` form, which cannot be read back, instead of
            an error.

    Raises:
        SchemaMismatchError: a class that is not Gymnasium's own, or contents that JSON cannot say exactly.
    """
    writer = _writers().get(type(space))
    if not opaque:
        if writer is None:
            raise SchemaMismatchError(
                f"A space of class {_class_name(space)} cannot be written exactly: the class is not Gymnasium's own.",
                hint="Use the spaces of gymnasium.spaces, or nest them.",
            )
        return writer(space, False)
    if writer is not None:
        try:
            return writer(space, True)
        except SchemaMismatchError:
            return _opaque(space)
    return _opaque(space)


@lru_cache(maxsize=1)
def _writers() -> dict[type, Callable[[Any, bool], Form]]:
    from gymnasium import spaces  # noqa: PLC0415 - 0.4 s; whoever has a space has paid it

    return {
        spaces.Box: _box,
        spaces.Discrete: _discrete,
        spaces.MultiDiscrete: _multi_discrete,
        spaces.MultiBinary: _multi_binary,
        spaces.Text: _text,
        spaces.Dict: _dict,
        spaces.Tuple: _tuple,
        spaces.OneOf: _one_of,
        spaces.Sequence: _sequence,
        spaces.Graph: _graph,
    }


def _box(space: spaces.Box, opaque: bool) -> Form:  # noqa: ARG001 - all writers are called alike
    dtype = space.dtype
    form = {
        "type": "Box",
        "shape": list(space.shape),
        "dtype": dtype_name(dtype),
        "low": array_form(space.low),
        "high": array_form(space.high),
    }
    if dtype.kind == "i":
        # An integer Box that was made with infinite bounds samples differently, though it equals one with the limits.
        for name, bounded in (("bounded_below", space.bounded_below), ("bounded_above", space.bounded_above)):
            if b"\0" in bounded.tobytes():
                form[name] = array_form(bounded)
    return form


def _discrete(space: spaces.Discrete[Any], opaque: bool) -> Form:  # noqa: ARG001 - as above
    dtype = space.dtype
    return {"type": "Discrete", "n": int(space.n), "start": int(space.start), "dtype": dtype_name(dtype)}


def _multi_discrete(space: spaces.MultiDiscrete[Any], opaque: bool) -> Form:  # noqa: ARG001 - as above
    return {
        "type": "MultiDiscrete",
        "shape": list(space.nvec.shape),
        "dtype": dtype_name(space.dtype),
        "nvec": array_form(space.nvec),
        "start": array_form(space.start),
    }


def _multi_binary(space: spaces.MultiBinary, opaque: bool) -> Form:  # noqa: ARG001 - as above
    return {"type": "MultiBinary", "n": list(space.n) if isinstance(space.n, tuple) else int(space.n)}


def _text(space: spaces.Text, opaque: bool) -> Form:  # noqa: ARG001 - as above
    # Their order decides samples and masks.
    characters = "".join(space.character_list)
    return {
        "type": "Text",
        "min_length": space.min_length,
        "max_length": space.max_length,
        "charset": characters if _is_unicode(characters) else [ord(character) for character in characters],
    }


def _dict(space: spaces.Dict[Any], opaque: bool) -> Form:
    # Pairs, since readers of JSON need not keep the order of an object's keys.
    form: Form = {
        "type": "Dict",
        "spaces": [[_key(key), write(part, opaque=opaque)] for key, part in space.spaces.items()],
    }
    if not getattr(space, "sort_keys", True):
        form["sort_keys"] = False
    return form


def _tuple(space: spaces.Tuple[Any], opaque: bool) -> Form:
    return {"type": "Tuple", "spaces": [write(part, opaque=opaque) for part in space.spaces]}


def _one_of(space: spaces.OneOf[Any], opaque: bool) -> Form:
    return {"type": "OneOf", "spaces": [write(part, opaque=opaque) for part in space.spaces]}


def _sequence(space: spaces.Sequence, opaque: bool) -> Form:
    return {"type": "Sequence", "space": write(space.feature_space, opaque=opaque), "stack": bool(space.stack)}


def _graph(space: spaces.Graph, opaque: bool) -> Form:
    return {
        "type": "Graph",
        "nodes": write(space.node_space, opaque=opaque),
        "edges": None if space.edge_space is None else write(space.edge_space, opaque=opaque),
    }


def _key(key: object) -> str | int:
    if (type(key) is str and _is_unicode(key)) or type(key) is int:
        return key
    raise SchemaMismatchError(
        f"The key {key!r:.80} of a Dict space cannot be written exactly.", hint="Use texts or whole numbers as keys."
    )


def _is_unicode(text: str) -> bool:
    """Whether UTF-8 can hold *text*: no halves of surrogate pairs."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _opaque(space: spaces.Space[Any]) -> Form:
    """What can be said of a stranger's space in every process alike; its base where that is one of Gymnasium's."""
    form: Form = {"type": OPAQUE, "class": _class_name(space)}
    if space.shape is not None:
        form["shape"] = [int(size) for size in space.shape]
    if space.dtype is not None:
        form["dtype"] = str(np.dtype(space.dtype))
    base = next((writer for kind, writer in _writers().items() if isinstance(space, kind)), None)
    if base is not None and type(space) not in _writers():
        try:
            form["base"] = base(space, True)
        except (SchemaMismatchError, AttributeError):
            pass
        else:
            return form
    form["text"] = space_text(space)
    return form


def space_text(space: spaces.Space[Any]) -> str:
    """The space as one line of text, for people; bounds that differ by element are abbreviated as numpy does."""
    # An address in memory is another one in each process.
    text = _ADDRESS.sub("", " ".join(repr(space).split()))
    return text if len(text) <= _TEXT_MAX else f"{text[:_TEXT_MAX]}…"


def _class_name(space: object) -> str:
    return f"{type(space).__module__}.{type(space).__qualname__}"
