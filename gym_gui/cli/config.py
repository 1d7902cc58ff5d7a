"""`gym-gui config`: what is set and where, whether a file is sound, where it lies, and one setting changed in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gym_gui.cli.options import (
    HintingGroup,
    chosen_var_dir,
    json_option,
    overrides_argument,
    print_json,
    print_table,
    say,
    say_without_effect,
    settings_for,
    var_dir_option,
)
from gym_gui.config.paths import VarPaths, default_var_dir
from gym_gui.config.settings import check_settings, examine_settings, save_settings
from gym_gui.core.passwords import without_passwords

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gym_gui.config.settings import Settings


@click.group(cls=HintingGroup)
def config() -> None:
    """Show, check and change the settings.

    A setting comes from the package's defaults, the file config.yaml in the var folder, the environment, or the words
    KEY=VALUE on the command line; the last of these that sets it wins.
    """


@config.command()
@overrides_argument
@click.option("--yaml", "as_yaml", is_flag=True, help="As a file of settings; a password is ***.")
@json_option
@var_dir_option
def show(*, overrides: tuple[str, ...], as_yaml: bool, as_json: bool, var_dir: str | None) -> int:
    """Show every setting, its value, and where the value comes from.

    What is set wrongly is left out and told; the exit code is then 2, as `gym-gui config validate` has it.
    """
    settings = examine_settings(chosen_var_dir(var_dir), overrides)
    say_without_effect(settings)
    if as_json:
        print_json(_document(settings))
    elif as_yaml:
        from gym_gui.config.yaml_text import dump  # noqa: PLC0415 - YAML, only where it is asked for

        click.echo(without_passwords(dump(settings.values())), nl=False)
    else:
        _tell(settings)
    return _tell_faults([str(fault) for fault in settings.faults])


@config.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False))
@var_dir_option
def validate(*, file: str | None, var_dir: str | None) -> int:
    """Check FILE, or the user's file and the environment; every fault is told."""
    if file is not None and "=" in file and not Path(file).exists():
        raise click.UsageError(f"{file} is a setting and no file; `gym-gui config show {file}` checks it.")
    faults = check_settings(chosen_var_dir(var_dir), None if file is None else Path(file))
    if not faults:
        click.echo("Nothing to object to.")
    return _tell_faults(faults)


@config.command()
@json_option
@var_dir_option
def path(*, as_json: bool, var_dir: str | None) -> None:
    """Tell where the user's file is, whether or not it exists."""
    paths = VarPaths((chosen_var_dir(var_dir) or default_var_dir()).expanduser().absolute())
    if as_json:
        print_json({"path": str(paths.config_file), "exists": paths.config_file.exists()})
    else:
        click.echo(str(paths.config_file))


@config.command(name="set")
@click.argument("words", nargs=-1, required=True, metavar="KEY=VALUE...")
@var_dir_option
def set_values(*, words: tuple[str, ...], var_dir: str | None) -> None:
    """Change settings in the user's file; its comments stay."""
    before = settings_for(var_dir)  # what the file says wrongly may be what is to be changed
    after = before.with_words(words)
    save_settings(after, before)
    for key in after.stored:
        if before.stored.get(key) == after.stored[key]:
            continue
        click.echo(f"{key} = {_shown(after.stored[key])}")
        if after.is_fixed(key):
            say(f"gym-gui: {after.origins[key].where} overrides it for now.", err=True)


def _tell(settings: Settings) -> None:
    rows = [
        (key, _shown(value), without_passwords(settings.origins[key].where) if key in settings.origins else "default")
        for key, value in settings.values().items()
    ]
    print_table(("SETTING", "VALUE", "FROM"), rows)
    say(f"File: {settings.paths.config_file}", err=True)


def _tell_faults(faults: Sequence[str]) -> int:
    """Say what is wrong; the exit code."""
    for fault in faults:
        say(f"gym-gui: {fault}", err=True)
    return 2 if faults else 0


def _document(settings: Settings) -> dict[str, Any]:
    return {
        "file": str(settings.paths.config_file),
        "file_exists": settings.paths.config_file.exists(),
        "settings": {
            key: {
                "value": without_passwords(value) if isinstance(value, str) else value,
                "from": settings.origins[key].layer if key in settings.origins else "default",
                "where": without_passwords(settings.origins[key].where) if key in settings.origins else "",
            }
            for key, value in settings.values().items()
        },
        "faults": list(map(without_passwords, map(str, settings.faults))),
    }


def _shown(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return without_passwords(str(value)) if value != "" else '""'
