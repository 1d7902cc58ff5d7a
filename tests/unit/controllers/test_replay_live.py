"""The player on an episode that is still being recorded: it grows, and a step is whole once all its rows are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from recordings import Recordings
from unit.controllers.replay_desk import Desk

from gym_gui.core.data_model import EpisodeStatus, StepRecord

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def desk(var_dir: Path) -> Iterator[Desk]:
    recordings = Recordings(var_dir)
    yield Desk(recordings)
    recordings.close()


def test_that_a_live_episode_grows_with_every_refresh(desk: Desk) -> None:
    rollup = desk.recordings.record(20, status=EpisodeStatus.RUNNING)
    player = desk.open(rollup)
    assert (player.state.live, player.state.length) == (True, 21)
    desk.recordings.append(rollup, 21, 30)
    player.refresh()
    assert player.state.length == 31
    player.end()
    assert desk.shown == 30


@pytest.mark.parametrize(("first", "rest"), [("b", "a"), ("ac", "b"), ("a", "bc")])
def test_that_a_step_of_several_agents_is_completed_where_their_rows_come_in_two_commits(
    desk: Desk, first: str, rest: str
) -> None:
    rollup = desk.recordings.record(0, status=EpisodeStatus.RUNNING, pictures=False)
    rows = [
        StepRecord(
            run_id=rollup.run_id,
            episode_id=rollup.episode_id,
            step_index=step,
            agent_id=agent,
            action=step,
            reward=float(step),
            info={"who": agent},
        )
        for step in (1, 2)
        for agent in sorted(first + rest)
    ]
    late = [row for row in rows if row.step_index == 2 and row.agent_id in rest]
    desk.recordings.store.insert_steps([row for row in rows if row not in late])
    player = desk.open(rollup, position=2)
    told = desk.screen.step
    assert told is not None
    assert told.reward == 2.0 * len(first)
    desk.recordings.store.insert_steps(late)
    player.refresh()
    agents = sorted(first + rest)
    told = desk.screen.step
    assert told is not None
    assert [one.agent_id for one in told.agents] == agents
    assert [one.total_reward for one in told.agents] == [3.0] * len(agents)
    assert (told.reward, told.total_reward, player.state.length) == (2.0 * len(agents), 3.0 * len(agents), 3)
    player.refresh()
    player.seek(2)
    assert desk.screen.step is not None
    assert desk.screen.step.info == {"who": agents[0]}
    assert player.columns.returns[-1] == 3.0 * len(agents)


def test_that_playing_a_live_episode_waits_at_its_end_and_goes_on_with_new_rows(desk: Desk) -> None:
    rollup = desk.recordings.record(20, status=EpisodeStatus.RUNNING)
    player = desk.open(rollup)
    player.play()
    assert desk.advance(5.0) is not None
    assert (player.state.position, player.state.playing) == (20, True)
    desk.recordings.append(rollup, 21, 25)
    player.refresh()
    desk.advance(0.02)
    assert (player.state.position, desk.shown) == (25, 25)
