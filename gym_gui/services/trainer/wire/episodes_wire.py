"""Episodes that ended, as a packed message and back: what a remote window draws curves of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from gym_gui.core.data_model import EpisodeTable
from gym_gui.core.errors import TrainerRefusedError
from gym_gui.services.trainer.proto import trainer_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterator

_INTEGERS: Final = ("keys", "indices", "started_us", "ended_us", "steps", "frames")
_PAGE: Final = 20_000


def table_to_wire(table: EpisodeTable) -> Iterator[pb.EpisodeColumns]:
    """The messages of *table*, a page at a time, one at least; each names the whole table's `next_key`."""
    runs = list(dict.fromkeys(table.run_ids))
    places = {run_id: place for place, run_id in enumerate(runs)}
    workers = [worker or "" for worker in table.workers]
    for start in range(0, max(len(table.keys), 1), _PAGE):
        page = slice(start, start + _PAGE)
        numbers = {name: getattr(table, name)[page].tolist() for name in _INTEGERS}
        yield pb.EpisodeColumns(
            **numbers,
            runs=runs,
            run=[places[run_id] for run_id in table.run_ids[page]],
            episode_ids=table.episode_ids[page],
            returns=table.returns[page].tolist(),
            workers=workers[page],
            evaluations=table.evaluations[page].tolist(),
            next_key=table.next_key,
        )


def table_of_wire(messages: list[pb.EpisodeColumns]) -> EpisodeTable:
    """The table of all pages.

    Raises:
        TrainerRefusedError: the columns do not fit together.
    """
    pages = [_page_of(message) for message in messages]
    return EpisodeTable(
        **{name: np.concatenate([getattr(page, name) for page in pages]) for name in (*_INTEGERS, *_OTHERS)},
        run_ids=[run_id for page in pages for run_id in page.run_ids],
        episode_ids=[episode_id for page in pages for episode_id in page.episode_ids],
        workers=[worker for page in pages for worker in page.workers],
        next_key=pages[-1].next_key,
    )


_OTHERS: Final = ("returns", "evaluations")


def _page_of(message: pb.EpisodeColumns) -> EpisodeTable:
    count = len(message.keys)
    if not message.frames:
        message.frames.extend([-1] * count)  # a trainer of before they were told
    columns = (*(getattr(message, name) for name in (*_INTEGERS, *_OTHERS)), message.run, message.episode_ids)
    if any(len(column) != count for column in (*columns, message.workers)) or any(
        place >= len(message.runs) for place in message.run
    ):
        raise TrainerRefusedError("The trainer's list of episodes has columns that do not fit together.")
    return EpisodeTable(
        **{name: np.array(getattr(message, name), np.int64) for name in _INTEGERS},
        run_ids=[message.runs[place] for place in message.run],
        episode_ids=list(message.episode_ids),
        returns=np.array(message.returns, np.float64),
        workers=[worker or None for worker in message.workers],
        evaluations=np.array(message.evaluations, np.bool_),
        next_key=message.next_key,
    )
