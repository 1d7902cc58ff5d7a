"""Documents with a field that cannot be read: the step is recorded all the same, without it, and it is counted."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

import pytest
from synthetic import run_of

from gym_gui.config.settings import Settings
from gym_gui.core.errors import SchemaMismatchError
from gym_gui.core.schema.mismatch import MismatchCause
from gym_gui.services.bootstrap import open_services
from gym_gui.services.telemetry import TelemetryService
from gym_gui.services.telemetry_schema import SchemaMode, SchemaValidator

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import LogExpectations

VECTOR: Final = {"autoreset_mode": "next_step", "vector_index": 0, "batch_size": 2}
DOCUMENT: Final = {
    "payload_version": "1.0",
    "run_id": "run",
    "episode_id": "ep-000000",
    "step_index": 0,
    "timestamp": "2026-01-01T00:00:00Z",
}


def started(mode: SchemaMode = SchemaMode.TOLERANT) -> TelemetryService:
    service = TelemetryService(schema=SchemaValidator(mode))
    service.start_run(run_of("run"))
    return service


# What a document says that nobody can read -> the cause that it counts for.
UNREADABLE: dict[str, tuple[dict[str, Any], MismatchCause]] = {
    "mode": ({"vector_metadata": {**VECTOR, "autoreset_mode": "never"}}, MismatchCause.AUTORESET_MODE),
    "vector": ({"vector_metadata": {**VECTOR, "vector_index": 2}}, MismatchCause.VECTOR),
    "no vector": ({"vector_metadata": "none"}, MismatchCause.VECTOR),
    "grid": ({"render_payload": {"kind": "grid"}}, MismatchCause.RENDER),
    "lineage": ({"lineage": {}}, MismatchCause.FIELD),
    "flag": ({"terminated": "no"}, MismatchCause.FIELD),
    "reward": ({"reward": 10**400}, MismatchCause.FIELD),
    "action": ({"action": 2**70}, MismatchCause.FIELD),
    "damaged action": ({"action": {"$exact": "zzz"}}, MismatchCause.FIELD),
    "clock": ({"time_step": 2**70}, MismatchCause.FIELD),
    "ref": ({"frame_ref": "picture.png"}, MismatchCause.FIELD),
    "info": ({"info": None}, MismatchCause.FIELD),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_that_a_document_with_a_field_that_cannot_be_read_is_recorded_without_it(
    var_dir: Path, expect_log: LogExpectations, name: str
) -> None:
    odd, cause = UNREADABLE[name]
    services = open_services(Settings(var_dir=var_dir))
    services.telemetry.start_run(run_of("run"))
    expect_log(logging.WARNING, cause.code.name)
    for number in range(2):
        services.telemetry.record_payload({**DOCUMENT, "step_index": number, **odd})
    services.telemetry.flush()
    steps = services.store.load_steps("run", "ep-000000")
    counts = services.telemetry.schema_counts("run").by_cause()
    services.close()
    assert [one.step_index for one in steps] == [0, 1]
    assert counts == {cause.key: 2}
    assert set(steps[1].extra or {}) == {f"{key}_unread" for key in odd}


@pytest.mark.parametrize("name", UNREADABLE)
def test_that_strict_mode_refuses_a_document_with_a_field_that_cannot_be_read(name: str) -> None:
    service = started(SchemaMode.STRICT)
    with pytest.raises(SchemaMismatchError):
        service.record_payload({**DOCUMENT, **UNREADABLE[name][0]})
    assert not service.recent_steps()


@pytest.mark.parametrize("lacking", ["run_id", "episode_id", "step_index", "timestamp"])
def test_that_a_document_that_does_not_say_which_step_it_is_is_refused(lacking: str) -> None:
    document = {name: value for name, value in DOCUMENT.items() if name != lacking}
    with pytest.raises(SchemaMismatchError, match=lacking):
        started().record_payload(document)


def test_that_a_legacy_document_with_a_view_that_cannot_be_read_is_recorded_without_it(
    expect_log: LogExpectations,
) -> None:
    service = started()
    expect_log(logging.WARNING, "LOG_RENDER_PAYLOAD")
    old = {"run_id": "run", "episode": 0, "step": 1, "action": 3, "render_payload": {"kind": "grid"}}
    record = service.record_payload(old)
    assert record.extra == {"render_payload_unread": {"kind": "grid"}}
    assert service.schema_counts("run").by_cause() == {"render_payload": 1}
