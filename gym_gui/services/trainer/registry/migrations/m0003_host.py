"""Version 3: a run says where it ran, when its processes are gone, too."""

from __future__ import annotations

from typing import Final

VERSION: Final = 3

STATEMENTS: Final = ("ALTER TABLE runs ADD COLUMN host TEXT NOT NULL DEFAULT ''",)
