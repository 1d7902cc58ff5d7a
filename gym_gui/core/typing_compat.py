"""`override` for Python 3.11, where `typing` has none yet."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import override
elif sys.version_info >= (3, 12):
    from typing import override
else:
    _Method = TypeVar("_Method", bound="Callable[..., Any]")

    def override(method: _Method) -> _Method:
        """Mark *method* as overriding a base class's; only the type checker looks at it."""
        return method


__all__ = ["override"]
