"""gym_gui: play, record, watch and scrub through Gymnasium environments."""

from importlib import import_module as _import_module
from typing import Any as _Any

__version__ = "0.1.0"

# Loaded when they are asked for: `gym-gui --help` must not pay for h5py.
_HOMES = {
    "RecordTelemetry": "gym_gui.wrappers",
    "RecordTelemetryVector": "gym_gui.wrappers",
    "log": "gym_gui.wrappers",
    "open_library": "gym_gui.notebook",
}


def __getattr__(name: str) -> _Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
