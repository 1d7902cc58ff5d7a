"""Numbers, arrays and texts as columns: the spaces that hold no other spaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gym_gui.core.spaces.column_plan import Column, Plan, offsets_column, offsets_of, slices
from gym_gui.core.typing_compat import override

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gym_gui.core.spaces.column_plan import Arrays


class ArrayPlan(Plan):
    """``Box``, ``MultiDiscrete``, ``MultiBinary``: one array of the space's dtype and shape a row."""

    def __init__(self, name: str, counted_by: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
        self._column = Column(name=name, dtype=dtype, item_shape=shape, counted_by=counted_by)
        super().__init__(name, (self._column,))

    @override
    def write(self, values: list[Any], out: dict[str, NDArray[Any]]) -> None:
        out[self.name] = self.stack([self._checked(value) for value in values])

    @override
    def read(self, arrays: Arrays) -> list[Any]:
        return self.unstack(self.fetch(arrays, self._column))

    @override
    def unstack(self, batch: Any, count: int | None = None) -> list[Any]:
        del count
        dtype, shape = self._column.dtype, self._column.item_shape
        if not isinstance(batch, np.ndarray) or batch.dtype != dtype or batch.ndim == 0 or batch.shape[1:] != shape:
            raise self.mismatch(batch, f"an array of {dtype} of shape {('n', *shape)}")
        # A single number stays an array of no dimensions, as Box itself samples it.
        return list(batch) if shape else [batch[index : index + 1].reshape(()) for index in range(len(batch))]

    @override
    def stack(self, items: list[Any]) -> Any:
        dtype = self._column.dtype
        if not items:
            return np.empty((0, *self._column.item_shape), dtype)
        return np.stack(items).astype(dtype, copy=False)  # stacking turns bytes of another order into this machine's

    def _checked(self, value: Any) -> NDArray[Any]:
        dtype, shape = self._column.dtype, self._column.item_shape
        if type(value) is np.ndarray and value.dtype == dtype and value.shape == shape:
            return value
        array = np.asarray(value) if isinstance(value, (np.ndarray, np.generic)) else _exact(value, dtype)
        if array is None or array.dtype != dtype or array.shape != shape:
            raise self.mismatch(value, f"an array of {dtype} of shape {shape}")
        return array


def _exact(value: Any, dtype: np.dtype[Any]) -> NDArray[Any] | None:
    """Python numbers and lists of them as an array of *dtype*; None where a number would change."""
    if not isinstance(value, (bool, int, float, list, tuple)):
        return None
    try:
        given = np.array(value)
    except ValueError:  # ragged
        return None
    if given.size == 0:
        return np.empty(given.shape, dtype)
    if given.dtype.kind not in "iufb" or (given.dtype.kind == "f" and dtype.kind != "f"):
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        cast = given.astype(dtype)
        back = cast.astype(given.dtype)
    # There and back again could wrap around: a negative number in an unsigned array.
    return cast if back.tobytes() == given.tobytes() and ((cast < 0) == (given < 0)).all() else None


class NumberPlan(Plan):
    """``Discrete``: one whole number a row; it comes back as a NumPy number of the space's dtype."""

    def __init__(self, name: str, counted_by: str, dtype: np.dtype[Any]) -> None:
        self._column = Column(name=name, dtype=dtype, counted_by=counted_by)
        super().__init__(name, (self._column,))

    @override
    def write(self, values: list[Any], out: dict[str, NDArray[Any]]) -> None:
        numbers = [value if type(value) is int else self._whole(value) for value in values]
        try:
            out[self.name] = np.array(numbers, self._column.dtype)
        except OverflowError:
            limits = np.iinfo(self._column.dtype)
            outside = next(number for number in numbers if not limits.min <= number <= limits.max)
            raise self.mismatch(outside, f"a number that {self._column.dtype} holds") from None

    @override
    def read(self, arrays: Arrays) -> list[Any]:
        return list(self.fetch(arrays, self._column))

    @override
    def unstack(self, batch: Any, count: int | None = None) -> list[Any]:
        del count
        if not isinstance(batch, np.ndarray) or batch.dtype != self._column.dtype or batch.ndim != 1:
            raise self.mismatch(batch, f"an array of {self._column.dtype} of shape ('n',)")
        return list(batch)

    @override
    def stack(self, items: list[Any]) -> Any:
        return np.array(items, self._column.dtype)

    def _whole(self, value: Any) -> int:
        if isinstance(value, (int, np.integer, np.bool_)):
            return int(value)
        if isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind in "iub":
            return int(value)
        raise self.mismatch(value, "a whole number")


class TextPlan(Plan):
    """``Text``: all texts one after the other in UTF-8, and where each begins; halves of surrogate pairs included."""

    def __init__(self, name: str, counted_by: str) -> None:
        self._offsets = offsets_column(f"{name}#offsets", counted_by)
        self._bytes = Column(name=name, dtype=np.dtype(np.uint8), role="text", counted_by=self._offsets.name)
        super().__init__(name, (self._offsets, self._bytes))

    @override
    def write(self, values: list[Any], out: dict[str, NDArray[Any]]) -> None:
        for value in values:
            if not isinstance(value, str):
                raise self.mismatch(value, "a text")
        texts = [value.encode("utf-8", "surrogatepass") for value in values]
        out[self._offsets.name] = offsets_of([len(text) for text in texts])
        out[self.name] = np.frombuffer(b"".join(texts), np.uint8)

    @override
    def read(self, arrays: Arrays) -> list[Any]:
        data = self.fetch(arrays, self._bytes).tobytes()
        places = slices(self.fetch(arrays, self._offsets), len(data), self._offsets.name)
        try:
            return [data[place].decode("utf-8", "surrogatepass") for place in places]
        except UnicodeDecodeError as fault:
            raise self.mismatch(fault.object, "UTF-8") from fault
