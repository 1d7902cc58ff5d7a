"""Every setting: its type, default, meaning, limits and environment variable; all else follows from here.

Plain dataclasses, so that reading a default imports nothing. `conf/` holds the same defaults as YAML groups, a test
compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

THEMES: Final = ("system", "dark", "light")
BACKENDS: Final = ("split", "parquet", "hdf5", "sqlite", "none")
STORAGE_PROFILES: Final = ("fast", "good", "small")
GAME_PROFILES: Final = ("default", "atari", "box2d", "classic", "toy_text")
SEARCHES: Final = ("never", "auto", "always")
PARQUET_CODECS: Final = ("zstd", "snappy", "gzip", "lz4", "brotli", "none")
HDF5_CODECS: Final = ("gzip", "lzf", "none")


def _facts(meaning: str, **others: Any) -> dict[str, Any]:
    return {
        "meaning": meaning,
        "choices": (),
        "low": None,
        "high": None,
        "env": "",
        "own": False,
        "python": False,
        **others,
    }


def _setting(
    default: Any,
    meaning: str,
    *,
    choices: tuple[str, ...] = (),
    low: float | None = None,
    high: float | None = None,
    env: str = "",
    own: bool = False,
    python: bool = False,
) -> Any:
    """One setting.

    Args:
        default: Its value where nobody sets it.
        meaning: One sentence for the table of the documentation.
        choices: The texts that it takes; any where empty.
        low: Smallest number.
        high: Largest number.
        env: An environment variable of its own, beside the general form.
        own: Means something else in each option of its group, and so is not carried over to another one.
        python: Counts for recorders that a program makes by `RecorderFactory`; the application's own runs are whole.
    """
    facts = _facts(meaning, choices=choices, low=low, high=high, env=env, own=own, python=python)
    return field(default=default, metadata=facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class UiConfig:
    """The window."""

    theme: str = _setting("system", "Colours of the window.", choices=THEMES)
    integer_scale: bool = _setting(
        True, "Scale small pictures by whole numbers only, so that every pixel is equally large."
    )
    hud: bool = _setting(True, "Show score, step and rate over the picture of a game.")
    sound: bool = _setting(True, "Let games be heard, and recordings that have sound.")
    library_columns: str = _setting(
        "", "Widths and order of the library's columns, as the window wrote them; empty for its own."
    )
    live_columns: str = _setting(
        "", "Widths and order of the columns of the list of runs, as the window wrote them; empty for its own."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BufferConfig:
    """What may wait to be written, and for how long; whichever limit is met first."""

    max_records: int = _setting(
        1_000,
        "Steps that may wait in memory; beyond, a recording waits and a game lets pictures go.",
        low=1,
        high=1_000_000,
        env="GYM_GUI_BUFFER_SIZE",
    )
    max_memory_mb: int = _setting(
        256,
        "Megabytes of arrays that may wait, likewise.",
        low=1,
        high=65_536,
        env="GYM_GUI_BUFFER_MEMORY_MB",
    )
    flush_interval_seconds: float = _setting(
        0.18, "Age in seconds at which a step is written, however few there are.", low=0.01, high=3_600
    )
    warning_threshold: float = _setting(
        0.75,
        "Share of the buffer from which pressure is logged, once until it has passed.",
        low=0.01,
        high=1,
        python=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncIoConfig:
    """Compressing beside writing, which itself is never on the game's thread."""

    enabled: bool = _setting(
        True, "Compress on threads beside the one that writes; false compresses there.", env="GYM_GUI_ASYNC_IO"
    )
    worker_threads: int = _setting(2, "How many of those threads.", low=1, high=64, env="GYM_GUI_IO_WORKERS")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordConfig:
    """What recording is done by; each backend adds its own keys."""

    backend: str = _setting("split", "The format that runs are recorded in.", env="GYM_GUI_RECORD_BACKEND")


