"""What the inspector tells of a step's payload, its vector environment and its statistics, as short rows.

No Qt. What is large becomes a row that sums it up and a value that can be opened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.core.schema.render_payload import GraphPayload, GridPayload
from gym_gui.core.schema.versions import LEGACY
from gym_gui.ui.texts import number_text
from gym_gui.ui.widgets.fact_grid import Fact

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gym_gui.controllers.row_matter import DrawnPayload, RowMatter

_SMALL: Final = 6  # values that stand in a row
_SUMMED_UP: Final = 100_000  # values whose lowest and highest are looked for while somebody plays
_NAMES: Final = {
    "vector_index": "Index",
    "batch_size": "Batch",
    "autoreset_mode": "Autoreset",
    "reset_mask": "Reset now",
    "seeds": "Seeds",
}
# What `NormalizationProbe` keeps. Gymnasium's `NormalizeReward` follows the discounted return, not the reward.
_STATISTICS: Final = {
    "observation_mean": "Observation mean",
    "observation_var": "Observation variance",
    "observation_count": "Observation count",
    "reward_mean": "Return mean, discounted",
    "reward_var": "Return variance, discounted",
    "reward_count": "Return count",
}
_DEEPEST: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class LargeValue:
    """A value that is shown whole only when it is opened.

    Attributes:
        name: What it is.
        array: The value.
    """

    name: str
    array: NDArray[Any]


@dataclass(frozen=True, slots=True)
class Panel:
    """Rows, and what can be opened below them."""

    facts: tuple[Fact, ...] = ()
    large: tuple[LargeValue, ...] = ()


def payload_facts(matter: RowMatter, picture: str = "") -> list[Fact]:
    """Version, kinds and signature of what the step carries; *picture*: what `picture_words` said."""
    version = str(matter.payload_version)
    facts = [
        Fact("Version", f"{version} (legacy)" if matter.payload_version <= LEGACY.major else version),
        Fact("Kind", "\n".join(filter(None, (picture, kind_words(matter.payload)))) or "none"),
    ]
    if matter.legacy is not None:
        facts.append(Fact("Not drawn" if matter.payload is None else "Legacy", matter.legacy.why, state="warn"))
    signature = matter.space_signature
    return [*facts, Fact("Spaces", signature or "not recorded", copy=signature or "", tip="Signature of the spaces")]


def picture_words(frame_ref: str | None, size: tuple[int, int] | None) -> str:
    """``RGB, 160 × 210``, width and height, of a step that has a picture of its own; empty for another."""  # noqa: RUF002 - the sign of multiplication
    if frame_ref is None:
        return ""
    return "RGB" if size is None else f"RGB, {size[0]:,} × {size[1]:,}"  # noqa: RUF001 - the sign of multiplication


def kind_words(payload: DrawnPayload | None) -> str:
    """``Grid, 4 rows, 12 columns``, ``Graph, 6 nodes, 8 edges, directed``, ``Text, 3 lines``; empty for nothing."""
    if payload is None:
        return ""
    if isinstance(payload, GridPayload):
        return f"Grid, {payload.rows:,} rows, {payload.columns:,} columns"
    if isinstance(payload, GraphPayload):
        way = ", directed" if payload.directed else ""
        return f"Graph, {len(payload.nodes):,} nodes, {len(payload.edges):,} edges{way}"
    lines = payload.text.count("\n") + 1
    return f"Text, {lines:,} line{'s' * (lines != 1)}"


def vector_panel(metadata: Mapping[str, Any] | None) -> Panel:
    """A step's place in a vector environment; nothing outside one."""
    told = metadata or {}
    panel = Panel()
    for key in (*(one for one in _NAMES if one in told), *(one for one in told if one not in _NAMES)):
        value = _seeds_shown(told[key]) if key == "seeds" else told[key]
        words = _mask_words(value) if key == "reset_mask" else None
        panel = _with(panel, _NAMES.get(key, str(key)), words, value)
    return panel


def stats_panel(stats: Mapping[str, Any] | None) -> Panel:
    """Statistics by name, nested ones by dotted names; nothing where there are none."""
    panel = Panel()
    for name, value in _flat(stats or {}, "", 0):
        panel = _with(panel, _STATISTICS.get(name, name), None, value)
    return panel


def _with(panel: Panel, name: str, words: str | None, value: Any) -> Panel:
    array = _array_of(value)
    if array is None or array.size <= _SMALL:
        text = words or _short(value if array is None else array)
        return Panel((*panel.facts, Fact(name, text)), panel.large)
    fact = Fact(name, words or summary(array), tip="" if array.dtype.kind == "O" else str(array.dtype))
    return Panel((*panel.facts, fact), (*panel.large, LargeValue(name, array)))


def summary(array: NDArray[Any]) -> str:
    """``84 x 84, -1 to 1, mean 0.02``: size, and of numbers that are not too many what they are like."""
    shape = " × ".join(map(str, array.shape))  # noqa: RUF001 - the sign of multiplication
    if array.dtype.kind not in "iuf" or array.size > _SUMMED_UP:
        return f"{shape} {'values' if array.dtype.kind == 'O' else array.dtype}"
    low, high = number_text(float(array.min())), number_text(float(array.max()))
    return f"{shape}, {low} to {high}, mean {number_text(float(array.mean(dtype=np.float64)))}"


def _seeds_shown(value: Any) -> Any:
    if not isinstance(value, list | tuple):
        return value
    if all(one is None for one in value):
        return "none"
    return ["none" if one is None else one for one in value]


def _mask_words(value: Any) -> str | None:
    if not isinstance(value, Sequence | np.ndarray) or isinstance(value, str):
        return None
    which = [place for place, one in enumerate(value) if one]
    if not which:
        return f"none of {len(value):,}"
    shown = ", ".join(map(str, which[:_SMALL]))
    return f"{len(which):,} of {len(value):,}: {shown}{'…' if len(which) > _SMALL else ''}"


def _flat(stats: Mapping[str, Any], before: str, depth: int) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in stats.items():
        name = f"{before}{key}"
        nested = isinstance(value, Mapping) and depth < _DEEPEST
        found += _flat(value, f"{name}.", depth + 1) if nested else [(name, value)]
    return found


def _array_of(value: Any) -> NDArray[Any] | None:
    if isinstance(value, np.ndarray):
        return value
    if not isinstance(value, list | tuple):
        return None
    try:
        array = np.asarray(value)
    except ValueError:  # lines of different lengths
        return np.array([str(one) for one in value], object)
    return array if array.dtype.kind in "biuf" else np.array([str(one) for one in value], object)


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray):
        if not value.ndim:
            return _short(value.item())
        return ", ".join(_short(one) for one in value.ravel().tolist())
    if isinstance(value, np.generic):
        value = value.item()
    return number_text(value) if isinstance(value, float) else str(value)
