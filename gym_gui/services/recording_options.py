"""What the settings say about recording, in the pipeline's words: budgets, the flush clock, the writer's effort."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gym_gui.config.schema import BufferConfig, BufferedRecordConfig, SplitRecordConfig
from gym_gui.replay import Effort
from gym_gui.telemetry.overflow import MIB, Block, ShedFrames

if TYPE_CHECKING:
    from gym_gui.config.schema import Config


def blocking(config: Config) -> Block:
    """For headless producers: the budget of the settings, beyond which they wait."""
    buffer = _buffer(config)
    return Block(capacity=buffer.max_records, max_bytes=buffer.max_memory_mb * MIB)


def shedding(config: Config) -> ShedFrames:
    """For a person's game: the budget of the settings, beyond which pictures are let go."""
    buffer = _buffer(config)
    return ShedFrames(capacity=buffer.max_records, max_bytes=buffer.max_memory_mb * MIB)


def flush_interval_s(config: Config) -> float:
    """How old a step may become before it is written."""
    return _buffer(config).flush_interval_seconds


def effort_of(config: Config) -> Effort:
    """How hard the replay file's writer works."""
    storage, record = config.storage, config.record
    threads = Effort().threads
    if isinstance(record, SplitRecordConfig):
        threads = record.async_io.worker_threads if record.async_io.enabled else 0
    return Effort(level=storage.level, search=storage.search, threads=threads)


def _buffer(config: Config) -> BufferConfig:
    record = config.record
    return record.buffer if isinstance(record, BufferedRecordConfig) else BufferConfig()
