"""Every path under the var folder, as pure values; `prepare` is the one place that creates folders."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from gym_gui.core import variables
from gym_gui.core.errors import VarDirError


@dataclass(frozen=True, slots=True)
class VarPaths:
    """The layout of one var folder."""

    root: Path

    @property
    def telemetry_db(self) -> Path:
        """The SQLite database of every run's scalars."""
        return self.root / "telemetry" / "telemetry.sqlite"

    @property
    def replay_dir(self) -> Path:
        """One HDF5 file a run: ``<run_id>.h5``."""
        return self.root / "replay"

    @property
    def recordings_dir(self) -> Path:
        """Runs of backends other than the pipeline's own: a folder for each, ``recordings/<run_id>``."""
        return self.root / "recordings"

    @property
    def cache_dir(self) -> Path:
        """What can be made again."""
        return self.root / "cache"

    @property
    def thumbnails_dir(self) -> Path:
        """Pictures of games for the catalogue."""
        return self.cache_dir / "thumbnails"

    @property
    def demo_dir(self) -> Path:
        """Pictures of the window that `gym-gui demo` draws."""
        return self.root / "demo"

    @property
    def live_dir(self) -> Path:
        """The newest picture of each worker of this machine, as memory-mapped files."""
        return self.root / "live"

    @property
    def spool_dir(self) -> Path:
        """What is on its way to a trainer that does not answer."""
        return self.root / "spool"

    @property
    def logs_dir(self) -> Path:
        """Log files."""
        return self.root / "logs"

    @property
    def config_file(self) -> Path:
        """What the user chose, as YAML."""
        return self.root / "config.yaml"

    @property
    def old_settings_file(self) -> Path:
        """What the user chose in the first versions, as JSON; read until `config_file` is first written."""
        return self.root / "settings.json"

    @property
    def trainer_dir(self) -> Path:
        """What the trainer keeps for itself."""
        return self.root / "trainer"

    @property
    def trainer_db(self) -> Path:
        """The trainer's registry of runs."""
        return self.trainer_dir / "trainer.sqlite"

    @property
    def trainer_runs_dir(self) -> Path:
        """A folder for each run that the trainer started: configuration, logs, checkpoints."""
        return self.trainer_dir / "runs"

    @property
    def daemon_file(self) -> Path:
        """Where the trainer of this folder is to be reached, as JSON; there while it runs."""
        return self.trainer_dir / "daemon.json"

    @property
    def daemon_lock(self) -> Path:
        """Held by the trainer of this folder: there is one at most."""
        return self.trainer_dir / "daemon.lock"

    @property
    def token_file(self) -> Path:
        """The secret that remote clients show; readable by its owner only."""
        return self.trainer_dir / "token"

    def prepare(self) -> None:
        """Create the folders that recording needs, and make sure that they can be written.

        Raises:
            VarDirError: the folder cannot be created or written.
        """
        for folder in (self.root, self.telemetry_db.parent, self.replay_dir):
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise _unusable(self.root, error) from error
        for folder in (self.telemetry_db.parent, self.replay_dir):
            _check_writable(folder, self.root)


def default_var_dir() -> Path:
    """``GYM_GUI_VAR_DIR``, else ``var/`` of the checkout, else the platform's user data folder."""
    chosen = os.environ.get(variables.VAR_DIR)
    if chosen:
        return Path(chosen).expanduser().absolute()
    checkout = Path(__file__).resolve().parents[2]
    if (checkout / "pyproject.toml").is_file() and (checkout / "var").is_dir():
        return checkout / "var"
    import platformdirs  # noqa: PLC0415 - only an installed package pays for it

    return Path(platformdirs.user_data_dir("gym_gui", appauthor=False))


def _check_writable(folder: Path, root: Path) -> None:
    # Permission bits do not bind root, and do not tell a read-only disk: only a real write does.
    probe = folder / f".probe-{os.getpid()}"
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise _unusable(root, error) from error


def _unusable(root: Path, error: OSError) -> VarDirError:
    return VarDirError(
        f"The folder for recordings cannot be written: {error.strerror or error}.",
        hint=f"Choose another one with --var-dir or {variables.VAR_DIR}. Folder: {root}",
    )
