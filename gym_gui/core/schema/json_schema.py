"""The JSON Schema 2020-12 bundle, made from the dataclasses: names, types, defaults and the words of their docstrings.

The files in ``bundle/`` are what `make_bundle` gives; a test compares them.
"""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from importlib import resources
from typing import Any, Final

import msgspec

from gym_gui.core.data_model import FrameState
from gym_gui.core.schema import render_payload, step_payload
from gym_gui.core.schema.exact import EXACT_KEY
from gym_gui.core.schema.versions import CURRENT

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
STEP_PAYLOAD: Final = f"step_payload.v{CURRENT.major}.json"
LEGACY_STEP: Final = "legacy_step.v0.json"
_PARTS: Final = (
    step_payload.VectorMetadata,
    step_payload.Seeds,
    step_payload.Lineage,
    render_payload.RgbPayload,
    render_payload.GridLegend,
    render_payload.GridAgent,
    render_payload.GridPayload,
    render_payload.GraphNode,
    render_payload.GraphEdge,
    render_payload.GraphPayload,
    render_payload.TextPayload,
    render_payload.ForeignPayload,
)
_UNION: Final = ("RgbPayload", "GridPayload", "GraphPayload", "TextPayload", "ForeignPayload")
_TYPES: Final[dict[str, dict[str, Any]]] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "int | str": {"type": ["integer", "string"]},
    "datetime": {"type": "string", "format": "date-time"},
    "Any": {"$ref": "#/$defs/ExactValue"},
    "NDArray[np.uint8]": {"$ref": "#/$defs/ExactValue"},
    "Mapping[str, Any]": {"type": "object"},
    "FrameState": {"enum": [state.name.lower() for state in FrameState]},
    "AutoresetMode": {"enum": [mode.value for mode in step_payload.AutoresetMode]},
    "RenderPayload": {"oneOf": [{"$ref": f"#/$defs/{name}"} for name in _UNION]},
    "Mapping[str, GridLegend]": {"type": "object", "additionalProperties": {"$ref": "#/$defs/GridLegend"}},
    "tuple[bool, ...]": {"type": "array", "items": {"type": "boolean"}},
    "tuple[int | None, ...]": {"type": "array", "items": {"type": ["integer", "null"]}},
    "tuple[tuple[int | str, ...], ...]": {
        "type": "array",
        "items": {"type": "array", "items": {"type": ["integer", "string"]}},
    },
}
# What a type cannot say.
_RANGES: Final[dict[str, dict[str, Any]]] = {
    "StepPayload.payload_version": {"pattern": rf"^{CURRENT.major}\.[0-9]+$"},
    "StepPayload.step_index": {"minimum": 0},
    "StepPayload.frame_ref": {"pattern": r"^h5://"},
    "StepPayload.obs_ref": {"pattern": r"^h5://"},
    "VectorMetadata.vector_index": {"minimum": 0},
    "VectorMetadata.batch_size": {"minimum": 1},
    "GridPayload.rows": {"minimum": 0},
    "GridPayload.columns": {"minimum": 0},
    "GridAgent.row": {"minimum": 0},
    "GridAgent.column": {"minimum": 0},
}
# What a newer version adds to vector metadata stands beside the other fields, not below a name of its own.
_ASIDE: Final = "VectorMetadata.extra"
_ATTRIBUTE: Final = re.compile(r"^ {4,8}(\w+): (.+(?:\n {12,}.+)*)", re.MULTILINE)


def make_bundle() -> dict[str, dict[str, Any]]:
    """File name -> JSON Schema document."""
    step = _object(step_payload.StepPayload)
    step["required"] = ["payload_version", *step["required"]]
    tagged = {"$ref": "#/$defs/TaggedValue"}
    for name, forms in {
        "reward": [{"type": ["number", "null"]}, tagged],  # nan and infinity are no JSON
        "observation": [{"$ref": "#/$defs/ExactValue"}, {"$ref": "#/$defs/SameAsFrame"}],
        "frame": [{"type": "null"}, tagged],
    }.items():
        words = step["properties"][name]["description"]
        step["properties"][name] = {"anyOf": forms, "description": words}
    current = {
        "$schema": DIALECT,
        "$id": f"urn:gym-gui:schema:step-payload:{CURRENT.major}",
        "title": f"gym_gui step payload, version {CURRENT}",
        **step,
        "$defs": {
            **_values(),
            "SameAsFrame": {
                "description": "The observation is the picture, and is not written twice.",
                "type": "object",
                "properties": {"$same_as": {"const": "frame"}},
                "required": ["$same_as"],
                "additionalProperties": False,
            },
            **{part.__name__: _part(part) for part in _PARTS},
        },
    }
    return {STEP_PAYLOAD: current, LEGACY_STEP: _legacy()}


