"""What the user chose, kept as JSON in the var folder; a bad file falls back to defaults with a sentence."""

from __future__ import annotations

import json
import logging
import os
import threading
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Final

from gym_gui.config.paths import VarPaths, default_var_dir
from gym_gui.core.errors import VarDirError

if TYPE_CHECKING:
    from pathlib import Path

_LOGGER = logging.getLogger(__name__)
# Two threads of one process would write the same partial file.
_saving: Final = threading.Lock()
THEMES: Final = ("system", "dark", "light")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The user's choices.

    Attributes:
        var_dir: Where recordings live; not stored in the file, which lies inside it.
        theme: ``system``, ``dark`` or ``light``.
        integer_scale: Scale small pictures by whole numbers only, so that every pixel is the same size.
        hud: Show score, step and rate over the picture.
        library_columns: Widths and order of the library's columns, as the window wrote them; empty for its own.
    """

    var_dir: Path
    theme: str = "system"
    integer_scale: bool = True
    hud: bool = True
    library_columns: str = ""

    @property
    def paths(self) -> VarPaths:
        """The layout of `var_dir`."""
        return VarPaths(self.var_dir)

    def with_values(self, **changes: Any) -> Settings:
        """A copy with some choices changed."""
        return replace(self, **changes)


def load_settings(var_dir: Path | None = None) -> Settings:
    """The choices stored in *var_dir* (or in the default one); anything unreadable keeps its default."""
    settings = Settings(var_dir=(var_dir.expanduser().absolute() if var_dir else default_var_dir()))
    path = settings.paths.settings_file
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return settings
    except (OSError, ValueError) as error:
        _LOGGER.warning("The settings file cannot be read (%s); defaults are used. File: %s", error, path)
        return settings
    if not isinstance(stored, dict):
        _LOGGER.warning("The settings file holds no JSON object; defaults are used. File: %s", path)
        return settings
    return replace(settings, **_usable(stored, settings))


def save_settings(settings: Settings) -> None:
    """Write the choices, all or nothing.

    Raises:
        VarDirError: the file cannot be written.
    """
    path = settings.paths.settings_file
    values = {name: value for name, value in asdict(settings).items() if name != "var_dir"}
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with _saving:
            path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
            partial.replace(path)
    except OSError as error:
        raise VarDirError(f"The settings cannot be saved: {error.strerror or error}.", hint=f"File: {path}") from error


def _usable(stored: dict[str, Any], defaults: Settings) -> dict[str, Any]:
    usable: dict[str, Any] = {}
    for field in fields(defaults):
        if field.name == "var_dir" or field.name not in stored:
            continue
        value = stored[field.name]
        right_type = type(value) is type(getattr(defaults, field.name))
        if right_type and (field.name != "theme" or value in THEMES):
            usable[field.name] = value
        else:
            _LOGGER.warning("The setting %s=%r is not usable; its default is used.", field.name, value)
    return usable
