"""A space as a mould that makes equal ones in microseconds, without the checks that its constructor repeats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from gymnasium import spaces
    from numpy.typing import NDArray

# Larger bounds are shared by all spaces of one mould, read-only; smaller ones are copied.
_COPIED_BYTES: Final = 1_024


class Mould:
    """Makes spaces equal to *space*, each with parts and a random generator of its own.

    Args:
        space: Any of Gymnasium's spaces, which the mould keeps; nobody else may change it.
    """

    __slots__ = ("_arrays", "_facts", "_items", "_keys", "_kind", "_parts")

    def __init__(self, space: spaces.Space[Any]) -> None:
        self._kind = type(space)
        self._facts: dict[str, Any] = {}
        self._arrays: list[tuple[str, NDArray[Any]]] = []
        self._parts: list[tuple[str, Mould]] = []
        self._items: list[Mould] | None = None
        self._keys: list[Any] | None = None
        for name, value in space.__dict__.items():
            if name == "spaces":
                self._items = [Mould(part) for part in (value.values() if isinstance(value, dict) else value)]
                self._keys = list(value) if isinstance(value, dict) else None
            elif name.endswith("_space") and value is not None:
                self._parts.append((name, Mould(value)))
            elif isinstance(value, np.ndarray) and value.nbytes <= _COPIED_BYTES:
                self._arrays.append((name, value))
            else:
                if isinstance(value, np.ndarray):
                    value.flags.writeable = False
                self._facts[name] = value
        self._facts["_np_random"] = None  # as Gymnasium's own constructor leaves it: seeded when first used

    def cast(self) -> spaces.Space[Any]:
        """A new space."""
        made: spaces.Space[Any] = object.__new__(self._kind)
        facts = made.__dict__
        facts.update(self._facts)
        for name, array in self._arrays:
            facts[name] = array.copy()
        for name, part in self._parts:
            facts[name] = part.cast()
        if self._items is not None:
            items = [item.cast() for item in self._items]
            facts["spaces"] = tuple(items) if self._keys is None else dict(zip(self._keys, items, strict=True))
        return made
