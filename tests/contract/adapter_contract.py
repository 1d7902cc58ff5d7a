"""What every environment adapter promises; subclass it and say which environment."""

from __future__ import annotations

import json
import warnings
from copy import deepcopy
from itertools import combinations
from typing import TYPE_CHECKING, Any, ClassVar

import gymnasium
import numpy as np
import pytest

from gym_gui.adapters.catalog import make_adapter
from gym_gui.adapters.ownership import owned
from gym_gui.core.errors import InvalidActionError, InvariantError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gym_gui.adapters.base import AdapterStep, EnvironmentAdapter


def same(left: Any, right: Any) -> bool:
    """Whether two values are equal with type of container, dtype, shape and every element; NaN equals NaN."""
    if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
        return (
            isinstance(left, np.ndarray)
            and isinstance(right, np.ndarray)
            and left.dtype == right.dtype
            and left.shape == right.shape
            and left.tobytes() == right.tobytes()
        )
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    return bool(left == right) or (left != left and right != right)  # noqa: PLR0124 - NaN


def facts(step: AdapterStep) -> list[Any]:
    """Everything a step carries, by value."""
    return [step.observation, step.reward, step.terminated, step.truncated, dict(step.info), step.frame, step.action]


class EnvironmentAdapterContract:
    """The conformance class."""

    env_id: ClassVar[str]
    env_kwargs: ClassVar[dict[str, Any]] = {}
    human: ClassVar[bool] = False
    draws: ClassVar[bool] = True
    steps: ClassVar[int] = 30

    def open(self) -> EnvironmentAdapter:
        return make_adapter(self.env_id, env_kwargs=self.env_kwargs, human=self.human)

    @pytest.fixture
    def adapter(self) -> Iterator[EnvironmentAdapter]:
        adapter = self.open()
        yield adapter
        adapter.close()

    def played(self, adapter: EnvironmentAdapter, *, seed: int = 7) -> list[AdapterStep]:
        adapter.seed_actions(seed)
        taken = [adapter.reset(seed=seed)]
        while len(taken) <= self.steps:
            taken.append(adapter.step(adapter.sample_action()))
            if taken[-1].terminated or taken[-1].truncated:
                break
        return taken

    def test_that_the_description_says_what_a_run_must_know(self, adapter: EnvironmentAdapter) -> None:
        about = adapter.description
        assert about.env_id.rpartition(":")[2] in gymnasium.registry
        assert json.loads(json.dumps(about.env_kwargs)) is not None
        assert about.env_spec is None or json.loads(about.env_spec)["id"] == about.env_id.rpartition(":")[2]
        assert len(about.space_signature) == 64
        assert 0 < about.step_rate_hz <= 1000
        assert {"python", "gymnasium", "numpy"} <= about.versions.keys()
        assert "\n" not in about.action_space + about.observation_space
        assert (about.render_mode == "rgb_array") is self.draws
        assert bool(about.warning) is not self.draws

    def test_that_two_of_a_kind_describe_themselves_alike(self, adapter: EnvironmentAdapter) -> None:
        before = deepcopy(adapter.description)
        self.played(adapter)
        twin = self.open()
        try:
            assert adapter.description == before == twin.description
        finally:
            twin.close()

    def test_that_reset_is_a_step_without_action_and_reward(self, adapter: EnvironmentAdapter) -> None:
        first = adapter.reset(seed=1)
        assert first.action is None
        assert first.reward is None
        assert not first.terminated
        assert not first.truncated

    def test_that_every_picture_is_rgb_bytes(self, adapter: EnvironmentAdapter) -> None:
        for step in self.played(adapter):
            if not self.draws:
                assert step.frame is None
                continue
            assert step.frame is not None
            assert step.frame.dtype == np.uint8
            assert step.frame.ndim == 3
            assert step.frame.shape[2] == 3
            assert step.frame.flags.c_contiguous
        assert adapter.unusable_frames == 0
        assert not adapter.frame_note

    def test_that_values_have_their_python_types(self, adapter: EnvironmentAdapter) -> None:
        for step in self.played(adapter)[1:]:
            assert type(step.reward) is float
            assert type(step.terminated) is bool
            assert type(step.truncated) is bool
            assert type(step.info) is dict

    def test_that_nothing_given_is_ever_written_to_again(self, adapter: EnvironmentAdapter) -> None:
        adapter.seed_actions(3)
        given, copies = [], []
        step = adapter.reset(seed=3)
        for _ in range(min(self.steps, 10)):
            given.append(step)
            copies.append(owned(facts(step)))
            if step.terminated or step.truncated:
                break
            step = adapter.step(adapter.sample_action())
        adapter.reset(seed=4)
        assert all(same(facts(step), copy) for step, copy in zip(given, copies, strict=True))

    def test_that_seed_and_actions_reproduce_an_episode(self, adapter: EnvironmentAdapter) -> None:
        recorded = self.played(adapter)
        twin = self.open()
        try:
            replayed = [twin.reset(seed=7), *(twin.step(step.action) for step in recorded[1:])]
        finally:
            twin.close()
        assert all(same(facts(a), facts(b)) for a, b in zip(recorded, replayed, strict=True))

    def test_that_plain_gymnasium_reproduces_what_was_recorded(self, adapter: EnvironmentAdapter) -> None:
        recorded = self.played(adapter)
        about = adapter.description
        mode: dict[str, Any] = {"render_mode": about.render_mode} if self.draws else {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Gymnasium grumbles about the metadata of odd environments
            env = gymnasium.make(about.env_id, disable_env_checker=True, **mode, **about.env_kwargs)
        try:
            observation, _ = env.reset(seed=7)
            assert same(recorded[0].observation, observation)
            # Drawn once a step, the first included: BipedalWalker's lidar turns with each picture.
            assert not self.draws or same(recorded[0].frame, env.render())
            for step in recorded[1:]:
                observation, reward, terminated, truncated, _ = env.step(owned(step.action))
                assert same(step.observation, observation)
                assert step.reward == float(reward)
                assert (step.terminated, step.truncated) == (terminated, truncated)
                assert not self.draws or same(step.frame, env.render())
        finally:
            env.close()

    def test_that_random_actions_follow_their_seed_alone(self, adapter: EnvironmentAdapter) -> None:
        adapter.seed_actions(11)
        first = [adapter.sample_action() for _ in range(8)]
        adapter.reset(seed=5)
        adapter.seed_actions(11)
        assert same(first, [adapter.sample_action() for _ in range(8)])

    def test_that_a_canonical_action_stays_as_it_is(self, adapter: EnvironmentAdapter) -> None:
        adapter.seed_actions(2)
        for _ in range(8):
            action = adapter.sample_action()
            assert same(adapter.canonical_action(action), action)
            assert type(adapter.canonical_action(action)) is type(action)

    def test_that_a_nonsense_action_is_refused_and_nothing_happens(self, adapter: EnvironmentAdapter) -> None:
        adapter.seed_actions(1)
        action = adapter.sample_action()
        adapter.reset(seed=1)
        expected = owned(facts(adapter.step(action)))
        adapter.reset(seed=1)
        for nonsense in (None, "left", object(), float("nan"), [[], [1]], 10**30, -(10**30)):
            with pytest.raises(InvalidActionError, match="is not an action of"):
                adapter.step(nonsense)
        assert same(facts(adapter.step(action)), expected)

    def test_that_every_combination_of_keys_is_an_action(self, adapter: EnvironmentAdapter) -> None:
        scheme = adapter.controls
        keys = sorted({key for binding in scheme.bindings for key in binding.keys})
        sets = [frozenset(), *(frozenset(pair) for size in (1, 2, 3) for pair in combinations(keys, size))]
        turn_based = adapter.description.turn_based
        for held in [*sets, frozenset({"f13"}), frozenset(keys)]:
            action = scheme.action_for(held)
            if action is None:
                assert turn_based
                assert held.isdisjoint(keys)
            else:
                assert same(adapter.canonical_action(action), action)
        assert all(key == key.lower() for key in keys)
        assert all(binding.label for binding in scheme.bindings)

    def test_that_close_may_come_twice_and_ends_it(self, adapter: EnvironmentAdapter) -> None:
        adapter.reset(seed=1)
        adapter.close()
        adapter.close()
        assert adapter.description.env_id
        with pytest.raises(InvariantError):
            adapter.reset(seed=1)
        with pytest.raises(InvariantError):
            adapter.step(0)
