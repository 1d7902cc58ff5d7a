"""Passwords in addresses: none is ever shown."""

from __future__ import annotations

import re
from typing import Final

_HIDDEN: Final = "***"
# A password may hold anything but a space, unescaped, too: up to the last @ of the word.
_OF_USER: Final = re.compile(r"(://[^:@/\s]*:)\S*(?=@)")
_OF_QUERY: Final = re.compile(r"([?&](?:password|passwd|pwd)=)[^&\s'\"]*", re.IGNORECASE)


def without_passwords(text: str) -> str:
    """*text* with ``***`` in place of the password of each URL in it."""
    return _OF_QUERY.sub(rf"\1{_HIDDEN}", _OF_USER.sub(rf"\1{_HIDDEN}", text))
