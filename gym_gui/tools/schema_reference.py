"""`python -m gym_gui.tools.schema_reference`: writes the JSON Schema bundle and the reference page from the code."""

from __future__ import annotations

import json
import sys
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, Final

from gym_gui.core.log_codes import LOG_CODES
from gym_gui.core.schema import render_payload, step_payload
from gym_gui.core.schema.json_schema import attributes_of, make_bundle, sentence_of
from gym_gui.core.schema.mismatch import MismatchCause
from gym_gui.core.schema.versions import CURRENT
from gym_gui.services.schema_metrics import METRICS

PAGE: Final = Path("docs", "reference", "step-schema.md")
BUNDLE: Final = Path("gym_gui", "core", "schema", "bundle")
_SECTIONS: Final[tuple[tuple[str, type[Any]], ...]] = (
    ("vector_metadata", step_payload.VectorMetadata),
    ("seeds", step_payload.Seeds),
    ("lineage", step_payload.Lineage),
    ("render_payload of kind rgb", render_payload.RgbPayload),
    ("render_payload of kind grid", render_payload.GridPayload),
    ("One entry of a grid's legend", render_payload.GridLegend),
    ("One of a grid's agents", render_payload.GridAgent),
    ("render_payload of kind graph", render_payload.GraphPayload),
    ("One of a graph's nodes", render_payload.GraphNode),
    ("One of a graph's edges", render_payload.GraphEdge),
    ("render_payload of kind text", render_payload.TextPayload),
)
_HEAD: Final = f"""# The step payload, version {CURRENT}

This page is written by `python -m gym_gui.tools.schema_reference`; a test compares it with the code. What changed since
v0 is told in [the migration guide](../guide/schema-migration.md).

One step of one agent is one payload, from the adapter to the screen. In this process it is a `StepRecord`;
`gym_gui.core.schema` leads from there to a `StepPayload`, to JSON and back:

```python
from gym_gui.core.data_model import StepRecord
from gym_gui.core.schema import from_json, from_payload, to_json, to_payload

step = StepRecord(run_id="my-run", episode_id="ep-000000", step_index=1, action=2, reward=0.5)
text = to_json(to_payload(step))
assert from_payload(from_json(text)) == step
```

The JSON Schema (2020-12) documents are in the package, under `gym_gui/core/schema/bundle`;
`gym_gui.core.schema.json_schema.load_bundle()` reads them.

## Values

A value that JSON says exactly stands as it is. Any other one (an array, a tuple, a numpy scalar, nan) is
`{{"$exact": "<base64>"}}`: msgpack with extension 1 for an array, 2 for a tuple, 3 for a numpy scalar. Dtype, shape and
every bit come back.

`info` is for people and SQL: it is plain JSON, in every recording and every export. `nan`, `inf` and `-inf` become
`null`. NumPy scalars become numbers. Tuples, sets and arrays of up to 256 items or of Python objects become lists;
larger arrays become `{{"dtype": ..., "shape": ..., "base64": "<their bytes>"}}`. `bytes` become base64 text, dates
ISO 8601 text, and whatever else has no JSON form its `repr`. Keys become text, too. Where two would be the same text,
the key that is text keeps it and the other one has its type after it: `{{1: ..., "1": ...}}` is stored as `1 (int)`
and `1`; such steps are counted as the cause `info`, and the first one is logged. What is nested deeper than 100
levels becomes `"…"`.

## Versions

`payload_version` is `major.minor`. A newer minor version is read: fields that are not known are kept under `extra`, a
kind of `render_payload` that is not known is kept whole; inside one that is known, unknown fields are left out.
A newer major version is refused with a sentence. A payload without a version, or with major 0, is a legacy one and is
upgraded once, where it comes in.
"""


def page() -> str:
    """The text of the reference page."""
    parts = [_HEAD, "## Fields\n", _table(step_payload.StepPayload, version=True)]
    for title, kind in _SECTIONS:
        parts += [f"### {title}\n", f"{sentence_of(kind)}\n", _table(kind)]
    parts += [
        "## Mismatches\n",
        _MISMATCHES,
        _causes(),
        "## Log codes\n",
        _codes(),
        "## Metrics\n",
        _METRICS,
        _metrics(),
    ]
    return "\n".join(parts)


def bundle_texts() -> dict[str, str]:
    """File name -> text of each document of the bundle."""
    return {name: f"{json.dumps(schema, indent=2)}\n" for name, schema in make_bundle().items()}


def main() -> int:
    """Write both below the working directory, which must be the project's."""
    if not BUNDLE.is_dir():
        sys.stderr.write("schema_reference: start it in the project's folder.\n")
        return 1
    for name, text in bundle_texts().items():
        (BUNDLE / name).write_text(text, encoding="utf-8")
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"Wrote {PAGE} and {BUNDLE}.\n")
    return 0


_MISMATCHES: Final = """\
Every step is checked where it comes in, against its run's spaces where they are known. A step that does not keep the
schema is recorded like any other; it is counted by worker, cause and version, and the first of each cause is logged.
`TelemetryService.schema_counts(run_id)` tells the counts of a run while it runs; when it ends they are kept in its
metadata under `schema`, which `gym-gui runs --json` and the library's details show. In strict mode
(`gym-gui record --strict`) the first mismatch raises `SchemaMismatchError` at the producer instead.
"""
_METRICS: Final = """\
`TelemetryService.metrics()` gives them as a plain mapping; `docs/ops/grafana-schema-adoption.json` is a Grafana
dashboard for them.
"""


def _table(kind: type[Any], *, version: bool = False) -> str:
    words = attributes_of(kind)
    rows = ["| field | type | default | meaning |", "| --- | --- | --- | --- |"]
    constant = getattr(kind, "kind", None)
    if isinstance(constant, str):
        rows.append(f'| `kind` | `str` | `"{constant}"` | Says which kind it is. |')
    for one in fields(kind):
        annotation = str(one.type).replace("|", "\\|")
        needed = one.default is MISSING and one.default_factory is MISSING
        default = f"{CURRENT}" if version and one.name == "payload_version" else _default(one)
        meaning = " ".join(words[one.name].split()).replace("|", "\\|").replace("``", "`")
        rows.append(f"| `{one.name}` | `{annotation}` | {'required' if needed else f'`{default}`'} | {meaning} |")
    return "\n".join([*rows, ""])


def _default(one: Any) -> str:
    if one.default is MISSING:
        return "{}"
    value = one.default
    return value.name.lower() if hasattr(value, "name") else repr(value)


def _causes() -> str:
    rows = ["| cause | in words | logged as |", "| --- | --- | --- |"]
    rows += [f"| `{cause.key}` | {cause.words} | `{cause.code.name}` |" for cause in MismatchCause]
    return "\n".join([*rows, ""])


def _codes() -> str:
    rows = ["| code | when |", "| --- | --- |"]
    rows += [f"| `{code.name}` | {code.meaning} |" for code in LOG_CODES.values()]
    return "\n".join([*rows, ""])


def _metrics() -> str:
    rows = ["| metric | labels | meaning |", "| --- | --- | --- |"]
    rows += [f"| `{one.name}` | {', '.join(f'`{label}`' for label in one.labels)} | {one.meaning} |" for one in METRICS]
    return "\n".join([*rows, ""])


if __name__ == "__main__":
    sys.exit(main())
