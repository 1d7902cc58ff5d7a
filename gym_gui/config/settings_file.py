"""The user's file of settings, ``config.yaml`` in the var folder: read with its lines, changed with comments kept."""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING, Any, Final

from gym_gui.config.keys import every_key
from gym_gui.config.layers import FILE, Entry, Layer
from gym_gui.config.schema import GROUPS
from gym_gui.core.errors import ConfigError, VarDirError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gym_gui.config.paths import VarPaths

# Two threads of one process would write the same partial file.
_saving: Final = threading.Lock()
_OLD_KEYS: Final = ("theme", "integer_scale", "hud", "library_columns")


def read_settings_file(paths: VarPaths) -> Layer:
    """What the user's file sets; nothing where there is none.

    The JSON file of the first versions is read where there is no newer one yet.

    Raises:
        ConfigError: the file cannot be read, or is no YAML.
    """
    try:
        text = paths.config_file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return _read_old_file(paths.old_settings_file)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"The file of settings cannot be read: {why_unreadable(error)}.", hint=f"File: {paths.config_file}"
        ) from error
    return read_settings_text(text, paths.config_file)


def read_settings_text(text: str, path: Path) -> Layer:
    """What a text in the form of the user's file sets.

    Raises:
        ConfigError: it is no YAML, or no mapping.
    """
    from gym_gui.config import yaml_text  # noqa: PLC0415 - YAML, 30 ms, where there is such a file

    try:
        found = yaml_text.flatten(text)
    except ValueError as error:
        raise ConfigError(f"The file of settings is not usable: {error}.", hint=f"File: {path}") from error
    return Layer(
        FILE,
        tuple(
            Entry(key, value, f"{path.name}, line {line}")
            for key, value, line in found
            if value is not None or key in every_key()  # a heading with nothing below it sets nothing
        ),
    )


def why_unreadable(error: OSError | UnicodeDecodeError) -> str:
    """The end of a sentence about a file that cannot be read."""
    return "it is no text in UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror or str(error)


def write_changes(paths: VarPaths, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Change in the user's file what changed between two states of it, all or nothing; the rest stays as it is.

    Raises:
        VarDirError: the file cannot be written.
        ConfigError: it has become unreadable.
    """
    from gym_gui.config import yaml_text  # noqa: PLC0415 - as above

    path, old = paths.config_file, paths.old_settings_file
    try:
        with _saving:
            try:
                text = path.read_text(encoding="utf-8-sig")
            except FileNotFoundError:
                text, before = "", {}
            text = _spelt_out(text, after)
            for key in before.keys() - after.keys():
                text = yaml_text.removed(text, key)
            for key, value in after.items():
                if key not in before or before[key] != value:
                    text = yaml_text.changed(text, key, value)
            partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
            path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text(text, encoding="utf-8")
            partial.replace(path)
            old.unlink(missing_ok=True)
    except OSError as error:
        raise VarDirError(f"The settings cannot be saved: {error.strerror or error}.", hint=f"File: {path}") from error
    except ValueError as error:
        raise ConfigError(f"The settings cannot be saved: {error}.", hint=f"File: {path}") from error


def _spelt_out(text: str, after: Mapping[str, Any]) -> str:
    """``record: parquet`` as ``record: {backend: parquet}``, so that another key can stand beside it."""
    from gym_gui.config import yaml_text  # noqa: PLC0415 - loaded by now

    for key, value, _ in yaml_text.flatten(text):
        group = GROUPS.get(key)
        if group is not None and value is not None and any(name.startswith(f"{key}.") for name in after):
            text = yaml_text.changed(yaml_text.removed(text, key), group.selector, value)
    return text


def _read_old_file(path: Path) -> Layer:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Layer(FILE, ())
    known = [name for name in _OLD_KEYS if isinstance(stored, dict) and name in stored]
    return Layer(FILE, tuple(Entry(f"ui.{name}", stored[name], path.name) for name in known))
