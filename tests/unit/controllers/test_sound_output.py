"""The loudspeaker: what is played arrives whole and in order, and nothing that is wrong with it is ever an error."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gym_gui.adapters import sdl
from gym_gui.controllers.sound_output import SoundOutput
from gym_gui.controllers.sound_process import SILENCE, SampleBuffer

if TYPE_CHECKING:
    from pathlib import Path

RATE_HZ = 30_720
SILENT_STEP = SILENCE * 512
# Writes what it is given, and tells how it was started.
LISTENER = (
    "import os, sys; out = open(sys.argv[1], 'ab'); "
    "driver = os.environ.get('SDL_AUDIODRIVER', '-'); "
    "out.write(f'rate {sys.argv[2]} driver {driver}\\n'.encode()); "
    "out.write(sys.stdin.buffer.read())"
)


def tone(step: int) -> bytes:
    return bytes([step % 100 + 1]) * 512


@pytest.fixture
def heard(tmp_path: Path) -> Path:
    """Where the listener writes."""
    return tmp_path / "heard"


def speaker(heard: Path) -> SoundOutput:
    return SoundOutput((sys.executable, "-c", LISTENER, str(heard)))


def wait_until_taken(output: SoundOutput) -> None:
    """Wait until the player has what was given; what waits when it is told to end is let go."""
    while not output.is_idle:
        threading.Event().wait(0.001)


def played(heard: Path) -> list[bytes]:
    """What each process that was started was given."""
    return [part.partition(b"\n")[2] for part in heard.read_bytes().split(b"rate ")[1:]]


def test_that_every_step_arrives_in_order_from_the_first_sound_on(heard: Path) -> None:
    output = speaker(heard)
    output.play(SILENT_STEP, RATE_HZ)
    for step in range(12):
        output.play(tone(step), RATE_HZ)
        output.play(SILENT_STEP, RATE_HZ)
        wait_until_taken(output)
    output.close()
    output.close()
    output.play(tone(1), RATE_HZ)
    assert played(heard) == [b"".join(tone(step) + SILENT_STEP for step in range(12))]
    assert heard.read_bytes().startswith(b"rate 30720 ")


def test_that_silence_starts_nothing(heard: Path) -> None:
    output = speaker(heard)
    for _ in range(100):
        output.play(SILENT_STEP, RATE_HZ)
    output.close()
    assert not heard.exists()


def test_that_muting_lets_the_device_go_and_sound_comes_back(heard: Path) -> None:
    output = speaker(heard)
    output.play(tone(1), RATE_HZ)
    wait_until_taken(output)
    output.muted = True
    assert output.muted
    output.play(tone(2), RATE_HZ)
    output.muted = False
    output.play(tone(3), RATE_HZ)
    wait_until_taken(output)
    output.rest()
    output.play(tone(4), RATE_HZ)
    wait_until_taken(output)
    output.close()
    assert sorted(played(heard)) == [tone(1), tone(3), tone(4)]


@pytest.mark.parametrize("command", [("no-such-program",), (sys.executable, "-c", "raise SystemExit(3)")], ids=str)
def test_that_no_device_is_no_error_and_costs_no_time(command: tuple[str, ...]) -> None:
    output = SoundOutput(command)
    for step in range(200):
        output.play(tone(step), RATE_HZ)
    output.close()
    assert output.is_idle


def test_that_a_device_that_blocks_holds_nobody_up() -> None:
    output = SoundOutput((sys.executable, "-c", "import time; time.sleep(60)"))
    stuck = 0
    for step in range(400):  # far beyond what a pipe takes
        output.play(tone(step), RATE_HZ)
        stuck = 0 if output.is_idle else stuck + 1
        threading.Event().wait(0.001)
    assert stuck > 20
    output.close()


def test_that_a_driver_that_we_silenced_is_not_the_players(heard: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sdl, "_set_by_us", set())
    monkeypatch.delenv("SDL_AUDIODRIVER", raising=False)
    monkeypatch.delenv("SDL_VIDEODRIVER", raising=False)
    sdl.keep_sdl_silent()
    assert "SDL_AUDIODRIVER" not in sdl.sounding_environment()
    monkeypatch.setattr(sdl, "_set_by_us", set())
    monkeypatch.setenv("SDL_AUDIODRIVER", "chosen")
    sdl.keep_sdl_silent()
    output = speaker(heard)
    output.play(tone(1), RATE_HZ)
    wait_until_taken(output)
    output.close()
    assert b" driver chosen\n" in heard.read_bytes()


def test_that_the_real_process_plays_what_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # SDL's own driver for tests: what would be heard is written to a file, in real time.
    monkeypatch.setenv("SDL_AUDIODRIVER", "disk")
    monkeypatch.setenv("SDL_DISKAUDIOFILE", str(tmp_path / "out.raw"))
    output = SoundOutput()
    given = [bytes(np.random.default_rng(step).integers(1, 100, 512, np.uint8)) for step in range(4)]
    for step in given:
        output.play(step, RATE_HZ)
    reached = threading.Event()
    for _ in range(1_000):
        raw = (tmp_path / "out.raw").read_bytes() if (tmp_path / "out.raw").exists() else b""
        if given[-1] in raw:
            break
        reached.wait(0.01)
    output.close()
    assert b"".join(given) in raw, "all of it, with no hole"
    assert set(raw.replace(b"".join(given), b"")) == {SILENCE[0]}


@pytest.mark.parametrize(
    ("driver", "rate", "code"), [("dummy", "30720", 0), ("no-such-driver", "30720", 3)], ids=["dummy", "no device"]
)
def test_that_the_process_says_only_by_its_code_that_there_is_no_device(driver: str, rate: str, code: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gym_gui.controllers.sound_process", rate, "512"],
        env={**os.environ, "SDL_AUDIODRIVER": driver},
        input=tone(1),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (code, b"")


def test_that_the_buffer_begins_with_two_steps_and_gives_silence_where_there_is_nothing() -> None:
    buffer = SampleBuffer()
    buffer.put(tone(1))
    assert buffer.take(512) == SILENT_STEP
    buffer.put(tone(2))
    assert [buffer.take(512) for _ in range(3)] == [tone(1), tone(2), SILENT_STEP]
    buffer.put(tone(3))
    assert buffer.take(512) == SILENT_STEP, "it gathers two again"
    buffer.put(tone(4))
    assert buffer.take(600) == tone(3) + tone(4)[:88]


def test_that_steps_of_several_frames_leave_no_hole_where_one_is_late() -> None:
    buffer = SampleBuffer(2048)
    buffer.put(tone(1) * 4)
    assert buffer.take(512) == SILENT_STEP
    buffer.put(tone(2) * 4)
    heard = [buffer.take(512) for _ in range(5)]  # the third step is one chunk late
    buffer.put(tone(3) * 4)
    heard += [buffer.take(512) for _ in range(7)]
    assert heard == [tone(1)] * 4 + [tone(2)] * 4 + [tone(3)] * 4


def test_that_what_is_too_late_is_let_go() -> None:
    buffer = SampleBuffer()
    for step in range(50):
        buffer.put(tone(step))
    found: list[Any] = [buffer.take(512)[0] - 1 for _ in range(8)]
    assert found == list(range(42, 50))
