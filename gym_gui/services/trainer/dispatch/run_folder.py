"""RunFolder: what lies on disk for a run of the trainer: its configuration, mark, log, outcome, checkpoints."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from gym_gui.core.errors import WorkerError

if TYPE_CHECKING:
    from gym_gui.config.paths import VarPaths
    from gym_gui.services.trainer.config import TrainingConfig

# Workers are one process each, for now; what it starts itself is its own affair.
WORKER_ID: Final = "w0"
_NUMBERED: Final = re.compile(r"step-(\d+)\.zip")
_TAIL_BYTES: Final = 4_096
_TAIL_LINES: Final = 3
_TAIL_CHARACTERS: Final = 300
_LINE_BREAK: Final = " / "


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a worker says that it ended.

    Attributes:
        state: ``completed``, ``failed`` or ``cancelled``.
        reason: One sentence.
        steps: Steps of training taken.
        checkpoint: Path of the newest checkpoint; None where there is none.
    """

    state: str
    reason: str = ""
    steps: int = 0
    checkpoint: str | None = None


class RunFolder:
    """The folder of one run.

    Args:
        paths: Of the var folder.
        run_id: The run.
    """

    def __init__(self, paths: VarPaths, run_id: str) -> None:
        self.path = paths.trainer_runs_dir / run_id
        self.log_path = self.path / f"worker-{WORKER_ID}.log"
        self.checkpoints_dir = self.path / "checkpoints"
        self._mark_file = self.path / "mark"
        self._cancel_file = self.path / "cancel"
        self._outcome_file = self.path / "outcome.json"

    def prepare(self, config: TrainingConfig, wished_mark: str = "") -> str:
        """Make the folder ready for a new worker; its mark.

        Args:
            config: What the worker is to do.
            wished_mark: The one to take where the run has none yet; empty for any.

        Raises:
            WorkerError: the disk refuses.
        """
        try:
            self.checkpoints_dir.mkdir(parents=True, exist_ok=True)
            for stale in (self._outcome_file, self._cancel_file):
                stale.unlink(missing_ok=True)
            _replace(self.path / "config.json", config.to_json() + "\n")
            # On disk before there is a process that carries it: whatever dies when, it can be looked for.
            mark = self.mark or wished_mark or secrets.token_hex(16)
            _replace(self._mark_file, mark)
        except OSError as error:
            raise WorkerError(
                f"The run's folder cannot be written: {error.strerror or error}.", hint=f"Folder: {self.path}"
            ) from error
        return mark

    @property
    def mark(self) -> str:
        """What every process of the run carries; empty before the first."""
        try:
            return self._mark_file.read_text(encoding="ascii")
        except (OSError, ValueError):
            return ""

    def outcome(self) -> Outcome | None:
        """How its worker says that it ended; None where it has not said, or nothing that can be understood."""
        try:
            return msgspec.json.decode(self._outcome_file.read_bytes(), type=Outcome)
        except (OSError, msgspec.MsgspecError):
            return None

    def note_cancel(self, reason: str) -> None:
        """Remember that the run is to be cancelled, beyond the trainer's own death; a disk that refuses is no fault."""
        with contextlib.suppress(OSError):
            _replace(self._cancel_file, reason)

    @property
    def cancel_reason(self) -> str | None:
        """Why it is to be cancelled; None where it is not."""
        try:
            return self._cancel_file.read_text(encoding="utf-8")
        except (OSError, ValueError):
            return None

    def newest_checkpoint(self) -> Path | None:
        """What to go on from; None where there is nothing."""
        outcome = self.outcome()
        if outcome is not None and outcome.checkpoint and Path(outcome.checkpoint).is_file():
            return Path(outcome.checkpoint)
        # By name first: workers number them by steps, and a clock that was set must not choose an older one.
        numbered = sorted(self.checkpoints_dir.glob("step-*.zip")) if self.checkpoints_dir.is_dir() else []
        if numbered:
            return numbered[-1]
        others = [one for one in self._checkpoint_files() if one.suffix != ".json"]
        return max(others, key=_changed_ns, default=None)

    def log_tail(self) -> str:
        """The last lines of the log in one line, each from its beginning; empty where it said nothing."""
        try:
            with self.log_path.open("rb") as log:
                start = max(0, log.seek(0, os.SEEK_END) - _TAIL_BYTES)
                log.seek(start)
                text = log.read().decode(errors="replace")
        except OSError:
            return ""
        if start:
            whole = text.partition("\n")[2]  # what was read begins within a line
            text = whole if whole.strip() else f"…{text[-_TAIL_CHARACTERS:]}"
        lines = [line.strip() for line in text.splitlines() if line.strip()][-_TAIL_LINES:]
        while len(lines) > 1 and len(_LINE_BREAK.join(lines)) > _TAIL_CHARACTERS:
            del lines[0]
        tail = _LINE_BREAK.join(lines)
        # What a line is about stands at its beginning: of one that is too long alone, the end goes.
        return tail if len(tail) <= _TAIL_CHARACTERS else f"{tail[: _TAIL_CHARACTERS - 1]}…"

    def bound_log(self, max_bytes: int) -> bool:
        """Let a log that has grown beyond *max_bytes* begin anew, the last one kept as ``.1``; whether it did.

        The worker appends, and so goes on at the new end; lines of that very instant may be missing.
        """
        try:
            if self.log_path.stat().st_size <= max_bytes:
                return False
        except OSError:
            return False
        # Where there is no room for the copy, the bound holds all the same: the log is what fills the disk.
        with contextlib.suppress(OSError):
            shutil.copyfile(self.log_path, self.log_path.with_suffix(".log.1"))
        with contextlib.suppress(OSError):
            os.truncate(self.log_path, 0)
        return True

    def describe(self) -> list[str]:
        """What it holds, in words, with sizes; empty where there is nothing."""
        if not self.path.is_dir():
            return []
        checkpoints = self._checkpoint_files()
        said = [_counted("checkpoint file", checkpoints)] if checkpoints else []
        others = [one for one in self.path.rglob("*") if one.is_file() and self.checkpoints_dir not in one.parents]
        return [*said, f"{_counted('file', others)}: configuration and logs"]

    def remove(self) -> None:
        """Delete all of it.

        Raises:
            OSError: something cannot be deleted.
        """
        if self.path.is_dir():
            shutil.rmtree(self.path)

    def _checkpoint_files(self) -> list[Path]:
        if not self.checkpoints_dir.is_dir():
            return []
        # Drafts, which are renamed once they are whole, begin with a dot or end with .tmp.
        files = (one for one in self.checkpoints_dir.iterdir() if one.is_file())
        return [one for one in files if not one.name.startswith(".") and one.suffix not in {".tmp", ".buffer"}]


def steps_of(checkpoint: Path) -> int:
    """Steps of training that a checkpoint has behind it, which workers put in its name; 0 where it does not say."""
    named = _NUMBERED.fullmatch(checkpoint.name)
    return 0 if named is None else int(named[1])


def _counted(noun: str, files: list[Path]) -> str:
    size = sum(one.stat().st_size for one in files)
    return f"{len(files)} {noun}{'s' * (len(files) != 1)} of {size / 1e6:.1f} MB"


def _changed_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _replace(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
