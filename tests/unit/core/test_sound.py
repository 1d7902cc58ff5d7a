"""Sound among the extra values of a step: packed and unpacked exactly, everything else left alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.core.sound import SOUND, packed_extra, sound_of, sound_rate_of, unpacked_extra


@given(st.binary(min_size=1, max_size=2_000), st.dictionaries(st.text(min_size=1), st.integers(), max_size=3))
def test_that_samples_come_back(samples: bytes, others: dict[str, int]) -> None:
    others.pop(SOUND, None)
    sound = np.frombuffer(samples, np.uint8)
    rest, packed = packed_extra({SOUND: sound, **others})
    assert rest == others
    extra = unpacked_extra(rest or None, packed)
    assert extra is not None
    found = extra.pop(SOUND)
    assert (found.dtype, found.tobytes(), extra) == (np.uint8, samples, others)


def test_that_silence_takes_next_to_nothing() -> None:
    _, packed = packed_extra({SOUND: np.full(512, 128, np.uint8)})
    assert packed is not None
    assert len(packed) < 16


@pytest.mark.parametrize("value", ["beep", 3, None, b"bytes", np.zeros(4, np.int16), np.zeros((2, 2), np.uint8)])
def test_that_another_value_of_that_name_is_no_sound(value: Any) -> None:
    extra = {SOUND: value}
    assert sound_of(extra) is None
    rest, packed = packed_extra(extra)
    assert list(rest) == [SOUND]
    assert packed is None
    assert rest[SOUND] is value


@pytest.mark.parametrize(
    ("metadata", "rate"), [({}, None), ({"sound_rate_hz": 30720.0}, 30720), ({"sound_rate_hz": "fast"}, None)]
)
def test_that_a_run_says_its_rate(metadata: dict[str, Any], rate: int | None) -> None:
    assert sound_rate_of(metadata) == rate
