"""What a person wants to see of an environment, its picture or its payload, while the program runs.

Qt thread.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from gym_gui.core.schema.render_payload import (
    RENDER_PAYLOAD_GRAPH,
    RENDER_PAYLOAD_GRID,
    RENDER_PAYLOAD_TEXT,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gym_gui.controllers.row_matter import DrawnPayload, LegacyPayload

PICTURE: Final = "picture"
PAYLOAD: Final = "payload"
LEGACY: Final = "legacy"

KIND_WORDS: Final = {
    RENDER_PAYLOAD_GRID: "Grid",
    RENDER_PAYLOAD_GRAPH: "Graph",
    RENDER_PAYLOAD_TEXT: "Text",
}


@dataclass
class ViewChoices:
    """What was chosen, by environment; shared by all screens.

    Attributes:
        legacy: Whether payloads that no screen draws are offered as text.
    """

    legacy: bool = True
    _wanted: dict[str, str] = field(default_factory=dict)

    def wanted(self, env_id: str) -> str:
        """What a person wants to see of this environment: its picture, where nobody chose."""
        return self._wanted.get(env_id, PICTURE)

    def choose(self, env_id: str, view: str) -> None:
        """Remember *view* for this environment."""
        self._wanted[env_id] = view


@dataclass(frozen=True, slots=True)
class Offer:
    """What there is to see of one step, each with its word, in the order of the switch.

    Attributes:
        views: `PICTURE`, `PAYLOAD`, `LEGACY` and their words.
    """

    views: tuple[tuple[str, str], ...] = ()

    def shown(self, wanted: str) -> str:
        """What is shown where *wanted* is asked for: that, or the first there is; empty for nothing."""
        names = [name for name, _ in self.views]
        return wanted if wanted in names else next(iter(names), "")

    def after(self, shown: str) -> str:
        """What comes after *shown*, going round."""
        names = [name for name, _ in self.views]
        return names[(names.index(shown) + 1) % len(names)] if shown in names else shown

    def word(self, view: str) -> str:
        """How a view is called."""
        return dict(self.views).get(view, "")


def offer_of(payload: DrawnPayload | None, legacy: LegacyPayload | None, *, picture: bool) -> Offer:
    """What there is to see, given what the step carries and whether there is a picture."""
    views: Sequence[tuple[str, str]] = (
        *([(PICTURE, "Picture")] if picture else []),
        *([(PAYLOAD, KIND_WORDS[payload.kind])] if payload is not None else []),
        *([(LEGACY, "Legacy")] if legacy is not None else []),
    )
    return Offer(tuple(views))
