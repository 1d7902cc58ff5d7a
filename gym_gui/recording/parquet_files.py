"""The files of a Parquet recording: their names, how one is put in place whole, and what is missing to read them."""

from __future__ import annotations

import json
import os
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from gym_gui.core.errors import ConfigError, FormatUnavailableError, RecordingError
from gym_gui.recording.compression_levels import LEVELS
from gym_gui.recording.journal import JOURNAL_SUFFIX, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import pyarrow as pa

# Algorithms that the seed names, and ours; None where the bytes are to be left alone.
COMPRESSIONS: Final = ("zstd", "snappy", "gzip", "lz4", "brotli", "none")
FILE_PATTERNS: Final[Mapping[str, str]] = {
    "trajectory": "trajectory_ep_{episode_id:06d}.parquet",
    "summary": "episode_summary_ep_{episode_id:06d}.parquet",
    "frames": "frames_ep_{episode_id:06d}.parquet",
    "observations": "observations_ep_{episode_id:06d}.parquet",
    "metadata": "run_metadata.parquet",
    "statistics": "run_statistics.parquet",
}
_OF_EPISODE: Final = ("trajectory", "summary", "frames", "observations")
RUNS_DIR: Final = "runs"
EPISODES_DIR: Final = "episodes"
_NUMBER: Final = re.compile(r"\{episode_id(:[^}]*)?\}")
# Readers of folders pass over names that begin so.
_HIDDEN: Final = "_"
_PATTERNS_FILE: Final = "_file_patterns.json"
DOCUMENT_KEY: Final = b"gym_gui"
FORMAT_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Compression:
    """How columns are compressed.

    Attributes:
        name: One of `COMPRESSIONS`.
        level: Of the algorithm; None for its own default.

    Raises:
        ConfigError: there is no such algorithm, or it has no such level.
    """

    name: str = "zstd"
    level: int | None = None

    def __post_init__(self) -> None:
        if self.name not in COMPRESSIONS:
            raise ConfigError(
                f"{self.name!r} is no compression of Parquet.", hint=f"Choose one of {', '.join(COMPRESSIONS)}."
            )
        if self.level is None:
            return
        if self.name not in LEVELS:
            raise ConfigError(f"The compression {self.name} has no levels.", hint="Leave compression_level out.")
        low, high = LEVELS[self.name]
        if not low <= self.level <= high:
            raise ConfigError(f"There is no level {self.level} of {self.name}.", hint=f"It has {low} to {high}.")

    def options(self) -> dict[str, Any]:
        """Keyword arguments for PyArrow's writer."""
        return {"compression": self.name} | ({} if self.level is None else {"compression_level": self.level})


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one run.

    Attributes:
        path: ``<base>/runs/<run_id>``.
        patterns: File names, with ``{episode_id:06d}`` for the episode's number.
    """

    path: Path
    patterns: Mapping[str, str] = field(default_factory=lambda: FILE_PATTERNS)

    @classmethod
    def at(cls, path: Path) -> RunFolder:
        """The folder of a run that is there, with the names that its writer chose."""
        try:
            told = json.loads((path / _PATTERNS_FILE).read_text("utf-8"))
        except (OSError, ValueError):
            return cls(path)
        return cls(path, check_patterns(told))

    def make(self) -> None:
        """Make the folder, and note names that are not the usual ones."""
        self.episodes_dir.mkdir(parents=True, exist_ok=True)
        if dict(self.patterns) != dict(FILE_PATTERNS):
            (self.path / _PATTERNS_FILE).write_text(json.dumps(dict(self.patterns)), "utf-8")

    @property
    def episodes_dir(self) -> Path:
        """Where the files of episodes are."""
        return self.path / EPISODES_DIR

    def of_run(self, kind: str) -> Path:
        """``metadata`` or ``statistics``."""
        return self.path / self.patterns[kind]

    def of_episode(self, kind: str, ordinal: int) -> Path:
        """``trajectory``, ``summary``, ``frames`` or ``observations`` of an episode."""
        return self.episodes_dir / self.patterns[kind].format(episode_id=ordinal)

    def journal(self, ordinal: int) -> Path:
        """The journal of an episode in the making."""
        return self.episodes_dir / f"{_HIDDEN}ep_{ordinal:06d}{JOURNAL_SUFFIX}"

    def journals(self) -> list[tuple[Path, int]]:
        """The journals that are there, with their episodes' numbers."""
        found = self.episodes_dir.glob(f"{_HIDDEN}ep_*{JOURNAL_SUFFIX}")
        return sorted((path, int(path.stem.removeprefix(f"{_HIDDEN}ep_"))) for path in found)

    def finished(self) -> list[int]:
        """Numbers of the episodes that have their files, in order."""
        pattern = self.patterns["summary"]
        before, after = _NUMBER.split(pattern)[0], _NUMBER.split(pattern)[-1]
        number = re.compile(f"{re.escape(before)}(\\d+){re.escape(after)}")
        names = os.listdir(self.episodes_dir) if self.episodes_dir.is_dir() else ()  # noqa: PTH208 - names are enough
        return sorted(int(match[1]) for name in names if (match := number.fullmatch(name)))


