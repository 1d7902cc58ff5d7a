"""What an adapter says of its spaces: both as JSON, their signature, and their text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

STORED_BYTES_MAX: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceDescription:
    """The spaces of one environment.

    Attributes:
        observation: `SpaceSerializer` JSON of the observation space; None where the adapter gives none.
        action: The same of the action space.
        signature: Sha256 (hex) of both together; a run's ``space_signature``.
        observation_text: For people, one line.
        action_text: The same.
    """

    observation: Mapping[str, Any] | None
    action: Mapping[str, Any] | None
    signature: str
    observation_text: str
    action_text: str

    def run_metadata(self) -> dict[str, Any]:
        """What a run's metadata keeps: ``spaces``, and ``spaces_note`` where one was too large to keep (64 KiB)."""
        kept: dict[str, Any] = {}
        too_large: list[str] = []
        for name, form in (("observation", self.observation), ("action", self.action)):
            if form is None:
                continue
            size = len(msgspec.json.encode(form))
            if size <= STORED_BYTES_MAX:
                kept[name] = dict(form)
            else:
                too_large.append(f"the {name} space takes {size:,} bytes as JSON")
        if not too_large:
            return {"spaces": kept} if kept else {}
        note = f"Left out: {' and '.join(too_large)}, more than {STORED_BYTES_MAX:,}."
        return {"spaces": kept, "spaces_note": note}
