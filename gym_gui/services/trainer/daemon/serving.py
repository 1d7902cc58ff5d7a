"""`gym-gui trainer serve`: the daemon with the registry and the dispatcher of its folder."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from gym_gui.core.variables import TOKEN_FILE, VAR_DIR
from gym_gui.services.trainer.daemon.daemon import Dispatch, ServeOptions, serve
from gym_gui.services.trainer.dispatch.dispatch_facts import DispatchLimits
from gym_gui.services.trainer.dispatch.dispatcher import Dispatcher
from gym_gui.services.trainer.dispatch.launchers.local import LocalLauncher
from gym_gui.services.trainer.dispatch.launchers.ray import RayLauncher, is_ray_installed
from gym_gui.services.trainer.dispatch.limits import cpu_capacity
from gym_gui.services.trainer.dispatch.webhook import Webhook
from gym_gui.services.trainer.registry.opening_store import open_run_store
from gym_gui.services.trainer.security import DEFAULT_HOST, DEFAULT_PORT, ListenAddress

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gym_gui.config.schema import TrainerConfig
    from gym_gui.config.settings import Settings
    from gym_gui.services.trainer.dispatch.launchers.protocol import Launcher
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
        listen: ``host:port``; None for what the settings say, which is this machine alone where nobody set it.
        tls_cert: Its certificate, PEM.
        tls_key: Of it.
        metrics_port: Where Prometheus may ask; None for what the settings say.
        max_runs: Runs that may be active at once; None for what the settings say.
        scripts_dir: Where scripts of remote clients may lie; None lets them have none.
        webhook: Where alerts are posted to; None for what the settings say.
        ready: Told the address once calls are answered.

    Raises:
        ConfigError: the address would be open to others without TLS, or cannot be had; a setting is of no use.
        TrainerUnavailableError: another trainer has the folder.
        VarDirError: the folder cannot be written.
        StoreError: a database of it cannot be used.
    """
    chosen = settings.trainer
    options = ServeOptions(
        listen=_address(listen or chosen.listen),
        tls_cert=tls_cert,
        tls_key=tls_key,
        metrics_port=chosen.metrics_port or None if metrics_port is None else metrics_port,
        scripts_dir=scripts_dir,
    )
    limits = limits_of(chosen) if max_runs is None else replace(limits_of(chosen), max_runs=max_runs)
    hook = _webhook(webhook or chosen.webhook_url)
    make = partial(_dispatch, settings, limits, hook, needs_token=options.has_tls)
    with hook or nullcontext():
        serve(settings, options, make, ready=ready)


def _dispatch(
    settings: Settings,
    limits: DispatchLimits,
    hook: Webhook | None,
    address: str,
    on_change: Callable[[TrainingRun], None],
    *,
    needs_token: bool,
) -> Dispatch:
    paths = settings.paths
    variables = {VAR_DIR: str(paths.root)}
    if needs_token:
        variables[TOKEN_FILE] = str(paths.token_file)
    store = open_run_store(paths, settings.trainer.registry_url)
    dispatcher = Dispatcher(
        store,
        launchers_here(spare_s=settings.trainer.spare_s),
        paths=paths,
        trainer_address=address,
        limits=limits,
        on_change=on_change,
        variables=variables,
        on_alert=None if hook is None else hook.post,
    )
    return Dispatch(store, dispatcher)


def _address(text: str) -> ListenAddress:
    return ListenAddress.parse(text) if text else ListenAddress(DEFAULT_HOST, DEFAULT_PORT)


def _webhook(url: str) -> Webhook | None:
    return Webhook(url) if url else None


def limits_of(config: TrainerConfig) -> DispatchLimits:
    """What the settings of the group ``trainer`` come to."""
    return DispatchLimits(
        max_runs=config.max_runs or max(1, round(cpu_capacity())),
        cpus=config.cpus,
        heartbeat_timeout_s=config.heartbeat_timeout_s,
        start_timeout_s=config.start_timeout_s,
        stop_grace_s=config.stop_grace_s,
        log_bytes=config.log_mb * 1_000_000,
        no_progress_s=config.no_progress_s,
        disk_low_mb=config.disk_low_mb,
        purge_after_days=config.purge_after_days,
    )


def launchers_here(*, spare_s: float = 0.0) -> dict[str, Launcher]:
    """Every launcher whose packages are installed.

    Args:
        spare_s: How long a worker waits with its learner loaded; see `LocalLauncher`.
    """
    here: dict[str, Launcher] = {"local": LocalLauncher(spare_s=spare_s)}
    if is_ray_installed():
        here["ray"] = RayLauncher()
    return here
