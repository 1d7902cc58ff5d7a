"""Legacy step dictionaries become payloads of today, and nothing that they said is lost."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import gymnasium
import jsonschema
import numpy as np
import pytest

from gym_gui.core.data_model import FrameState
from gym_gui.core.errors import SchemaMismatchError
from gym_gui.core.schema import RgbPayload, TextPayload, from_document, from_json, from_payload, to_json, to_payload
from gym_gui.core.schema.json_schema import LEGACY_STEP, load_bundle

FLAT: dict[str, Any] = {
    "run_id": "old-run",
    "episode": 3,
    "step": 12,
    "action": 2,
    "obs": [0.5, 1.0],
    "reward": 1,
    "done": True,
    "info": {"TimeLimit.truncated": True},
    "timestamp": 1_700_000_000.25,
    "ansi": "\x1b[41mS\x1b[0mFF\nFHG",
    "snapshot_path": "snapshots/old-run/3/12.png",
    "seed": 9,
    "player": "ann",
}


def test_that_a_flat_dictionary_is_upgraded() -> None:
    payload = from_document(FLAT)
    assert (payload.run_id, payload.episode_id, payload.step_index) == ("old-run", "3", 12)
    assert (payload.action, payload.observation, payload.reward) == (2, [0.5, 1.0], 1.0)
    assert (payload.terminated, payload.truncated) == (False, True)
    assert payload.timestamp == datetime(2023, 11, 14, 22, 13, 20, 250000, tzinfo=UTC)
    assert payload.render_payload == TextPayload(text="SFF\nFHG")
    assert payload.seeds is not None
    assert payload.seeds.environment == 9
    assert payload.payload_version == "1.0"


def test_that_what_has_no_place_in_a_payload_is_kept_through_record_and_json() -> None:
    aside = {"snapshot_path": "snapshots/old-run/3/12.png", "player": "ann", "ansi": FLAT["ansi"]}
    payload = from_document(FLAT)
    assert payload.extra == aside
    assert from_json(to_json(to_payload(from_payload(payload)))).extra == aside


def test_that_an_upgraded_step_is_not_upgraded_again() -> None:
    once = from_document(FLAT)
    assert from_json(to_json(once)) == once


@pytest.mark.parametrize("version", [0, "0", "v0", "0.9", None], ids=repr)
def test_that_a_zeroth_version_is_a_legacy_one(version: object) -> None:
    assert from_document({**FLAT, "payload_version": version}).payload_version == "1.0"


def test_that_legacy_dictionaries_match_their_schema() -> None:
    checks = jsonschema.Draft202012Validator(load_bundle()[LEGACY_STEP])
    assert not list(checks.iter_errors(FLAT))
    assert list(checks.iter_errors({**FLAT, "payload_version": 1}))
    assert list(checks.iter_errors({"run_id": "r", "step": 1}))


def test_that_a_step_after_reset_has_no_reward() -> None:
    first = {"run_id": "r", "episode_id": "e", "step_index": 0, "reward": 0.0, "terminated": False}
    assert from_document(first).reward is None
    assert from_document({**first, "step_index": 1, "action": 0}).reward == 0.0


@pytest.mark.parametrize("where", ["frame", "render_payload", "rgb"])
def test_that_a_picture_is_found_wherever_it_was(where: str) -> None:
    picture = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    listed = picture.tolist()
    said = {"frame": listed} if where == "frame" else {"render_payload": {"rgb": listed} if where == "rgb" else listed}
    payload = from_document({"run_id": "r", "episode_id": "e", "step_index": 1, **said})
    assert isinstance(payload.frame, np.ndarray)
    assert np.array_equal(payload.frame, picture)
    assert payload.render_payload == RgbPayload(height=2, width=4)
    assert payload.frame_state is FrameState.KEPT
    assert payload.extra == {}


def test_that_what_is_no_picture_is_kept_aside() -> None:
    step = {"run_id": "r", "episode_id": "e", "step_index": 1}
    assert from_document({**step, "frame": "iVBORw0"}).extra == {"frame": "iVBORw0"}
    assert from_document({**step, "render_payload": [[-1]]}).extra == {"render_payload": [[-1]]}
    assert from_document({**step, "render_payload": {"mode": "ansi", "ansi": "x"}}).extra == {
        "render_payload.mode": "ansi"
    }
    assert from_document({**step, "frame_ref": "frame-12.png"}).extra == {"frame_ref_v0": "frame-12.png"}
    assert from_document({**step, "vector_metadata": {"i": 3}}).extra == {"vector_metadata_v0": {"i": 3}}


@pytest.mark.parametrize("mode", [*gymnasium.vector.AutoresetMode, "NEXT_STEP"], ids=str)
def test_that_an_autoreset_mode_may_be_spelt_as_gymnasium_does(mode: Any) -> None:
    place = {"autoreset_mode": getattr(mode, "value", mode), "vector_index": 0, "batch_size": 2}
    metadata = from_document({**FLAT, "vector_metadata": place}).vector_metadata
    assert metadata is not None
    assert metadata.autoreset_mode.name == getattr(mode, "name", mode)


def test_that_an_object_that_nothing_can_store_is_kept_in_words() -> None:
    payload = from_document({**FLAT, "policy": {1.5: object}})
    assert "class 'object'" in payload.extra["policy"]
    assert from_json(to_json(payload)).extra == payload.extra


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"run_id": None}, "run_id"),
        ({"episode": None}, "episode_id"),
        ({"step": None}, "step_index"),
        ({"step": "one"}, "step_index"),
        ({"reward": "much"}, "reward"),
        ({"info": "none"}, "info"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"terminated": "no"}, "terminated"),
        ({"done": "no"}, "done"),
        ({"reward": 10**400}, "reward"),
        ({"step": 2**63}, "step_index"),
        ({"action": 2**63}, "action"),
        ({"space_signature": 1.5}, "space_signature"),
    ],
)
def test_that_a_legacy_step_that_cannot_be_read_is_refused_by_field(change: dict[str, Any], named: str) -> None:
    with pytest.raises(SchemaMismatchError, match=named):
        from_document({**FLAT, **change})
