"""What a subscription does when its reader is slower than the stream; the policy is part of its type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Block:
    """The producer waits, and the waiting is counted. For headless and training producers: nothing is dropped.

    Attributes:
        capacity: Events held at most.
        max_bytes: Bytes of attached arrays held at most.
    """

    capacity: int = 512
    max_bytes: int = 128 * MIB


@dataclass(frozen=True, slots=True)
class ShedFrames:
    """The producer never waits: beyond the budget, pictures are let go and counted, rows are kept. For a person's game.

    Attributes:
        capacity: Events held with their arrays at most.
        max_bytes: Bytes of attached arrays held at most.
        max_rows: Rows held at most, an hour at 60 Hz; beyond it the newest are dropped and counted.
    """

    capacity: int = 512
    max_bytes: int = 256 * MIB
    max_rows: int = 216_000


@dataclass(frozen=True, slots=True)
class DropOldest:
    """The oldest event makes room, and is counted. For charts and tables."""

    capacity: int = 512


@dataclass(frozen=True, slots=True)
class Latest:
    """Only the newest step is kept, beside the rare events. For the picture.

    Attributes:
        rare_capacity: Run and episode events held at most; the oldest makes room.
    """

    rare_capacity: int = 256


OverflowPolicy: TypeAlias = Block | ShedFrames | DropOldest | Latest
