"""Dict, Tuple, OneOf, Sequence and Graph as columns: the spaces that hold other spaces."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.core.errors import SchemaMismatchError
from gym_gui.core.spaces.column_plan import Column, Plan, offsets_column, offsets_of, slices
from gym_gui.core.typing_compat import override

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gym_gui.core.spaces.column_plan import Arrays

# The dtypes that the links of a graph may have, by the number that stands for each; 0 means that there are none.
_LINK_DTYPES: Final = tuple(np.dtype(name) for name in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32"))
_ENDS: Final = 2


class PartsPlan(Plan):
    """``Dict`` and ``Tuple``: the columns of their parts, side by side.

    Args:
        name: Of the whole.
        counted_by: Of the whole.
        keys: The keys of a ``Dict``; None for a ``Tuple``.
        parts: In order.
    """

    def __init__(self, name: str, counted_by: str, keys: list[Any] | None, parts: list[Plan]) -> None:
        self._keys = keys
        self._parts = parts
        columns = tuple(chain.from_iterable(part.columns for part in parts))
        self._empty = Column(name=f"{name}#empty", dtype=np.dtype(np.uint8), role="empty", counted_by=counted_by)
        super().__init__(name, columns or (self._empty,))

    @override
    def write(self, values: list[Any], out: dict[str, NDArray[Any]]) -> None:
        for value in values:
            self._check(value)
        if not self._parts:
            out[self._empty.name] = np.zeros(len(values), np.uint8)
        for key, part in zip(self._places, self._parts, strict=True):
            part.write([value[key] for value in values], out)

    @override
    def read(self, arrays: Arrays) -> list[Any]:
        if not self._parts:
            return [self._whole(()) for _ in self.fetch(arrays, self._empty)]
        return self._rows([part.read(arrays) for part in self._parts])

    @property
    @override
    def has_values(self) -> bool:
        return any(part.has_values for part in self._parts)

    @override
    def unstack(self, batch: Any, count: int | None = None) -> list[Any]:
        self._check(batch)
        pairs = list(zip(self._places, self._parts, strict=True))
        told = {key: part.unstack(batch[key]) for key, part in pairs if part.has_values}
        count = len(next(iter(told.values()), ())) if told else count or 0
        hollow = {key: part.unstack(batch[key], count) for key, part in pairs if not part.has_values}
        if not pairs:
            return [self._whole(()) for _ in range(count)]
        return self._rows([told[key] if key in told else hollow[key] for key, _ in pairs])

    @override
    def stack(self, items: list[Any]) -> Any:
        places = self._places
        return self._whole(
            tuple(part.stack([item[key] for item in items]) for key, part in zip(places, self._parts, strict=True))
        )

    @property
    def _places(self) -> list[Any]:
        return list(range(len(self._parts))) if self._keys is None else self._keys

    def _rows(self, parts: list[list[Any]]) -> list[Any]:
        if len({len(part) for part in parts}) > 1:
            raise SchemaMismatchError(f"The parts of {self.name} have different numbers of rows.")
        return [self._whole(row) for row in zip(*parts, strict=True)]

    def _whole(self, row: tuple[Any, ...]) -> Any:
        return row if self._keys is None else dict(zip(self._keys, row, strict=True))

    def _check(self, value: Any) -> None:
        if self._keys is None:
            if not isinstance(value, (tuple, list)) or len(value) != len(self._parts):
                raise self.mismatch(value, f"a tuple of {len(self._parts)} parts")
        elif not isinstance(value, Mapping) or value.keys() != set(self._keys):
            raise self.mismatch(value, f"a dict with the keys {', '.join(map(str, self._keys))}")


class OneOfPlan(Plan):
    """``OneOf``: which part, and each part's columns for the rows that chose it."""

    def __init__(self, name: str, counted_by: str, parts: list[Plan]) -> None:
        self._parts = parts
        self._choice = Column(name=choice_name(name), dtype=np.dtype(np.int64), role="choice", counted_by=counted_by)
        super().__init__(name, (self._choice, *chain.from_iterable(part.columns for part in parts)))

    @override
    def write(self, values: list[Any], out: dict[str, NDArray[Any]]) -> None:
        chosen: list[list[Any]] = [[] for _ in self._parts]
        choices = []
        for value in values:
            if not isinstance(value, tuple) or len(value) != 2 or not isinstance(value[0], (int, np.integer)):  # noqa: PLR2004 - a pair
                raise self.mismatch(value, "a pair of a number and a value")
            choice = int(value[0])
            if not 0 <= choice < len(self._parts):
                raise self.mismatch(value, f"a number below {len(self._parts)} and a value")
            choices.append(choice)
            chosen[choice].append(value[1])
        out[self._choice.name] = np.array(choices, np.int64)
        for part, items in zip(self._parts, chosen, strict=True):
            part.write(items, out)

    @override
    def read(self, arrays: Arrays) -> list[Any]:
        choices = self.fetch(arrays, self._choice)
        chosen = [part.read(arrays) for part in self._parts]
        if (choices < 0).any() or (choices >= len(chosen)).any():
            raise SchemaMismatchError(f"Column {self._choice.name} names a part that {self.name} has not.")
        if [len(items) for items in chosen] != np.bincount(choices, minlength=len(chosen)).tolist():
            raise SchemaMismatchError(f"Column {self._choice.name} does not lead through all items of {self.name}.")
        following = [iter(items) for items in chosen]
        return [(choice, next(following[choice])) for choice in choices]


