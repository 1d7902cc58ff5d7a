"""The rows of an episode as NumPy columns, or as an Arrow table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.core.errors import FormatUnavailableError
from gym_gui.core.info_codec import encode_info

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from gym_gui.core.data_model import StepRecord

_NAMES: Final = (
    "step_index",
    "agent_id",
    "is_reset",
    "action",
    "reward",
    "terminated",
    "truncated",
    "timestamp",
    "info",
    "frame_ref",
    "obs_ref",
)


class Columns(Mapping[str, "NDArray[Any]"]):
    """Rows 0..n of an episode of n actions: ``columns["reward"]``; row 0 is the state after reset.

    The columns: ``step_index`` int64; ``agent_id`` text; ``is_reset`` bool; ``action`` of the actions' own dtype and
    shape (objects, None on reset rows, where they differ or are no one array: a dict, a tuple of unlike parts, a graph;
    else 0 on reset rows); ``reward`` float64 (0 on reset rows); ``terminated`` and
    ``truncated`` bool; ``timestamp`` datetime64[us], UTC; ``info`` dicts; ``frame_ref`` and ``obs_ref`` text or None.

    Args:
        records: The detached rows.
    """

    def __init__(self, records: Sequence[StepRecord]) -> None:
        self._records = records
        self._made: dict[str, NDArray[Any]] = {}

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self._made:
            if name not in _NAMES:
                raise KeyError(f"There is no column {name!r}; there are {', '.join(_NAMES)}.")
            self._made[name] = self._make(name)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self._records)

    def to_arrow(self) -> pa.Table:
        """An Arrow table of the same columns: nulls on reset rows, infos as JSON text.

        Raises:
            FormatUnavailableError: PyArrow is not installed.
        """
        try:
            import pyarrow as pa  # noqa: PLC0415 - an extra, and a heavy one
        except ImportError as error:
            raise FormatUnavailableError(
                "Arrow tables need PyArrow.", hint='Install it with: pip install "gym-gui[formats]"'
            ) from error
        records = self._records
        actions = self["action"]
        table: dict[str, Any] = {
            "step_index": self["step_index"],
            "agent_id": [one.agent_id for one in records],
            "action": _arrow_actions(records, actions),
            "reward": [one.reward for one in records],
            "terminated": self["terminated"],
            "truncated": self["truncated"],
            "timestamp": pa.array(self["timestamp"], pa.timestamp("us", tz="UTC")),
            "info": pa.array([encode_info(one.info) for one in records], pa.string()),
            "frame_ref": pa.array([one.frame_ref for one in records], pa.string()),
            "obs_ref": pa.array([one.obs_ref for one in records], pa.string()),
        }
        return pa.table(table)

    def __repr__(self) -> str:
        columns = ", ".join(f"{name} {self[name].dtype}" for name in _NAMES)
        return f"<{self.rows:,} rows: {columns}>"

    def _make(self, name: str) -> NDArray[Any]:
        records = self._records
        if name == "action":
            return _actions(records)
        if name == "reward":
            return np.array([0.0 if one.reward is None else one.reward for one in records], np.float64)
        if name == "is_reset":
            return np.array([one.step_index == 0 for one in records], np.bool_)
        if name == "timestamp":
            instants = [one.timestamp.replace(tzinfo=None) for one in records]
            return np.array(instants, "datetime64[us]")
        if name in {"info", "frame_ref", "obs_ref"}:
            return objects_of([getattr(one, name) for one in records])
        dtype = {"step_index": np.int64, "terminated": np.bool_, "truncated": np.bool_}.get(name)
        return np.array([getattr(one, name) for one in records], dtype)


def objects_of(values: Sequence[Any]) -> NDArray[Any]:
    """*values* as they are, one item each, whatever they are: NumPy would look into arrays and tuples."""
    array = np.empty(len(values), object)
    for place, value in enumerate(values):
        array[place] = value
    return array


def _actions(records: Sequence[StepRecord]) -> NDArray[Any]:
    given = [_numbers(one.action) for one in records if one.action is not None and one.step_index]
    kinds = {None if array is None else (array.dtype, array.shape) for array in given}
    if None in kinds or len(kinds) != 1:
        return objects_of([one.action for one in records])
    ((dtype, shape),) = (kind for kind in kinds if kind is not None)
    actions = np.zeros((len(records), *shape), dtype)
    for row, one in enumerate(records):
        if one.action is not None:
            actions[row] = one.action
    return actions


def _numbers(action: Any) -> NDArray[Any] | None:
    """*action* as one array of numbers; None where it has no such form, as a tuple of unlike parts has none."""
    if _holds_graph(action):  # whose nodes, edges and links may be of one shape by chance
        return None
    try:
        array = np.asarray(action)
    except ValueError:
        return None
    return array if array.dtype.kind in "biuf" else None


def _holds_graph(action: Any) -> bool:
    return isinstance(action, tuple) and (hasattr(action, "_fields") or any(map(_holds_graph, action)))


def _arrow_actions(records: Sequence[StepRecord], actions: NDArray[Any]) -> list[Any]:
    if actions.dtype.hasobject:  # dicts, tuples, or of several shapes: as JSON text
        return [None if one.action is None else encode_info({"action": one.action}) for one in records]
    return [None if one.action is None else actions[row].tolist() for row, one in enumerate(records)]
