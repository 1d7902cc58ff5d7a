"""`gym-gui trainer serve`: the daemon with the registry and the dispatcher of its folder."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gym_gui.services.trainer.daemon import Dispatch, ServeOptions, serve
from gym_gui.services.trainer.dispatch_facts import DispatchLimits
from gym_gui.services.trainer.dispatcher import Dispatcher
from gym_gui.services.trainer.launchers.local import LocalLauncher
from gym_gui.services.trainer.registry import RunRegistry
from gym_gui.services.trainer.security import DEFAULT_HOST, DEFAULT_PORT, ListenAddress
from gym_gui.services.trainer.webhook import Webhook

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gym_gui.config.settings import Settings
    from gym_gui.services.trainer.run_store import TrainingRun


def serve_folder(
    settings: Settings,
    *,
    listen: str | None = None,
    tls_cert: Path | None = None,
    tls_key: Path | None = None,
    metrics_port: int | None = None,
    max_runs: int | None = None,
    scripts_dir: Path | None = None,
    webhook: str | None = None,
    ready: Callable[[str], None] = lambda _address: None,
) -> None:
    """Be the trainer of a var folder until told to stop.

    Args:
        settings: Which folder, and how it records.
        listen: ``host:port``; None for this machine alone, at the usual port.
        tls_cert: Its certificate, PEM.
        tls_key: Of it.
        metrics_port: Where Prometheus may ask; None for nowhere.
        max_runs: Runs that may be active at once; None for the usual number.
        scripts_dir: Where scripts of remote clients may lie; None lets them have none.
        webhook: Where alerts are posted to; None for nowhere.
        ready: Told the address once calls are answered.

    Raises:
        ConfigError: the address would be open to others without TLS, or cannot be had.
        TrainerUnavailableError: another trainer has the folder.
        VarDirError: the folder cannot be written.
        StoreError: a database of it cannot be used.
    """
    options = ServeOptions(
        listen=ListenAddress(DEFAULT_HOST, DEFAULT_PORT) if listen is None else ListenAddress.parse(listen),
        tls_cert=tls_cert,
        tls_key=tls_key,
        metrics_port=metrics_port,
        scripts_dir=scripts_dir,
    )
    paths = settings.paths
    limits = DispatchLimits() if max_runs is None else replace(DispatchLimits(), max_runs=max_runs)
    hook = None if webhook is None else Webhook(webhook)

    def make(address: str, on_change: Callable[[TrainingRun], None]) -> Dispatch:
        variables = {"GYM_GUI_VAR_DIR": str(paths.root)}
        if options.has_tls:
            variables["GYM_GUI_TRAINER_TOKEN_FILE"] = str(paths.token_file)
        store = RunRegistry(paths.trainer_db)
        dispatcher = Dispatcher(
            store,
            {"local": LocalLauncher()},
            paths=paths,
            trainer_address=address,
            limits=limits,
            on_change=on_change,
            variables=variables,
            on_alert=None if hook is None else hook.post,
        )
        return Dispatch(store, dispatcher)

    try:
        serve(settings, options, make, ready=ready)
    finally:
        if hook is not None:
            hook.close()
