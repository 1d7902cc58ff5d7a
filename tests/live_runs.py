"""Runs and numbers for tests of the live screens, and a desk that answers from memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from gym_gui.controllers.live_runs import TrainerLink
from gym_gui.controllers.live_source import LiveHealth, LivePicture, LiveRun, LogPart, Moment
from gym_gui.core.data_model import EpisodeTable, ScalarColumns
from gym_gui.core.errors import TrainerRefusedError
from gym_gui.services.trainer.run_store import RunProgress
from gym_gui.services.trainer.states import TrainingState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gym_gui.core.data_model import RunRecord
    from gym_gui.services.trainer.config import TrainingConfig
    from gym_gui.services.trainer.run_store import RunTransition

START = datetime(2026, 3, 14, 8, 0, tzinfo=UTC)


def make_run(place: int, state: TrainingState = TrainingState.RUNNING, **changes: Any) -> LiveRun:
    """A run of a trainer; the greater *place*, the newer, the longer and the better."""
    known: dict[str, Any] = {
        "run_id": f"run-{place}",
        "name": f"name {place}",
        "state": state,
        "created_at": START + timedelta(minutes=place),
        "env_id": "CartPole-v1",
        "algorithm": "PPO",
        "total_steps": 1_000,
        "host": "here",
        "managed": True,
        "progress": RunProgress(steps=10 * place, episodes=place, mean_return=float(place), steps_per_s=100.0),
    }
    return LiveRun(**(known | changes))


def episodes_of(
    returns: Sequence[float], *, steps: int = 10, first_key: int = 1, frames: Sequence[int] | None = None
) -> EpisodeTable:
    """Episodes one second after another."""
    count = len(returns)
    keys = np.arange(first_key, first_key + count, dtype=np.int64)
    began = int(START.timestamp() * 1e6)
    return EpisodeTable(
        keys=keys,
        run_ids=["run-1"] * count,
        episode_ids=[f"ep-{key}" for key in keys.tolist()],
        indices=keys - 1,
        started_us=began + (keys - 1) * 1_000_000,
        ended_us=began + keys * 1_000_000,
        steps=np.full(count, steps, np.int64),
        returns=np.array(returns, np.float64),
        workers=[None] * count,
        evaluations=np.zeros(count, np.bool_),
        frames=np.full(count, 1, np.int64) if frames is None else np.array(frames, np.int64),
        next_key=first_key + count - 1,
    )


def scalars_of(name: str, values: Sequence[float]) -> ScalarColumns:
    """What a learner logged, every 10 steps and half seconds."""
    count = len(values)
    places = np.arange(count, dtype=np.int64)
    return ScalarColumns(
        names=[name],
        name=np.zeros(count, np.int32),
        step=places * 10,
        time_us=int(START.timestamp() * 1e6) + places * 500_000,
        value=np.array(values, np.float64),
    )


@dataclass
class MemoryDesk:
    """A desk, a source and a trainer that takes orders, all in memory."""

    runs: list[LiveRun] = field(default_factory=list)
    link: TrainerLink = field(default_factory=TrainerLink)
    tables: list[EpisodeTable] = field(default_factory=list)
    scalars: list[ScalarColumns] = field(default_factory=list)
    moment: Moment | None = None
    shown: list[LivePicture] = field(default_factory=list)
    log: bytes = b""
    no_log: str = ""
    state: LiveHealth = field(default_factory=LiveHealth)
    records: dict[str, RunRecord] = field(default_factory=dict)
    ordered: list[tuple[Any, ...]] = field(default_factory=list)
    refuse: Exception | None = None
    misfits: dict[str, str] = field(default_factory=dict)
    judged: list[TrainingConfig] = field(default_factory=list)
    fault: Exception | None = None

    # A desk.

    def list_runs(self) -> list[LiveRun]:
        """The runs."""
        if self.fault is not None:
            raise self.fault
        return list(self.runs)

    def source_of(self, run_id: str) -> MemoryDesk:
        """This one."""
        del run_id
        return self

    def health(self) -> LiveHealth:
        """As set."""
        return self.state

    def orders(self) -> MemoryDesk:
        """This one."""
        return self

    def misfit(self, config: TrainingConfig) -> str:
        """As set."""
        self.judged.append(config)
        return self.misfits.get(config.env_id, "")

    # A source.

    def get_record(self, run_id: str) -> RunRecord | None:
        """As set."""
        return self.records.get(run_id)

    def transitions(self, run_id: str) -> Sequence[RunTransition]:
        """None."""
        del run_id
        return ()

    def load_episode_table(self, run_id: str, *, after_key: int = 0) -> EpisodeTable:
        """The next reading that was prepared."""
        del run_id
        return self.tables.pop(0) if self.tables else EpisodeTable(next_key=after_key)

    def load_scalars(self, run_id: str, *, after_row: int = 0) -> tuple[ScalarColumns, int]:
        """Likewise."""
        del run_id
        if not self.scalars:
            return scalars_of("loss", []), after_row
        page = self.scalars.pop(0)
        return page, after_row + len(page)

    def find_moment(self, run_id: str, time_us: int) -> Moment | None:
        """As set."""
        self.ordered.append(("moment", run_id, time_us))
        return self.moment

    def pictures(self, run_id: str, seen: Mapping[str, int]) -> Sequence[LivePicture]:
        """Those that are newer."""
        return [one for one in self.shown if one.run_id == run_id and one.seq > seen.get(one.worker_id, 0)]

    def read_log(self, run_id: str, offset: int) -> LogPart:
        """The rest of the log."""
        del run_id
        return LogPart(data=self.log[offset:], offset=len(self.log), missing=self.no_log)

    def close(self) -> None:
        """Nothing is held."""

    # A trainer.

    def submit(self, config: TrainingConfig, *, resume_from: str | None = None) -> str:
        """Note it."""
        self._order("submit", config, resume_from)
        return "run-new"

    def cancel(self, run_id: str, reason: str) -> None:
        """Note it."""
        self._order("cancel", run_id, reason)

    def pause(self, run_id: str, reason: str) -> None:
        """Note it."""
        self._order("pause", run_id, reason)

    def resume(self, run_id: str, reason: str) -> None:
        """Note it."""
        self._order("resume", run_id, reason)

    def archive(self, run_id: str, reason: str) -> None:
        """Note it."""
        self._order("archive", run_id, reason)

    def unarchive(self, run_id: str, reason: str) -> None:
        """Note it."""
        self._order("unarchive", run_id, reason)

    def order(self, run_id: str, kind: str, detail: Mapping[str, Any]) -> None:
        """Note it."""
        self._order(kind, run_id, dict(detail))

    def _order(self, *what: Any) -> None:
        if self.refuse is not None:
            raise self.refuse
        self.ordered.append(what)


def refusal(sentence: str) -> TrainerRefusedError:
    """What a trainer says that will not."""
    return TrainerRefusedError(sentence)
