"""Names for the cases of a parametrized test that are the same in every process."""

from __future__ import annotations

import re
from typing import Any

ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def written(value: Any) -> str:
    """What Python writes for *value*, without its address: for ``ids=``, in place of `repr`."""
    return ADDRESS.sub("", repr(value))
