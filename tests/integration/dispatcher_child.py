"""A trainer of nothing but its dispatcher, to be killed: ``python dispatcher_child.py VAR_DIR`` until stdin closes."""

from __future__ import annotations

import sys
from pathlib import Path

from dispatching import House


def main(folder: Path) -> None:
    """Serve; say so; wait."""
    house = House(folder)
    print("ready", flush=True)  # noqa: T201 - told to the parent
    sys.stdin.read()
    house.close(cancel_runs=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
