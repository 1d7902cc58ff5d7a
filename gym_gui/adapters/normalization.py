"""What observations and rewards were normalised with: the running statistics of Gymnasium's wrappers, as numbers."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

# Where `NormalizeObservation` and `NormalizeReward` keep their statistics, of one environment and of a vector.
_STATISTICS: Final = {"obs_rms": "observation", "return_rms": "reward"}
_MAX_LAYERS: Final = 32


class NormalizationProbe:
    """Reads the statistics of an environment's wrappers; finds them once.

    Args:
        env: The outermost wrapper, of a single environment or of a vector environment.

    Attributes:
        is_needed: Whether anything is normalised.
    """

    def __init__(self, env: Any) -> None:
        self._found: list[tuple[str, Any]] = []
        layer = env
        for _ in range(_MAX_LAYERS):
            held = getattr(layer, "__dict__", {})
            self._found += [(name, held[key]) for key, name in _STATISTICS.items() if hasattr(held.get(key), "mean")]
            layer = held.get("env")
            if layer is None:
                break
        self.is_needed = bool(self._found)

    def read(self) -> dict[str, Any] | None:
        """The statistics now, owned: ``observation_mean``, ``observation_var``, ``observation_count``, ``reward_…``.

        Means and variances are float arrays of the normalised value's shape. None where nothing is normalised.
        """
        if not self._found:
            return None
        told: dict[str, Any] = {}
        for name, statistics in self._found:
            told[f"{name}_mean"] = np.array(statistics.mean)
            told[f"{name}_var"] = np.array(statistics.var)
            told[f"{name}_count"] = float(statistics.count)
        return told
