"""One finding of the doctor."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How grave a finding is."""

    OK = "ok"
    WARNING = "warning"  # something cannot be done here; the rest works
    PROBLEM = "problem"  # the main job does not work until this is mended


@dataclass(frozen=True, slots=True)
class Check:
    """One finding.

    Attributes:
        check: What was looked at, one or two words.
        status: How grave it is.
        message: One sentence: what was found.
        hint: What to do about it; empty where there is nothing to do.
    """

    check: str
    status: Status
    message: str
    hint: str = ""
