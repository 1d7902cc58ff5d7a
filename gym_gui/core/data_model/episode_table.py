"""EpisodeTable: episodes of a run that ended, as columns: what curves over a hundred thousand are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# What a run says in its metadata whose episodes were played to judge a policy, not to learn from; and how the name of a
# worker ends that plays such episodes within a run that learns.
EVALUATION_KEY: Final = "evaluation"
EVALUATION_SUFFIX: Final = "-eval"


def is_evaluation_worker(worker_id: str | None) -> bool:
    """Whether a worker of that name judges."""
    return worker_id is not None and worker_id.endswith(EVALUATION_SUFFIX)


def _no_numbers() -> NDArray[np.int64]:
    return np.empty(0, np.int64)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class EpisodeTable:
    """Episodes that ended, in the order in which they began to be recorded; row *r* is place *r* of every column.

    Episodes of several workers end in any order: the next reading begins after `next_key` and may give some again,
    which `keys` tells.

    Attributes:
        keys: ``int64 (rows,)``, unique within the folder, growing.
        run_ids: Which recording each is in: processes that train together record one each.
        episode_ids: As the recording names them.
        indices: ``int64 (rows,)``, the place in the run (and worker).
        started_us: ``int64 (rows,)``, microseconds since 1970, UTC.
        ended_us: ``int64 (rows,)``, likewise.
        steps: ``int64 (rows,)``, actions.
        returns: ``float64 (rows,)``.
        workers: Who played each; None where there is one worker.
        evaluations: ``bool (rows,)``: played apart from training.
        frames: ``int64 (rows,)``, pictures kept; below 0 where nobody knows.
        next_key: What the next reading begins after.
    """

    keys: NDArray[np.int64] = field(default_factory=_no_numbers)
    run_ids: Sequence[str] = ()
    episode_ids: Sequence[str] = ()
    indices: NDArray[np.int64] = field(default_factory=_no_numbers)
    started_us: NDArray[np.int64] = field(default_factory=_no_numbers)
    ended_us: NDArray[np.int64] = field(default_factory=_no_numbers)
    steps: NDArray[np.int64] = field(default_factory=_no_numbers)
    returns: NDArray[np.float64] = field(default_factory=lambda: np.empty(0, np.float64))
    workers: Sequence[str | None] = ()
    evaluations: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, np.bool_))
    frames: NDArray[np.int64] = field(default_factory=_no_numbers)
    next_key: int = 0

    def __len__(self) -> int:
        return len(self.keys)
