"""Codes that a log line begins with, so that a search, an alert or a dashboard finds it whatever its words become."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class LogCode:
    """One thing that may be logged.

    Attributes:
        name: The code, unique, never renamed.
        level: Of the ``logging`` module.
        meaning: When it is logged, one sentence.
    """

    name: str
    level: int
    meaning: str

    def log(self, logger: logging.Logger, message: str) -> None:
        """Log *message* behind the code; the record carries it as ``code`` too."""
        logger.log(self.level, "%s: %s", self.name, message, extra={"code": self.name})


LOG_SCHEMA_MISMATCH: Final = LogCode(
    "LOG_SCHEMA_MISMATCH", logging.WARNING, "A step does not keep the schema; it is recorded all the same."
)
LOG_SPACE_SIGNATURE: Final = LogCode(
    "LOG_SPACE_SIGNATURE", logging.WARNING, "A step names the signature of other spaces than its run's."
)
LOG_VECTOR_AUTORESET_MODE: Final = LogCode(
    "LOG_VECTOR_AUTORESET_MODE", logging.WARNING, "The autoreset mode of a vector environment is unknown or changed."
)
LOG_VECTOR_METADATA: Final = LogCode(
    "LOG_VECTOR_METADATA", logging.WARNING, "A step's place in its vector environment makes no sense."
)
LOG_RENDER_PAYLOAD: Final = LogCode(
    "LOG_RENDER_PAYLOAD", logging.WARNING, "A grid, graph or text of a step cannot be drawn."
)
LOG_SCHEMA_LEGACY: Final = LogCode(
    "LOG_SCHEMA_LEGACY", logging.INFO, "A run sends steps from before versions; they are upgraded as they come in."
)
LOG_SCHEMA_NEWER_MINOR: Final = LogCode(
    "LOG_SCHEMA_NEWER_MINOR", logging.INFO, "A run sends steps of a newer minor version; what is new is kept aside."
)

LOG_CODES: Final[Mapping[str, LogCode]] = MappingProxyType(
    {
        code.name: code
        for code in (
            LOG_SCHEMA_MISMATCH,
            LOG_SPACE_SIGNATURE,
            LOG_VECTOR_AUTORESET_MODE,
            LOG_VECTOR_METADATA,
            LOG_RENDER_PAYLOAD,
            LOG_SCHEMA_LEGACY,
            LOG_SCHEMA_NEWER_MINOR,
        )
    }
)
