"""How a person's environment is opened: frame by frame, and with memory settled so that no game stutters."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

from gym_gui.controllers.session import make_human_adapter
from gym_gui.core.errors import UnknownEnvironmentError

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _thaw() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_that_a_person_plays_atari_at_sixty_frames_with_every_button() -> None:
    adapter = make_human_adapter("ALE/Breakout-v5", {})
    assert adapter.description.step_rate_hz == 60.0
    assert adapter.description.action_space == "Discrete(18)"
    adapter.close()


def test_that_a_full_collection_in_mid_game_has_little_to_walk() -> None:
    adapter = make_human_adapter("CartPole-v1", {})
    assert gc.get_freeze_count() > 10 * len(gc.get_objects())
    adapter.close()


def test_that_an_unknown_game_is_refused() -> None:
    with pytest.raises(UnknownEnvironmentError):
        make_human_adapter("No-Such-Game-v0", {})
