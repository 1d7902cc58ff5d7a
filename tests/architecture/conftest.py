"""What is parsed for the tests of this folder goes with them: it would only slow down the garbage collector later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from architecture.project_files import syntax_tree

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="package", autouse=True)
def _parsed_once() -> Iterator[None]:
    yield
    syntax_tree.cache_clear()
