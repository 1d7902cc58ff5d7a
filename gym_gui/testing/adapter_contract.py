"""What every environment adapter promises: subclass it in your tests and say which environment. Needs pytest."""

from __future__ import annotations

import json
import warnings
from copy import deepcopy
from itertools import combinations
from typing import TYPE_CHECKING, Any, ClassVar, Final

import gymnasium
import numpy as np
import pytest

from gym_gui.adapters.catalog import make_adapter
from gym_gui.adapters.ownership import owned
from gym_gui.core.errors import InvalidActionError, InvariantError, SchemaMismatchError
from gym_gui.core.schema import ForeignPayload, render_from_document
from gym_gui.core.spaces import SpaceSerializer
from gym_gui.services.space_checks import compile_check
from gym_gui.testing.values import expect, is_json, same, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gym_gui.adapters.base import AdapterStep, EnvironmentAdapter

_SIGNATURE_LENGTH: Final = 64
_RATE_MAX_HZ: Final = 1_000
_PICTURE_DIMENSIONS, _COLORS = 3, 3
_NONSENSE: Final = (None, "left", object(), float("nan"), [[], [1]], 10**30, -(10**30))


def facts(step: AdapterStep) -> list[Any]:
    """Everything a step carries, by value."""
    ends = [step.terminated, step.truncated]
    return [step.observation, step.reward, *ends, dict(step.info), step.frame, step.action, step.view]


