"""RecorderConfig: what a recorder is told, whichever backend it writes with; checked when it is made.

`recording.config_forms` reads it from mappings, OmegaConf nodes and flat forms.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gym_gui.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

MIB: Final = 1024 * 1024
# A quarter of a second is the promise; the rest is for writing.
FLUSH_INTERVAL_S: Final = 0.18


@dataclass(frozen=True, slots=True, kw_only=True)
class BufferConfig:
    """How much may wait in memory, and for how long.

    Attributes:
        max_records: Records that wait at most; then the caller waits, which is counted.
        max_memory_mb: Megabytes (2**20) of arrays that wait at most; then the caller waits.
        flush_interval_seconds: How old a record may become in memory; also when no further one comes.
        warning_threshold: From this share of the budget on, pressure is logged, once until it has passed.
    """

    max_records: int = 1_000
    max_memory_mb: float = 128.0
    flush_interval_seconds: float = FLUSH_INTERVAL_S
    warning_threshold: float = 0.75

    def __post_init__(self) -> None:
        _require(self.max_records >= 1, "buffer.max_records", self.max_records, "1 or more")
        _require(self.max_memory_mb > 0, "buffer.max_memory_mb", self.max_memory_mb, "above 0")
        _require(self.flush_interval_seconds > 0, "buffer.flush_interval_seconds", self.flush_interval_seconds, "> 0")
        _require(0 < self.warning_threshold <= 1, "buffer.warning_threshold", self.warning_threshold, "between 0 and 1")

    @property
    def max_bytes(self) -> int:
        """`max_memory_mb` in bytes."""
        return int(self.max_memory_mb * MIB)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderConfig:
    """Which backend, where to, and how.

    Attributes:
        backend: Its name, one of `RecorderFactory.available`.
        output_dir: Folder that the backend writes into; made.
        path: The very file (or folder) to write, where the backend's own name for it does not serve.
        run_id: The run that a recorder writes; None makes a new one, an existing one is resumed.
        env_id: The environment that the run's record names.
        metadata: JSON values kept with the run.
        buffer: What may wait in memory.
        compression: The format's own name of a compressor; None for the backend's default.
        compression_level: Its level; None for the backend's default.
        full: Record steps; False keeps summaries of episodes only.
        step_interval: Record every which step; the last one of an episode always.
        include_observations: Keep what the agent sees.
        include_actions: Keep actions.
        include_rewards: Keep rewards.
        include_frames: Keep pictures.
        include_sound: Keep what a step has under the name ``sound``.
        fallback: Backends that take over, in this order, where the one before cannot write.
        performance_target_ms: What a call of `record_step` may cost; metrics say whether it was met.
        options: The backend's own options.
    """

    backend: str = "split"
    output_dir: Path = field(default_factory=lambda: Path("recordings"))
    path: Path | None = None
    run_id: str | None = None
    env_id: str = "unknown"
    metadata: Mapping[str, Any] = field(default_factory=dict)
    buffer: BufferConfig = field(default_factory=BufferConfig)
    compression: str | None = None
    compression_level: int | None = None
    full: bool = True
    step_interval: int = 1
    include_observations: bool = True
    include_actions: bool = True
    include_rewards: bool = True
    include_frames: bool = True
    include_sound: bool = True
    fallback: tuple[str, ...] = ()
    performance_target_ms: float = 1.0
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _require(self.step_interval >= 1, "step_interval", self.step_interval, "1 or more")

    def location(self, file_name: str) -> Path:
        """The file or folder to write: `path` where it was given, else *file_name* in `output_dir`."""
        return (self.path if self.path is not None else self.output_dir / file_name).expanduser().absolute()

    def option(self, name: str, default: Any) -> Any:
        """One of the backend's own options; None counts as not given."""
        value = self.options.get(name)
        return default if value is None else value


def _require(fits: bool, name: str, value: object, wanted: str) -> None:
    if not fits:
        raise ConfigError(f"{name} is {value!r}; it must be {wanted}.")
