"""Vector environments against single ones: the same rows, returns and boundaries in every autoreset mode."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np
import pytest
from synthetic import run_of
from unit.core.schema.samples import same

from gym_gui.adapters.catalog import make_adapter
from gym_gui.adapters.vector import VectorStepper, autoreset_mode_of
from gym_gui.adapters.vector_batch import BatchParts, final_observation
from gym_gui.adapters.vector_exact import ExactSyncVectorEnv
from gym_gui.adapters.vector_opening import open_vector
from gym_gui.core.data_model import EpisodeRollup, EpisodeStatus, StepRecord
from gym_gui.core.errors import EnvironmentRaisedError, EnvironmentUnusableError, InvalidActionError, InvariantError
from gym_gui.core.schema import AutoresetMode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gymnasium.vector import VectorEnv

    from gym_gui.adapters.vector import StreamEvents

MODES = tuple(AutoresetMode)
COUNT = 3
SEED = 11


@dataclass
class Episode:
    """What one episode was: rows of (observation, action, reward, terminated, truncated, info, picture)."""

    seed: int | None
    rows: list[tuple[Any, ...]] = field(default_factory=list)

    @property
    def total(self) -> float:
        return sum(row[2] or 0.0 for row in self.rows)


def alone(env_id: str, actions: list[Any], mode: AutoresetMode, *, seed: int, reseed: list[int]) -> list[Episode]:
    """The episodes of one environment that nobody vectorised; *reseed* seeds the later ones in mode ``disabled``."""
    env = make_adapter(env_id).surrender()  # type: ignore[attr-defined]  # a Gymnasium adapter
    observation, info = env.reset(seed=seed)
    episodes = [Episode(seed, [(observation, None, None, False, False, info, env.render())])]
    over = False
    for action in actions:
        if over:
            later = reseed.pop(0) if mode is AutoresetMode.DISABLED else None
            observation, info = env.reset(seed=later)
            episodes.append(Episode(later, [(observation, None, None, False, False, info, env.render())]))
            over = False
            if mode is AutoresetMode.NEXT_STEP:
                continue
        observation, reward, terminated, truncated, info = env.step(action)
        episodes[-1].rows.append((observation, action, reward, terminated, truncated, info, env.render()))
        over = terminated or truncated
    env.close()
    return episodes


def streams(events: StreamEvents, count: int) -> list[list[tuple[EpisodeRollup, list[StepRecord]]]]:
    """Each sub-environment's finished rollups with their records, in order; checks that the order can be published."""
    found: list[list[tuple[EpisodeRollup, list[StepRecord]]]] = [[] for _ in range(count)]
    records: dict[str, list[StepRecord]] = {}
    for event in events:
        if isinstance(event, StepRecord):
            records[event.episode_id].append(event)
        elif event.status is EpisodeStatus.RUNNING:
            assert event.episode_id not in records
            records[event.episode_id] = []
        else:
            found[event.metadata["vector_index"]].append((event, records[event.episode_id]))
    return found


def plain(info: Any) -> dict[str, Any]:
    return {key: value.item() if isinstance(value, np.generic) else value for key, value in info.items()}


def assert_same_episodes(
    found: list[tuple[EpisodeRollup, list[StepRecord]]], expected: list[Episode], mode: Any
) -> None:
    assert [len(records) for _, records in found] == [len(one.rows) for one in expected]
    for (rollup, records), reference in zip(found, expected, strict=True):
        assert rollup.seed == reference.seed
        assert rollup.total_reward == reference.total
        assert rollup.steps == len(reference.rows) - 1
        for place, (record, row) in enumerate(zip(records, reference.rows, strict=True)):
            observation, action, reward, terminated, truncated, info, picture = row
            assert record.step_index == place
            assert same(np.asarray(record.observation), np.asarray(observation))
            assert (record.action, record.reward) == (action, reward)
            assert (record.terminated, record.truncated) == (terminated, truncated)
            assert plain(record.info) == plain(info)
            if mode is AutoresetMode.SAME_STEP and record.done and record.frame is None:
                continue  # what is rendered shows the next episode already
            assert np.array_equal(record.frame, picture)  # type: ignore[arg-type]  # a missing one fails, as it should


