"""Who writes a run: a lock file beside its replay file, which the kernel lets go of when the process dies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from gym_gui.core.errors import ReplayFileError

if TYPE_CHECKING:
    from pathlib import Path


class RunLock:
    """The right to write one run, held until `release` or death.

    Raises:
        ReplayFileError: another process holds it, or the folder cannot be written.
    """

    def __init__(self, replay_dir: Path, run_id: str) -> None:
        self._path = replay_dir / f"{run_id}.lock"
        self._lock = FileLock(self._path, timeout=0, thread_local=False)
        try:
            self._lock.acquire()
        except Timeout as error:
            raise ReplayFileError(
                f"Run {run_id} is being recorded by another process.", hint="Wait for it to end, or start a new run."
            ) from error
        except OSError as error:
            raise ReplayFileError(
                f"Run {run_id} cannot be locked: {error.strerror or error}.", hint=f"File: {self._path}"
            ) from error

    def release(self) -> None:
        """Give the right back and remove the lock file; safe to call twice."""
        if self._lock.is_locked:
            # Removed while still held: whoever waits for it would lock a file that no one else can see, but
            # nobody waits for a run's lock.
            self._path.unlink(missing_ok=True)
            self._lock.release()


def is_being_written(replay_dir: Path, run_id: str) -> bool:
    """Whether a living process holds the run's lock."""
    if not (replay_dir / f"{run_id}.lock").exists():
        return False
    try:
        RunLock(replay_dir, run_id).release()
    except ReplayFileError:
        return True
    return False
