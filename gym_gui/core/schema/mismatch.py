"""What can be wrong with a step, in words and codes, and how often it was: by worker, cause and schema version."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from gym_gui.core import log_codes
from gym_gui.core.errors import SchemaMismatchError
from gym_gui.core.schema.versions import SchemaVersion

if TYPE_CHECKING:
    from gym_gui.core.log_codes import LogCode

#: Where a run's metadata keep the counts of its steps.
METADATA_KEY: Final = "schema"


class MismatchCause(Enum):
    """Why a step does not keep the schema.

    Attributes:
        key: In counts and metrics; never renamed.
        words: For people.
        code: What the log line begins with.
    """

    FIELD = "field", "a field of a wrong type or range", log_codes.LOG_SCHEMA_MISMATCH
    VERSION = "version", "a newer schema version", log_codes.LOG_SCHEMA_MISMATCH
    ACTION = "action", "action outside the space", log_codes.LOG_SCHEMA_MISMATCH
    OBSERVATION = "observation", "observation outside the space", log_codes.LOG_SCHEMA_MISMATCH
    INFO = "info", "an info with keys that are the same text", log_codes.LOG_SCHEMA_MISMATCH
    SIGNATURE = "space_signature", "signature of other spaces", log_codes.LOG_SPACE_SIGNATURE
    AUTORESET_MODE = "autoreset_mode", "unknown or changed autoreset mode", log_codes.LOG_VECTOR_AUTORESET_MODE
    VECTOR = "vector_metadata", "vector metadata that make no sense", log_codes.LOG_VECTOR_METADATA
    RENDER = "render_payload", "a view that cannot be drawn", log_codes.LOG_RENDER_PAYLOAD

    def __init__(self, key: str, words: str, code: LogCode) -> None:
        self.key = key
        self.words = words
        self.code = code


CAUSES: Final[Mapping[str, MismatchCause]] = {cause.key: cause for cause in MismatchCause}


@dataclass(frozen=True, slots=True)
class SchemaCounts:
    """What one run's steps were like.

    Attributes:
        steps: (worker, version) -> steps; the worker is empty for the application's own process.
        mismatches: (worker, version, key of the cause) -> steps; a step may count for several causes.
    """

    steps: Mapping[tuple[str, str], int] = field(default_factory=dict)
    mismatches: Mapping[tuple[str, str, str], int] = field(default_factory=dict)

    @property
    def total_steps(self) -> int:
        """Steps of every worker and version."""
        return sum(self.steps.values())

    @property
    def total_mismatches(self) -> int:
        """Mismatches of every worker, version and cause."""
        return sum(self.mismatches.values())

    def by_cause(self) -> dict[str, int]:
        """Key of a cause -> steps, the most frequent one first."""
        counted: Counter[str] = Counter()
        for (_, _, cause), count in self.mismatches.items():
            counted[cause] += count
        return dict(counted.most_common())

    def merged(self, other: SchemaCounts) -> SchemaCounts:
        """Both together: a run that was resumed."""
        return SchemaCounts(
            dict(Counter(self.steps) + Counter(other.steps)), dict(Counter(self.mismatches) + Counter(other.mismatches))
        )

    def without(self, earlier: SchemaCounts) -> SchemaCounts:
        """What was counted since *earlier*."""
        return SchemaCounts(
            dict(Counter(self.steps) - Counter(earlier.steps)),
            dict(Counter(self.mismatches) - Counter(earlier.mismatches)),
        )

    def sentence(self) -> str:
        """``v1: 1,203 steps, 2 mismatches (action outside the space)``; empty where nothing was counted."""
        if not self.steps:
            return ""
        versions = ", ".join(sorted({_major(version) for _, version in self.steps}))
        mismatches = self.total_mismatches
        said = f"{versions}: {self.total_steps:,} step{'s' * (self.total_steps != 1)}"
        if not mismatches:
            return f"{said}, no mismatch"
        causes = ", ".join(CAUSES[key].words if key in CAUSES else key for key in self.by_cause())
        return f"{said}, {mismatches:,} mismatch{'es' * (mismatches != 1)} ({causes})"

    def to_document(self) -> dict[str, Any]:
        """The JSON form, which a run keeps in its metadata."""
        return {
            "text": self.sentence(),
            "steps": [
                {"worker": worker, "version": version, "count": count}
                for (worker, version), count in sorted(self.steps.items())
            ],
            "mismatches": [
                {"worker": worker, "version": version, "cause": cause, "count": count}
                for (worker, version, cause), count in sorted(self.mismatches.items())
            ],
        }

    @classmethod
    def from_document(cls, document: object) -> SchemaCounts:
        """The counts of a JSON form; nothing where it is none, since metadata may hold anything."""
        if not isinstance(document, Mapping):
            return cls()
        try:
            return cls(
                {(one["worker"], one["version"]): int(one["count"]) for one in document["steps"]},
                {(one["worker"], one["version"], one["cause"]): int(one["count"]) for one in document["mismatches"]},
            )
        except (KeyError, TypeError, ValueError):
            return cls()


def _major(version: str) -> str:
    try:
        return f"v{SchemaVersion.parse(version).major}"
    except SchemaMismatchError:
        return version


def counts_of(metadata: Mapping[str, Any]) -> SchemaCounts:
    """What a run's *metadata* say of its steps; nothing where the run has not ended or is older than this."""
    return SchemaCounts.from_document(metadata.get(METADATA_KEY))


def with_counts(metadata: Mapping[str, Any], counts: Mapping[str, Any]) -> dict[str, Any]:
    """*metadata* with the JSON form *counts* added to those that are there: a resumed run has both."""
    both = counts_of(metadata).merged(SchemaCounts.from_document(counts))
    return {**metadata, METADATA_KEY: both.to_document()}