def play(stepper: VectorStepper, actions: list[list[Any]], reseed: list[list[int]]) -> StreamEvents:
    """Every sub-environment's own actions, one a step of the vector."""
    events = stepper.reset(seed=SEED)
    # In mode `disabled` a reset takes no step of its own.
    for step in zip(*actions, strict=True):
        if stepper.autoreset_mode is AutoresetMode.DISABLED and stepper.ended.any():
            seeds = [reseed[index].pop(0) if over else None for index, over in enumerate(stepper.ended)]
            events += stepper.reset(seed=seeds, mask=stepper.ended)
        events += stepper.step(stepper.batch(list(step)))
    return events


def assert_equals_single(env_id: str, mode: AutoresetMode, vectorization: str, steps: int, actions: int) -> None:
    rng = np.random.default_rng(5)
    script = [[int(one) for one in rng.integers(0, actions, steps)] for _ in range(COUNT)]
    envs = open_vector(env_id, num_envs=COUNT, vectorization=vectorization, autoreset_mode=mode)
    try:
        stepper = VectorStepper(envs, run_of("run", env_id=env_id))
        events = play(stepper, script, [list(range(100 * i, 100 * i + 50)) for i in range(COUNT)])
        rollups = stepper.finish()
    finally:
        envs.close()
    found = streams([*events, *rollups], COUNT)
    for index in range(COUNT):
        reseed = list(range(100 * index, 100 * index + 50))
        expected = alone(env_id, script[index], mode, seed=SEED + index, reseed=reseed)
        shown = found[index]
        assert len(shown) > 1, "an episode must end for this to say anything"
        if len(shown) == len(expected) + 1:  # same_step shows the next start with the last step already
            assert mode is AutoresetMode.SAME_STEP
            assert len(shown[-1][1]) == 1
            shown = shown[:-1]
        assert_same_episodes(shown, expected, mode)
    indices = [event.episode_index for event in events if isinstance(event, EpisodeRollup) and event.ended_at is None]
    assert indices == list(range(len(indices)))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("env_id", "steps", "actions"), [("FrozenLake-v1", 60, 4), ("CartPole-v1", 60, 2)])
def test_that_each_stream_equals_an_environment_alone(
    env_id: str, steps: int, actions: int, mode: AutoresetMode
) -> None:
    assert_equals_single(env_id, mode, "sync", steps, actions)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_that_each_stream_of_processes_equals_an_environment_alone(mode: AutoresetMode) -> None:
    assert_equals_single("FrozenLake-v1", mode, "async", 40, 4)


def opened(
    mode: AutoresetMode, env_id: str = "CartPole-v1", **kwargs: Any
) -> tuple[VectorEnv[Any, Any, Any], VectorStepper]:
    envs = open_vector(env_id, num_envs=2, autoreset_mode=mode, render=False, **kwargs)
    return envs, VectorStepper(envs, run_of("run", env_id=env_id), render=False)


@pytest.fixture
def vector() -> Iterator[Callable[..., VectorStepper]]:
    """Opens vector environments of two, and closes them."""
    left: list[VectorEnv[Any, Any, Any]] = []

    def make(mode: AutoresetMode, env_id: str = "CartPole-v1", **kwargs: Any) -> VectorStepper:
        envs, stepper = opened(mode, env_id, **kwargs)
        left.append(envs)
        return stepper

    yield make
    for envs in left:
        envs.close()


@pytest.mark.parametrize("mode", MODES)
def test_that_rows_tell_their_place_in_the_vector(vector: Callable[..., VectorStepper], mode: AutoresetMode) -> None:
    stepper = vector(mode)
    first = [event for event in stepper.reset(seed=[4, None]) if isinstance(event, StepRecord)]
    assert [record.vector_metadata for record in first] == [
        {
            "autoreset_mode": mode.value,
            "vector_index": index,
            "batch_size": 2,
            "reset_mask": [True, True],
            "seeds": [4, None],
        }
        for index in range(2)
    ]
    second = [event for event in stepper.step(np.array([0, 1])) if isinstance(event, StepRecord)]
    assert [record.vector_metadata for record in second] == [
        {"autoreset_mode": mode.value, "vector_index": index, "batch_size": 2} for index in range(2)
    ]


