"""The tables of the documentation are those of the code."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from gym_gui.config.keys import every_key
from gym_gui.config.reference import updated

PAGE: Final = Path(__file__).resolve().parents[3] / "docs" / "guide" / "configuration.md"


def test_that_the_page_of_settings_is_up_to_date() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert updated(page) == page, "run: python -m gym_gui.config.reference docs/guide/configuration.md"


def test_that_every_setting_is_on_the_page_with_its_meaning() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    for name, keys in every_key().items():
        rows = [line for line in lines if line.startswith(f"| `{name}` |") and line.count("|") == 6]
        assert len(rows) == len(keys)
        assert all(any(key.meaning in row and f"`{key.env}`" * bool(key.env) in row for row in rows) for key in keys)
        assert all(key.meaning.endswith(".") for key in keys)
