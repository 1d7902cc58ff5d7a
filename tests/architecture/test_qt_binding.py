"""The Qt binding must not eat `None`: PySide6 6.12 on Python 3.11 does, until the interpreter dies in some repaint."""

from __future__ import annotations

import sys

from PySide6.QtCore import QObject

CALLS = 1_000
NOISE = 100  # what the test runner's own threads may let go of meanwhile


def test_that_calls_into_qt_keep_the_references_to_none() -> None:
    subject = QObject()
    before = sys.getrefcount(None)
    for _ in range(CALLS):
        subject.setObjectName("x")
    assert sys.getrefcount(None) > before - NOISE