class SequencePlan(Plan):
    """``Sequence``: the items of all rows one after the other, and where each row's begin."""

    def __init__(self, name: str, counted_by: str, item: Plan, *, stacked: bool) -> None:
        self._item = item
        self._stacked = stacked
        self._offsets = offsets_column(offsets_name(name), counted_by)
        super().__init__(name, (self._offsets, *item.columns))

    @override
    def write(self, values: list[Any], out: dict[str, NDArray[Any]]) -> None:
        rows = [self._item.unstack(value) if self._stacked else Plan.unstack(self, value) for value in values]
        out[self._offsets.name] = offsets_of([len(row) for row in rows])
        self._item.write(list(chain.from_iterable(rows)), out)

    @override
    def read(self, arrays: Arrays) -> list[Any]:
        items = self._item.read(arrays)
        places = slices(self.fetch(arrays, self._offsets), len(items), self._offsets.name)
        return [self._item.stack(items[place]) if self._stacked else tuple(items[place]) for place in places]


class GraphPlan(Plan):
    """``Graph``: the nodes, edges and links of all rows one after the other, and where each row's begin.

    Links keep their integer type in a flag a row; edges may be missing where links are not.
    """

    def __init__(self, name: str, counted_by: str, node: Plan, edge: Plan | None) -> None:
        self._node = node
        self._edge = edge
        self._node_offsets = offsets_column(f"{name}#node_offsets", counted_by)
        self._edge_offsets = offsets_column(f"{name}#edge_offsets", counted_by)
        self._link_offsets = offsets_column(f"{name}#link_offsets", counted_by)
        self._has_edges = Column(name=f"{name}#has_edges", dtype=np.dtype(bool), role="flag", counted_by=counted_by)
        self._link_type = Column(name=f"{name}#link_type", dtype=np.dtype(np.uint8), role="flag", counted_by=counted_by)
        self._links = Column(
            name=f"{name}.links", dtype=np.dtype(np.int64), item_shape=(_ENDS,), counted_by=self._link_offsets.name
        )
        edges = () if edge is None else (self._edge_offsets, *edge.columns)
        super().__init__(
            name,
            (
                self._node_offsets,
                *node.columns,
                self._has_edges,
                *edges,
                self._link_type,
                self._link_offsets,
                self._links,
            ),
        )

    @override
    def write(self, values: list[Any], out: dict[str, NDArray[Any]]) -> None:
        for value in values:
            if not isinstance(value, tuple) or len(value) != 3:  # noqa: PLR2004 - nodes, edges, links
                raise self.mismatch(value, "a GraphInstance")
        nodes = [self._node.unstack(value[0]) for value in values]
        out[self._node_offsets.name] = offsets_of([len(row) for row in nodes])
        self._node.write(list(chain.from_iterable(nodes)), out)
        out[self._has_edges.name] = np.array([value[1] is not None for value in values], bool)
        self._write_edges([value[1] for value in values], out)
        self._write_links([value[2] for value in values], out)

    def _write_edges(self, batches: list[Any], out: dict[str, NDArray[Any]]) -> None:
        if self._edge is None:
            wrong = next((batch for batch in batches if batch is not None), None)
            if wrong is not None:
                raise self.mismatch(wrong, "no edges")
            return
        rows = [[] if batch is None else self._edge.unstack(batch) for batch in batches]
        out[self._edge_offsets.name] = offsets_of([len(row) for row in rows])
        self._edge.write(list(chain.from_iterable(rows)), out)

    def _write_links(self, links: list[Any], out: dict[str, NDArray[Any]]) -> None:
        for link in links:
            if link is not None and (
                not isinstance(link, np.ndarray) or link.dtype not in _LINK_DTYPES or link.shape[1:] != (_ENDS,)
            ):
                raise self.mismatch(link, "links as an array of whole numbers of shape ('n', 2)")
        types = [0 if link is None else 1 + _LINK_DTYPES.index(link.dtype) for link in links]
        out[self._link_type.name] = np.array(types, np.uint8)
        out[self._link_offsets.name] = offsets_of([0 if link is None else len(link) for link in links])
        present = [link.astype(np.int64) for link in links if link is not None]
        out[self._links.name] = np.concatenate(present) if present else np.empty((0, _ENDS), np.int64)

    @override
    def read(self, arrays: Arrays) -> list[Any]:
        from gymnasium.spaces import GraphInstance  # noqa: PLC0415 - 0.4 s; whoever has a space has paid it

        nodes = self._node.read(arrays)
        places = slices(self.fetch(arrays, self._node_offsets), len(nodes), self._node_offsets.name)
        edges, links = self._read_edges(arrays, len(places)), self._read_links(arrays)
        if len({len(places), len(edges), len(links)}) > 1:
            raise SchemaMismatchError(f"The nodes, edges and links of {self.name} have different numbers of rows.")
        return [
            GraphInstance(self._node.stack(nodes[place]), edge, link)
            for place, edge, link in zip(places, edges, links, strict=True)
        ]

    def _read_edges(self, arrays: Arrays, rows: int) -> list[Any]:
        if self._edge is None:
            return [None] * rows
        items = self._edge.read(arrays)
        places = slices(self.fetch(arrays, self._edge_offsets), len(items), self._edge_offsets.name)
        has_edges = self.fetch(arrays, self._has_edges).tolist()
        if len(has_edges) != len(places):
            raise SchemaMismatchError(f"Column {self._has_edges.name} has another number of rows than {self.name}.")
        return [self._edge.stack(items[place]) if has else None for place, has in zip(places, has_edges, strict=True)]

    def _read_links(self, arrays: Arrays) -> list[Any]:
        links = self.fetch(arrays, self._links)
        places = slices(self.fetch(arrays, self._link_offsets), len(links), self._link_offsets.name)
        types = self.fetch(arrays, self._link_type).tolist()
        if len(types) != len(places) or any(kind > len(_LINK_DTYPES) for kind in types):
            raise SchemaMismatchError(f"Column {self._link_type.name} does not fit {self.name}.")
        return [
            links[place].astype(_LINK_DTYPES[kind - 1]) if kind else None
            for place, kind in zip(places, types, strict=True)
        ]


def offsets_name(name: str) -> str:
    """The offsets of a sequence of that name."""
    return f"{name}#offsets"


def choice_name(name: str) -> str:
    """The choices of a ``OneOf`` of that name."""
    return f"{name}#choice"
