"""Version 3: what rows and logged numbers take, counted as they are written, so that a list need not look at them."""

from __future__ import annotations

from typing import Final

VERSION: Final = 3

STATEMENTS: Final = (
    # About how many bytes the episode's rows take here. NULL: they were written before anybody counted.
    "ALTER TABLE episodes ADD COLUMN row_bytes INTEGER",
    # The same of what the run's learner logged.
    "ALTER TABLE runs ADD COLUMN scalar_bytes INTEGER NOT NULL DEFAULT 0",
    "UPDATE runs SET scalar_bytes = 60 * (SELECT count(*) FROM scalars WHERE scalars.run_key = runs.run_key)",
)
