"""The SQLite store keeps to the contract of stores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract.store_contract import Store, StoreContract

from gym_gui.telemetry.sqlite_store import TelemetrySQLiteStore

if TYPE_CHECKING:
    from pathlib import Path


class TestTelemetrySQLiteStore(StoreContract):
    """The one store there is."""

    def open_store(self, path: Path) -> Store:
        return TelemetrySQLiteStore(path)
