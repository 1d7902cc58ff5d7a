"""A world of several agents by its name: opened, played at random, recorded, and played again at its own rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from recordings import Recordings
from small_envs import Counting
from unit.adapters.heap import Heap
from unit.adapters.pursuit import Pursuit
from unit.controllers.replay_desk import Desk

from gym_gui.adapters.multi_agent import EVERYBODY, MultiAgentStepper, make_multi_agent_run
from gym_gui.adapters.multi_agent_opening import find_factory, open_parallel
from gym_gui.config.settings import Settings
from gym_gui.controllers.multi_agent_recording import record_multi_agent
from gym_gui.controllers.recording import RecordingRequest
from gym_gui.core.data_model import EpisodeStatus
from gym_gui.core.errors import EnvironmentUnusableError
from gym_gui.services.bootstrap import open_archive, open_services

if TYPE_CHECKING:
    from pathlib import Path

WORLD = "unit.adapters.pursuit:Pursuit"


def made(render_mode: str | None = None, **options: Any) -> Any:
    """A factory, as a module of PettingZoo has one."""
    del options
    return Pursuit(render_mode)


def alone() -> Any:
    """A factory of something else, which takes no render mode."""
    return Counting()


def test_that_agents_that_take_turns_are_recorded_turn_by_turn_and_played_again(var_dir: Path) -> None:
    with open_services(Settings(var_dir=var_dir)) as services:
        services.telemetry.check_strictly()
        result = record_multi_agent(services, RecordingRequest(env_id="unit.adapters.heap:Heap", episodes=4, seed=1))
    assert (result.fault, result.warning, result.episodes, result.frames) == ("", "", 4, result.steps + 4)
    recordings = Recordings(var_dir)
    left_early = 0
    try:
        for episode in recordings.store.list_episodes(result.run_id):
            rollup, game = episode.rollup, Heap()
            rows = recordings.store.load_steps(result.run_id, rollup.episode_id)
            assert (rollup.terminated, rollup.status, rollup.agent_id) == (True, EpisodeStatus.COMPLETED, EVERYBODY)
            game.reset(seed=rollup.seed)
            for index in range(1, rollup.steps + 1):
                turn = {row.agent_id: row for row in rows if row.step_index == index}
                while game.terminations[game.agent_selection]:
                    game.step(None)
                who, there = game.agent_selection, list(game.agents)
                assert turn.keys() == set(there)
                assert [row.agent_id for row in turn.values() if row.action is not None] == [who]
                game.step(turn[who].action)  # which raises at what its mask forbids
                assert {player: row.reward for player, row in turn.items()} == {one: game.rewards[one] for one in there}
                assert {player for player, row in turn.items() if row.terminated} == {
                    player for player in there if game.terminations[player]
                }
                assert turn[who].info == game.infos[who]
                left_early += turn["bob"].terminated and game.left > 0 if "bob" in turn else False
            assert game.left == 0
            assert rollup.total_reward == sum(row.reward or 0.0 for row in rows)
    finally:
        recordings.close()
    assert left_early, "no episode went on without one of its agents"


def test_that_a_world_is_recorded_by_its_name_and_played_again_at_its_own_rate(var_dir: Path) -> None:
    steps: list[int] = []
    with open_services(Settings(var_dir=var_dir)) as services:
        services.telemetry.check_strictly()
        request = RecordingRequest(env_id=WORLD, episodes=2, seed=4)
        result = record_multi_agent(services, request, on_step=lambda row: steps.append(row.step_index))
        again = record_multi_agent(services, request)
    assert (result.fault, result.warning, result.episodes, result.dropped_frames) == ("", "", 2, 0)
    assert result.frames == result.steps + 2 == len(steps), "who watches is told each step once"
    recordings = Recordings(var_dir)
    try:
        rollups = [one.rollup for one in recordings.store.list_episodes(result.run_id)]
        assert [one.seed for one in rollups] == [4, 5]
        rows, same = (recordings.store.load_steps(run_id, "ep-000001") for run_id in (result.run_id, again.run_id))
        told = [(row.step_index, row.agent_id, row.action, row.reward, row.info) for row in rows]
        assert told == [(row.step_index, row.agent_id, row.action, row.reward, row.info) for row in same]
        world, run = Pursuit(), recordings.store.get_run(result.run_id)
        stepper = MultiAgentStepper(world, run)
        played = stepper.reset(seed=5)
        while stepper.acting:
            step = played[-1].step_index + 1
            played += stepper.step({row.agent_id: row.action for row in rows if row.step_index == step})
        assert told == [(row.step_index, row.agent_id, row.action, row.reward, row.info) for row in played]
        assert run.step_rate_hz == Pursuit.metadata["render_fps"]
        desk = Desk(recordings)
        player = desk.open(rollups[0])
        player.play()
        desk.advance(1.0)
        assert player.state.position == min(rollups[0].steps, Pursuit.metadata["render_fps"])
    finally:
        recordings.close()


def test_that_steps_are_of_the_world_and_options_reach_the_factory(var_dir: Path) -> None:
    with open_services(Settings(var_dir=var_dir)) as services:
        request = RecordingRequest(env_id=f"{__name__}:made", steps=9, seed=1, env_kwargs={"wolves": 2}, render=False)
        result = record_multi_agent(services, request)
    assert (result.steps, result.frames, result.warning) == (9, 0, "")
    with open_archive(Settings(var_dir=var_dir)) as archive:
        assert archive.store.get_run(result.run_id).env_kwargs == {"wolves": 2}


@pytest.mark.parametrize("rate", [None, "fast", -1])
def test_that_a_world_without_a_sensible_rate_is_played_again_at_30_a_second(rate: Any) -> None:
    world = Pursuit()
    world.metadata = {} if rate is None else {"render_fps": rate}
    assert make_multi_agent_run(world, "Pursuit-v0", player="script").step_rate_hz == 30.0


@pytest.mark.parametrize(
    "env_id", ["CartPole-v1", "small_envs:Counting", f"{__name__}:WORLD", f"{__name__}:nowhere", f"{__name__}:a.b"]
)
def test_that_other_names_name_no_world_of_several_agents(env_id: str) -> None:
    assert find_factory(env_id) is None
    with pytest.raises(EnvironmentUnusableError, match="names no world of several agents"):
        open_parallel(env_id, render=False)


@pytest.mark.parametrize(
    ("env_id", "options", "said"),
    [
        (WORLD, {"env_kwargs": {"nope": 1}}, "could not be opened.*nope"),
        (f"{__name__}:alone", {}, "has no possible_agents"),
        (WORLD, {"policy": "bot"}, "not by the policy bot"),
        (WORLD, {"num_envs": 2}, "Leave --num-envs out"),
        (WORLD, {"as_human": True}, "Leave --as-human out"),
        ("no_such_module:x", {}, "importing no_such_module failed"),
    ],
)
def test_that_what_cannot_be_played_is_refused_with_a_sentence(
    var_dir: Path, env_id: str, options: dict[str, Any], said: str
) -> None:
    with open_services(Settings(var_dir=var_dir)) as services:
        with pytest.raises(EnvironmentUnusableError, match=said):
            record_multi_agent(services, RecordingRequest(env_id=env_id, episodes=1, **options))
        assert services.store.list_runs() == []
