"""BackendRecorder: a recorder that writes through a `RecordingBackend`: dictionaries to records, episodes announced.

What writes runs on the writer's thread, what exports on the caller's.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from gym_gui.core.clock import utc_now
from gym_gui.core.data_model import EpisodeRollup, EpisodeStatus, RunRecord, RunState
from gym_gui.core.errors import EnvironmentFault, RecordingError, RunNotFoundError, SchemaMismatchError
from gym_gui.core.refs import check_run_id, new_run_id
from gym_gui.core.typing_compat import override
from gym_gui.recording.base import BaseRecorder
from gym_gui.recording.chain_reader import ChainReader, parts_of
from gym_gui.recording.exporting import export_recording
from gym_gui.recording.factory import RecorderFactory
from gym_gui.recording.failover import NONE, FailoverBackend
from gym_gui.recording.step_records import ended_status, episode_name, packed_json, record_of_step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gym_gui.core.data_model import StepRecord
    from gym_gui.recording.config import RecorderConfig
    from gym_gui.recording.contract import RecordingBackend, RecordingReader
    from gym_gui.recording.failover import Gap
    from gym_gui.recording.writing import EpisodeItem, StepItem

# Stands for the run's id in a configured path.
_RUN_ID_PLACE: Final = "{run_id}"
# Episodes that nobody ended are kept open, but not more than these.
_MAX_OPEN_EPISODES: Final = 256


@dataclass(slots=True)
class _OpenEpisode:
    rollup: EpisodeRollup
    rows: int = 0


class BackendRecorder(BaseRecorder):
    """Records through a backend; a subclass names its class.

    Attributes:
        backend_class: What it writes with.
        reader_class: What reads that, by its path.
    """

    backend_class: ClassVar[type[RecordingBackend]]
    reader_class: ClassVar[type[Any]]

    def __init__(self, config: RecorderConfig | Mapping[str, Any]) -> None:
        super().__init__(config)
        now = utc_now()
        self._run_id = new_run_id(self.config.env_id, now) if self.config.run_id is None else self.config.run_id
        check_run_id(self._run_id)
        if self.config.path is not None and _RUN_ID_PLACE in str(self.config.path):
            self.config = replace(self.config, path=Path(str(self.config.path).replace(_RUN_ID_PLACE, self._run_id)))
        self._run = RunRecord(
            run_id=self._run_id,
            env_id=self.config.env_id,
            created_at=now,
            render_mode=None,
            player="",
            metadata=packed_json(self.config.metadata),
        )
        self._backend = FailoverBackend(self.config) if self.config.fallback else self.backend_class(self.config)
        self._begun = False
        self._episodes: OrderedDict[int | str, _OpenEpisode] = OrderedDict()
        self._ended: frozenset[str] = frozenset()  # episodes that the run had before
        self._begun_twice: set[int | str] = set()
        self._next_index = 0
        self._kept_nowhere = 0  # steps that came after the last backend of a chain that keeps any had failed

    @property
    def run_id(self) -> str:
        """The run that it records."""
        return self._run_id

    @property
    def backend(self) -> RecordingBackend:
        """What it writes with now; the writer's thread owns it."""
        return self._backend.current if isinstance(self._backend, FailoverBackend) else self._backend

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Where the next backend of `RecorderConfig.fallback` took over, and why."""
        return tuple(self._backend.gaps) if isinstance(self._backend, FailoverBackend) else ()

    def open_reader(self) -> RecordingReader:
        """A reader of what was flushed, whichever backends wrote it; the caller closes it.

        Raises:
            RecordingError: nothing was flushed yet, or it cannot be read.
        """
        if isinstance(self._backend, FailoverBackend) and self._backend.gaps:
            return _chain_of_parts(self._backend, self._run_id)
        reader: RecordingReader = self.reader_class(self._backend.path)
        return reader

    @override
    def get_performance_metrics(self) -> dict[str, Any]:
        """As every recorder's, with ``gaps``: a sentence for each time that another backend took over."""
        metrics = super().get_performance_metrics()
        metrics["steps_written"] -= self._kept_nowhere
        metrics["steps_dropped"] += self._kept_nowhere
        return metrics | {"gaps": [str(gap) for gap in self.gaps]}

    @override
    def _export_data_backend(
        self,
        output_path: str,
        format: str,
        compression: str | None = None,
        filter_episodes: list[int] | None = None,
        **export_options: Any,
    ) -> bool:
        return export_recording(
            self.open_reader,
            self._run_id,
            output_path,
            format,
            episodes=None if filter_episodes is None else [episode_name(one) for one in filter_episodes],
            options={"compression": compression, **export_options},
        )

    @override
    def _write_steps(self, steps: Sequence[StepItem]) -> int:
        self._begin_run()
        records: list[StepRecord] = []
        for item in steps:
            self._check_new(item)
            episode = self._episode(item.episode, item.at_s)
            records.append(
                record_of_step(
                    item.data,
                    run_id=self._run_id,
                    episode_id=episode.rollup.episode_id,
                    step_number=item.number,
                    at_s=item.at_s,
                    metadata=item.metadata,
                )
            )
        self._backend.write_steps(records)
        if any(gap.lost for gap in self.gaps):
            self._kept_nowhere += len(records)
        for item, record in zip(steps, records, strict=True):
            self._count(item.episode, record)
        return sum(record.attached_bytes for record in records)

    @override
    def _write_episodes(self, episodes: Sequence[EpisodeItem]) -> int:
        self._begin_run()
        for item in episodes:
            known = self._episode(item.episode, item.at_s)
            self._backend.end_episode(_final(known.rollup, item))
            del self._episodes[item.episode]
        return 0

    @override
    def _flush_backend(self) -> None:
        if self._begun:
            self._backend.flush()

    @override
    def _close_backend(self) -> None:
        try:
            if self._begun:
                for episode in list(self._episodes):
                    self._end(episode)
                self._backend.end_run(self._run_id, RunState.COMPLETED, utc_now())
        finally:
            self._backend.close()
        if self._backend.unfinished:
            raise RecordingError(self._backend.unfinished)

    def _begin_run(self) -> None:
        if not self._begun:
            if self.config.run_id is not None:
                self._ended = self._ended_before()
            self._backend.begin_run(self._run)
            self._begun = True

    def _ended_before(self) -> frozenset[str]:
        """Episodes that an earlier recorder ended in this run: a second one of their ids would be lost in them."""
        try:
            reader = self.open_reader()
        except (EnvironmentFault, OSError):
            return frozenset()
        try:
            found = [one.rollup for one in reader.list_episodes(self._run_id)]
        except RunNotFoundError:
            return frozenset()
        finally:
            reader.close()
        going_on = {EpisodeStatus.RUNNING, EpisodeStatus.INTERRUPTED}
        return frozenset(one.episode_id for one in found if one.status not in going_on)

    def _check_new(self, item: StepItem) -> None:
        """An episode that ended before this recorder may go on, and may not begin again: it has such steps already.

        Raises:
            SchemaMismatchError: it begins again.
        """
        if not self._ended:  # hardly a run has been there before
            return
        name = episode_name(item.episode)
        if name in self._ended and item.episode not in self._episodes and item.number <= 1:  # some count from 1
            self._begun_twice.add(item.episode)
        if item.episode in self._begun_twice:
            raise SchemaMismatchError(
                f"Run {self._run_id} has an episode {name} already, which ended.",
                hint="Give the recorder a run_id of its own, or its steps an episode_id that the run has not.",
            )

    def _episode(self, episode: int | str, at_s: float) -> _OpenEpisode:
        known = self._episodes.get(episode)
        if known is None:
            known = _OpenEpisode(
                EpisodeRollup(
                    run_id=self._run_id,
                    episode_id=episode_name(episode),
                    episode_index=episode if isinstance(episode, int) else self._next_index,
                    seed=None,
                    started_at=datetime.fromtimestamp(at_s, UTC),
                )
            )
            self._backend.begin_episode(known.rollup)
            self._next_index = max(self._next_index, known.rollup.episode_index) + 1
            self._episodes[episode] = known
            if len(self._episodes) > _MAX_OPEN_EPISODES:
                self._end(next(iter(self._episodes)))
        return known

    def _count(self, episode: int | str, record: StepRecord) -> None:
        known = self._episodes[episode]
        rollup = known.rollup
        known.rollup = replace(
            rollup,
            steps=max(rollup.steps, record.step_index),
            total_reward=rollup.total_reward + (record.reward or 0.0),
            terminated=rollup.terminated or record.terminated,
            truncated=rollup.truncated or record.truncated,
            frames=rollup.frames + (record.frame is not None),
            ended_at=record.timestamp,
        )

    def _end(self, episode: int | str) -> None:
        rollup = self._episodes.pop(episode).rollup
        status = ended_status(terminated=rollup.terminated, truncated=rollup.truncated)
        self._backend.end_episode(replace(rollup, status=status))


