"""What a row carries beside the columns: info, what can be drawn of it, vector metadata and statistics.

Pure functions, on any thread; large views are read on a task's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from gym_gui.core.errors import SchemaMismatchError
from gym_gui.core.schema.render_payload import (
    ForeignPayload,
    GraphPayload,
    GridPayload,
    RenderPayload,
    RgbPayload,
    TextPayload,
    render_from_document,
)
from gym_gui.core.schema.versions import CURRENT, LEGACY

if TYPE_CHECKING:
    from gym_gui.core.data_model import StepRecord

DrawnPayload: TypeAlias = GridPayload | GraphPayload | TextPayload

_LONGEST_TEXT: Final = 200_000
_SHOWN_VALUES: Final = 64
_CHARACTERS_A_PLACE: Final = 16
_LINE: Final = 72


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyPayload:
    """A payload that no screen draws any more, as text.

    Attributes:
        why: One sentence: why it is not drawn.
        text: The payload as it is stored, as JSON; cut where it is very long.
    """

    why: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowMatter:
    """What one row carries.

    Attributes:
        info: The environment's info.
        payload: What a screen draws beside the picture or instead of it; None where there is nothing.
        legacy: The payload as text, where its version is not today's or it cannot be drawn; None otherwise.
        payload_version: Major version of the row's contract.
        space_signature: Hash of the run's spaces; None where it was not recorded.
        vector_metadata: Place in a vector environment; None outside one.
        normalization_stats: Running statistics by name; None where nothing is normalised.
    """

    info: Mapping[str, Any]
    payload: DrawnPayload | None = None
    legacy: LegacyPayload | None = None
    payload_version: int = CURRENT.major
    space_signature: str | None = None
    vector_metadata: Mapping[str, Any] | None = None
    normalization_stats: Mapping[str, Any] | None = None

    @property
    def weight(self) -> int:
        """Places that it takes in memory beside its info: cells, nodes, edges, numbers; 0 for most rows."""
        legacy = 0 if self.legacy is None else len(self.legacy.text) // _CHARACTERS_A_PLACE
        return _weight_of(self.payload) + legacy + _numbers_in(self.normalization_stats)


def matter_of(record: StepRecord, before: RowMatter | None = None) -> RowMatter:
    """What *record* carries; what is equal in *before*, the row before it, is shared with it."""
    if record.view is None and record.payload_version == CURRENT.major:  # most rows: nothing more is looked at
        return RowMatter(
            info=record.info,
            space_signature=record.space_signature,
            vector_metadata=record.vector_metadata,
            normalization_stats=record.normalization_stats,
        )
    payload, legacy = read_view(record)
    if payload is not None and before is not None:
        payload = _shared(payload, before.payload)
    return RowMatter(
        info=record.info,
        payload=payload,
        legacy=legacy,
        payload_version=record.payload_version,
        space_signature=record.space_signature,
        vector_metadata=record.vector_metadata,
        normalization_stats=record.normalization_stats,
    )


def read_view(record: StepRecord) -> tuple[DrawnPayload | None, LegacyPayload | None]:
    """What can be drawn of *record*, and its payload as text where it is not of today or cannot be drawn."""
    payload, why = None, _why_old(record.payload_version)
    if record.view is not None:
        try:
            payload, unknown = _drawn(render_from_document(record.view))
            why = why or unknown
        except SchemaMismatchError as error:
            why = error.message
    return payload, LegacyPayload(why=why, text=_raw_text(record)) if why else None


def _drawn(payload: RenderPayload) -> tuple[DrawnPayload | None, str]:
    if isinstance(payload, ForeignPayload):
        return None, f"This version draws grids, graphs and texts; it does not know the kind {payload.kind!r}."
    return (None if isinstance(payload, RgbPayload) else payload), ""


def _why_old(version: int) -> str:
    if version > CURRENT.major:
        return f"It was written in schema version {version}; this application reads versions up to {CURRENT.major}."
    if version <= LEGACY.major:
        return f"It was written in schema version {version}, before payloads had kinds."
    return ""


def _raw_text(record: StepRecord) -> str:
    parts = {
        "payload_version": record.payload_version,
        "view": record.view,
        "render_hint": record.render_hint,
        "extra": record.extra,
        "vector_metadata": record.vector_metadata,
        "normalization_stats": record.normalization_stats,
        "info": dict(record.info) or None,
    }
    told = {name: value for name, value in parts.items() if value is not None}
    try:
        text = _laid_out(told, 0)
    except (ValueError, RecursionError):  # a value that holds itself
        text = repr(told)
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}\n… {len(text) - _LONGEST_TEXT:,} more"


def _laid_out(value: Any, depth: int) -> str:
    """JSON, broken into lines only where one would be long: a grid's row stays a row."""
    compact = json.dumps(value, default=_plain, ensure_ascii=False, skipkeys=True)
    if len(compact) + 2 * depth <= _LINE or not isinstance(value, dict | list | tuple):
        return compact
    pad = "  " * (depth + 1)
    if isinstance(value, dict):
        lines = [f"{pad}{json.dumps(str(key))}: {_laid_out(one, depth + 1)}" for key, one in value.items()]
        return "{\n" + ",\n".join(lines) + f"\n{pad[:-2]}}}"
    return "[\n" + ",\n".join(pad + _laid_out(one, depth + 1) for one in value) + f"\n{pad[:-2]}]"


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist() if value.size <= _SHOWN_VALUES else f"array {value.dtype} {value.shape}"
    if isinstance(value, Mapping):
        return dict(value)
    return value.item() if isinstance(value, np.generic) else repr(value)


def _shared(payload: DrawnPayload, before: DrawnPayload | None) -> DrawnPayload:
    # A world mostly stays as it is while one thing moves: sixty-four steps of it need one copy of the rest.
    if isinstance(payload, GridPayload) and isinstance(before, GridPayload):
        cells = before.cells if payload.cells == before.cells else payload.cells
        legend = before.legend if payload.legend == before.legend else payload.legend
        return replace(payload, cells=cells, legend=legend)
    if isinstance(payload, GraphPayload) and isinstance(before, GraphPayload):
        nodes = before.nodes if payload.nodes == before.nodes else payload.nodes
        edges = before.edges if payload.edges == before.edges else payload.edges
        return replace(payload, nodes=nodes, edges=edges)
    return payload


def _numbers_in(stats: Mapping[str, Any] | None) -> int:
    if not stats:
        return 0
    nested = sum(_numbers_in(value) for value in stats.values() if isinstance(value, Mapping))
    return nested + sum(value.size for value in stats.values() if isinstance(value, np.ndarray))


def _weight_of(payload: DrawnPayload | None) -> int:
    if isinstance(payload, GridPayload):
        return payload.rows * payload.columns
    if isinstance(payload, GraphPayload):
        return 4 * (len(payload.nodes) + len(payload.edges))
    return 0 if payload is None else len(payload.text) // _CHARACTERS_A_PLACE
