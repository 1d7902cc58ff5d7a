"""Schema validation of steps as they come in: counted, logged once a cause, refused only in strict mode.

`SchemaValidator.check` and `count` are called by one thread at a time.
"""

from __future__ import annotations

import threading
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from gym_gui.core.errors import SchemaMismatchError
from gym_gui.core.schema import (
    SchemaVersion,
    from_payload,
)
from gym_gui.core.schema.json_form import from_document
from gym_gui.core.schema.mismatch import SchemaCounts
from gym_gui.core.schema.tolerant import from_document_tolerantly
from gym_gui.core.spaces.described import described_spaces
from gym_gui.services.run_check import RunCheck

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gym_gui.core.data_model import RunRecord, StepBatch, StepRecord
    from gym_gui.core.schema.run_spaces import RunSpaces

# Runs that ended are still answered for; the oldest are forgotten.
_KEPT_RUNS: Final = 256


class SchemaMode(StrEnum):
    """What a mismatch does."""

    TOLERANT = "tolerant"  # it is counted and logged
    STRICT = "strict"  # it is counted, and raised at the producer


class SchemaValidator:
    """Checks every step of every run.

    Args:
        mode: What a mismatch does.
    """

    def __init__(self, mode: SchemaMode = SchemaMode.TOLERANT) -> None:
        self.mode = mode
        self._runs: dict[str, RunCheck] = {}
        self._lock = threading.Lock()

    def begin_run(self, run: RunRecord, spaces: RunSpaces | None = None) -> None:
        """A run starts; a run that is resumed goes on counting.

        Args:
            run: Its record, whose signature its steps must name.
            spaces: What its actions and observations are drawn from; None takes what its metadata describe.
        """
        self._run(run.run_id).know(run.space_signature, spaces or described_spaces(run.metadata))

    def check(self, step: StepRecord, version: str | None = None) -> None:
        """Count *step* and what is wrong with it.

        Args:
            step: Attached or detached.
            version: The schema version that it came in; None means what the record says.

        Raises:
            SchemaMismatchError: in strict mode, the first thing that is wrong.
        """
        run = self._runs.get(step.run_id) or self._run(step.run_id)
        is_strict = self.mode is SchemaMode.STRICT
        fault = run.check(step, version, log=not is_strict)
        if fault is not None and is_strict:
            cause, detail = fault
            raise SchemaMismatchError(
                f"Step {step.step_index} of episode {step.episode_id} has {cause.words}: {detail}.",
                hint="Correct the producer, or record in tolerant mode.",
            )

    def count(self, step: StepRecord) -> None:
        """Count a step that was recorded already, and what is wrong with it; the first of each cause is logged."""
        (self._runs.get(step.run_id) or self._run(step.run_id)).check(step, None, log=True)

    def check_batch(self, batch: StepBatch) -> None:
        """Count the rows of *batch* and what is wrong with them.

        Raises:
            SchemaMismatchError: in strict mode, the first thing that is wrong.
        """
        run = self._runs.get(batch.run_id) or self._run(batch.run_id)
        is_strict = self.mode is SchemaMode.STRICT
        fault = run.check_batch(batch, log=not is_strict)
        if fault is not None and is_strict:
            cause, detail = fault
            raise SchemaMismatchError(
                f"Batch {batch.seq} of worker {batch.worker_id} has {cause.words}: {detail}.",
                hint="Correct the producer, or record in tolerant mode.",
            )

    def upgraded(self, document: Mapping[str, Any]) -> tuple[StepRecord, str]:
        """The record of a JSON document of any readable version, and the version that it came in.

        A field that cannot be read is counted, logged and kept aside, see `from_document_tolerantly`.

        Raises:
            SchemaMismatchError: a newer major version, or it does not say which step it is; in strict mode too where
                any field is not as it must be.
        """
        version = SchemaVersion.parse(document.get("payload_version"))
        is_strict = self.mode is SchemaMode.STRICT
        payload, unread = (from_document(document), {}) if is_strict else from_document_tolerantly(document)
        record = from_payload(payload)
        run = self._run(record.run_id)
        run.tell_version(version)
        if unread:
            run.count_unread(record, str(version), {name: (document[name], why) for name, why in unread.items()})
        return record, str(version)

    def counts(self, run_id: str) -> SchemaCounts:
        """What the steps of a run were like so far; may be called from any thread."""
        run = self._runs.get(run_id)
        return SchemaCounts() if run is None else run.counts()

    def end_run(self, run_id: str) -> SchemaCounts:
        """A run ends; what was counted since it began, or since it last ended."""
        run = self._runs.get(run_id)
        return SchemaCounts() if run is None else run.take()

    def runs(self) -> list[str]:
        """The runs that are counted, the oldest first."""
        with self._lock:
            return list(self._runs)

    def _run(self, run_id: str) -> RunCheck:
        with self._lock:
            if run_id not in self._runs:
                while len(self._runs) >= _KEPT_RUNS:
                    del self._runs[next(iter(self._runs))]
                self._runs[run_id] = RunCheck(run_id)
            return self._runs[run_id]
