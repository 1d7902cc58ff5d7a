"""Compressions that have levels of effort, and which."""

from __future__ import annotations

from typing import Final

#: Algorithm -> its lowest and its highest level; what is not here has none.
LEVELS: Final = {"zstd": (1, 22), "gzip": (1, 9), "brotli": (1, 11)}