def check_patterns(patterns: Mapping[str, str] | None) -> Mapping[str, str]:
    """The file patterns to use, where some are given.

    Raises:
        ConfigError: a pattern is of no kind of file, or does not tell the files of episodes apart.
    """
    given = dict(patterns or {})
    unknown = sorted(given.keys() - FILE_PATTERNS.keys())
    if unknown:
        raise ConfigError(f"There is no file pattern {unknown[0]!r}.", hint=f"There are {', '.join(FILE_PATTERNS)}.")
    for kind, pattern in given.items():
        if "/" in pattern or "\\" in pattern or pattern.startswith((".", _HIDDEN)):
            raise ConfigError(f"The file pattern {kind!r} is {pattern!r}; it must be the name of a file.")
        if (kind in _OF_EPISODE) != (len(_NUMBER.findall(pattern)) == 1):
            raise ConfigError(f"The file pattern {kind!r} is {pattern!r}; it must hold {{episode_id:06d}} once.")
    return {**FILE_PATTERNS, **given}


def import_pyarrow() -> None:
    """Make sure that PyArrow is there, and ready.

    Raises:
        FormatUnavailableError: it is not.
    """
    try:
        import pyarrow.parquet  # noqa: PLC0415 - heavy; only where Parquet is used

        # The first array of a process makes PyArrow look for pandas, and import it: a second that no step may wait for.
        pyarrow.array([0])
    except ImportError as error:
        raise FormatUnavailableError(
            "Parquet needs PyArrow, which is not installed.", hint='Install it with `pip install "gym-gui[formats]"`.'
        ) from error


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A temporary name to write to, which becomes *path* once it was written without a fault.

    Raises:
        RecordingError: the disk refuses; nothing is left.
    """
    partial = path.with_name(f"{_HIDDEN}{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        partial.replace(path)
    except OSError as error:
        if isinstance(error, RecordingError):
            raise
        raise RecordingError(
            f"The recording cannot be written: {error.strerror or error}.", hint=f"File: {path}"
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def write_table(path: Path, table: pa.Table, compression: Compression) -> None:
    """Put a small table in place.

    Raises:
        RecordingError: the disk refuses.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415 - heavy; only where Parquet is used

    with whole_file(path) as partial:
        pq.write_table(table, partial, **compression.options())


def read_document(path: Path) -> bytes:
    """The document that one of our files carries beside its columns.

    Raises:
        RecordingError: it is no file of ours, or is damaged.
    """
    import pyarrow as pa  # noqa: PLC0415 - as above
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    try:
        metadata = pq.read_metadata(path).metadata or {}
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException) as error:
        raise unreadable(path, error) from error
    document = metadata.get(DOCUMENT_KEY)
    if document is None:
        raise RecordingError(f"{path.name} is no file of a recording.", hint=f"File: {path}")
    return bytes(document)