def load_bundle() -> dict[str, dict[str, Any]]:
    """The bundle as it is shipped: file name -> JSON Schema document."""
    folder = resources.files("gym_gui.core.schema") / "bundle"
    files = (entry for entry in folder.iterdir() if entry.name.endswith(".json"))
    return {entry.name: msgspec.json.decode(entry.read_bytes(), type=dict[str, Any]) for entry in files}


def attributes_of(kind: type[Any]) -> dict[str, str]:
    """Field -> the words that its class's docstring has for it."""
    _, _, attributes = (kind.__doc__ or "").partition("Attributes:")
    return {name: " ".join(text.split()) for name, text in _ATTRIBUTE.findall(attributes)}


def sentence_of(kind: type[Any]) -> str:
    """The first line of a class's docstring."""
    return (kind.__doc__ or "").partition("\n")[0]


def _part(kind: type[Any]) -> dict[str, Any]:
    if kind is render_payload.ForeignPayload:
        known = [getattr(render_payload, name).kind for name in _UNION[:-1]]
        return {
            "description": sentence_of(kind),
            "type": "object",
            "properties": {"kind": {"type": "string", "not": {"enum": known}}},
            "required": ["kind"],
        }
    return _object(kind)


def _object(kind: type[Any]) -> dict[str, Any]:
    words = attributes_of(kind)
    properties: dict[str, Any] = {}
    required = []
    constant = getattr(kind, "kind", None)
    if isinstance(constant, str):
        properties["kind"] = {"const": constant}
        required.append("kind")
    for one in fields(kind):
        if f"{kind.__name__}.{one.name}" == _ASIDE:
            continue
        schema = {**_schema_of(str(one.type)), "description": words[one.name]}
        limits = _RANGES.get(f"{kind.__name__}.{one.name}", {})
        properties[one.name] = {**schema, **limits}
        if one.default is MISSING and one.default_factory is MISSING:
            required.append(one.name)
    return {
        "description": sentence_of(kind),
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": True,
    }


def _schema_of(annotation: str) -> dict[str, Any]:
    """The schema of an annotation as it is written; None is one of its types where it says so."""
    known = _TYPES.get(annotation)
    if known is not None:
        return dict(known)
    base, _, rest = annotation.rpartition(" | ")
    if rest == "None":
        schema = _schema_of(base)
        kind = schema.get("type")
        if isinstance(kind, str) and set(schema) <= {"type", "format"}:
            return {**schema, "type": [kind, "null"]}
        return schema if "ExactValue" in str(schema.get("$ref")) else {"anyOf": [schema, {"type": "null"}]}
    item = re.fullmatch(r"tuple\[(\w+), \.\.\.\]", annotation)
    name = item[1] if item else annotation
    ref = {"$ref": f"#/$defs/{name}"}
    if name not in {part.__name__ for part in _PARTS}:
        raise TypeError(f"no JSON Schema is known for the annotation {annotation}")
    return {"type": "array", "items": ref} if item else ref


def _values() -> dict[str, Any]:
    return {
        "TaggedValue": {
            "description": "Base64 of msgpack with extension 1 for an array, 2 for a tuple, 3 for a numpy scalar.",
            "type": "object",
            "properties": {EXACT_KEY: {"type": "string", "contentEncoding": "base64"}},
            "required": [EXACT_KEY],
            "additionalProperties": False,
        },
        "ExactValue": {
            "description": "A value as JSON says it where that is exact, else tagged.",
            "anyOf": [
                {"type": ["null", "boolean", "number", "string", "array"]},
                {"$ref": "#/$defs/TaggedValue"},
                {"type": "object", "not": {"anyOf": [{"required": [EXACT_KEY]}, {"required": ["$same_as"]}]}},
            ],
        },
    }


def _legacy() -> dict[str, Any]:
    whole, text = {"type": "integer", "minimum": 0}, {"type": ["string", "integer"]}
    return {
        "$schema": DIALECT,
        "$id": "urn:gym-gui:schema:legacy-step:0",
        "title": "gym_gui step dictionary from before versions (v0), as far as it had a form",
        "type": "object",
        "properties": {
            "run_id": text,
            "episode_id": text,
            "episode": text,
            "step_index": whole,
            "step": whole,
            "step_number": whole,
            "reward": {"type": ["number", "null"]},
            "terminated": {"type": ["boolean", "null"]},
            "truncated": {"type": ["boolean", "null"]},
            "done": {"type": ["boolean", "null"]},
            "info": {"type": ["object", "null"]},
            "timestamp": {"type": ["number", "string", "null"]},
            "ansi": {"type": ["string", "null"]},
            "snapshot_path": {"type": ["string", "null"]},
            "seed": {"type": ["integer", "null"]},
            "payload_version": {"enum": [None, 0, "0", "v0", "0.0"]},
        },
        "required": ["run_id"],
        "allOf": [
            {"anyOf": [{"required": ["episode_id"]}, {"required": ["episode"]}]},
            {"anyOf": [{"required": ["step_index"]}, {"required": ["step"]}, {"required": ["step_number"]}]},
        ],
    }