def test_that_an_episode_that_went_on_with_its_generator_says_after_which(vector: Callable[..., VectorStepper]) -> None:
    stepper = vector(AutoresetMode.SAME_STEP)
    events = stepper.reset(seed=1)
    while not any(isinstance(event, StepRecord) and event.done for event in events):
        events = stepper.step(np.array([0, 1]))
    begun = [event for event in events if isinstance(event, EpisodeRollup) and event.status is EpisodeStatus.RUNNING]
    ended = [event for event in events if isinstance(event, EpisodeRollup) and event.status is EpisodeStatus.COMPLETED]
    assert begun[0].seed is None
    assert begun[0].metadata["continues"] == ended[0].episode_id


def test_that_sub_environments_of_one_generator_have_no_seed_of_their_own() -> None:
    envs = gymnasium.make_vec("CartPole-v1", num_envs=2, vectorization_mode="vector_entry_point")
    stepper = VectorStepper(envs, run_of("run"))
    rollups = [event for event in stepper.reset(seed=7) if isinstance(event, EpisodeRollup)]
    assert [(rollup.seed, rollup.metadata["vector_seed"]) for rollup in rollups] == [(None, 7), (None, 7)]
    first = [stepper.last(index).observation for index in range(2)]
    stepper.step(np.array([0, 1]))
    stepper.reset(seed=7)
    assert all(np.array_equal(stepper.last(index).observation, first[index]) for index in range(2))
    envs.close()


def test_that_records_own_their_arrays() -> None:
    envs = gymnasium.vector.SyncVectorEnv([lambda: gymnasium.make("CartPole-v1")] * 2, copy=False)
    stepper = VectorStepper(envs, run_of("run"))
    first = [event for event in stepper.reset(seed=1) if isinstance(event, StepRecord)]
    before = [record.observation.copy() for record in first]
    stepper.step(np.array([0, 1]))
    assert all(np.array_equal(record.observation, kept) for record, kept in zip(first, before, strict=True))
    assert not any(np.shares_memory(record.observation, envs._observations) for record in first)
    envs.close()


def test_that_an_action_outside_the_space_touches_nothing(vector: Callable[..., VectorStepper]) -> None:
    stepper = vector(AutoresetMode.NEXT_STEP)
    stepper.reset(seed=1)
    with pytest.raises(InvalidActionError):
        stepper.step(np.array([0, 7]))
    assert stepper.last(0).step_index == 0
    with pytest.raises(InvalidActionError):
        stepper.batch([0, 7])


def test_that_a_done_sub_environment_must_be_reset_where_nobody_else_does(vector: Callable[..., VectorStepper]) -> None:
    stepper = vector(AutoresetMode.DISABLED)
    stepper.reset(seed=1)
    while not stepper.ended.any():
        stepper.step(np.array([0, 1]))
    with pytest.raises(InvariantError, match="reset comes before step"):
        stepper.step(np.array([0, 1]))


def test_that_a_fault_of_one_environment_leaves_the_rollups_of_all(vector: Callable[..., VectorStepper]) -> None:
    stepper = vector(AutoresetMode.NEXT_STEP, "integration.visiting_envs:RaisesInStep-v0")
    stepper.reset(seed=1)
    batch = stepper.batch([0, 0])
    for _ in range(5):
        stepper.step(batch)
    with pytest.raises(EnvironmentRaisedError):
        stepper.step(batch)
    rollups = stepper.finish(EpisodeStatus.FAULTED, "It raised.")
    assert [rollup.status for rollup in rollups] == [EpisodeStatus.FAULTED] * 2
    assert stepper.finish() == []


