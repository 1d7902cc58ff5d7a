"""Viewers see the newest, and one that stalls costs nothing but its own updates."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import numpy as np
from trainer_rig import make_batch

from gym_gui.core.data_model import StepBatch
from gym_gui.services.trainer.daemon.live_board import Interests, LiveBoard, LivePicture, Viewer


def look(viewer: Viewer) -> tuple[list[StepBatch | tuple[str, object]], list[LivePicture]]:
    updates, pictures = asyncio.run(asyncio.wait_for(viewer.take(), 5))
    return list(updates), pictures


def pixel(picture: LivePicture) -> int:
    frame = picture.frame()
    assert frame is not None
    assert frame.shape == (84, 84, 3)
    (value,) = np.unique(frame)
    return int(value)


def test_that_a_viewer_gets_the_newest_picture_of_each_worker() -> None:
    board = LiveBoard()
    viewer = board.join(Interests(frames=True))
    for seq in (1, 2):
        board.offer(make_batch(seq, frames=True))
    board.offer(make_batch(1, worker_id="w1", frames=True, rows=3))
    _, pictures = look(viewer)
    assert {picture.worker_id: pixel(picture) for picture in pictures} == {"w0": (56 + 49) % 251, "w1": 2}
    assert [(picture.step_index, picture.episode_return) for picture in pictures] == [(49, 49.0), (2, 2.0)]


def test_that_a_late_viewer_sees_at_once_what_is_there() -> None:
    board = LiveBoard()
    board.offer(make_batch(1, frames=True))
    _, pictures = look(board.join(Interests(frames=True)))
    assert [picture.step_index for picture in pictures] == [49]


def test_that_a_stalled_viewer_loses_the_oldest_and_is_told() -> None:
    board = LiveBoard()
    viewer = board.join(Interests(steps=True, buffer=3))
    for seq in range(1, 11):
        board.offer(make_batch(seq))
    updates, _ = look(viewer)
    assert [update.seq for update in updates if isinstance(update, StepBatch)] == [8, 9, 10]
    assert viewer.dropped == 7


def test_that_batches_go_out_without_arrays() -> None:
    board = LiveBoard()
    viewer = board.join(Interests(steps=True))
    board.offer(make_batch(1, frames=True))
    (update,), _ = look(viewer)
    assert isinstance(update, StepBatch)
    assert update.blocks == ()
    assert update.frames is None
    assert len(update) == 50


def test_that_a_viewer_sees_only_the_runs_that_it_asked_for() -> None:
    board = LiveBoard()
    viewer = board.join(Interests(episodes=True, run_ids=frozenset({"mine"})))
    board.offer(make_batch(1))
    board.offer(make_batch(1, run_id="mine"))
    updates, _ = look(viewer)
    assert [update[0] for update in updates if isinstance(update, tuple)] == ["mine"]


def test_that_a_picture_that_cannot_be_unpacked_is_none() -> None:
    board = LiveBoard()
    batch = make_batch(1, rows=3, frames=True)
    viewer = board.join(Interests(frames=True))
    board.offer(replace(batch, blocks=(replace(batch.blocks[0], data=b"garbage"),)))
    _, (picture,) = look(viewer)
    assert picture.frame() is None


def test_that_a_viewer_who_left_gets_nothing_more() -> None:
    board = LiveBoard()
    viewer = board.join(Interests(steps=True))
    board.leave(viewer)
    board.offer(make_batch(1))
    assert board.viewers == ()
    assert viewer.dropped == 0


def test_that_a_picture_has_the_return_of_its_own_episode_at_its_own_step() -> None:
    board = LiveBoard()
    viewer = board.join(Interests(frames=True))
    batch = make_batch(1, frames=True)
    # The first 20 rows end an episode; the pictures stop at row 9, and the rows beyond belong to the next one.
    parted = replace(
        batch,
        episode_ids=("old", "new"),
        episode=np.repeat(np.arange(2, dtype=np.int32), (20, 30)),
        step_index=np.concatenate([np.arange(20), np.arange(30)]),
        frames=np.where(np.arange(50) < 10, batch.frames, -1) if batch.frames is not None else None,
    )
    board.offer(parted)
    _, (picture,) = look(viewer)
    assert (picture.episode_id, picture.step_index, picture.episode_return) == ("old", 9, 9.0)


def test_that_a_return_goes_on_from_batch_to_batch_and_is_unknown_where_the_beginning_was_not_seen() -> None:
    board = LiveBoard()
    viewer = board.join(Interests(frames=True))
    later: dict[str, Any] = {
        "episode_ids": ("s-e1",),
        "step_index": np.arange(50, 100),
        "flags": np.zeros(50, np.uint8),
    }
    board.offer(replace(make_batch(2, frames=True), **later))
    _, (unseen,) = look(viewer)
    assert np.isnan(unseen.episode_return)
    board = LiveBoard()
    viewer = board.join(Interests(frames=True))
    board.offer(make_batch(1, frames=True))
    look(viewer)
    board.offer(replace(make_batch(2, frames=True), **later))
    _, (picture,) = look(viewer)
    assert picture.episode_return == 49.0 + 50.0
