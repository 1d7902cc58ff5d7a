"""The sample payloads in tests/data/schema_samples are what the adapters give today, byte for byte.

To make them anew: ``PYTHONPATH=tests python -m gym_gui.tools.make_fixtures --also`` and the id of `GRAPH`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from needs import needs_box2d

from gym_gui.core.schema import from_document, to_document
from gym_gui.core.schema.json_schema import STEP_PAYLOAD, load_bundle
from gym_gui.core.spaces import SpaceSerializer, from_columns, to_columns
from gym_gui.tools.make_fixtures import main

SAMPLES = Path(__file__).resolve().parents[2] / "data" / "schema_samples"
GRAPH = "contract.shaped_envs:shaped/SmallGraph-v0"


def samples() -> dict[str, Any]:
    """Every sample by its file's name."""
    return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted(SAMPLES.glob("*.json"))}


@needs_box2d
def test_that_making_them_again_gives_the_same_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--out", str(tmp_path / "new"), "--also", GRAPH]) == 0
    made = {path.name: path.read_bytes() for path in (tmp_path / "new").iterdir()}
    assert made == {path.name: path.read_bytes() for path in SAMPLES.iterdir()}
    assert capsys.readouterr().out.count("\n") == len(made)


def test_that_every_family_has_a_sample() -> None:
    names = " ".join(samples())
    assert all(part in names for part in ("FrozenLake", "LunarLander", "ALE-", "vector-", "SmallGraph"))
    payloads = [step["render_payload"] for sample in samples().values() for step in sample["steps"]]
    assert {payload["kind"] for payload in payloads if payload is not None} == {"rgb", "grid", "graph", "text"}
    assert {step["vector_metadata"]["vector_index"] for step in samples()["vector-CartPole-v1.json"]["steps"]} == {
        0,
        1,
        2,
    }


@pytest.mark.parametrize("name", samples())
def test_that_a_samples_spaces_lead_back_to_its_signature(name: str) -> None:
    sample = samples()[name]
    observation, action = (SpaceSerializer.from_json(sample["spaces"][part]) for part in ("observation", "action"))
    assert SpaceSerializer.pair_signature(observation, action) == sample["space_signature"]
    payloads = [from_document(step) for step in sample["steps"]]
    assert {payload.space_signature for payload in payloads} == {sample["space_signature"]}
    actions = [payload.action for payload in payloads if payload.step_index]
    assert all(np.array_equal(one, two) for one, two in zip(through(action, actions), actions, strict=True))
    observations = [payload.observation for payload in payloads if payload.observation is not None]
    assert len(through(observation, observations)) == len(observations)


def through(space: Any, values: list[Any]) -> list[Any]:
    """*values* after they were columns."""
    return from_columns(space, to_columns(space, values))


@pytest.mark.parametrize("name", samples())
def test_that_the_shipped_json_schema_takes_a_sample(name: str) -> None:
    validator = jsonschema.Draft202012Validator(load_bundle()[STEP_PAYLOAD])
    for step in samples()[name]["steps"]:
        assert [error.message for error in validator.iter_errors(step)] == []
        assert to_document(from_document(step)) == step


def test_that_a_folder_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert main(["--out", str(tmp_path / "file" / "new")]) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_that_an_unknown_environment_is_one_sentence_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--out", str(tmp_path / "new"), "--also", "Nowhere-v9"]) == 1
    assert capsys.readouterr().err.startswith("There is no environment")
    assert not (tmp_path / "new").exists()