def test_that_a_vector_environment_that_hides_its_mode_is_refused() -> None:
    envs = open_vector("CartPole-v1", num_envs=1, render=False)
    envs.metadata = {}
    with pytest.raises(EnvironmentUnusableError, match="does not say how it resets"):
        autoreset_mode_of(envs)
    envs.close()


def test_that_what_cannot_be_opened_is_told_as_for_one() -> None:
    with pytest.raises(EnvironmentUnusableError):
        open_vector("CartPole-v1", num_envs=2, env_kwargs={"no_such_thing": 1})


ALE_OPTIONS: dict[str, Any] = {
    "max_num_frames_per_episode": 60,
    "use_fire_reset": False,
    "noop_max": 0,
    "grayscale": False,
}


# ale-py has no third mode; where it resets with the next step, a mask may come before that.
@pytest.mark.parametrize(("name", "by_mask"), [("NextStep", False), ("SameStep", False), ("NextStep", True)])
def test_that_the_atari_vector_environment_is_a_stream_of_episodes_too(name: str, by_mask: bool) -> None:
    from ale_py.vector_env import AtariVectorEnv  # noqa: PLC0415 - a third of a second

    envs = AtariVectorEnv("pong", 2, autoreset_mode=name, **ALE_OPTIONS)
    stepper = VectorStepper(envs, run_of("run", env_id="ALE/Pong-v5"))
    reference = AtariVectorEnv("pong", 2, autoreset_mode="NextStep", **ALE_OPTIONS)
    pictures = [reference.reset(seed=3)[0][1, -1].copy()]
    pictures += [reference.step(np.array([2, 3]))[0][1, -1].copy() for _ in range(15)]
    reference.close()
    events = stepper.reset(seed=3)
    for _ in range(40):
        if by_mask and stepper.ended.any():
            events += stepper.reset(seed=[9, 10], mask=stepper.ended)
        events += stepper.step(np.array([2, 3]))
    events += stepper.finish()
    envs.close()
    for index, stream in enumerate(streams(events, 2)):
        complete = [(rollup, records) for rollup, records in stream if rollup.status is EpisodeStatus.COMPLETED]
        assert len(complete) == 2
        assert [rollup.seed for rollup, _ in complete] == [3 + index, 9 + index if by_mask else None]
        # 60 frames, four a step, and step 0.
        assert [len(records) for _, records in complete] == [16, 16]
        assert all(records[-1].truncated and records[-1].observation is not None for _, records in complete)
    first = streams(events, 2)[1][0][1]
    for record, expected in zip(first, pictures, strict=True):
        assert np.array_equal(record.frame, expected)  # type: ignore[arg-type]  # a missing one fails, as it should


class _Told(gymnasium.Env[Any, Any]):
    """Observes a dictionary, and says things under keys that are no text."""

    observation_space = gymnasium.spaces.Dict(
        {"at": gymnasium.spaces.Discrete(9), "speed": gymnasium.spaces.Box(-9, 9, (2,))}
    )
    action_space = gymnasium.spaces.Discrete(2)

    def __init__(self) -> None:
        self._at = 0

    def _seen(self) -> dict[str, Any]:
        return {"at": self._at, "speed": np.full(2, self._at / 2, np.float32)}

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed, options=options)
        self._at = 0
        return self._seen(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[Any, Any]]:
        self._at += 1 + int(action)
        return self._seen(), 0.0, self._at > 2, False, {1: self._at, None: "none", "_own": 5}


def test_that_a_last_observation_that_is_a_dictionary_stays_one_and_any_key_is_told() -> None:
    env = ExactSyncVectorEnv([_Told, _Told], autoreset_mode=gymnasium.vector.AutoresetMode.SAME_STEP)
    env.reset(seed=1)
    batch = BatchParts(env)
    *_, infos = env.step(np.array([0, 1]))
    *_, infos = env.step(np.array([0, 1]))
    assert final_observation(infos, 0) is None
    last = final_observation(infos, 1)
    assert (last["at"], last["speed"].tolist()) == (4, [2.0, 2.0])
    assert batch.info(infos, 0) == {1: 2, None: "none", "_own": 5}
    env.close()
