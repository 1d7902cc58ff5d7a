"""Whether a fault was a full disk, which says so in many ways, and the sentence for it."""

from __future__ import annotations

import errno
import shutil
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

# Less than this, and neither a log's line nor a checkpoint can be counted on.
_LEAST_BYTES: Final = 1_000_000
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
SENTENCE: Final = "The disk was full. Free some room; resuming the run goes on from its newest checkpoint."


def is_full(folder: Path) -> bool:
    """Whether there is next to no room where *folder* is; False where nobody can tell."""
    try:
        return shutil.disk_usage(folder).free < _LEAST_BYTES
    except OSError:
        return False


def was_full(error: BaseException, folder: Path) -> bool:
    """Whether *error* came of a full disk: it or what led to it says so, or *folder* has no room now."""
    cause: BaseException | None = error
    seen: set[int] = set()
    while cause is not None and id(cause) not in seen:
        if isinstance(cause, OSError) and cause.errno in _FULL:
            return True
        seen.add(id(cause))
        cause = cause.__cause__ or cause.__context__
    return is_full(folder)
