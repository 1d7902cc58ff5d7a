"""An environment that raises, or answers nonsense, leaves as one kind of fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from contract.odd_envs import PlainEnv, ScriptedEnv

from gym_gui.adapters.catalog import make_adapter
from gym_gui.core.errors import EnvironmentRaisedError, InvariantError

if TYPE_CHECKING:
    from gym_gui.adapters.base import EnvironmentAdapter


def play(adapter: EnvironmentAdapter, steps: int = 5) -> None:
    adapter.reset(seed=1)
    for _ in range(steps):
        adapter.step(0)


@pytest.mark.parametrize("phase", ["reset", "step", "render"])
@pytest.mark.parametrize("error", ["RuntimeError", "SystemExit"])
def test_that_a_raising_environment_says_in_which_phase(phase: str, error: str) -> None:
    adapter = make_adapter("odd/Raising-v0", env_kwargs={"phase": phase, "at": 0, "error": error})
    with pytest.raises(EnvironmentRaisedError, match=f"odd/Raising-v0 raised in {phase}: {error}: broken") as raised:
        play(adapter)
    assert raised.value.phase == phase
    assert type(raised.value.__cause__).__name__ == error
    adapter.close()


def test_that_a_keyboard_interrupt_passes() -> None:
    adapter = make_adapter("odd/Raising-v0", env_kwargs={"error": "KeyboardInterrupt"})
    with pytest.raises(KeyboardInterrupt):
        play(adapter)
    adapter.close()


def test_that_close_raises_nothing() -> None:
    adapter = make_adapter("odd/Raising-v0", env_kwargs={"phase": "close", "at": 0})
    play(adapter)
    adapter.close()
    with pytest.raises(InvariantError):  # it is closed all the same
        play(adapter)


def test_that_an_adapter_goes_on_after_a_fault() -> None:
    adapter = make_adapter("odd/Raising-v0", env_kwargs={"at": 2})
    for _ in range(2):
        with pytest.raises(EnvironmentRaisedError):
            play(adapter)
    adapter.close()


@pytest.mark.parametrize(
    "answer",
    [
        (0, 1.0, False, {}),
        "nothing",
        (0, None, False, False, {}),
        (0, "1.5", False, False, {}),
        (0, [1.0, 2.0], False, False, {}),
        (0, 1.0, np.array([True, False]), False, {}),
    ],
)
def test_that_a_nonsense_answer_is_a_fault(answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ScriptedEnv, "answer", answer)
    adapter = make_adapter("odd/Scripted-v0", env_kwargs={"max_episode_steps": -1})
    with pytest.raises(EnvironmentRaisedError) as raised:
        play(adapter)
    assert raised.value.phase == "step"
    adapter.close()


@pytest.mark.parametrize("reward", [2, np.float32(2), np.array([2.0]), np.array(2), np.int8(2)])
def test_that_a_reward_of_any_numeric_kind_is_a_float(reward: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ScriptedEnv, "answer", (0, reward, np.bool_(True), 0, None))
    adapter = make_adapter("odd/Scripted-v0")
    adapter.reset(seed=1)
    step = adapter.step(0)
    assert (step.reward, step.terminated, step.truncated, step.info) == (2.0, True, False, {})
    assert type(step.reward) is float
    adapter.close()


def test_that_pictures_that_come_and_go_and_change_are_taken_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    big = np.full((4, 6, 3), 9, np.uint8)
    monkeypatch.setattr(ScriptedEnv, "pictures", [big, None, big[:2], "text", big.astype(np.float64) / 255])
    adapter = make_adapter("odd/Scripted-v0")
    frames = [adapter.reset(seed=1).frame, *(adapter.step(0).frame for _ in range(4))]
    assert [None if frame is None else frame.shape for frame in frames] == [(4, 6, 3), None, (2, 6, 3), None, (4, 6, 3)]
    assert adapter.unusable_frames == 2
    assert adapter.frame_note == "render() gave text instead of a picture."
    adapter.close()


def test_that_an_old_style_reset_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PlainEnv, "reset", lambda self, **_kwargs: self.observe())
    adapter = make_adapter("odd/Plain-v0", env_kwargs={"max_episode_steps": -1})
    with pytest.raises(EnvironmentRaisedError, match=r"did not answer reset\(\)"):
        adapter.reset(seed=1)
    adapter.close()
