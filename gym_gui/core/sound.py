"""The sound of a step: what the machine's speaker gave while the step was taken, kept with the step's own values.

Samples are unsigned bytes, mono, at the rate that the run's metadata name; a step without sound has none.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

#: Under this name a step's `extra` holds its samples, ``uint8 (samples,)``.
SOUND: Final = "sound"
#: Under this name a run's metadata hold samples a second, as a number.
SOUND_RATE: Final = "sound_rate_hz"
#: What a loudspeaker at rest is as an unsigned byte.
SILENCE: Final = 128
_LEVEL: Final = 1


def sound_of(extra: Mapping[str, Any] | None) -> NDArray[np.uint8] | None:
    """The samples in a step's extra values, ``uint8 (samples,)``; None where there are none."""
    samples = None if extra is None else extra.get(SOUND)
    return samples if _is_sound(samples) else None


def sound_rate_of(metadata: Mapping[str, Any]) -> int | None:
    """Samples a second of a run with sound; None for a run without."""
    rate = metadata.get(SOUND_RATE)
    return int(rate) if isinstance(rate, int | float) and rate >= 1 else None


def keeps_time(samples: int, rate_hz: float, steps_a_second: float) -> bool:
    """Whether steps that have so many samples each sound as they should at that many steps a second."""
    return steps_a_second > 0 and abs(rate_hz / steps_a_second - samples) <= 1.0


def packed_extra(extra: Mapping[str, Any]) -> tuple[dict[str, Any], bytes | None]:
    """Extra values without the sound, and the sound as a raw deflate stream: 20 to 60 bytes instead of 512."""
    samples = sound_of(extra)
    if samples is None:
        return dict(extra), None
    deflate = zlib.compressobj(_LEVEL, wbits=-zlib.MAX_WBITS)
    rest = {name: value for name, value in extra.items() if name != SOUND}
    return rest, deflate.compress(samples.tobytes()) + deflate.flush()


def unpacked_extra(rest: Mapping[str, Any] | None, packed: bytes | None) -> dict[str, Any] | None:
    """What `packed_extra` took apart; None where there is nothing."""
    if packed is None:
        return None if rest is None else dict(rest)
    samples = np.frombuffer(zlib.decompress(packed, wbits=-zlib.MAX_WBITS), np.uint8).copy()
    return {**(rest or {}), SOUND: samples}


def _is_sound(samples: Any) -> bool:
    return type(samples) is np.ndarray and samples.dtype == np.uint8 and samples.ndim == 1 and samples.size > 0
