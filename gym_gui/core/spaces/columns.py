"""Values of any space as named columns of fixed dtypes, and back, equal in every bit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.core.errors import SchemaMismatchError
from gym_gui.core.spaces.column_leaves import ArrayPlan, NumberPlan, TextPlan
from gym_gui.core.spaces.column_nodes import (
    GraphPlan,
    OneOfPlan,
    PartsPlan,
    SequencePlan,
    choice_name,
    offsets_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gymnasium import spaces
    from numpy.typing import NDArray

    from gym_gui.core.spaces.column_plan import Column, Plan

# What would make two columns of one name, or a name that HDF5 or a file system reads as a path.
_ESCAPED: Final = str.maketrans({"%": "%25", ".": "%2E", "#": "%23", "/": "%2F", "\0": "%00"})


class SpaceColumns:
    """The columns of one space; made once, used for every batch of values. Any thread.

    A fixed-shape space is one column with one item a row. What varies from row to row is laid out as Arrow does: the
    items of all rows one after the other, and an ``offsets`` column that says where each row's begin.

    Numbers come back in the space's own dtype, arrays as views of their column, containers in the types that the
    space itself samples: ``dict`` in the space's order, ``tuple``, ``GraphInstance``. Bounds are not checked: a value
    outside them is kept as it is.

    Args:
        space: Any of Gymnasium's spaces or a subclass of one.
        name: What the columns' names begin with.

    Raises:
        SchemaMismatchError: a space of another class, for whose values there is no known form.
    """

    def __init__(self, space: spaces.Space[Any], name: str = "obs") -> None:
        try:
            self._plan = _plan(space, name, "")
        except RecursionError as fault:
            raise SchemaMismatchError(f"The space of {name} holds itself, or is nested too deeply.") from fault

    @property
    def columns(self) -> tuple[Column, ...]:
        """Every column, in the order in which `write` makes them."""
        return self._plan.columns

    def write(self, values: Iterable[Any]) -> dict[str, NDArray[Any]]:
        """The arrays of *values*, one row each, by column name.

        Raises:
            SchemaMismatchError: a value has another dtype, shape or structure than the space; it is named.
        """
        arrays: dict[str, NDArray[Any]] = {}
        self._plan.write(list(values), arrays)
        return arrays

    def read(self, columns: Mapping[str, NDArray[Any]]) -> list[Any]:
        """The values that `write` was given.

        Raises:
            SchemaMismatchError: a column is missing, has another dtype or shape, or does not fit the others.
        """
        return self._plan.read(columns)


def columns_of(space: spaces.Space[Any], name: str = "obs") -> tuple[Column, ...]:
    """The columns that values of *space* make; see `SpaceColumns`."""
    return SpaceColumns(space, name).columns


def to_columns(space: spaces.Space[Any], values: Iterable[Any], name: str = "obs") -> dict[str, NDArray[Any]]:
    """*values* of *space* as arrays by column name; see `SpaceColumns.write`."""
    return SpaceColumns(space, name).write(values)


def from_columns(space: spaces.Space[Any], columns: Mapping[str, NDArray[Any]], name: str = "obs") -> list[Any]:
    """The values that `to_columns` was given; see `SpaceColumns.read`."""
    return SpaceColumns(space, name).read(columns)


def items_of_batch(space: spaces.Space[Any], batch: Any, name: str = "obs") -> list[Any]:
    """The single values of a batch of *space*, as Gymnasium stacks them: a vector's, a stacked sequence's, a graph's.

    Raises:
        SchemaMismatchError: *batch* has another dtype, shape or structure, or the space is a stranger's.
    """
    return _plan(space, name, "").unstack(batch)


def _plan(space: spaces.Space[Any], name: str, counted_by: str) -> Plan:
    from gymnasium import spaces as kinds  # noqa: PLC0415 - 0.4 s; whoever has a space has paid it

    plan: Plan
    if isinstance(space, kinds.Discrete):
        plan = NumberPlan(name, counted_by, np.dtype(space.dtype))
    elif isinstance(space, (kinds.Box, kinds.MultiDiscrete, kinds.MultiBinary)):
        plan = ArrayPlan(name, counted_by, np.dtype(space.dtype), tuple(space.shape))
    elif isinstance(space, kinds.Text):
        plan = TextPlan(name, counted_by)
    elif isinstance(space, kinds.Dict):
        parts = [_plan(part, f"{name}.{_escaped(key)}", counted_by) for key, part in space.spaces.items()]
        plan = PartsPlan(name, counted_by, list(space.spaces), parts)
    elif isinstance(space, kinds.Tuple):
        plan = PartsPlan(name, counted_by, None, _numbered(space.spaces, name, counted_by))
    else:
        plan = _variable_plan(space, name, counted_by)
    return plan


def _variable_plan(space: spaces.Space[Any], name: str, counted_by: str) -> Plan:
    from gymnasium import spaces as kinds  # noqa: PLC0415 - as above

    if isinstance(space, kinds.OneOf):
        return OneOfPlan(name, counted_by, _numbered(space.spaces, name, choice_name(name)))
    if isinstance(space, kinds.Sequence):
        item = _plan(space.feature_space, f"{name}.items", offsets_name(name))
        return SequencePlan(name, counted_by, item, stacked=bool(space.stack))
    if isinstance(space, kinds.Graph):
        node = _plan(space.node_space, f"{name}.nodes", f"{name}#node_offsets")
        edge = None if space.edge_space is None else _plan(space.edge_space, f"{name}.edges", f"{name}#edge_offsets")
        return GraphPlan(name, counted_by, node, edge)
    raise SchemaMismatchError(
        f"{name} has a space of class {type(space).__module__}.{type(space).__qualname__}, whose values have no known "
        "form as columns.",
        hint="Use the spaces of gymnasium.spaces, or nest them.",
    )


def _numbered(parts: Iterable[spaces.Space[Any]], name: str, counted_by: str) -> list[Plan]:
    return [_plan(part, f"{name}.{place}", counted_by) for place, part in enumerate(parts)]


def _escaped(key: object) -> str:
    text = key.translate(_ESCAPED) if isinstance(key, str) else f"%i{key}"
    return text or "%"
