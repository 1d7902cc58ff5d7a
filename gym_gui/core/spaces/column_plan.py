"""What one space's values are as columns: the interface that each kind of space implements, and the column itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from gym_gui.core.errors import SchemaMismatchError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Arrays: TypeAlias = Mapping[str, NDArray[Any]]

Role: TypeAlias = Literal["values", "text", "offsets", "choice", "flag", "empty"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One array of `to_columns`.

    Attributes:
        name: ``obs.position``; the parts of a ``Dict`` or ``Tuple`` follow a point, what is beside values a ``#``.
        dtype: Of its items.
        item_shape: Shape of one item; the array's shape is ``(items, *item_shape)``.
        role: ``values`` of the space; ``text``, UTF-8 bytes; ``offsets``, where each row's items begin in what it
            counts, one more than rows; ``choice``, which part of a ``OneOf``; ``flag``, what a graph has; ``empty``,
            a zero a row, so that a space without parts has rows.
        counted_by: The offsets or choice column that says how many items belong to each row; empty where each row
            has one.
    """

    name: str
    dtype: np.dtype[Any]
    item_shape: tuple[int, ...] = ()
    role: Role = "values"
    counted_by: str = ""


class Plan(ABC):
    """Writes and reads the values of one space; stateless once made."""

    def __init__(self, name: str, columns: tuple[Column, ...]) -> None:
        self.name = name
        self.columns = columns

    @abstractmethod
    def write(self, values: list[Any], out: dict[str, NDArray[Any]]) -> None:
        """Put *values*, one a row, into *out*."""

    @abstractmethod
    def read(self, arrays: Arrays) -> list[Any]:
        """The values, one a row."""

    @property
    def has_values(self) -> bool:
        """Whether there is anything in a value that a batch could be counted by; not in an empty ``Dict``."""
        return True

    def unstack(self, batch: Any, count: int | None = None) -> list[Any]:
        """The single values of a batch, as a stacked ``Sequence`` or a ``Graph`` holds them.

        Args:
            batch: The batch.
            count: How many it holds, for one that does not tell it; None means none then.
        """
        del count
        if not isinstance(batch, (tuple, list)):
            raise self.mismatch(batch, "a tuple of values")
        return list(batch)

    def stack(self, items: list[Any]) -> Any:
        """The batch of *items*, as Gymnasium stacks them."""
        return tuple(items)

    def mismatch(self, value: object, wanted: str) -> SchemaMismatchError:
        """The error for a value of another form."""
        shown = " ".join(repr(value).split())
        form = f" of {value.dtype} {value.shape}" if isinstance(value, (np.ndarray, np.generic)) else ""
        return SchemaMismatchError(
            f"{self.name} holds {type(value).__name__}{form} where its space wants {wanted}: {shown:.60}."
        )

    def fetch(self, arrays: Arrays, column: Column) -> NDArray[Any]:
        """A column's array, checked for dtype and item shape."""
        if column.name not in arrays:
            raise SchemaMismatchError(f"There is no column {column.name}.")
        array = np.asarray(arrays[column.name])
        if array.dtype != column.dtype or array.ndim == 0 or array.shape[1:] != column.item_shape:
            raise SchemaMismatchError(
                f"Column {column.name} holds {array.dtype} of shape {array.shape}, not {column.dtype} of shape "
                f"{('rows', *column.item_shape)}."
            )
        return array


def offsets_column(name: str, counted_by: str) -> Column:
    """The column that says where each row's items begin; one entry more than rows."""
    return Column(name=name, dtype=np.dtype(np.int64), role="offsets", counted_by=counted_by)


def offsets_of(lengths: list[int]) -> NDArray[np.int64]:
    """Running sums of *lengths*, beginning with 0."""
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def slices(offsets: NDArray[Any], total: int, name: str) -> list[slice]:
    """Each row's place among *total* items.

    Raises:
        SchemaMismatchError: the offsets do not lead through all items in order.
    """
    if not offsets.size or offsets[0] != 0 or offsets[-1] != total or (np.diff(offsets) < 0).any():
        raise SchemaMismatchError(f"Column {name} does not lead through all {total} items in order.")
    return [slice(begin, end) for begin, end in pairwise(offsets.tolist())]
