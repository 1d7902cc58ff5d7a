"""A machine whose clock a test sets, for the processes that it starts: a library that is loaded before the C library.

All that reads the time of day in such a process is moved, gRPC's and SQLite's own code, too; the monotonic clock is
not, as when a machine's clock is set. (Debian's libfaketime 0.9.10 is of no use here: under it `time.sleep` of Python
3.11 fails or never returns.)
"""

from __future__ import annotations

import mmap
import shutil
import struct
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

_SOURCE = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *ahead_s;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("GYM_GUI_TEST_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *place = file < 0 ? MAP_FAILED : mmap(0, 8, PROT_READ, MAP_SHARED, file, 0);
    if (file >= 0) close(file);
    if (place != MAP_FAILED) ahead_s = place;
}

int clock_gettime(clockid_t clock, struct timespec *at) {
    int failed = syscall(SYS_clock_gettime, clock, at);
    if (!failed && ahead_s && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) at->tv_sec += *ahead_s;
    return failed;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}
"""


class ShiftedClock:
    """Sets the clock of every process that is started with `variables`.

    Args:
        folder: Where the library is built; the test is left out where there is no C compiler, or no Linux.
    """

    def __init__(self, folder: Path) -> None:
        source, library, self._file = folder / "clock.c", folder / "clock.so", folder / "clock"
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            pytest.skip("a clock of a test's own needs a C compiler")
        source.write_text(_SOURCE, encoding="utf-8")
        built = subprocess.run(
            [compiler, "-shared", "-fPIC", "-O1", "-o", library, source], capture_output=True, text=True, check=False
        )
        if built.returncode:
            pytest.skip(f"a clock of a test's own cannot be built here: {built.stderr[-300:]}")
        self._file.write_bytes(bytes(8))
        self.variables = {"LD_PRELOAD": str(library), "GYM_GUI_TEST_CLOCK": str(self._file)}

    def set(self, ahead_s: int) -> None:
        """From now on the clock is so far ahead of the true one."""
        with self._file.open("r+b") as file, mmap.mmap(file.fileno(), 8) as place:
            place[:] = struct.pack("=q", ahead_s)
