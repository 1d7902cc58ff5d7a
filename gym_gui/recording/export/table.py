"""What every table of steps shares: which columns there are, learned in one pass, and their values page by page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from gym_gui.core.info_codec import to_plain
from gym_gui.core.packing import from_array
from gym_gui.core.sound import SOUND
from gym_gui.recording.export.value_forms import (
    Form,
    LeafColumn,
    common_form,
    encoded_columns,
    form_of,
    form_of_dtype,
    packed_columns,
    take_apart,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gym_gui.recording.export.selection import Selection
    from gym_gui.recording.export.source import ExportSource
    from gym_gui.telemetry.step_columns import StepColumns

# What has more numbers is a picture or the like: it goes into a table only with the pictures.
LARGEST_OBSERVATION: Final = 1_024
# Columns that every table has.
_TAKEN: Final = frozenset(
    {
        "episode_index",
        "episode_id",
        "seed",
        "agent_id",
        "step",
        "action",
        "reward",
        "terminated",
        "truncated",
        "time",
        "frame_ref",
        "frame_state",
        "observation",
        "observation_is_frame",
        "info",
        "info_json",
        "rare",
        "frame",
        "frame_height",
        "frame_width",
    }
)
_decode_infos: Final = msgspec.json.Decoder(list[dict[str, Any]]).decode


@dataclass(slots=True)
class ValueKind:
    """What the values of a column have in common, as far as it was read.

    Attributes:
        form: The form of all; None while every value is None, or where they differ.
        mixed: Whether they differ or have no form.
    """

    form: Form | None = None
    mixed: bool = False

    def meet(self, form: Form | None, *, same: bool) -> None:
        """Take another page's form."""
        if not same or (self.form is not None and form is not None and form != self.form):
            self.mixed = True
        self.form = None if self.mixed else self.form or form

    @property
    def is_large(self) -> bool:
        """Whether one value is too much for a cell."""
        return self.form is not None and self.form.items > LARGEST_OBSERVATION


@dataclass(slots=True, kw_only=True)
class TableShape:
    """The columns of a selection.

    Attributes:
        rows: Rows in all.
        frames: Rows with a picture of their own.
        action: What actions are.
        observation: What observations that are not the picture are.
        pictures_seen: Whether some observation is the picture.
        info_keys: Keys of the infos at their top, in the order they came, and the types of their values.
        extras: Whether any row has something rare.
        field_keys: Names of a program's own fields, flattened (``position.0``), and the types of their values.
    """

    rows: int = 0
    frames: int = 0
    action: ValueKind = field(default_factory=ValueKind)
    observation: ValueKind = field(default_factory=ValueKind)
    pictures_seen: bool = False
    info_keys: dict[str, set[type]] = field(default_factory=dict)
    extras: bool = False
    field_keys: dict[str, set[type]] = field(default_factory=dict)

    @property
    def has_observations(self) -> bool:
        """Whether there are observations for cells."""
        return (self.observation.form is not None or self.observation.mixed) and not self.observation.is_large


@dataclass(frozen=True, slots=True, eq=False)
class ValueColumn:
    """The values of one page.

    Attributes:
        form: Their form; None where they are mixed, then `values` holds them.
        leaves: A column a leaf of the form.
        valid: ``bool (rows,)``: where there is a value.
        values: The values themselves; empty where they have a form.
    """

    form: Form | None
    leaves: list[LeafColumn]
    valid: np.ndarray[Any, np.dtype[np.bool_]]
    values: Sequence[Any] = ()


def learn_shape(source: ExportSource, selection: Selection, *, wide: bool = False) -> TableShape:
    """Read every row once to know the columns; *wide* as `form_of` has it."""
    shape = TableShape()
    for _, page in source.pages(selection):
        shape.rows += len(page)
        shape.frames += sum(ref is not None for ref in page.frame_refs)
        form, same = common_form(page.actions, wide=wide)
        shape.action.meet(form, same=same)
        shape.extras = shape.extras or any(one is not None for one in page.extras)
        for found, keys in ((infos_of(page), shape.info_keys), (fields_of(page), shape.field_keys)):
            for one in found:
                for key, value in one.items():
                    keys.setdefault(key, set()).add(type(value))
        _learn_observations(source, page, shape, wide=wide)
    return shape


