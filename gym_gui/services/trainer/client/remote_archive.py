"""RemoteArchive: a trainer's recordings for the window and the commands, which read them as if they were here."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from gym_gui.core.typing_compat import override
from gym_gui.services.bootstrap import Archive
from gym_gui.services.trainer.client.discovery import connect
from gym_gui.services.trainer.client.remote_library import RemoteLibrary

if TYPE_CHECKING:
    from pathlib import Path

    from gym_gui.config.settings import Settings
    from gym_gui.replay import FrameResolver
    from gym_gui.telemetry.sqlite_store import TelemetrySQLiteStore


class RemoteArchive(Archive):
    """What was recorded elsewhere, to look at; nothing can be recorded into it.

    Args:
        settings: The user's choices; its folder is this machine's own.
        library: What the trainer answers from.
        address: Where it is, for the sentence that says why nothing can be recorded.
    """

    def __init__(self, settings: Settings, library: RemoteLibrary, address: str) -> None:
        self._remote = library
        self._address = address
        # Rows and arrays come from one place; who reads them asks `library`.
        super().__init__(
            settings,
            cast("TelemetrySQLiteStore", library),
            cast("FrameResolver", library),
            why_read_only=f"These recordings are those of the trainer at {address}.",
        )

    @override
    def __post_init__(self) -> None:
        self.library = self._remote

    @property
    @override
    def address(self) -> str:
        return self._address

    @override
    def why_empty(self) -> str:
        return ""

    @override
    def close(self) -> None:
        self._remote.close()


def open_remote(
    settings: Settings, address: str, *, token_file: Path | None = None, ca: Path | None = None
) -> RemoteArchive:
    """The recordings of the trainer at *address*.

    Raises:
        TrainerUnavailableError: none answers there, or it does not let us in.
        TrainerRefusedError: it speaks another major version of the contract.
        ConfigError: a file cannot be used.
    """
    client = connect(settings.paths, address, token_file=token_file, ca=ca)
    try:
        client.hello()
    except BaseException:
        client.close()
        raise
    return RemoteArchive(settings, RemoteLibrary(client), address)
