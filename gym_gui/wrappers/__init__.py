"""One line for any script: wrappers that record a training loop's environments, and what its learner logs.

Imported when they are asked for: the package itself costs nothing.
"""

from importlib import import_module as _import_module
from typing import Any as _Any

_HOMES = {
    "RecordTelemetry": "gym_gui.wrappers.record_telemetry",
    "RecordTelemetryVector": "gym_gui.wrappers.record_vector",
    "log": "gym_gui.wrappers.scalar_log",
}


def __getattr__(name: str) -> _Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
