"""Time as records carry it: timezone-aware UTC, microseconds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

# How long a thread may keep the interpreter while another waits for it. Python's default of 5 ms lets a game's thread
# hold the picture back by a third of a frame.
SWITCH_INTERVAL_S: Final = 0.0005


def utc_now() -> datetime:
    """The current instant, aware, in UTC."""
    return datetime.now(UTC)


def to_iso(instant: datetime | None) -> str | None:
    """ISO 8601 with microseconds and offset, the text form used in JSON and in the database."""
    return None if instant is None else instant.isoformat(timespec="microseconds")


def from_iso(text: str | None) -> datetime | None:
    """The instant that `to_iso` wrote."""
    return None if text is None else datetime.fromisoformat(text)
