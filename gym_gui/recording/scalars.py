"""What a learner logged, curve by curve, for programs and commands that want all of it at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gym_gui.recording.contract import ScalarReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gym_gui.core.data_model import RunRecord
    from gym_gui.recording.contract import RecordingReader


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ScalarCurve:
    """One metric of a run, in the order of arrival.

    Attributes:
        name: ``loss``, ``train/entropy``.
        step: ``int64 (n,)``, the learner's own step.
        value: ``float64 (n,)``.
        time: ``datetime64[us] (n,)``, UTC.
    """

    name: str
    step: NDArray[np.int64]
    value: NDArray[np.float64]
    time: NDArray[np.datetime64]

    def __len__(self) -> int:
        return len(self.value)

    def __repr__(self) -> str:
        last = f", {self.value[-1]:g} at step {self.step[-1]:,}" if len(self) else ""
        return f"<ScalarCurve {self.name}: {len(self):,} points{last}>"


def scalar_curves(reader: object, run_id: str, names: Sequence[str] | None = None) -> dict[str, ScalarCurve]:
    """What the learner of a run logged, by name; empty where the recording keeps none.

    Args:
        reader: Any reader of recordings.
        run_id: The run.
        names: Only these metrics; None for all.

    Raises:
        RunNotFoundError: there is no run of that id.
    """
    if not isinstance(reader, ScalarReader):
        return {}
    parts: dict[str, list[tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]]] = {}
    row = 0
    while True:
        page, newest = reader.load_scalars(run_id, names, row)
        if newest == row:
            break
        row = newest
        for place, name in enumerate(page.names):
            at = page.name == place
            if at.any():
                parts.setdefault(name, []).append((page.step[at], page.value[at], page.time_us[at]))
    curves = {}
    for name in sorted(parts):
        step, value, time_us = (np.concatenate(column) for column in zip(*parts[name], strict=True))
        curves[name] = ScalarCurve(name=name, step=step, value=value, time=time_us.astype("datetime64[us]"))
    return curves


def logged_beside(reader: RecordingReader, run_id: str) -> list[str]:
    """The other runs of a run's group of which something was logged, newest first: one script's, recorded side by side.

    Raises:
        RunNotFoundError: there is no run of that id.
    """
    if not isinstance(reader, ScalarReader):
        return []
    group = _group_of(reader.get_run(run_id))
    others = [one.run.run_id for one in reader.list_runs() if one.run.run_id != run_id and _group_of(one.run) == group]
    return [other for other in others if reader.scalar_names(other)]


def _group_of(run: RunRecord) -> str:
    return str(run.metadata.get("group", run.run_id))
