"""`python -m gym_gui` is `gym-gui`."""

from __future__ import annotations

import sys

from gym_gui.app import main

if __name__ == "__main__":
    sys.exit(main())
