"""Which backends there are: ours by name, other packages' by entry point, and those that a program registered."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from gym_gui.core.errors import ConfigError, FormatUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ENTRY_POINT_GROUP: Final = "gym_gui.recorders"
_INSTALL: Final = 'pip install "gym-gui[formats]"'


class Home(NamedTuple):
    """Where a backend of ours lives.

    Attributes:
        module: Of this package.
        recorder: Name of its recorder's class there.
        backend: Name of its backend's class there.
        package: What must be installed for it; None for nothing beyond our own needs.
    """

    module: str
    recorder: str
    backend: str
    package: str | None = None

    def load(self, name: str) -> Any:
        """Something of the module, by name."""
        return getattr(import_module(f"gym_gui.recording.{self.module}"), name)


OURS: Final[Mapping[str, Home]] = {
    "split": Home("split", "SplitRecorder", "SplitBackend"),
    "parquet": Home("parquet", "ParquetRecorder", "ParquetBackend", "pyarrow"),
    "hdf5": Home("hdf5", "HDF5Recorder", "HDF5Backend"),
    "sqlite": Home("sqlite", "SQLiteRecorder", "SQLiteBackend"),
    "none": Home("null", "NullRecorder", "NullBackend"),
}
# What `RecorderFactory.register_backend` was told, by name; asked first.
registered: Final[dict[str, Callable[[Any], Any]]] = {}


def foreign() -> dict[str, EntryPoint]:
    """Recorders of other packages, not loaded."""
    return {point.name: point for point in entry_points(group=ENTRY_POINT_GROUP) if point.name not in OURS}


def usable_home(name: str) -> Home:
    """Where a backend of ours lives.

    Raises:
        FormatUnavailableError: a package that it needs is not installed.
    """
    home = OURS[name]
    missing = missing_of(home)
    if missing:
        raise FormatUnavailableError(f"The recorder {name} cannot be used: {missing}.", hint=f"Run {_INSTALL}.")
    return home


def missing_of(home: Home) -> str:
    """What keeps a backend of ours from being used; empty where nothing does."""
    if home.package is None or find_spec(home.package) is not None:
        return ""
    return f"the package {home.package} is not installed"


def foreign_recorder(name: str) -> Any:
    """The recorder of another package.

    Raises:
        FormatUnavailableError: it cannot be loaded.
    """
    point = foreign()[name]
    try:
        return point.load()
    except Exception as error:  # a stranger's module may raise anything while it is imported
        raise FormatUnavailableError(
            f"The recorder {name} cannot be used: {point.value} cannot be loaded ({error}).",
            hint="Update or uninstall the package that offers it.",
        ) from error


def loading_fault(name: str) -> str:
    """What keeps another package's recorder from being used; empty where nothing does."""
    try:
        foreign_recorder(name)
    except FormatUnavailableError as error:
        return error.message
    return ""


def check_name(name: str) -> str:
    """*name* itself, where a backend has it.

    Raises:
        ConfigError: none has; the nearest is offered.
    """
    known = [*OURS, *registered]
    if name not in known:
        known += foreign()  # looked for only where it is needed: it reads every package's metadata
    if name in known:
        return name
    near = get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    raise ConfigError(
        f"There is no recorder {name!r}.",
        hint=f"Did you mean {near[0]!r}?" if near else f"There are {', '.join(dict.fromkeys(known))}.",
    )


def name_of_class(class_name: str) -> str:
    """The backend whose recorder's class has that name, for ``_target_`` forms.

    Raises:
        ConfigError: none has.
    """
    known = {home.recorder: name for name, home in OURS.items()}
    known |= {getattr(one, "__name__", name): name for name, one in registered.items()}
    if class_name in known:
        return known[class_name]
    near = get_close_matches(class_name, known, n=1, cutoff=0.3)
    raise ConfigError(f"There is no recorder class {class_name!r}.", hint=f"Did you mean {near[0]!r}?" * bool(near))


def options_of(name: str) -> Mapping[str, Any] | None:
    """The options of a backend's own with their defaults; None where it takes any.

    Raises:
        FormatUnavailableError: a package that it needs is not installed.
    """
    if name not in OURS or name in registered:
        return None
    home = usable_home(name)
    return cast("Mapping[str, Any] | None", home.load(home.backend).options)
