"""`gym-gui trainer serve`: the daemon with the registry and the dispatcher of its folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gym_gui.services.trainer.daemon import ServeOptions, serve
from gym_gui.services.trainer.resting import RestingDispatcher, RestingStore
from gym_gui.services.trainer.security import DEFAULT_HOST, DEFAULT_PORT, ListenAddress

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gym_gui.config.settings import Settings


def serve_folder(
    settings: Settings,
    *,
    listen: str | None = None,
    tls_cert: Path | None = None,
    tls_key: Path | None = None,
    metrics_port: int | None = None,
    max_runs: int | None = None,
    scripts_dir: Path | None = None,
    ready: Callable[[str], None] = lambda _address: None,
) -> None:
    """Be the trainer of a var folder until told to stop."""
    options = ServeOptions(
        listen=ListenAddress(DEFAULT_HOST, DEFAULT_PORT) if listen is None else ListenAddress.parse(listen),
        tls_cert=tls_cert,
        tls_key=tls_key,
        metrics_port=metrics_port,
        scripts_dir=scripts_dir,
    )

    def make(address: str, on_change: Callable[[Any], None]) -> Any:
        return RestingStore(), RestingDispatcher()

    serve(settings, options, make, ready=ready)
