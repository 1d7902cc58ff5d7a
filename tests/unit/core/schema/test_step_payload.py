"""Step payload v1: records to payloads to JSON and back, exactly; the shipped JSON Schema says what is written."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from synthetic import episode_of, step_of
from unit.core.schema.samples import GRAPH, GRID, RECORDS, TEXT, VECTOR, same, values

from gym_gui.core.data_model import StepRecord
from gym_gui.core.errors import SchemaMismatchError
from gym_gui.core.schema import (
    GraphPayload,
    GridPayload,
    Lineage,
    RgbPayload,
    Seeds,
    StepPayload,
    TextPayload,
    from_document,
    from_json,
    from_payload,
    render_from_document,
    to_document,
    to_json,
    to_payload,
)
from gym_gui.core.schema.exact import from_exact, to_exact
from gym_gui.core.schema.json_schema import STEP_PAYLOAD, load_bundle, make_bundle


def validator(name: str = STEP_PAYLOAD) -> Any:
    """What checks a document against a schema of the shipped bundle."""
    return jsonschema.Draft202012Validator(load_bundle()[name])


def same_record(one: StepRecord, other: StepRecord) -> bool:
    return all(same(getattr(one, field.name), getattr(other, field.name)) for field in fields(StepRecord))


@pytest.mark.parametrize("name", RECORDS)
def test_that_a_record_survives_the_payload_and_its_json(name: str) -> None:
    record = RECORDS[name]
    assert same_record(from_payload(to_payload(record)), record)
    back = from_payload(from_json(to_json(to_payload(record))))
    expected = replace(record, action=3) if name == "grid" else record  # a numpy integer is stored as a Python one
    assert same_record(back, expected)


@pytest.mark.parametrize("name", RECORDS)
def test_that_the_json_schema_takes_what_is_written(name: str) -> None:
    text = to_json(to_payload(RECORDS[name]))
    assert [error.message for error in validator().iter_errors(json.loads(text))] == []


@given(values())
def test_that_any_value_survives_json_bit_for_bit(value: Any) -> None:
    text = json.dumps(to_exact(value), allow_nan=False)
    assert same(from_exact(json.loads(text)), value)


def test_that_an_observation_that_is_the_picture_is_written_once_and_stays_one_object() -> None:
    frame = RECORDS["picture"].frame
    payload = from_json(to_json(to_payload(replace(RECORDS["picture"], observation=frame))))
    assert payload.observation is payload.frame
    assert np.array_equal(payload.frame, frame)  # type: ignore[arg-type]  # an array, or the line above had failed


def test_that_seeds_and_lineage_come_from_the_episode() -> None:
    lineage = {"parent_run_id": "run-0", "parent_episode_id": "ep-000001", "parent_step_index": 40}
    rollup = episode_of("run", 0, seed=17, metadata={"lineage": lineage, "action_seed": 3})
    payload = to_payload(RECORDS["picture"], rollup)
    assert payload.seeds == Seeds(environment=17, actions=3)
    assert payload.lineage == Lineage(parent_run_id="run-0", parent_episode_id="ep-000001", parent_step_index=40)
    assert from_json(to_json(payload)).lineage == payload.lineage
    assert from_json(to_json(payload)).seeds == payload.seeds


def test_that_each_kind_of_view_has_its_class() -> None:
    grid, graph, text = (render_from_document(one) for one in (GRID, GRAPH, TEXT))
    assert isinstance(grid, GridPayload)
    assert grid.legend["H"].role == "hazard"
    assert grid.agents[0].column == 1
    assert isinstance(graph, GraphPayload)
    assert graph.edges[1].label == "back"
    assert isinstance(text, TextPayload)
    picture = to_payload(RECORDS["picture"]).render_payload
    assert isinstance(picture, RgbPayload)
    assert (picture.height, picture.width) == RECORDS["picture"].frame.shape[:2]  # type: ignore[union-attr]  # it has one


@pytest.mark.parametrize(
    "view",
    [
        {"rows": 1},
        {"kind": "grid", "rows": 2, "columns": 2, "cells": [[1, 2]]},
        {"kind": "grid", "columns": 2, "cells": []},
        {"kind": "text", "text": 5},
        {"kind": "graph", "nodes": [{"id": 1}], "edges": [{"source": 1, "target": 2}]},
        {"kind": "graph", "nodes": [{"id": 1}, {"id": 1}]},
    ],
)
def test_that_a_view_that_cannot_be_drawn_is_refused(view: dict[str, Any]) -> None:
    with pytest.raises(SchemaMismatchError, match="render payload"):
        render_from_document(view)


def test_that_a_newer_minor_version_is_read_and_its_fields_are_kept() -> None:
    document = {
        **to_document(to_payload(RECORDS["vector"])),
        "payload_version": "1.7",
        "novelty": {"a": [1, 2]},
        "vector_metadata": {**VECTOR, "pool": 3},
    }
    payload = from_document(document)
    assert payload.extra == {"novelty": {"a": [1, 2]}}
    record = from_payload(payload)
    assert record.vector_metadata == {**VECTOR, "pool": 3}
    again = to_document(to_payload(record))
    assert from_exact(again["extra"]["novelty"]) == {"a": [1, 2]}
    assert from_document(json.loads(json.dumps(again))).extra == payload.extra


@pytest.mark.parametrize("version", ["2.0", 2, "v3", "10.1"])
def test_that_a_newer_major_version_is_refused_with_a_sentence(version: object) -> None:
    document = {**to_document(to_payload(RECORDS["picture"])), "payload_version": version}
    with pytest.raises(SchemaMismatchError, match=r"written in schema version .* Update gym_gui"):
        from_document(document)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("run_id", 5),
        ("step_index", "3"),
        ("step_index", True),
        ("reward", "much"),
        ("terminated", 1),
        ("info", []),
        ("timestamp", "2026-01-01T00:00:00"),
        ("timestamp", "yesterday"),
        ("frame", [1]),
        ("frame_state", "burnt"),
        ("vector_metadata", {"autoreset_mode": "sometimes", "vector_index": 0, "batch_size": 1}),
        ("vector_metadata", {**VECTOR, "vector_index": 2}),
        ("vector_metadata", {**VECTOR, "seeds": [1]}),
        ("seeds", {"environment": "x"}),
        ("lineage", {}),
        ("action", {"$exact": "!"}),
        ("payload_version", "one"),
    ],
)
def test_that_a_field_that_is_not_as_it_must_be_is_refused(field: str, value: object) -> None:
    with pytest.raises(SchemaMismatchError):
        from_document({**to_document(to_payload(RECORDS["picture"])), field: value})


@pytest.mark.parametrize("field", ["run_id", "episode_id", "step_index", "timestamp"])
def test_that_a_step_that_does_not_say_which_one_it_is_is_refused(field: str) -> None:
    document = to_document(to_payload(RECORDS["picture"]))
    del document[field]
    with pytest.raises(SchemaMismatchError, match=field):
        from_document(document)
    assert list(validator().iter_errors(document))


@pytest.mark.parametrize("text", ["", "[]", "3", "{", "\x00"])
def test_that_what_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(SchemaMismatchError, match="JSON object"):
        from_json(text)


def test_that_the_shipped_schemas_are_what_the_dataclasses_say() -> None:
    assert load_bundle() == make_bundle()
    for schema in load_bundle().values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_that_a_record_has_no_field_that_the_payload_leaves_out() -> None:
    renamed = {"view"}  # render_payload, as a tagged union
    record, payload = ({field.name for field in fields(kind)} for kind in (StepRecord, StepPayload))
    assert record - payload == renamed
    assert payload - record == {"frame", "seeds", "lineage"}


@pytest.mark.parametrize(
    "change",
    [
        {"step_index": -1},
        {"reward": "much"},
        {"render_payload": {"kind": "grid"}},
        {"vector_metadata": {"vector_index": 0}},
        {"payload_version": "2.0"},
        {"frame_ref": "/tmp/frame.png"},  # noqa: S108 - a path, which is what it must not be
    ],
)
def test_that_the_json_schema_refuses_what_is_wrong(change: dict[str, Any]) -> None:
    document = {**to_document(to_payload(step_of("run", 0, 3, 3))), **change}
    assert list(validator().iter_errors(document))
    with pytest.raises(SchemaMismatchError):  # as reading it does
        from_document(document)


def test_that_what_is_no_object_is_refused() -> None:
    with pytest.raises(SchemaMismatchError, match="not list"):
        from_document([])  # type: ignore[arg-type]  # that is the point