def _chain_of_parts(chain: FailoverBackend, run_id: str) -> RecordingReader:
    readers: list[RecordingReader] = []
    fault: EnvironmentFault | None = None
    for kind, path in chain.parts:
        if kind == NONE:
            continue
        try:
            readers.append(RecorderFactory.open_reader(kind, path))
        except EnvironmentFault as error:
            fault = error
    parts = parts_of(readers, run_id)
    if not parts:
        raise fault or RecordingError("Nothing of the run can be read.")
    return ChainReader(parts)


def _final(rollup: EpisodeRollup, item: EpisodeItem) -> EpisodeRollup:
    data = item.data
    steps, total, seed = data.get("total_steps"), data.get("total_reward"), data.get("seed")
    metadata: dict[str, Any] = {"episode_data": packed_json(data)}
    if item.metadata:
        metadata["metadata"] = packed_json(item.metadata)
    status = ended_status(terminated=rollup.terminated, truncated=rollup.truncated)
    return replace(
        rollup,
        steps=steps if isinstance(steps, int) else rollup.steps,
        total_reward=float(total) if isinstance(total, (int, float)) else rollup.total_reward,
        seed=seed if isinstance(seed, int) else None,
        status=EpisodeStatus.COMPLETED if item.data else status,
        ended_at=datetime.fromtimestamp(item.at_s, UTC),
        metadata=metadata,
    )
