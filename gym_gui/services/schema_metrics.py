"""Adoption of the schema as metrics: a plain mapping that an exporter turns into Prometheus' text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from gym_gui.services.telemetry_schema import SchemaValidator


@dataclass(frozen=True, slots=True)
class Metric:
    """One counter.

    Attributes:
        name: As Prometheus knows it; never renamed, dashboards name it.
        meaning: Its help text.
        labels: What it is counted by.
    """

    name: str
    meaning: str
    labels: tuple[str, ...]


STEPS: Final = Metric(
    "gym_gui_schema_steps_total",
    "Steps taken in, by the schema version that they came in.",
    ("run", "worker", "version"),
)
MISMATCHES: Final = Metric(
    "gym_gui_schema_mismatches_total",
    "Steps that do not keep the schema, by cause; none of them was dropped.",
    ("run", "worker", "version", "cause"),
)
METRICS: Final = (STEPS, MISMATCHES)


def schema_metrics(validator: SchemaValidator) -> dict[str, dict[str, Any]]:
    """Name -> ``help``, ``type`` (counter), ``labels``, and ``samples``: pairs of label values and number."""
    samples: dict[str, list[tuple[tuple[str, ...], int]]] = {metric.name: [] for metric in METRICS}
    for run_id in validator.runs():
        counts = validator.counts(run_id)
        samples[STEPS.name] += [((run_id, *labels), count) for labels, count in counts.steps.items()]
        samples[MISMATCHES.name] += [((run_id, *labels), count) for labels, count in counts.mismatches.items()]
    return {
        metric.name: {
            "help": metric.meaning,
            "type": "counter",
            "labels": metric.labels,
            "samples": samples[metric.name],
        }
        for metric in METRICS
    }
