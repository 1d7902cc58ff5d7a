"""Version 2: a run that goes on from another's checkpoint says how many steps that had behind it."""

from __future__ import annotations

from typing import Final

VERSION: Final = 2

STATEMENTS: Final = ("ALTER TABLE runs ADD COLUMN steps_before INTEGER NOT NULL DEFAULT 0",)
