"""Schema validation at telemetry's door: counted by cause, logged once, never in the way unless it is asked to be."""

from __future__ import annotations

import json
import logging
import re
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from gymnasium import spaces
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily
from prometheus_client.exposition import generate_latest
from synthetic import START, observation_of, run_of, step_of
from unit.core.schema.samples import values

from gym_gui.config.settings import Settings
from gym_gui.core.data_model import RunState, StepRecord
from gym_gui.core.errors import SchemaMismatchError
from gym_gui.core.log_codes import LOG_CODES
from gym_gui.core.schema import to_document, to_payload
from gym_gui.core.schema.mismatch import MismatchCause, counts_of
from gym_gui.core.schema.run_spaces import RunSpaces
from gym_gui.core.spaces import SpaceSerializer
from gym_gui.services.bootstrap import open_archive, open_services
from gym_gui.services.schema_metrics import METRICS
from gym_gui.services.telemetry import TelemetryService
from gym_gui.services.telemetry_schema import SchemaMode, SchemaValidator

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conftest import LogExpectations
    from prometheus_client.metrics_core import Metric

ROOT = Path(__file__).resolve().parents[3]
SPACES = RunSpaces(action=spaces.Discrete(100), observation=spaces.Box(-np.inf, np.inf, (4,), np.float32))
VECTOR = {"autoreset_mode": "next_step", "vector_index": 0, "batch_size": 2}
GRID = {"kind": "grid", "rows": 1, "columns": 2, "cells": [[1, 2]]}
# What is wrong -> (fields of a step, its cause).
WRONG: dict[str, tuple[dict[str, Any], MismatchCause]] = {
    "action": ({"action": 100}, MismatchCause.ACTION),
    "no action": ({"action": None}, MismatchCause.ACTION),
    "observation": ({"observation": np.zeros(3, np.float32)}, MismatchCause.OBSERVATION),
    "nan": ({"observation": np.full(4, np.nan, np.float32)}, MismatchCause.OBSERVATION),
    "signature": ({"space_signature": "another"}, MismatchCause.SIGNATURE),
    "reward": ({"reward": "much"}, MismatchCause.FIELD),
    "step": ({"step_index": -1}, MismatchCause.FIELD),
    "flag": ({"terminated": 1}, MismatchCause.FIELD),
    "agent": ({"agent_id": ""}, MismatchCause.FIELD),
    "info": ({"info": {"in": {1: "number", "1": "text"}}}, MismatchCause.INFO),
    "time": ({"timestamp": START.replace(tzinfo=None)}, MismatchCause.FIELD),
    "version": ({"payload_version": 2}, MismatchCause.VERSION),
    "mode": ({"vector_metadata": {**VECTOR, "autoreset_mode": "never"}}, MismatchCause.AUTORESET_MODE),
    "no mode": ({"vector_metadata": {"vector_index": 0}}, MismatchCause.AUTORESET_MODE),
    "vector": ({"vector_metadata": {**VECTOR, "vector_index": 2}}, MismatchCause.VECTOR),
    "mask": ({"vector_metadata": {**VECTOR, "reset_mask": [True]}}, MismatchCause.VECTOR),
    "view": ({"view": {**GRID, "rows": 2}}, MismatchCause.RENDER),
    "kind": ({"view": {"kind": ["grid"]}}, MismatchCause.RENDER),
}


def started(mode: SchemaMode = SchemaMode.TOLERANT) -> TelemetryService:
    service = TelemetryService(schema=SchemaValidator(mode))
    service.start_run(run_of("run", space_signature="abc"), spaces=SPACES)
    return service


def step(number: int, **fields: Any) -> StepRecord:
    place = fields.pop("step_index", number)
    return step_of("run", 0, place, number, **{"action": number or None, "space_signature": "abc", **fields})


def test_that_steps_that_keep_the_schema_are_counted_and_nothing_is_said() -> None:
    service = started()
    fine = [
        step(0),
        step(1),
        step(2, vector_metadata=VECTOR),
        step(3, view=GRID),
        step(4, view=GRID),
        step(5, reward=2),
    ]
    for one in fine:
        service.record_step(one)
    assert service.schema_counts("run").sentence() == "v1: 6 steps, no mismatch"


@pytest.mark.parametrize("name", WRONG)
def test_that_a_mismatch_is_counted_logged_once_and_recorded_all_the_same(
    name: str, expect_log: LogExpectations, caplog: pytest.LogCaptureFixture
) -> None:
    fields, cause = WRONG[name]
    expect_log(logging.WARNING, rf"^{cause.code.name}: Run run has {re.escape(cause.words)}, first in step")
    service = started()
    for number in (1, 2, 3):
        service.record_step(step(number, **{"step_index": number, **fields}))
    counts = service.schema_counts("run")
    assert counts.by_cause() == {cause.key: 3}
    assert cause.words in counts.sentence()
    assert len(service.recent_steps()) == 3
    assert [record.code for record in caplog.records] == [cause.code.name]  # type: ignore[attr-defined]  # `extra` of the log call


