"""Versions of the step payload, ``major.minor``: minor ones are tolerated, newer majors refused with a sentence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from gym_gui.core.errors import SchemaMismatchError
from gym_gui.core.typing_compat import override

_TEXT: Final = re.compile(r"[vV]?(\d{1,6})(?:\.(\d{1,6}))?")
_SHOWN: Final = 60


@dataclass(frozen=True, slots=True, order=True)
class SchemaVersion:
    """One version of the contract.

    Attributes:
        major: Counts changes that an older reader cannot understand.
        minor: Counts additions, which an older reader keeps aside.
    """

    major: int
    minor: int = 0

    @classmethod
    def parse(cls, value: object) -> SchemaVersion:
        """What ``payload_version`` says: ``1``, ``"1"``, ``"1.2"``, ``"v1"``; None is a payload from before it.

        Raises:
            SchemaMismatchError: *value* is no version.
        """
        if value is None:
            return LEGACY
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return cls(value)
        # 1.2 as a number is what a careless writer makes of the text; 1.10 could not be told from 1.1.
        text = repr(value) if isinstance(value, float) else value
        match = _TEXT.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise SchemaMismatchError(f"payload_version {repr(value)[:_SHOWN]} is no schema version such as 1.0.")
        return cls(int(match[1]), int(match[2] or 0))

    @override
    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


LEGACY: Final = SchemaVersion(0)
CURRENT: Final = SchemaVersion(1)


def check_readable(version: SchemaVersion) -> None:
    """Return where this application understands *version*: the current major with any minor, and v0.

    Raises:
        SchemaMismatchError: the major is newer.
    """
    if version.major > CURRENT.major:
        raise SchemaMismatchError(
            f"This step was written in schema version {version}; this application reads versions up to "
            f"{CURRENT.major}.x.",
            hint="Update gym_gui to read it.",
        )
