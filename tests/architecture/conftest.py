"""What is parsed for the tests of this folder goes with them: it would only slow down the garbage collector later."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from architecture.project_files import syntax_tree

if TYPE_CHECKING:
    import pytest

HERE = Path(__file__).parent


def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """Let go of a million nodes with the last test that looks at them."""
    if nextitem is None or HERE not in nextitem.path.parents:
        syntax_tree.cache_clear()
