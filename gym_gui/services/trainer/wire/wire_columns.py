"""Columns on the wire: little-endian bytes and sparse texts to arrays and lists, nothing believed that was not counted.

What is wrong is said in one sentence: what, and where.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from gym_gui.core.errors import TrainerRefusedError
from gym_gui.core.value_codec import decode_value
from gym_gui.services.trainer.proto import trainer_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

INT32: Final = np.dtype("<i4")
UINT32: Final = np.dtype("<u4")
INT64: Final = np.dtype("<i8")
FLOAT64: Final = np.dtype("<f8")
UINT8: Final = np.dtype("u1")

_MAX_NAME: Final = 256
_MAX_NAMES: Final = 65_536
_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True, slots=True)
class WireColumns:
    """Reads the columns of one message.

    Attributes:
        what: The message, as the subject of a sentence: ``Batch 7 of worker w0``.
        rows: How many rows every column must have.
    """

    what: str
    rows: int

    def refuse(self, why: str) -> TrainerRefusedError:
        """The error to raise: *why* is a predicate, ``has 3 flags where 4 rows need 4``."""
        return TrainerRefusedError(f"{self.what} {why}.")

    def column(self, name: str, data: bytes, dtype: np.dtype[Any]) -> NDArray[Any]:
        """A column that every row has a place in: a read-only view of *data*.

        Raises:
            TrainerRefusedError: it has another length.
        """
        if len(data) != self.rows * dtype.itemsize:
            raise self.refuse(
                f"has {len(data)} bytes of {name} where {self.rows} rows need {self.rows * dtype.itemsize}"
            )
        return np.frombuffer(data, dtype)

    def optional(self, name: str, data: bytes, dtype: np.dtype[Any]) -> NDArray[Any] | None:
        """Likewise; None where there is none at all."""
        return self.column(name, data, dtype) if data else None

    def places(self, name: str, data: bytes, count: int) -> NDArray[Any]:
        """A column of places in a list of *count*.

        Raises:
            TrainerRefusedError: one lies outside.
        """
        return self.within(name, self.column(name, data, INT32), 0, count - 1)

    def within(self, name: str, values: NDArray[Any], least: int, most: int) -> NDArray[Any]:
        """*values*, if all of them lie within *least* and *most*.

        Raises:
            TrainerRefusedError: one does not.
        """
        if len(values) and not (least <= values.min() and values.max() <= most):
            row = int(np.argmax((values < least) | (values > most)))
            raise self.refuse(f"has {name} {values[row]} in row {row}, beyond {least} to {most}")
        return values

    def texts(self, name: str, values: Sequence[str]) -> tuple[str, ...]:
        """Names, each of them usable: 1 to 256 characters that can be shown.

        Raises:
            TrainerRefusedError: one is not, or there are too many.
        """
        if len(values) > _MAX_NAMES:
            raise self.refuse(f"has {len(values)} {name}s; more than {_MAX_NAMES} are not taken")
        for text in values:
            if not is_name(text):
                raise self.refuse(f"has the {name} {text[:40]!r}, which is no name of 1 to {_MAX_NAME} characters")
        return tuple(values)

    def sparse(self, name: str, rows: bytes, values: Sequence[Any], check: Callable[[Any], Any]) -> list[Any] | None:
        """A column that few rows have a value in; None where none has.

        Args:
            name: What they are.
            rows: ``uint32``, which rows, counting up.
            values: A value each.
            check: Gives the value to keep; what it raises is told with its row.

        Raises:
            TrainerRefusedError: rows and values do not agree, or a value is not as it must be.
        """
        if not values and not rows:
            return None
        if len(rows) != len(values) * UINT32.itemsize:
            raise self.refuse(f"has {len(values)} {name} for {len(rows) / UINT32.itemsize:g} rows")
        places = np.frombuffer(rows, UINT32)
        if places[-1] >= self.rows or (np.diff(places.astype(np.int64)) <= 0).any():
            raise self.refuse(f"has {name} for rows that do not count up within its {self.rows}")
        found: list[Any] = [None] * self.rows
        for place, value in zip(places.tolist(), values, strict=True):
            found[place] = self.checked(name, place, value, check)
        return found

    def checked(self, name: str, row: int, value: Any, check: Callable[[Any], Any]) -> Any:
        """What *check* makes of a value.

        Raises:
            TrainerRefusedError: it raised.
        """
        try:
            return check(value)
        except (ValueError, TypeError, ArithmeticError, RecursionError, msgspec.MsgspecError, LookupError) as error:
            raise self.refuse(f"has {name} in row {row} that cannot be read: {error}") from error
        except (
            Exception
        ) as error:  # an extension's own decoder may raise struct.error, MemoryError, and what else there is
            raise self.refuse(f"has {name} in row {row} that cannot be read: {type(error).__name__}") from error


def is_name(text: str) -> bool:
    """Whether *text* can name an episode, an agent, a worker or a metric: 1 to 256 characters, none for machines."""
    return 0 < len(text) <= _MAX_NAME and text.isprintable()


def json_object(text: str) -> str:
    """*text*, if it is a JSON object.

    Raises:
        msgspec.MsgspecError: it is not.
    """
    _OBJECT.decode(text)
    return text


def packed_value(data: bytes) -> int | bytes | None:
    """An action as `value_codec.encode_value` gives it; what is an integer comes back as one.

    Raises:
        Exception: it cannot be decoded.
    """
    if not data:
        return None
    value = decode_value(data)
    return value if type(value) is int and -(2**63) <= value < 2**63 else data


def packed_mapping(data: bytes) -> bytes:
    """*data*, if it is an encoded mapping with names as its keys.

    Raises:
        ValueError: it is none.
    """
    value = decode_value(data)
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise ValueError("it is no mapping")
    return data


def sparse_texts(values: Sequence[str | None] | None) -> pb.SparseTexts | None:
    """The message for a column of which most places are None."""
    rows = [] if values is None else [row for row, value in enumerate(values) if value is not None]
    if values is None or not rows:
        return None
    return pb.SparseTexts(rows=np.array(rows, UINT32).tobytes(), texts=[values[row] or "" for row in rows])


def sparse_bytes(values: Sequence[bytes | None] | None) -> pb.SparseBytes | None:
    """Likewise."""
    rows = [] if values is None else [row for row, value in enumerate(values) if value is not None]
    if values is None or not rows:
        return None
    return pb.SparseBytes(rows=np.array(rows, UINT32).tobytes(), values=[values[row] or b"" for row in rows])
