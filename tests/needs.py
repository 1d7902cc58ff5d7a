"""What a test needs that not every machine has; where it is missing the test is left out, and says why."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

import pytest

HAS_BOX2D: Final = find_spec("Box2D") is not None
NO_BOX2D: Final = "Box2D has no packages for this Python"
needs_box2d = pytest.mark.skipif(not HAS_BOX2D, reason=NO_BOX2D)
