"""BatchLanding: the arrays of step batches into one replay file, and where those of each row came to lie.

Runs on the thread of the file's writer.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from gym_gui.core.data_model import ArrayKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from gym_gui.core.data_model import ArrayBlock, StepBatch
    from gym_gui.replay.array_stream import ArrayStream

# A chunk that was in the making comes again with the next batch; so few would do.
_REMEMBERED_SPANS: Final = 64
_REMEMBERED_STREAMS: Final = 1_024


@dataclass(frozen=True, slots=True, eq=False)
class ArrayPlaces:
    """Where the arrays of a batch's rows lie; row *r* is place *r*.

    Attributes:
        index: ``int64 (rows,)`` in the dataset; -1 for none.
        variant: ``uint8 (rows,)`` of the dataset.
        missing: Rows whose array never came.
    """

    index: NDArray[np.int64]
    variant: NDArray[np.uint8]
    missing: NDArray[np.bool_]

    def newest(self) -> Iterator[tuple[int, int]]:
        """The variant and the last index of each dataset that rows name: once these are written, all are."""
        for variant in np.unique(self.variant[self.index >= 0]).tolist():
            yield variant, int(self.index[self.variant == variant].max())


@dataclass(frozen=True, slots=True, eq=False)
class LandedBatch:
    """A batch whose arrays the replay file has taken over.

    Attributes:
        batch: The rows; `StepBatch.blocks` are not needed any more.
        frames: Where the rows' frames lie; None where no row has any.
        observations: Likewise.
    """

    batch: StepBatch
    frames: ArrayPlaces | None = None
    observations: ArrayPlaces | None = None

    @property
    def run_id(self) -> str:
        """The run that it belongs to."""
        return self.batch.run_id


@dataclass(slots=True)
class _Span:
    first: int
    count: int
    variant: int
    start: int


class BatchLanding:
    """Lands the blocks of many streams.

    Args:
        frames: The run's frames.
        observations: The run's observations.
    """

    def __init__(self, frames: ArrayStream, observations: ArrayStream) -> None:
        self._streams = {ArrayKind.FRAME: frames, ArrayKind.OBSERVATION: observations}
        self._spans: OrderedDict[tuple[str, str, ArrayKind], OrderedDict[int, _Span]] = OrderedDict()

    def land(self, batch: StepBatch) -> tuple[ArrayPlaces | None, ArrayPlaces | None]:
        """Take the arrays of a batch over.

        Returns:
            Places of its rows' frames and of their observations; None where no row has any.

        Raises:
            SchemaMismatchError: bytes are not what their block says; nothing of that block was kept.
        """
        for kind in ArrayKind:
            spans = self._known(batch, kind)
            while len(spans) > _REMEMBERED_SPANS:
                spans.popitem(last=False)
        for block in batch.blocks:
            self._land(self._known(batch, block.kind), block)
        frames = None if batch.frames is None else self._places(self._known(batch, ArrayKind.FRAME), batch.frames)
        if batch.observations is None:
            return frames, None
        return frames, self._places(self._known(batch, ArrayKind.OBSERVATION), batch.observations)

    def _known(self, batch: StepBatch, kind: ArrayKind) -> OrderedDict[int, _Span]:
        key = (batch.worker_id, batch.stream, kind)
        spans = self._spans.get(key)
        if spans is None:
            spans = self._spans[key] = OrderedDict()
            while len(self._spans) > _REMEMBERED_STREAMS:
                self._spans.popitem(last=False)
        self._spans.move_to_end(key)
        return spans

    def _land(self, spans: OrderedDict[int, _Span], block: ArrayBlock) -> None:
        stream = self._streams[block.kind]
        known = spans.get(block.first)
        if known is not None and block.compressed:
            if block.count <= known.count:
                return  # it came before
            if stream.replace(known.variant, known.start, block):
                known.count = block.count
                return
        variant, start = stream.land(block)
        spans[block.first] = _Span(block.first, block.count, variant, start)

    @staticmethod
    def _places(spans: OrderedDict[int, _Span], numbers: NDArray[np.int64]) -> ArrayPlaces:
        wanted = numbers >= 0
        index = np.full(len(numbers), -1, np.int64)
        variant = np.zeros(len(numbers), np.uint8)
        if not spans:
            return ArrayPlaces(index, variant, wanted)
        table = np.array(
            sorted((span.first, span.count, span.variant, span.start) for span in spans.values()), np.int64
        )
        at = np.searchsorted(table[:, 0], numbers, side="right") - 1
        first, count, variants, start = table[at].T
        found = wanted & (at >= 0) & (numbers < first + count)
        index[found] = (start + numbers - first)[found]
        variant[found] = variants[found]
        return ArrayPlaces(index, variant, wanted & ~found)