def _learn_observations(source: ExportSource, page: StepColumns, shape: TableShape, *, wide: bool) -> None:
    refs = own_observation_refs(page)
    shape.pictures_seen = shape.pictures_seen or any(
        ref is not None and ref == frame for ref, frame in zip(page.obs_refs, page.frame_refs, strict=True)
    )
    inline = [page.rare(row).get("observation") for row, one in enumerate(page.extras) if one is not None]
    inline = [one for one in inline if one is not None]
    for dtype, size in source.shapes(refs):
        form = form_of_dtype(dtype, size, wide=wide)
        shape.observation.meet(form, same=form is not None)
    for value in inline:
        form = form_of(value, wide=wide)
        shape.observation.meet(form, same=form is not None)


def infos_of(page: StepColumns) -> list[dict[str, Any]]:
    """The infos of a page, in JSON's types; decoded at once."""
    return _decode_infos("[" + ",".join([info or "{}" for info in page.infos]) + "]")


def fields_of(page: StepColumns) -> list[dict[str, Any]]:
    """What a program recorded beside the fields of a step, in JSON's types: ``position.0``, ``agent_1.speed``."""
    fields: list[dict[str, Any]] = []
    for row, one in enumerate(page.extras):
        flat: dict[str, Any] = {}
        if one is not None:
            for name, value in own_fields(page.rare(row)).items():
                _flatten(str(name), to_plain(value), flat)
        fields.append(flat)
    return fields


def own_fields(rare: dict[str, Any]) -> dict[str, Any]:
    """A program's own fields of a row, and what it said beside them under ``metadata``."""
    extra = rare.get("extra") or {}
    if "has" not in extra:  # not by way of a recorder's dictionary
        return {name: value for name, value in extra.items() if name != SOUND}  # which is nothing for a table
    beside = extra.get("metadata")
    return {**extra.get("data", {}), **({"metadata": beside} if beside else {})}


def _flatten(name: str, value: Any, flat: dict[str, Any]) -> None:
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, (list, tuple)) else None
    if parts is None:
        flat[name if name not in _TAKEN else f"extra.{name}"] = value
        return
    for key, part in parts:
        _flatten(f"{name}.{key}", part, flat)


def own_observation_refs(page: StepColumns) -> list[str | None]:
    """Refs of the observations that are not the picture of their row."""
    return [None if ref == frame else ref for ref, frame in zip(page.obs_refs, page.frame_refs, strict=True)]


def action_column(page: StepColumns, kind: ValueKind) -> ValueColumn:
    """The actions of a page."""
    valid = np.array([one is not None for one in page.actions], np.bool_)
    if kind.mixed or kind.form is None:
        from gym_gui.core.value_codec import decode_value  # noqa: PLC0415 - only where actions differ in form

        return ValueColumn(None, [], valid, [decode_value(one) for one in page.actions])
    return ValueColumn(kind.form, encoded_columns(kind.form, page.actions), valid)


def observation_column(source: ExportSource, page: StepColumns, kind: ValueKind) -> ValueColumn:
    """The observations of a page that are not the picture of their row."""
    refs = own_observation_refs(page)
    if kind.form is not None:
        items = source.one_array(refs)
        if items is not None:
            return ValueColumn(kind.form, packed_columns(kind.form, items), np.ones(len(page), np.bool_))
    values = observations(source, page, refs)
    valid = np.array([one is not None for one in values], np.bool_)
    if kind.form is None:
        return ValueColumn(None, [], valid, values)
    return ValueColumn(kind.form, take_apart(kind.form, values), valid)


def observations(source: ExportSource, page: StepColumns, refs: Sequence[str | None]) -> list[Any]:
    """The observations behind *refs*, or written in the row itself; None where there is none."""
    values: list[Any] = [None if one is None else from_array(np.asarray(one)) for one in source.arrays(refs)]
    for row, one in enumerate(page.extras):
        if one is not None and values[row] is None:
            values[row] = page.rare(row).get("observation")
    return values


def times_text(time_us: np.ndarray[Any, np.dtype[np.int64]]) -> list[str]:
    """ISO 8601 in UTC with microseconds: ``2026-01-02T03:04:05.678901Z``."""
    found: list[str] = np.datetime_as_string(time_us.astype("datetime64[us]"), timezone="UTC").tolist()
    return found
