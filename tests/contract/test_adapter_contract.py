"""The adapter contract itself: an adapter that breaks one promise fails the test of that promise, with a sentence."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from contract import odd_envs  # noqa: F401 - importing it registers its environments

from gym_gui.adapters.catalog import make_adapter, register_adapter
from gym_gui.adapters.generic import GymnasiumAdapter
from gym_gui.adapters.registry import resolve
from gym_gui.core.typing_compat import override
from gym_gui.testing.adapter_contract import AdapterContract

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gym_gui.adapters.base import AdapterStep, EnvironmentDescription
    from gym_gui.core.spaces import SpaceDescription


class Reusing(GymnasiumAdapter):
    """Hands out one array for all observations."""

    @override
    def step(self, action: Any) -> AdapterStep:
        result = super().step(action)
        buffer = vars(self).setdefault("buffer", result.observation)
        buffer[:] = result.observation
        return replace(result, observation=buffer)


class Unstable(GymnasiumAdapter):
    """Knows nothing of seeds."""

    @override
    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> AdapterStep:
        return super().reset(seed=seed + id(self) % 1_000_003, options=options)


class Drifting(GymnasiumAdapter):
    """Describes itself otherwise once it was played."""

    @property
    @override
    def description(self) -> EnvironmentDescription:
        about = super().description
        return replace(about, step_rate_hz=7.0) if "played" in vars(self) else about

    @override
    def step(self, action: Any) -> AdapterStep:
        vars(self)["played"] = True
        return super().step(action)


class WholeRewards(GymnasiumAdapter):
    """Passes rewards on as whole numbers."""

    @override
    def step(self, action: Any) -> AdapterStep:
        return replace(super().step(action), reward=1)


class Cutting(GymnasiumAdapter):
    """Gives less than its space says."""

    @override
    def step(self, action: Any) -> AdapterStep:
        result = super().step(action)
        return replace(result, observation=result.observation[:2])


class Unsigned(GymnasiumAdapter):
    """Signs its spaces with something else."""

    @override
    def describe_space(self) -> SpaceDescription:
        return replace(super().describe_space(), signature="0" * 64)


class Unspaced(GymnasiumAdapter):
    """Describes its spaces with what is no JSON."""

    @override
    def describe_space(self) -> SpaceDescription:
        return replace(super().describe_space(), observation={"type": "Box", "shape": (3,)})


class BadView(GymnasiumAdapter):
    """Draws with numbers that JSON does not know."""

    @override
    def make_view(self, env: Any) -> Any:
        return lambda *_: {"kind": "text", "text": float("inf")}


class OddView(GymnasiumAdapter):
    """Draws what no screen knows."""

    @override
    def make_view(self, env: Any) -> Any:
        return lambda *_: {"kind": "hologram"}


class Tall(GymnasiumAdapter):
    """Gives pictures without colours."""

    @override
    def step(self, action: Any) -> AdapterStep:
        return replace(super().step(action), frame=np.zeros((3, 3), np.uint8))


class Dotted(AdapterContract):
    """The contract on one of the classes above."""

    env_id = "odd/Plain-v0"


@pytest.mark.parametrize(
    ("broken", "test", "sentence"),
    [
        (Reusing, "nothing_given_is_ever_written_to_again", "was written to later"),
        (Unstable, "seed_and_actions_reproduce_an_episode", "another step 0"),
        (Unstable, "plain_gymnasium_reproduces_what_was_recorded", "observation after reset is another"),
        (Drifting, "two_of_a_kind_describe_themselves_alike", "changed while playing"),
        (Cutting, "observations_are_what_their_space_says", "step 1 is none of its space: "),
        (WholeRewards, "values_have_their_python_types", "is of type int, not float"),
        (Unsigned, "the_spaces_are_described_and_signed", "not that of the description"),
        (Unspaced, "the_spaces_are_described_and_signed", "more than JSON"),
        (BadView, "a_view_can_be_drawn_and_stored", "more than JSON"),
        (OddView, "a_view_can_be_drawn_and_stored", "hologram"),
        (Tall, "every_picture_is_rgb_bytes", "not uint8"),
    ],
)
def test_that_a_broken_promise_is_found(broken: type[GymnasiumAdapter], test: str, sentence: str) -> None:
    class Contract(Dotted):
        @override
        def open(self) -> GymnasiumAdapter:
            return broken(resolve(self.env_id))

    contract = Contract()
    sound, faulty = make_adapter("odd/Plain-v0"), contract.open()
    try:
        getattr(Dotted(), f"test_that_{test}")(sound)
        with pytest.raises(AssertionError, match=sentence):
            getattr(contract, f"test_that_{test}")(faulty)
    finally:
        sound.close()
        faulty.close()


def test_that_rewards_that_are_no_numbers_are_reproduced() -> None:
    class Contract(Dotted):
        env_id = "odd/Unrewarded-v0"

    contract = Contract()
    adapter = contract.open()
    try:
        assert all(step.reward != step.reward for step in contract.played(adapter)[1:])
        contract.test_that_plain_gymnasium_reproduces_what_was_recorded(adapter)
    finally:
        adapter.close()


def test_that_an_environment_is_opened_with_the_adapter_registered_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gym_gui.adapters.catalog._REGISTERED", {})
    register_adapter("odd/Plain-v0", OddView)
    for env_id, kind in (("contract.odd_envs:odd/Plain-v0", OddView), ("odd/NoPicture-v0", GymnasiumAdapter)):
        adapter = make_adapter(env_id)
        try:
            assert type(adapter) is kind
        finally:
            adapter.close()
