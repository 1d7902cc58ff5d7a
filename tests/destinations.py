"""A destination in memory, that keeps what a recorder hands on and answers as it is told."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from gym_gui.replay.chunk_codec import decode_chunk
from gym_gui.services.batch_destination import DestinationStatus, Order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gym_gui.core.data_model import EpisodeRollup, RunRecord, RunState, StepBatch
    from gym_gui.core.data_model.batch import ArrayKind
    from gym_gui.core.schema.run_spaces import RunSpaces


class MemoryDestination:
    """Keeps every batch.

    Attributes:
        batches: In order.
        ended: State and reason; None while it runs.
        given: Orders to give at the next question.
        answers: Order's id, outcome and detail.
        fault: Raised by `put` instead of keeping.
    """

    def __init__(self, run: RunRecord, spaces: RunSpaces | None = None) -> None:
        self.run_id = run.run_id
        self.worker_id = "w0"
        self.run = run
        self.spaces = spaces
        self.batches: list[StepBatch] = []
        self.ended: tuple[RunState, str] | None = None
        self.given: list[Order] = []
        self.answers: list[tuple[int, str, str]] = []
        self.answered = threading.Event()
        self.fault: Exception | None = None
        self.connected = True

    def put(self, batch: StepBatch) -> None:
        if self.fault is not None:
            raise self.fault
        self.batches.append(batch)

    def heartbeat(self, *, steps: int, phase: str) -> None:
        """Nobody asks."""

    def orders(self) -> Sequence[Order]:
        given, self.given = self.given, []
        return given

    def answer(self, order: Order, outcome: str, detail: str = "") -> None:
        self.answers.append((order.order_id, outcome, detail))
        self.answered.set()

    def status(self) -> DestinationStatus:
        return DestinationStatus(connected=self.connected)

    def flush(self, timeout_s: float | None = None) -> bool:
        del timeout_s
        return True

    def close(self, state: RunState, reason: str = "", *, timeout_s: float = 10.0) -> None:
        del timeout_s
        self.ended = (state, reason)

    # What came.

    def rows(self) -> list[dict[str, Any]]:
        """Every row as a dictionary; its picture and observation as arrays."""
        frames, observations = self.arrays("frames"), self.arrays("observations")
        found = []
        for batch in self.batches:
            for row in range(len(batch)):
                frame = -1 if batch.frames is None else int(batch.frames[row])
                observation = -1 if batch.observations is None else int(batch.observations[row])
                found.append(
                    {
                        "episode": batch.episode_ids[batch.episode[row]],
                        "step": int(batch.step_index[row]),
                        "action": batch.actions[row],
                        "reward": float(batch.rewards[row]),
                        "flags": int(batch.flags[row]),
                        "time_us": int(batch.time_us[row]),
                        "info": None if batch.infos is None else batch.infos[row],
                        "extra": None if batch.extras is None else batch.extras[row],
                        "frame": frames.get(frame),
                        "observation": observations.get(observation),
                    }
                )
        return found

    def episodes(self) -> list[EpisodeRollup]:
        """Those that ended, in order."""
        return [rollup for batch in self.batches for rollup in batch.ended]

    def scalars(self) -> list[tuple[str, int, float]]:
        """Name, step and value, in order."""
        return [
            (columns.names[name], int(step), float(value))
            for columns in (batch.scalars for batch in self.batches)
            if columns is not None
            for name, step, value in zip(columns.name, columns.step, columns.value, strict=True)
        ]

    def arrays(self, kind: ArrayKind | str) -> dict[int, NDArray[Any]]:
        """Number -> array, as the last block that has it says."""
        found: dict[int, NDArray[Any]] = {}
        for block in (block for batch in self.batches for block in batch.blocks if block.kind == kind):
            if block.compressed:
                assert block.first % block.chunk_items == 0
                items = np.empty((block.chunk_items, *block.item_shape), block.dtype)
                decode_chunk(block.data, items.reshape(-1).view(np.uint8))
            else:
                items = np.frombuffer(block.data, block.dtype).reshape(block.count, *block.item_shape)
            found.update({block.first + place: items[place] for place in range(block.count)})
        return found


class Destinations:
    """Makes a `MemoryDestination` for each recorder and remembers them; `make_destination` of a wrapper."""

    def __init__(self) -> None:
        self.made: list[MemoryDestination] = []

    def __call__(self, run: RunRecord, spaces: RunSpaces | None) -> MemoryDestination:
        self.made.append(MemoryDestination(run, spaces))
        return self.made[-1]

    @property
    def last(self) -> MemoryDestination:
        return self.made[-1]
