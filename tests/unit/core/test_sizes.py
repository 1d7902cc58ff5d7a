"""Sizes as a person reads them."""

from __future__ import annotations

import pytest

from gym_gui.core.sizes import size_text


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (999.6, "1.0 kB"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (1_440_000, "1.4 MB"),
        (5e9, "5.0 GB"),
        (7e15, "7000.0 TB"),
    ],
)
def test_that_a_size_is_read_at_a_glance(size_bytes: float, text: str) -> None:
    assert size_text(size_bytes) == text