@pytest.mark.parametrize("name", WRONG)
def test_that_strict_mode_raises_at_the_producer_and_records_nothing(name: str) -> None:
    fields, cause = WRONG[name]
    service = started(SchemaMode.STRICT)
    service.record_step(step(0))
    with pytest.raises(SchemaMismatchError, match=re.escape(cause.words)):
        service.record_step(step(1, **dict(fields)))
    assert len(service.recent_steps()) == 1
    assert service.schema_counts("run").by_cause() == {cause.key: 1}


def test_that_several_causes_workers_and_versions_are_told_apart(expect_log: LogExpectations) -> None:
    expect_log(logging.WARNING, "LOG_")
    service = started()
    service.record_step(step(1, action=500, space_signature="another"))
    service.record_step(step(1, action=500, worker_id="w1"))
    service.record_step(step(1, worker_id="w1"))
    counts = service.schema_counts("run")
    assert counts.steps == {("", "1.0"): 1, ("w1", "1.0"): 2}
    assert counts.mismatches == {
        ("", "1.0", "action"): 1,
        ("", "1.0", "space_signature"): 1,
        ("w1", "1.0", "action"): 1,
    }


def test_that_an_autoreset_mode_that_changes_in_mid_run_is_told(expect_log: LogExpectations) -> None:
    expect_log(logging.WARNING, "LOG_VECTOR_AUTORESET_MODE: .*same_step after next_step")
    service = started()
    service.record_step(step(1, vector_metadata=VECTOR))
    service.record_step(step(2, vector_metadata={**VECTOR, "autoreset_mode": "same_step"}))
    assert service.schema_counts("run").by_cause() == {"autoreset_mode": 1}


def test_that_each_agent_is_checked_against_its_own_spaces(expect_log: LogExpectations) -> None:
    expect_log(logging.WARNING, "action outside the space")
    service = TelemetryService()
    own = {"cat": RunSpaces(action=spaces.Discrete(2)), "dog": RunSpaces(action=spaces.Discrete(9))}
    service.start_run(run_of("run"), spaces=RunSpaces(by_agent=own))
    service.record_step(step(1, action=8, agent_id="dog"))
    service.record_step(step(1, action=8, agent_id="cat"))
    assert service.schema_counts("run").total_mismatches == 1


def test_that_the_spaces_that_a_run_describes_are_enough(expect_log: LogExpectations) -> None:
    expect_log(logging.WARNING, "action outside .*: 6 is not one of 0 to 4|observation outside the space")
    service = TelemetryService()
    box = SpaceSerializer.to_json(spaces.Box(-10, 10, (4,), np.float32))
    forms = {"action": SpaceSerializer.to_json(spaces.Discrete(5)), "observation": box}
    service.start_run(run_of("run", metadata={"spaces": forms}))
    for number in (3, 6, 20):
        service.record_step(step(number))
    assert service.schema_counts("run").by_cause() == {"action": 2, "observation": 1}


@pytest.mark.parametrize("spaces_of_run", [None, 5, {}, {"action": {"type": "Opaque"}}, {"action": 3}])
def test_that_spaces_that_cannot_be_made_again_check_nothing(spaces_of_run: object) -> None:
    service = TelemetryService()
    service.start_run(run_of("run", metadata={"spaces": spaces_of_run}))
    service.record_step(step(6))
    assert service.schema_counts("run").total_mismatches == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from([one.name for one in fields(StepRecord) if one.name != "run_id"]), values()))
def test_that_a_tolerant_check_never_raises_whatever_a_record_holds(
    expect_log: LogExpectations, junk: dict[str, Any]
) -> None:
    expect_log(logging.WARNING, "LOG_")
    validator = SchemaValidator()
    validator.begin_run(run_of("run", space_signature="abc"), SPACES)
    validator.check(StepRecord(**{"run_id": "run", "episode_id": "e", "step_index": 1, **junk}))
    counts = validator.counts("run")
    assert counts.total_steps == 1
    assert counts.total_mismatches >= ("vector_metadata" in junk and junk["vector_metadata"] is not None)
    assert counts.sentence()


def test_that_a_run_whose_spaces_nobody_knows_is_counted_only() -> None:
    service = TelemetryService()
    service.record_step(step(1, action=object(), observation="anything"))
    assert service.schema_counts("run").sentence() == "v1: 1 step, no mismatch"
    assert service.schema_counts("other").sentence() == ""


def test_that_a_legacy_dictionary_is_upgraded_at_the_door_and_counted_as_what_it_was() -> None:
    service = started()
    record = service.record_payload({"run_id": "run", "episode": 0, "step": 4, "action": 3, "done": True, "ansi": "x"})
    assert record.terminated
    assert record.view == {"kind": "text", "text": "x"}
    assert service.recent_steps() == [record]
    assert service.schema_counts("run").steps == {("", "0.0"): 1}
    service.record_step(step(5))
    assert service.schema_counts("run").sentence() == "v0, v1: 2 steps, no mismatch"


