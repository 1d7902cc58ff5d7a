"""Rows of a few facts as a table: plain text in a terminal, HTML in a notebook."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Generic, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_SHOWN: Final = 20
_WIDEST: Final = 42


class Table(Sequence[T], Generic[T]):
    """A sequence that shows itself as a table.

    Args:
        items: What it holds.
        columns: Heading -> what the cell says of an item.
        noun: What one item is called; its plural takes an s.
    """

    def __init__(self, items: Sequence[T], columns: dict[str, Callable[[T], str]], noun: str) -> None:
        self._items = items
        self._columns = columns
        self._noun = noun

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> Table[T]: ...
    def __getitem__(self, place: int | slice) -> T | Table[T]:
        if isinstance(place, slice):
            return Table(self._items[place], self._columns, self._noun)
        return self._items[place]

    def __repr__(self) -> str:
        rows = [list(self._columns), *self._cells()]
        widths = [max(len(row[place]) for row in rows) for place in range(len(self._columns))]
        numeric = [all(_is_number(row[place]) for row in rows[1:]) for place in range(len(self._columns))]
        lines = [
            "  ".join(
                cell.rjust(width) if right else cell.ljust(width)
                for cell, width, right in zip(row, widths, numeric, strict=True)
            ).rstrip()
            for row in rows
        ]
        return "\n".join([*lines, self._foot()])

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{html.escape(name)}</th>" for name in self._columns)
        body = "".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in self._cells())
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{html.escape(self._foot())}</p>"

    def _cells(self) -> list[list[str]]:
        return [[_cut(tell(item)) for tell in self._columns.values()] for item in self._items[:_SHOWN]]

    def _foot(self) -> str:
        count = f"{len(self):,} {self._noun}{'' if len(self) == 1 else 's'}"
        return count if len(self) <= _SHOWN else f"{count}; the first {_SHOWN} are shown"


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _is_number(text: str) -> bool:
    return text.replace(",", "").replace(".", "").replace("-", "").replace("e", "").replace("+", "").isdigit()
