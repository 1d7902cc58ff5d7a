"""Plays what comes in on standard input: unsigned bytes, mono, at the rate and in steps of the samples that are named.

A process of its own: a sound device that is missing, blocks, or writes to the terminal costs the window nothing. It
ends with its input, and with 3 where there is no device.
"""

from __future__ import annotations

import sys
import threading
from typing import Any, Final

#: The exit code where nothing can be heard here.
NO_DEVICE: Final = 3
SILENCE: Final = b"\x80"
_CHUNK: Final = 512
# Chunks that are gathered before it sounds, beyond a step of several, and those beyond which the oldest are let go: 33
# and 133 ms, or three steps.
_BEGIN_CHUNKS: Final = 2
_MOST_CHUNKS: Final = 8
_MOST_STEPS: Final = 3


class SampleBuffer:
    """Samples between the pipe and the device, which ask and give at their own times.

    Sound begins once a little is there, so that a step that is a little late leaves no hole.

    Args:
        step: Samples that come at a time.
    """

    def __init__(self, step: int = _CHUNK) -> None:
        self._begin = max(_BEGIN_CHUNKS * _CHUNK, step + _CHUNK)
        self._most = max(_MOST_CHUNKS * _CHUNK, _MOST_STEPS * step)
        self._samples = bytearray()
        self._lock = threading.Lock()
        self._begun = False

    def put(self, samples: bytes) -> None:
        """Samples arrived; of too many the oldest are let go."""
        with self._lock:
            self._samples += samples
            surplus = len(self._samples) - self._most
            if surplus > 0:
                del self._samples[:surplus]

    def take(self, count: int) -> bytes:
        """So many samples for the device, silence where there are none."""
        with self._lock:
            if not self._begun and len(self._samples) < self._begin:
                return SILENCE * count
            taken = bytes(self._samples[:count])
            del self._samples[:count]
            self._begun = len(taken) == count
        return taken.ljust(count, SILENCE)


def main() -> int:
    """Play until the input ends; the exit code."""
    rate_hz, step = map(int, sys.argv[1:])
    buffer = SampleBuffer(step)
    try:
        device = _open_device(rate_hz, buffer)
    except Exception:  # noqa: BLE001 - whatever the driver says: there is no one to tell, the game goes on silently
        return NO_DEVICE
    device.pause(0)
    while samples := sys.stdin.buffer.read(_CHUNK):
        buffer.put(samples)
    device.close()
    return 0


def _open_device(rate_hz: int, buffer: SampleBuffer) -> Any:
    # Provisional modules of pygame, but the only way to a device that asks for samples; versions are pinned.
    from pygame._sdl2 import audio, sdl2  # noqa: PLC0415 - see above; and only where there is sound

    def fill(_device: Any, samples: memoryview) -> None:
        samples[:] = buffer.take(len(samples))

    sdl2.init_subsystem(sdl2.INIT_AUDIO)
    (name, *_) = audio.get_audio_device_names(False)
    return audio.AudioDevice(
        devicename=name,
        iscapture=False,
        frequency=rate_hz,
        audioformat=audio.AUDIO_U8,
        numchannels=1,
        chunksize=_CHUNK,
        allowed_changes=0,
        callback=fill,
    )


if __name__ == "__main__":
    sys.exit(main())
