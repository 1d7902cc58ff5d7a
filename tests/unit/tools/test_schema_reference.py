"""The reference page and the shipped schemas are what the code says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gym_gui.tools import schema_reference

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).resolve().parents[3]
AGAIN = "write it again: python -m gym_gui.tools.schema_reference"


def test_that_the_page_and_the_bundle_have_not_drifted_from_the_code() -> None:
    assert (ROOT / schema_reference.PAGE).read_text(encoding="utf-8") == schema_reference.page(), AGAIN
    texts = schema_reference.bundle_texts()
    shipped = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / schema_reference.BUNDLE).iterdir()}
    assert shipped == texts, AGAIN


def test_that_it_writes_both_and_only_into_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert schema_reference.main() == 1
    (tmp_path / schema_reference.BUNDLE).mkdir(parents=True)
    assert schema_reference.main() == 0
    assert (tmp_path / schema_reference.PAGE).read_text(encoding="utf-8") == schema_reference.page()
    assert {
        path.name for path in (tmp_path / schema_reference.BUNDLE).iterdir()
    } == schema_reference.bundle_texts().keys()
