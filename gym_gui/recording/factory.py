"""RecorderFactory: from a configuration to a recorder; backends by name, ours and other packages'."""

from __future__ import annotations

import logging
from dataclasses import replace
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, cast

from gym_gui.core.errors import ConfigError, FormatUnavailableError, GymGuiError
from gym_gui.recording.config_forms import config_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gym_gui.recording.backend_recorder import BackendRecorder
    from gym_gui.recording.base import BaseRecorder
    from gym_gui.recording.config import RecorderConfig
    from gym_gui.recording.contract import RecordingBackend

_LOGGER = logging.getLogger(__name__)
ENTRY_POINT_GROUP: Final = "gym_gui.recorders"
_INSTALL: Final = 'pip install "gym-gui[formats]"'


class _Home(NamedTuple):
    module: str
    recorder: str
    backend: str
    package: str | None = None


_OURS: Final = {
    "split": _Home("split", "SplitRecorder", "SplitBackend"),
    "parquet": _Home("parquet", "ParquetRecorder", "ParquetBackend", "pyarrow"),
    "hdf5": _Home("hdf5", "HDF5Recorder", "HDF5Backend"),
    "sqlite": _Home("sqlite", "SQLiteRecorder", "SQLiteBackend"),
    "none": _Home("null", "NullRecorder", "NullBackend"),
}


class RecorderFactory:
    """Makes recorders. Not to be instantiated."""

    _registered: ClassVar[dict[str, Callable[[Any], BaseRecorder]]] = {}

    @classmethod
    def create_recorder(cls, config: RecorderConfig | Mapping[str, Any]) -> BaseRecorder:
        """The recorder that *config* describes.

        Args:
            config: A `RecorderConfig`, a mapping in any of the forms of `recording.config_forms`, an OmegaConf node.

        Raises:
            ConfigError: no such backend or setting; the message offers the nearest name.
            FormatUnavailableError: a package that the backend needs is not installed.
        """
        read = config_of(config)
        recorder = cls._registered.get(read.backend)
        if recorder is not None:
            return recorder(read)
        if read.backend in _OURS:
            home = _home(read.backend)
            return cast("BaseRecorder", getattr(import_module(f"gym_gui.recording.{home.module}"), home.recorder)(read))
        return cast("BaseRecorder", _foreign()[read.backend].load()(read))

    @classmethod
    def register_backend(cls, name: str, recorder: Callable[[Any], BaseRecorder]) -> None:
        """Make *recorder*, a class that takes a `RecorderConfig`, known as *name*; it may replace another."""
        cls._registered[name] = recorder

    @classmethod
    def available(cls) -> dict[str, str]:
        """Every backend's name, with why it cannot be used here; empty text where it can."""
        found = {name: _missing(home) for name, home in _OURS.items()}
        for name, point in _foreign().items():
            found[name] = _loading_fault(point)
        return found | dict.fromkeys(cls._registered, "")

    @classmethod
    def create_backend(cls, config: RecorderConfig) -> RecordingBackend:
        """What a recorder of that configuration writes with, for whoever has records instead of dictionaries.

        Raises:
            ConfigError: there is no such backend, or it takes dictionaries only.
            FormatUnavailableError: a package that it needs is not installed.
        """
        cls.check_name(config.backend)
        if config.backend in _OURS and config.backend not in cls._registered:
            home = _home(config.backend)
            made = getattr(import_module(f"gym_gui.recording.{home.module}"), home.backend)
            return cast("RecordingBackend", made(config))
        recorder = cls._registered.get(config.backend) or _foreign()[config.backend].load()
        backend_class = getattr(cast("type[BackendRecorder]", recorder), "backend_class", None)
        if backend_class is None:
            raise ConfigError(
                f"The recorder {config.backend} takes dictionaries of steps only, not runs of the application.",
                hint="Give its class a `backend_class`, a RecordingBackend.",
            )
        return cast("RecordingBackend", backend_class(config))

    @classmethod
    def check_name(cls, name: str) -> str:
        """*name* itself, where a backend has it.

        Raises:
            ConfigError: none has; the nearest is offered.
        """
        known = [*_OURS, *cls._registered]
        if name in known:
            return name
        known += _foreign()
        if name in known:
            return name
        near = get_close_matches(name.lower(), known, n=1, cutoff=0.5)
        raise ConfigError(
            f"There is no recorder {name!r}.",
            hint=f"Did you mean {near[0]!r}?" if near else f"There are {', '.join(dict.fromkeys(known))}.",
        )

    @classmethod
    def name_of_class(cls, class_name: str) -> str:
        """The backend whose recorder's class has that name, for ``_target_`` forms.

        Raises:
            ConfigError: none has.
        """
        known = {home.recorder: name for name, home in _OURS.items()}
        known |= {getattr(one, "__name__", name): name for name, one in cls._registered.items()}
        if class_name in known:
            return known[class_name]
        near = get_close_matches(class_name, known, n=1, cutoff=0.3)
        raise ConfigError(f"There is no recorder class {class_name!r}.", hint=f"Did you mean {near[0]!r}?" * bool(near))

    @classmethod
    def options_of(cls, name: str) -> Mapping[str, Any] | None:
        """The options of a backend's own with their defaults; None where it takes any."""
        if name not in _OURS or name in cls._registered:
            return None
        home = _home(name)
        backend = getattr(import_module(f"gym_gui.recording.{home.module}"), home.backend)
        return cast("Mapping[str, Any] | None", backend.options)


def chain_of(config: RecorderConfig) -> list[RecorderConfig]:
    """The configuration, and those of the backends that take over after it, with the same folder."""
    followers = [replace(config, backend=name, options={}, path=None, compression=None, compression_level=None)
                 for name in config.fallback]  # fmt: skip
    return [replace(one, fallback=()) for one in (config, *followers)]


def _home(name: str) -> _Home:
    home = _OURS[name]
    missing = _missing(home)
    if missing:
        raise FormatUnavailableError(f"The recorder {name} cannot be used: {missing}.", hint=f"Run {_INSTALL}.")
    return home


def _missing(home: _Home) -> str:
    if home.package is None or find_spec(home.package) is not None:
        return ""
    return f"the package {home.package} is not installed"


def _foreign() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=ENTRY_POINT_GROUP) if point.name not in _OURS}


def _loading_fault(point: EntryPoint) -> str:
    try:
        point.load()
    except (ImportError, AttributeError, GymGuiError) as error:
        return f"{point.value} cannot be loaded: {error}"
    return ""