@dataclass(frozen=True, slots=True, kw_only=True)
class BufferedRecordConfig(RecordConfig):
    """Any backend that writes."""

    output_dir: str | None = _setting(None, "Folder that is written into; null for `recordings`.", python=True)
    full: bool = _setting(True, "Record steps; false keeps summaries of episodes only.", python=True)
    step_interval: int = _setting(
        1, "Record every which step; the last of an episode always.", low=1, high=1_000_000, python=True
    )
    include_observations: bool = _setting(True, "Keep what the agent sees.", python=True)
    include_actions: bool = _setting(True, "Keep actions.", python=True)
    include_rewards: bool = _setting(True, "Keep rewards.", python=True)
    include_frames: bool = _setting(True, "Keep pictures.", python=True)
    include_sound: bool = _setting(True, "Keep the sound of what a person plays (Atari).")
    fallback: list[str] = field(
        default_factory=list,
        metadata=_facts("Backends that take over, in this order, where the one before cannot write.", choices=BACKENDS),
    )
    buffer: BufferConfig = field(default_factory=BufferConfig)


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitRecordConfig(BufferedRecordConfig):
    """SQLite for rows and HDF5 for arrays, compressed as `storage` says."""

    async_io: AsyncIoConfig = field(default_factory=AsyncIoConfig)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParquetRecordConfig(BufferedRecordConfig):
    """Apache Parquet files, one or more an episode."""

    backend: str = _setting("parquet", "The format that runs are recorded in.", env="GYM_GUI_RECORD_BACKEND")
    compression: str = _setting(
        "zstd", "Algorithm of the files' columns.", choices=PARQUET_CODECS, env="GYM_GUI_PARQUET_COMPRESSION", own=True
    )
    compression_level: int | None = _setting(
        None,
        "Effort of that algorithm: zstd 1 to 22, gzip 1 to 9, brotli 1 to 11; null for its own default.",
        low=1,
        high=22,
        own=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hdf5RecordConfig(BufferedRecordConfig):
    """One self-describing HDF5 file a run."""

    backend: str = _setting("hdf5", "The format that runs are recorded in.", env="GYM_GUI_RECORD_BACKEND")
    compression: str = _setting(
        "gzip", "Filter of the file's datasets.", choices=HDF5_CODECS, env="GYM_GUI_HDF5_COMPRESSION", own=True
    )
    compression_level: int | None = _setting(None, "Effort of gzip; null for its own default.", low=0, high=9, own=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class SqliteRecordConfig(BufferedRecordConfig):
    """One SQLite file that can be handed on."""

    backend: str = _setting("sqlite", "The format that runs are recorded in.", env="GYM_GUI_RECORD_BACKEND")
    compression_level: int | None = _setting(
        None, "Zstandard level of arrays; null for the backend's own.", low=1, high=19, own=True
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NoneRecordConfig(RecordConfig):
    """Nothing is recorded."""

    backend: str = _setting("none", "The format that runs are recorded in.", env="GYM_GUI_RECORD_BACKEND")


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignRecordConfig(BufferedRecordConfig):
    """A backend that another package brings, by an entry point of the group ``gym_gui.recorders``."""

    backend: str = _setting("foreign", "The format that runs are recorded in.", env="GYM_GUI_RECORD_BACKEND")
    compression: str | None = _setting(None, "As that backend takes it; null for its own.", own=True)
    compression_level: int | None = _setting(None, "As that backend takes it.", low=-100, high=100, own=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageConfig:
    """How hard the replay file's writer works for fewer bytes; it never loses a pixel."""

    profile: str = _setting("good", "Trade of CPU for size in the replay file.", env="GYM_GUI_STORAGE_PROFILE")
    level: int = _setting(1, "Zstandard level of frames and rows.", low=1, high=19)
    search: str = _setting(
        "auto", "Look for the last frame again in the new one: never, when there is time, or always.", choices=SEARCHES
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GameConfig:
    """How a person plays; null leaves it to the game. A profile counts for its family, the default one for all."""

    profile: str = _setting("default", "Values for a family of games.", env="GYM_GUI_GAME_PROFILE")
    frameskip: int | None = _setting(None, "Emulated frames a step (Atari).", low=1, high=60)
    sticky_actions: float | None = _setting(
        None, "Probability that the last action is repeated instead (Atari).", low=0, high=1
    )
    full_action_space: bool | None = _setting(None, "Offer every button of the joystick (Atari).")
    step_rate_hz: float | None = _setting(None, "Steps a second at speed 1.", low=0.1, high=1_000)
    max_episode_steps: int | None = _setting(None, "Steps after which an episode is cut off.", low=1, high=100_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainerConfig:
    """The trainer, `gym-gui trainer serve`."""

    listen: str = _setting(
        "", "Where it answers, as `host:port`; empty for this machine alone. Beyond this machine it wants TLS."
    )
    metrics_port: int = _setting(
        0, "Port where Prometheus may ask, at the host of `trainer.listen`; 0 for none.", low=0, high=65_535
    )
    registry_url: str = _setting(
        "",
        "Database that remembers runs, as `postgresql+psycopg://user@host/name`; empty for SQLite in the var folder.",
        env="GYM_GUI_REGISTRY_URL",
    )
    webhook_url: str = _setting(
        "", "Address that alerts are posted to as JSON, http or https; empty for none.", env="GYM_GUI_WEBHOOK_URL"
    )
    max_runs: int = _setting(0, "Runs that may be active at once; 0 for as many as there are cores.", low=0, high=1_000)
    cpus: float = _setting(
        0.0, "Cores that runs may count for together; 0 for those of the machine.", low=0, high=10_000
    )
    heartbeat_timeout_s: float = _setting(
        15.0, "Seconds of a worker's silence after which its run fails.", low=1, high=3_600
    )
    start_timeout_s: float = _setting(
        60.0, "Seconds that a worker may take until it is first heard of.", low=1, high=86_400
    )
    spare_s: float = _setting(
        600.0,
        "Seconds since the last start that a worker, its learner loaded (350 MB), waits for the next run; 0 for none.",
        low=0,
        high=864_000,
    )
    stop_grace_s: float = _setting(
        10.0, "Seconds that a worker has to save and end before it is killed.", low=0, high=3_600
    )
    log_mb: int = _setting(
        16, "Megabytes of a worker's log; then it begins anew, and the last one is kept beside it.", low=1, high=10_000
    )
    no_progress_s: float = _setting(
        300.0, "Seconds without a step after which an alert is raised.", low=1, high=864_000
    )
    disk_low_mb: int = _setting(
        1_000, "Free megabytes under which an alert is raised; 0 for never.", low=0, high=100_000_000
    )
    purge_after_days: int = _setting(
        0, "Days after which an archived run's data is deleted; 0 for never.", low=0, high=36_500
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All of it."""

    ui: UiConfig = field(default_factory=UiConfig)
    record: RecordConfig = field(default_factory=SplitRecordConfig)
    storage: StorageConfig = field(default_factory=StorageConfig)
    game: GameConfig = field(default_factory=GameConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)


@dataclass(frozen=True, slots=True)
class Group:
    """A part of which one of several options is in force.

    Attributes:
        name: ``record``: what stands before the ``=``.
        selector: The key that names the option in force: ``record.backend``.
        noun: What an option is called in a sentence.
        options: Option -> its dataclass.
        default: The option that is in force where nobody chooses.
        others: Entry points of that group are options too, all of them of this dataclass.
    """

    name: str
    selector: str
    noun: str
    options: dict[str, type[Any]]
    default: str
    others: tuple[str, type[Any]] | None = None

    def kind_of(self, option: str) -> type[Any]:
        """The dataclass of an option."""
        return self.options[option] if option in self.options or self.others is None else self.others[1]

    def is_option(self, name: str) -> bool:
        """Whether there is such an option, ours or another package's."""
        if name in self.options or self.others is None:
            return name in self.options
        from importlib.metadata import entry_points  # noqa: PLC0415 - reads every package's, where none of ours fits

        return name in entry_points(group=self.others[0]).names


GROUPS: Final = {
    "record": Group(
        "record",
        "record.backend",
        "backend",
        dict(
            zip(
                BACKENDS,
                (SplitRecordConfig, ParquetRecordConfig, Hdf5RecordConfig, SqliteRecordConfig, NoneRecordConfig),
                strict=True,
            )
        ),
        "split",
        ("gym_gui.recorders", ForeignRecordConfig),
    ),
    "storage": Group("storage", "storage.profile", "profile", dict.fromkeys(STORAGE_PROFILES, StorageConfig), "good"),
    "game": Group("game", "game.profile", "profile", dict.fromkeys(GAME_PROFILES, GameConfig), "default"),
}