def test_that_a_newer_minor_version_is_taken_and_a_newer_major_one_refused() -> None:
    service = started()
    document = to_document(to_payload(step(1)))
    service.record_payload({**document, "payload_version": "1.4", "mood": "good"})
    assert service.schema_counts("run").steps == {("", "1.4"): 1}
    assert service.recent_steps()[0].extra == {"mood": "good"}
    with pytest.raises(SchemaMismatchError, match=r"version 2\.0"):
        service.record_payload({**document, "payload_version": "2.0"})
    assert len(service.recent_steps()) == 1


def test_that_the_counts_are_kept_with_the_run_and_a_resumed_run_has_both(
    var_dir: Path, expect_log: LogExpectations
) -> None:
    expect_log(logging.WARNING, "LOG_SCHEMA_MISMATCH")
    run = run_of("run", space_signature="abc", metadata={"turn_based": True})
    for first in (1, 10):
        with open_services(Settings(var_dir=var_dir)) as services:
            services.telemetry.start_run(run, spaces=SPACES)
            for number in range(first, first + 5):
                services.telemetry.record_step(step(number, action=500 if number == first else number))
            services.telemetry.end_run("run", RunState.COMPLETED)
    with open_archive(Settings(var_dir=var_dir)) as archive:
        found = archive.store.get_run("run")
        assert len(archive.store.load_steps("run", "e0000")) == 10
    assert found.metadata["turn_based"] is True
    assert counts_of(found.metadata).sentence() == "v1: 10 steps, 2 mismatches (action outside the space)"
    assert found.metadata["schema"]["text"] == counts_of(found.metadata).sentence()


def test_that_a_run_that_ends_twice_in_one_process_is_counted_once(var_dir: Path) -> None:
    with open_services(Settings(var_dir=var_dir)) as services:
        for number in (1, 2):
            services.telemetry.start_run(run_of("run"))
            services.telemetry.record_step(step_of("run", 0, number, number))
            services.telemetry.end_run("run", RunState.COMPLETED)
        services.telemetry.flush()
        assert counts_of(services.store.get_run("run").metadata).total_steps == 2


@pytest.mark.parametrize("metadata", [{}, {"schema": 3}, {"schema": {"steps": [{}]}}, {"schema": {"steps": 5}}])
def test_that_metadata_of_anybody_are_no_counts(metadata: dict[str, Any]) -> None:
    assert counts_of(metadata).sentence() == ""


def test_that_runs_beyond_a_number_are_forgotten() -> None:
    service = TelemetryService()
    for number in range(300):
        service.record_step(step_of(f"run-{number}", 0, 1, 1))
    assert service.schema_counts("run-0").total_steps == 0
    assert service.schema_counts("run-299").total_steps == 1


def exported(service: TelemetryService) -> str:
    """What an exporter makes of the metrics."""

    class Exporter:
        def collect(self) -> Iterable[Metric]:
            for name, metric in service.metrics().items():
                family = CounterMetricFamily(name, metric["help"], labels=metric["labels"])
                for labels, value in metric["samples"]:
                    family.add_metric(labels, value)
                yield family

    registry = CollectorRegistry()
    registry.register(Exporter())
    return generate_latest(registry).decode()


def test_that_prometheus_takes_the_metrics(expect_log: LogExpectations) -> None:
    expect_log(logging.WARNING, "LOG_SCHEMA_MISMATCH")
    service = started()
    service.record_step(step(1))
    service.record_step(step(2, action=500, worker_id='w"1'))
    text = exported(service)
    assert 'gym_gui_schema_steps_total{run="run",version="1.0",worker=""} 1.0' in text
    assert 'gym_gui_schema_mismatches_total{cause="action",run="run",version="1.0",worker="w\\"1"} 1.0' in text


def test_that_the_dashboard_asks_only_for_metrics_and_labels_that_there_are() -> None:
    dashboard = json.loads((ROOT / "docs" / "ops" / "grafana-schema-adoption.json").read_text(encoding="utf-8"))
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    queries += [
        variable["query"]["query"] for variable in dashboard["templating"]["list"] if variable["type"] == "query"
    ]
    assert len(queries) >= 5
    labels = {metric.name: set(metric.labels) for metric in METRICS}
    words = {"sum", "by", "rate", "increase", "topk", "clamp_min", "label_values", "run", "worker", "version", "cause"}
    for query in queries:
        bare = re.sub(r'"[^"]*"|\$\w+|\[[^\]]*\]', "", query)
        named = set(re.findall(r"[A-Za-z_:][\w:]*", bare))
        metrics = named & labels.keys()
        assert metrics, query
        assert named - metrics <= words, query
        assert named & {"run", "worker", "version", "cause"} <= set.union(*(labels[name] for name in metrics)), query
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_that_log_codes_are_unique_and_each_cause_has_one() -> None:
    assert all(name == code.name and name.startswith("LOG_") for name, code in LOG_CODES.items())
    assert {cause.code.name for cause in MismatchCause} <= LOG_CODES.keys()
    assert len({cause.key for cause in MismatchCause}) == len(MismatchCause)


def test_that_an_observation_that_was_let_go_is_no_mismatch() -> None:
    service = started()
    service.record_step(step(1, observation=None, render_payload=None))
    service.record_step(step(2, observation=observation_of(2)))
    assert service.schema_counts("run").total_mismatches == 0
