"""What every benchmark shares: the machine, percentiles, real frames, and one JSON document at the end."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

PACKAGES = ("gym-gui", "numpy", "h5py", "zstandard", "gymnasium", "ale-py", "PySide6-Essentials")


def machine() -> dict[str, Any]:
    """Cores, CPU, system and versions, as a figure needs them beside it."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    return {
        "cores": os.cpu_count(),
        "cpu": _cpu(),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
        "versions": versions,
        "when": time.strftime("%Y-%m-%d %H:%M", time.gmtime()),
    }


def percentiles(values: Sequence[float], *, scale: float = 1.0, digits: int = 3) -> dict[str, float]:
    """p50, p95, p99, p99.9 and max of *values*, multiplied by *scale*."""
    array = np.asarray(values) * scale
    ranks = {"p50": 50, "p95": 95, "p99": 99, "p99.9": 99.9, "max": 100}
    return {name: round(float(np.percentile(array, rank)), digits) for name, rank in ranks.items()}


def real_frames(env_id: str, count: int, **env_kwargs: Any) -> list[NDArray[np.uint8]]:
    """Pictures of a seeded random game, each an array of its own."""
    from gym_gui.adapters.catalog import make_adapter

    adapter = make_adapter(env_id, env_kwargs=env_kwargs)
    adapter.seed_actions(1)
    frames = []
    step = adapter.reset(seed=1)
    while len(frames) < count:
        if step.frame is not None:
            frames.append(step.frame)
        step = (
            adapter.reset(seed=1 + len(frames))
            if step.terminated or step.truncated
            else adapter.step(adapter.sample_action())
        )
    adapter.close()
    return frames


@contextmanager
def others_aside() -> Iterator[None]:
    """What peers print goes to standard error: standard output is the document's."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def answer(name: str, figures: dict[str, Any]) -> None:
    """Print the one JSON document of a benchmark."""
    command = " ".join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]])
    print(json.dumps({"benchmark": name, "command": command, "machine": machine(), **figures}, indent=2))


def _cpu() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()
