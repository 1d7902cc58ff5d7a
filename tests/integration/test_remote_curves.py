"""What a window elsewhere reads of a real trainer again and again: only what is new, and pictures after an outage."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

from trainer_rig import PATIENCE_S, TrainerProcess, make_batch, publisher, until

from gym_gui.controllers.live_feed import RemotePictures
from gym_gui.controllers.live_remote import RemoteRecordings
from gym_gui.core.data_model import RunState
from gym_gui.services.trainer.client.remote_library import RemoteLibrary
from gym_gui.services.trainer.proto import trainer_pb2 as pb
from gym_gui.services.trainer.states import TrainingState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pytest
    from conftest import LogExpectations

    from gym_gui.services.trainer.client.client import TrainerClient


def counted(client: TrainerClient, monkeypatch: pytest.MonkeyPatch) -> list[pb.EpisodesReply]:
    """The lists of episodes that come over the wire from now on."""
    came: list[pb.EpisodesReply] = []
    stream = client.stream

    def noting(call: Callable[..., Any], request: Any) -> Iterator[Any]:
        for reply in stream(call, request):
            if isinstance(reply, pb.EpisodesReply):
                came.append(reply)
            yield reply

    monkeypatch.setattr(client, "stream", noting)
    return came


def test_that_only_new_episodes_are_read_again(var_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with TrainerProcess(var_dir) as trainer, trainer.client() as client:
        worker = publisher(trainer.address, var_dir / "spool")
        for seq in (1, 2, 3):
            worker.put(make_batch(seq))
        assert worker.flush(20)
        recordings = RemoteRecordings(RemoteLibrary(client))
        came = counted(client, monkeypatch)
        first = recordings.load_episode_table("a-run")
        assert list(first.episode_ids) == ["s-e1", "s-e2", "s-e3"]
        assert first.returns.tolist() == [49.0] * 3
        assert list(first.run_ids) == ["a-run"] * 3
        nothing = recordings.load_episode_table("a-run", after_key=first.next_key)
        assert len(nothing.keys) == 0
        worker.put(make_batch(4, frames=True))
        assert worker.flush(20)
        more = recordings.load_episode_table("a-run", after_key=first.next_key)
        assert list(more.episode_ids) == ["s-e4"]
        assert more.workers == ["w0"]
        assert first.frames.tolist() == [0, 0, 0]
        assert more.frames.tolist() == [50]
        assert [len(reply.table.keys) for reply in came] == [3, 0, 1]
        assert not any(reply.summary_json for reply in came)
        worker.close(RunState.COMPLETED)


class OlderTrainer(RemoteLibrary):
    """A trainer that knows no columns answers with summaries, which the library tells by None."""

    def load_episode_table(self, run_ids: Any, *, after_key: int = 0) -> None:
        del run_ids, after_key


def test_that_an_older_trainer_is_read_by_its_lists(var_dir: Path) -> None:
    with TrainerProcess(var_dir) as trainer, trainer.client() as client:
        worker = publisher(trainer.address, var_dir / "spool")
        worker.put(make_batch(1))
        assert worker.flush(20)
        recordings = RemoteRecordings(OlderTrainer(client))
        assert list(recordings.load_episode_table("a-run").episode_ids) == ["s-e1"]
        assert len(recordings.load_episode_table("a-run", after_key=1).keys) == 0
        worker.close(RunState.COMPLETED)


def test_that_pictures_come_again_after_the_trainer_was_away(var_dir: Path, expect_log: LogExpectations) -> None:
    expect_log(logging.WARNING, "Meanwhile everything is kept")
    with TrainerProcess(var_dir) as trainer, trainer.client() as client, RemotePictures(client) as pictures:
        seen: dict[str, int] = {}

        def next_picture() -> str:
            for picture in pictures.newer("a-run", seen):
                seen[picture.worker_id] = picture.seq
                return picture.episode_id
            return ""

        worker = publisher(trainer.address, var_dir / "spool")
        worker.put(make_batch(1, frames=True))
        assert until(next_picture, "the first picture") == "s-e1"
        trainer.kill()
        trainer.again()
        worker.put(make_batch(2, frames=True))
        until(lambda: next_picture() == "s-e2", "a picture of after the outage")
        worker.close(RunState.COMPLETED)


def test_that_a_script_that_comes_and_goes_is_told_to_those_who_watch(var_dir: Path) -> None:
    with TrainerProcess(var_dir) as trainer, trainer.client() as client, client.watch_runs() as watch:
        until(lambda: client.status().host, "the trainer's word")
        patience = threading.Timer(PATIENCE_S, watch.close)  # what does not come is missed, not awaited for ever
        patience.start()
        worker = publisher(trainer.address, var_dir / "spool")
        worker.put(make_batch(1))  # and nothing more: no later change tells of what the first one missed
        changes = iter(watch)
        first = next(changes, None)
        worker.close(RunState.COMPLETED)
        last = next((one for one, _ in changes if not one.state.is_active), None)
        patience.cancel()
        assert first is not None
        assert (first[0].run_id, first[0].state) == ("a-run", TrainingState.RUNNING)
        assert last is not None
        assert last.state is TrainingState.COMPLETED
