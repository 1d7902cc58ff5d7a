"""`gym-gui trainer`: serve, status, stop, token, certificate."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from gym_gui.cli.face import refuse_trainer
from gym_gui.cli.options import HintingGroup, json_option, print_json, print_table, say, settings_for, var_dir_option
from gym_gui.cli.trainer_address import opened_trainer, trainer_options
from gym_gui.core.sizes import size_text

if TYPE_CHECKING:
    from gym_gui.services.trainer.status import TrainerStatus

_MAX_PORT: Final = 65_535


@click.group(cls=HintingGroup)
def trainer() -> None:
    """Run and ask the trainer: the daemon that keeps what training scripts publish, and starts training runs."""


@trainer.command()
@click.option("--listen", metavar="HOST:PORT", help="Where to listen; port 0 is any that is free.")
@click.option("--tls-cert", type=click.Path(dir_okay=False, path_type=Path), help="Its certificate, PEM.")
@click.option("--tls-key", type=click.Path(dir_okay=False, path_type=Path), help="The certificate's key, PEM.")
@click.option(
    "--metrics-port", type=click.IntRange(0, _MAX_PORT), help="Where Prometheus may ask; 0 is any that is free."
)
@click.option(
    "--max-runs", type=click.IntRange(min=0), metavar="N", default=None, help="Runs that may be active at once."
)
@click.option(
    "--scripts-dir",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Folder of the scripts that clients on other machines may have run; without it they may have none.",
)
@click.option("--webhook", metavar="URL", help="Where alerts are posted to, as JSON.")
@var_dir_option
def serve(
    *,
    listen: str | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    metrics_port: int | None,
    max_runs: int | None,
    scripts_dir: Path | None,
    webhook: str | None,
    var_dir: str | None,
) -> None:
    """Be the trainer of a var folder until told to stop.

    Beyond this machine only with --tls-cert and --tls-key, and to whoever shows the token.
    """
    from gym_gui.services.trainer.daemon.serving import serve_folder  # noqa: PLC0415 - gRPC: not for --help

    refuse_trainer("trainer serve")
    if (tls_cert is None) != (tls_key is None):
        raise click.UsageError("--tls-cert and --tls-key belong together.")
    serve_folder(
        settings_for(var_dir),
        listen=listen,
        tls_cert=tls_cert,
        tls_key=tls_key,
        metrics_port=metrics_port,
        max_runs=max_runs,
        scripts_dir=scripts_dir,
        webhook=webhook,
        ready=lambda address: say(f"The trainer listens at {address}. Ctrl+C ends it; runs go on."),
    )


@trainer.command()
@json_option
@trainer_options
@var_dir_option
def status(*, as_json: bool, var_dir: str | None, **reach: Any) -> None:
    """Show how the trainer and its machine stand."""
    with opened_trainer(var_dir, **reach) as client:
        found = client.status()
    if as_json:
        print_json(_document(found, client.address))
        return
    since = "" if found.started_at is None else f", since {found.started_at.astimezone():%Y-%m-%d %H:%M}"
    say(f"{found.application} at {client.address}, process {found.pid} on {found.host}{since}")
    say(f"Folder   {found.var_dir}")
    say(f"Runs     {found.running} active, {found.waiting} waiting, {found.capacity} at once")
    say(
        f"Machine  CPU {found.cpu_percent:.0f} %, memory {size_text(found.memory_free_bytes)} of "
        f"{size_text(found.memory_total_bytes)} free, disk {size_text(found.disk_free_bytes)} free"
    )
    if found.sink_fault:
        say(f"Fault    {found.sink_fault}")
    for alert in found.alerts:
        if alert.active:
            say(f"Alert    {alert.sentence}")
    if found.workers:
        rows = [
            (one.run_id, one.worker_id, one.host, str(one.pid), one.phase, f"{one.silent_s:.0f} s ago")
            for one in found.workers
        ]
        print_table(("RUN", "WORKER", "HOST", "PID", "PHASE", "HEARD"), rows, numbers=("PID",))


@trainer.command()
@click.option("--cancel-runs", is_flag=True, help="End its runs, too; without it they go on for the next trainer.")
@trainer_options
@var_dir_option
def stop(*, cancel_runs: bool, var_dir: str | None, **reach: Any) -> None:
    """End the trainer; its runs go on."""
    from gym_gui.services.trainer.client.discovery import await_end  # noqa: PLC0415 - gRPC: not for --help

    with opened_trainer(var_dir, **reach) as client:
        client.shutdown(cancel_runs=cancel_runs)
        if reach["trainer"] is None:
            await_end(settings_for(var_dir).paths)
        say(f"The trainer at {client.address} ends.")


@trainer.command()
@var_dir_option
def token(*, var_dir: str | None) -> None:
    """Show the secret that clients on other machines need; made where there is none."""
    from gym_gui.services.trainer.security import make_token  # noqa: PLC0415 - as above

    refuse_trainer("trainer token")
    click.echo(make_token(settings_for(var_dir).paths))


@trainer.command()
@click.argument("names", nargs=-1, required=True)
@click.option("--days", type=click.IntRange(1, 3_650), default=365, show_default=True, help="How long it is good for.")
@var_dir_option
def certificate(*, names: tuple[str, ...], days: int, var_dir: str | None) -> None:
    """Make a certificate of the trainer's own, for the NAMES and addresses that others reach this machine by."""
    from gym_gui.services.trainer.daemon.certificate import make_certificate  # noqa: PLC0415 - cryptography, likewise

    refuse_trainer("trainer certificate")
    certificate_path, key_path = make_certificate(settings_for(var_dir).paths.trainer_dir, names, days=days)
    say(f"Certificate  {certificate_path}\nKey          {key_path}")
    folder = "" if var_dir is None else f"--var-dir {shlex.quote(var_dir)} "
    files = f"--tls-cert {certificate_path} --tls-key {key_path}"
    say(f"Serve with   gym-gui {folder}trainer serve --listen 0.0.0.0:47017 {files}")
    say("Give the certificate and `gym-gui trainer token` to whoever may come in.")


def _document(found: TrainerStatus, address: str) -> dict[str, Any]:
    import dataclasses  # noqa: PLC0415 - only for JSON

    return {"address": address, **dataclasses.asdict(found)}
