"""One growing stream of arrays, frames or observations; where shape or dtype changes, its next variant begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from gym_gui.core.errors import SchemaMismatchError
from gym_gui.replay import layout
from gym_gui.replay.dataset_tail import DatasetTail, make_tail

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gym_gui.core.data_model import ArrayBlock
    from gym_gui.replay.chunk_codec import ChunkCodec
    from gym_gui.replay.replay_file import ReplayFile


# Each costs a reopened file, and a row names its variant in one byte.
_MAX_VARIANTS: Final = 64


class ArrayStream:
    """The variants of one kind of array, of which the last one grows.

    Args:
        name: ``frames`` or ``observations``.
        file: Where it is written.
        codec: Compresses; used by the writer's thread only.

    Attributes:
        has_whole_chunk: Whether a chunk became full since the last `write`.
    """

    def __init__(self, name: str, file: ReplayFile, codec: ChunkCodec) -> None:
        self._name = name
        self._file = file
        self._codec = codec
        self._tails: list[DatasetTail] = []
        self.has_whole_chunk = False
        while (dataset := file.dataset(layout.variant_name(name, len(self._tails)))) is not None:
            self._tails.append(make_tail(layout.spec_of(dataset), codec, resume_from=dataset))

    @property
    def length(self) -> int:
        """Items over all variants."""
        return sum(tail.length for tail in self._tails)

    @property
    def stored_bytes(self) -> int:
        """Bytes handed to the file."""
        return sum(tail.whole_bytes + tail.partial_bytes for tail in self._tails)

    def declare(self, dtype: np.dtype[Any], item_shape: tuple[int, ...]) -> int:
        """The variant that holds such items; a shape or dtype that is new to the run begins the next one.

        Raises:
            SchemaMismatchError: the run has as many variants as a row can name.
        """
        for variant in reversed(range(len(self._tails))):
            if self._tails[variant].spec.holds(dtype, item_shape):
                return variant
        if len(self._tails) >= _MAX_VARIANTS:
            raise SchemaMismatchError(
                f"The {self._name} of this run changed shape or dtype {_MAX_VARIANTS} times; "
                f"{dtype} of shape {item_shape} is not stored."
            )
        spec = layout.ArraySpec.for_items(layout.variant_name(self._name, len(self._tails)), dtype, item_shape)
        self._file.add(spec)
        self._tails.append(make_tail(spec, self._codec))
        return len(self._tails) - 1

    def can_hold(self, item: NDArray[Any]) -> bool:
        """Whether `append` would take *item*: a variant holds its like, or there is room for one more."""
        return len(self._tails) < _MAX_VARIANTS or any(tail.spec.holds(item.dtype, item.shape) for tail in self._tails)

    def append(self, item: NDArray[Any], *, thorough: bool) -> tuple[int, int]:
        """Keep a copy of *item*.

        Returns:
            The variant and the index within it.
        """
        variant = self.declare(item.dtype, item.shape)
        tail = self._tails[variant]
        index = tail.append(item, thorough=thorough)
        self.has_whole_chunk |= tail.length % tail.spec.chunk_items == 0
        return variant, index

    def land(self, block: ArrayBlock) -> tuple[int, int]:
        """Keep the items of a block, a compressed chunk as it is.

        Returns:
            The variant, and the first item's index within it.

        Raises:
            SchemaMismatchError: the bytes are not what the block says, or the run has too many variants.
        """
        variant = self.declare(block.dtype, block.item_shape)
        self.has_whole_chunk = True
        return variant, self._tails[variant].land(block)

    def replace(self, variant: int, start: int, block: ArrayBlock) -> bool:
        """Put a fuller chunk in the place of one that was landed there; whether that could be done."""
        self.has_whole_chunk = True
        return self._tails[variant].replace(start, block)

    def is_written(self, variant: int, index: int) -> bool:
        """Whether that item is in the file (after the file's next flush)."""
        return self._tails[variant].is_written(index)

    def write(self, *, partial: bool, thorough: bool) -> None:
        """Write what is full, and everything if *partial*."""
        self.has_whole_chunk = False
        for tail in self._tails:
            if tail.unwritten:
                tail.write(self._file, partial=partial, thorough=thorough)
