"""Step records of every kind, and hypothesis strategies for what a step may hold."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from synthetic import START, frame_of, observation_of, step_of

from gym_gui.core.data_model import FrameState, StepRecord

GRID: Final[dict[str, Any]] = {
    "kind": "grid",
    "rows": 2,
    "columns": 3,
    "cells": [["S", "F", "H"], ["F", "F", "G"]],
    "legend": {"S": {"label": "start", "role": "floor"}, "H": {"label": "hole", "role": "hazard"}},
    "agents": [{"row": 0, "column": 1, "label": "you"}],
}
GRAPH: Final[dict[str, Any]] = {
    "kind": "graph",
    "nodes": [{"id": 0, "label": "depot", "x": 0.0, "y": 1.5}, {"id": "b", "label": "", "value": 2.0}],
    "edges": [{"source": 0, "target": "b"}, {"source": "b", "target": 0, "label": "back"}],
    "directed": True,
}
TEXT: Final[dict[str, Any]] = {"kind": "text", "text": "Dealer 10\nYou 17"}
VECTOR: Final[dict[str, Any]] = {
    "autoreset_mode": "same_step",
    "vector_index": 1,
    "batch_size": 2,
    "reset_mask": [False, True],
    "seeds": [4, None],
}

RECORDS: Final[dict[str, StepRecord]] = {
    "reset": step_of("run", 0, 0, 0),
    "picture": step_of("run", 0, 3, 3),
    "picture-is-observation": step_of("run", 0, 3, 3, observation=None, render_payload=frame_of(3)),
    "detached": step_of(
        "run",
        0,
        4,
        4,
        observation=None,
        render_payload=None,
        frame_ref="h5://run/frames/4",
        obs_ref="h5://run/frames/4",
    ),
    "grid": step_of("run", 0, 5, 5, view=GRID, action=np.int64(3)),
    "graph": step_of("run", 0, 6, 6, view=GRAPH, render_payload=None, frame_state=FrameState.NONE),
    "text": step_of("run", 0, 7, 7, view=TEXT, info={"cards": [10, 7]}),
    "newer-kind": step_of("run", 0, 7, 7, view={"kind": "voxels", "cells": [[[1]]]}),
    "vector": step_of("run", 0, 8, 8, vector_metadata=VECTOR, worker_id="w1", agent_id="wolf", time_step=99),
    "normalised": step_of(
        "run", 0, 9, 9, normalization_stats={"mean": observation_of(2), "count": 12, "var": 0.1}, render_hint="rgb"
    ),
    "extra": step_of("run", 0, 9, 9, extra={"pheromone": observation_of(4), "run_id": (1, 2)}),
    "not-a-number": step_of("run", 0, 9, 9, reward=float("nan"), action=np.array([0.1, -np.inf], np.float32)),
    "nested": step_of(
        "run", 0, 10, 10, action={"move": (1, np.array([2.5], np.float64)), "say": "hello"}, observation={"a": (1, 2)}
    ),
    "worker": StepRecord(run_id="run", episode_id="w-ep-000001", step_index=1, action=True, timestamp=START),
}


def values() -> st.SearchStrategy[Any]:
    """Actions and observations of any space, and stranger ones."""
    arrays = hnp.arrays(
        dtype=hnp.scalar_dtypes().filter(lambda dtype: dtype.kind in "biufc"),
        shape=hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    )
    leaves = (
        st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text(_TEXT) | arrays
        | st.floats(width=32).map(np.float32)
    )  # fmt: skip
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=3).map(tuple)
            | st.lists(inner, max_size=3)
            | st.dictionaries(st.text(_TEXT, max_size=3), inner, max_size=3)
        ),
        max_leaves=6,
    )


_TEXT: Final = st.characters(exclude_categories=["Cs"])


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal in type, dtype, shape and every bit."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray | np.generic):
        alike = one.dtype == other.dtype and one.shape == other.shape
        return alike and bool(one.tobytes() == other.tobytes())
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other and str(one) == str(other)) or (one != one and other != other)  # noqa: PLR0124 - nan
