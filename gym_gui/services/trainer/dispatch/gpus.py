"""GPUs of this machine as the driver tells; none is fine."""

from __future__ import annotations

import contextlib
from typing import Any

from gym_gui.services.trainer.dispatch.dispatch_facts import GpuFacts


def discover_gpus() -> tuple[GpuFacts, ...]:
    """Every GPU with its memory and load now; empty where there is no driver, or it does not answer."""
    import pynvml  # noqa: PLC0415 - loads the driver's library, where there is one

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return ()
    try:
        return tuple(_facts(pynvml, index) for index in range(pynvml.nvmlDeviceGetCount()))
    except pynvml.NVMLError:
        return ()  # the driver went away under us
    finally:
        with contextlib.suppress(pynvml.NVMLError):
            pynvml.nvmlShutdown()


def _facts(nvml: Any, index: int) -> GpuFacts:
    handle = nvml.nvmlDeviceGetHandleByIndex(index)
    memory = nvml.nvmlDeviceGetMemoryInfo(handle)
    name = nvml.nvmlDeviceGetName(handle)
    load = 0.0
    with contextlib.suppress(nvml.NVMLError):  # not every model tells
        load = float(nvml.nvmlDeviceGetUtilizationRates(handle).gpu)
    return GpuFacts(
        index=index,
        name=name.decode() if isinstance(name, bytes) else str(name),
        memory_total_bytes=int(memory.total),
        memory_used_bytes=int(memory.used),
        utilization_percent=load,
    )
