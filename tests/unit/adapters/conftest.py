"""Fixtures for tests of adapters."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture
def project_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Child processes import the package from this checkout, wherever they start."""
    root = str(Path(__file__).resolve().parents[3])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH")))))