class AdapterContract:
    """The conformance class: each test plays one environment through its adapter.

    ::

        class TestMaze(AdapterContract):
            env_id = "maze:Maze-v0"

    Override `open` to test an adapter class of your own. pytest collects the subclass; this class has no tests of its
    own to run, since its name does not begin with ``Test``.

    Attributes:
        env_id: As given to `make_adapter`.
        env_kwargs: Options of the environment.
        human: Whether it is opened as for a person.
        draws: Whether ``render`` gives pictures.
        stays_within: Whether every observation is one of its space; a recording tells those that are not.
        steps: How many actions an episode takes at most.
    """

    env_id: ClassVar[str]
    env_kwargs: ClassVar[dict[str, Any]] = {}
    human: ClassVar[bool] = False
    draws: ClassVar[bool] = True
    stays_within: ClassVar[bool] = True
    steps: ClassVar[int] = 30

    def open(self) -> EnvironmentAdapter:
        """A newly opened adapter; the test closes it."""
        return make_adapter(self.env_id, env_kwargs=self.env_kwargs, human=self.human)

    @pytest.fixture
    def adapter(self) -> Iterator[EnvironmentAdapter]:
        """An open adapter, closed after the test."""
        adapter = self.open()
        yield adapter
        adapter.close()

    def played(self, adapter: EnvironmentAdapter, *, seed: int = 7) -> list[AdapterStep]:
        """The steps of an episode of random actions, reset included."""
        adapter.seed_actions(seed)
        taken = [adapter.reset(seed=seed)]
        while len(taken) <= self.steps:
            taken.append(adapter.step(adapter.sample_action()))
            if taken[-1].terminated or taken[-1].truncated:
                break
        return taken

    def test_that_the_description_says_what_a_run_must_know(self, adapter: EnvironmentAdapter) -> None:
        """Ids, options, spaces, rate and versions are there, and can be stored."""
        about = adapter.description
        name = about.env_id.rpartition(":")[2]
        expect(name in gymnasium.registry, f"{name} is not registered with Gymnasium.")
        expect(is_json(about.env_kwargs), "env_kwargs holds more than JSON values.")
        spec = None if about.env_spec is None else json.loads(about.env_spec)
        expect(spec is None or spec["id"] == name, f"env_spec is that of another environment, not of {name}.")
        expect(0 < about.step_rate_hz <= _RATE_MAX_HZ, f"A rate of {about.step_rate_hz} Hz is none.")
        missing = {"python", "gymnasium", "numpy"} - about.versions.keys()
        expect(not missing, f"versions does not name {', '.join(sorted(missing))}.")
        expect("\n" not in about.action_space + about.observation_space, "The spaces' texts are more than one line.")
        mode = "rgb_array" if self.draws else None
        expect(about.render_mode == mode, f"render_mode is {about.render_mode}, draws = {self.draws} asks for {mode}.")
        expect(bool(about.warning) is not self.draws, f"The warning is {about.warning!r} where draws = {self.draws}.")

    def test_that_the_spaces_are_described_and_signed(self, adapter: EnvironmentAdapter) -> None:
        """The spaces' JSON leads back to equal spaces where it can; the signature is theirs."""
        spaces, about = adapter.describe_space(), adapter.description
        expect(spaces == adapter.describe_space(), "describe_space does not stay the same.")
        expect(spaces.signature == about.space_signature, "The signature is not that of the description.")
        expect(len(spaces.signature) == _SIGNATURE_LENGTH, "The signature is no sha256 in hex.")
        expect(spaces.observation is not None and spaces.action is not None, "The spaces have no JSON form.")
        for form in (dict(spaces.observation or {}), dict(spaces.action or {})):
            expect(is_json(form), f"{shown(form)} is more than JSON.")
            try:
                space = SpaceSerializer.from_json(form)
            except SchemaMismatchError:  # a space that is not Gymnasium's own has a description only
                expect("Opaque" in json.dumps(form), f"{shown(form)} does not lead back to a space.")
            else:
                expect(SpaceSerializer.to_json(space) == form, f"{shown(form)} does not lead back to its space.")

    def test_that_two_of_a_kind_describe_themselves_alike(self, adapter: EnvironmentAdapter) -> None:
        """A description is the same before and after an episode, and for another adapter of the environment."""
        before = deepcopy(adapter.description)
        self.played(adapter)
        twin = self.open()
        try:
            expect(adapter.description == before, "The description changed while playing.")
            expect(twin.description == before, "Another adapter of the same environment describes itself otherwise.")
            expect(twin.describe_space() == adapter.describe_space(), "Another adapter describes other spaces.")
        finally:
            twin.close()

    def test_that_reset_is_a_step_without_action_and_reward(self, adapter: EnvironmentAdapter) -> None:
        """Step 0 of an episode."""
        first = adapter.reset(seed=1)
        expect(first.action is None and first.reward is None, "reset has an action or a reward.")
        expect(not first.terminated and not first.truncated, "The episode is over at its reset.")

    def test_that_observations_are_what_their_space_says(self, adapter: EnvironmentAdapter) -> None:
        """Keys, shapes, dtypes and bounds: what else is recorded as a mismatch, step by step."""
        form = adapter.describe_space().observation
        try:
            space = SpaceSerializer.from_json(dict(form or {}))
        except SchemaMismatchError:
            pytest.skip("The space is not one of Gymnasium's.")
        if not self.stays_within:
            pytest.skip("Its observations may leave their space.")
        check = compile_check(space)
        for number, step in enumerate(self.played(adapter)):
            fault = check(step.observation)
            expect(not fault, f"The observation of step {number} is none of its space: {fault}.")

    def test_that_every_picture_is_rgb_bytes(self, adapter: EnvironmentAdapter) -> None:
        """``uint8 (H, W, 3)``, contiguous; none where the environment does not draw."""
        for step in self.played(adapter):
            frame = step.frame
            if not self.draws:
                expect(frame is None, "There is a picture where draws = False says that there is none.")
                continue
            if frame is None:
                pytest.fail(f"A step has no picture. {adapter.frame_note}")
            is_picture = frame.dtype == np.uint8 and frame.ndim == _PICTURE_DIMENSIONS and frame.shape[2] == _COLORS
            expect(is_picture, f"A picture is {frame.dtype} of shape {frame.shape}, not uint8 (H, W, 3).")
            expect(frame.flags.c_contiguous, "A picture is not contiguous.")
        expect(adapter.unusable_frames == 0 and not adapter.frame_note, f"Pictures were unusable. {adapter.frame_note}")

    def test_that_a_view_can_be_drawn_and_stored(self, adapter: EnvironmentAdapter) -> None:
        """Where steps carry a view, it is JSON of a kind that screens know, for every step."""
        views = [step.view for step in self.played(adapter)]
        if views[0] is None:
            expect(all(view is None for view in views), "reset has no view, but a later step has one.")
            return
        for view in views:
            if view is None:
                pytest.fail("reset has a view, but a later step has none.")
            expect(is_json(view), f"{shown(view)} is more than JSON.")
            payload = render_from_document(view)
            expect(not isinstance(payload, ForeignPayload), f"No screen knows a view of the kind {payload.kind!r}.")

    def test_that_values_have_their_python_types(self, adapter: EnvironmentAdapter) -> None:
        """float, bool, bool and dict, whatever the environment itself gave."""
        for step in self.played(adapter)[1:]:
            for value, kind in ((step.reward, float), (step.terminated, bool), (step.truncated, bool)):
                expect(type(value) is kind, f"{shown(value)} is of type {type(value).__name__}, not {kind.__name__}.")
            expect(type(step.info) is dict, f"An info is of type {type(step.info).__name__}, not dict.")

    def test_that_nothing_given_is_ever_written_to_again(self, adapter: EnvironmentAdapter) -> None:
        """Earlier steps stay as they were while later ones are taken."""
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
        for index, (kept, copy) in enumerate(zip(given, copies, strict=True)):
            expect(same(facts(kept), copy), f"What step {index} gave was written to later.")

    def test_that_seed_and_actions_reproduce_an_episode(self, adapter: EnvironmentAdapter) -> None:
        """Another adapter of the environment gives the same steps."""
        recorded = self.played(adapter)
        twin = self.open()
        try:
            replayed = [twin.reset(seed=7), *(twin.step(step.action) for step in recorded[1:])]
        finally:
            twin.close()
        for index, (one, other) in enumerate(zip(recorded, replayed, strict=True)):
            expect(same(facts(one), facts(other)), f"The same seed and actions gave another step {index}.")

    def test_that_plain_gymnasium_reproduces_what_was_recorded(self, adapter: EnvironmentAdapter) -> None:
        """``gymnasium.make`` with the described id and options, without this package, gives the same episode."""
        recorded = self.played(adapter)
        about = adapter.description
        mode: dict[str, Any] = {"render_mode": about.render_mode} if self.draws else {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Gymnasium grumbles about the metadata of odd environments
            env = gymnasium.make(about.env_id, disable_env_checker=True, **mode, **about.env_kwargs)
        try:
            observation, _ = env.reset(seed=7)
            expect(same(recorded[0].observation, observation), "The observation after reset is another.")
            # Drawn once a step, the first included: BipedalWalker's lidar turns with each picture.
            expect(not self.draws or same(recorded[0].frame, env.render()), "The picture after reset is another.")
            for index, step in enumerate(recorded[1:], start=1):
                observation, reward, *ends, _ = env.step(owned(step.action))
                expect(same(step.observation, observation), f"The observation of step {index} is another.")
                is_same = same(step.reward, float(reward)) and [step.terminated, step.truncated] == ends
                expect(is_same, f"The reward or the end of step {index} is another.")
                expect(not self.draws or same(step.frame, env.render()), f"The picture of step {index} is another.")
        finally:
            env.close()

    def test_that_random_actions_follow_their_seed_alone(self, adapter: EnvironmentAdapter) -> None:
        """The environment's own generator has no part in `sample_action`."""
        adapter.seed_actions(11)
        first = [adapter.sample_action() for _ in range(8)]
        adapter.reset(seed=5)
        adapter.seed_actions(11)
        expect(same(first, [adapter.sample_action() for _ in range(8)]), "The same seed drew other actions.")

    def test_that_a_canonical_action_stays_as_it_is(self, adapter: EnvironmentAdapter) -> None:
        """What `sample_action` gives is canonical, type included."""
        adapter.seed_actions(2)
        for _ in range(8):
            action = adapter.sample_action()
            canonical = adapter.canonical_action(action)
            expect(same(canonical, action) and type(canonical) is type(action), f"{shown(action)} is not canonical.")

    def test_that_a_nonsense_action_is_refused_and_nothing_happens(self, adapter: EnvironmentAdapter) -> None:
        """`InvalidActionError`, and the environment is where it was."""
        adapter.seed_actions(1)
        action = adapter.sample_action()
        adapter.reset(seed=1)
        expected = owned(facts(adapter.step(action)))
        adapter.reset(seed=1)
        for nonsense in _NONSENSE:
            with pytest.raises(InvalidActionError, match="is not an action of"):
                adapter.step(nonsense)
        expect(same(facts(adapter.step(action)), expected), "A refused action changed the step after it.")

    def test_that_every_combination_of_keys_is_an_action(self, adapter: EnvironmentAdapter) -> None:
        """Up to three keys at once, all keys at once, and keys without meaning."""
        scheme = adapter.controls
        keys = sorted({key for binding in scheme.bindings for key in binding.keys})
        sets = [frozenset(), *(frozenset(pair) for size in (1, 2, 3) for pair in combinations(keys, size))]
        turn_based = adapter.description.turn_based
        for held in [*sets, frozenset({"f13"}), frozenset(keys)]:
            action = scheme.action_for(held)
            if action is None:
                is_idle = turn_based and held.isdisjoint(keys)
                expect(is_idle, f"The keys {', '.join(sorted(held)) or 'none'} are no action.")
            else:
                is_canonical = same(adapter.canonical_action(action), action)
                expect(
                    is_canonical, f"The keys {', '.join(sorted(held))} give {shown(action)}, which is not canonical."
                )
        expect(all(key == key.lower() for key in keys), "A key is not written in lower case.")
        expect(all(binding.label for binding in scheme.bindings), "A binding has no label.")

    def test_that_close_may_come_twice_and_ends_it(self, adapter: EnvironmentAdapter) -> None:
        """The description stays; reset and step raise `InvariantError`."""
        adapter.reset(seed=1)
        adapter.close()
        adapter.close()
        expect(adapter.description.env_id, "A closed adapter has no description.")
        with pytest.raises(InvariantError):
            adapter.reset(seed=1)
        with pytest.raises(InvariantError):
            adapter.step(0)
