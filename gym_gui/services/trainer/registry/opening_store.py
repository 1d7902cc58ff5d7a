"""Opening the registry that the settings name: SQLite in the var folder, or a database by its address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gym_gui.core.errors import FormatUnavailableError

if TYPE_CHECKING:
    from gym_gui.config.paths import VarPaths
    from gym_gui.services.trainer.run_store import RunStore


def open_run_store(paths: VarPaths, url: str = "", *, read_only: bool = False) -> RunStore:
    """The registry.

    Args:
        paths: Of the var folder, which has it where no address is given.
        url: ``trainer.registry_url``; empty for SQLite.
        read_only: Create nothing in the folder; one that has none yet has no runs.

    Raises:
        ConfigError: the address is none.
        FormatUnavailableError: a package that it needs is not installed.
        StoreError: it cannot be opened.
        StoreVersionError: a newer application wrote it.
    """
    if not url:
        from gym_gui.services.trainer.registry.registry import RunRegistry  # noqa: PLC0415 - one of the two is wanted

        if read_only and not paths.trainer_db.is_file():
            from gym_gui.services.trainer.registry.memory_store import MemoryRunStore  # noqa: PLC0415 - as above

            return MemoryRunStore()
        return RunRegistry(paths.trainer_db, read_only=read_only)
    try:
        from gym_gui.services.trainer.registry.sql_store import SqlRunStore  # noqa: PLC0415 - SQLAlchemy is an extra
    except ImportError as error:
        raise FormatUnavailableError(
            "A registry by its address needs SQLAlchemy.", hint="pip install 'gym-gui[postgres]'"
        ) from error
    return SqlRunStore(url)
