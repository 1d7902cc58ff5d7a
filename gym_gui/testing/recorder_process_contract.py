"""What a recording backend shows in a process of its own: others see its steps, it is killed, it is flooded."""

# ruff: noqa: S101, D102 - asserts are what a conformance class is made of, and names of tests say what they show

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gym_gui.core.data_model import RunState
from gym_gui.testing.recorder_case import RecordingCase
from gym_gui.testing.recorder_values import BATCH, START, announce, ended, step

if TYPE_CHECKING:
    from gym_gui.recording.config import RecorderConfig

FLOOD_STEPS = 1_600
FLOOD_GROWTH_KIB = 64 * 1024


class RecordingProcessContract(RecordingCase):
    """What every backend keeps to when its process is looked at from outside."""

    def test_that_what_was_flushed_is_there_for_others_and_after_a_kill(self, tmp_path: Path) -> None:
        config = self.config(tmp_path)
        with self.child(config, (36, 48, 3)) as child:
            flushed, _ = told(child)
            reader = self.open_reader(self.path_of(config))
            assert [one.step_index for one in reader.load_steps("run", "e0000")] == list(range(flushed))
            for number in range(0, flushed, 5):
                self.check_step(reader, step(number))
            say(child, "go")
            for _ in range(5):
                flushed, _ = told(child)
            child.kill()
            rest = child.stdout.read().split("\n") if child.stdout else []
        flushed = max([flushed, *(int(line.split()[0]) for line in rest[:-1])])
        reader.close()
        self.check_after_kill(config, flushed)

    def check_after_kill(self, config: RecorderConfig, flushed: int) -> None:
        """What was flushed is there, what is there is right, and the run can be recorded on."""
        reader = self.open_reader(self.path_of(config))
        count = len(reader.load_steps("run", "e0000"))
        assert count >= flushed
        for number in range(0, count, 7):
            self.check_step(reader, step(number))
        assert reader.get_episode("run").steps == count - 1
        reader.close()
        backend = self.open_backend(config)
        with backend:
            announce(backend, [step(0)])
            backend.write_steps([step(n) for n in range(count - 3, count + 10)])
            backend.end_episode(ended(steps=count + 9))
            backend.end_run("run", RunState.COMPLETED, START)
        reader = self.open_reader(backend.path)
        assert [one.step_index for one in reader.load_steps("run", "e0000")] == list(range(count + 10))
        for number in (0, count - 1, count, count + 9):
            self.check_step(reader, step(number))
        reader.close()

    def test_that_a_flood_does_not_fill_the_memory(self, tmp_path: Path) -> None:
        with self.child(self.config(tmp_path), (210, 160, 3)) as child:
            say(child, "go")
            memory = dict(told(child) for _ in range(FLOOD_STEPS // BATCH))
            child.kill()
        # The raw pictures alone would be 100 kB a step.
        assert max(memory.values()) - memory[10 * BATCH] < FLOOD_GROWTH_KIB

    def child(self, config: RecorderConfig, shape: tuple[int, ...]) -> subprocess.Popen[str]:
        """A process that records with this backend; see `recording_child`."""
        with self.open_backend(config) as backend:
            kind = type(backend)
        settings = {"backend": config.backend, "output_dir": str(config.output_dir)}
        command = [sys.executable, "-m", "gym_gui.testing.recording_child", f"{kind.__module__}:{kind.__qualname__}"]
        package = Path(__file__).resolve().parents[2]
        paths = os.pathsep.join([str(package), *filter(None, [os.environ.get("PYTHONPATH")])])
        return subprocess.Popen(  # noqa: S603 - our own module
            [*command, json.dumps(settings), json.dumps(shape)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": paths},
        )


def told(child: subprocess.Popen[str]) -> tuple[int, int]:
    """What the child tells next: steps flushed, and its largest memory in KiB."""
    assert child.stdout is not None
    line = child.stdout.readline()
    assert line, "the child died"
    steps, memory_kib = map(int, line.split())
    return steps, memory_kib


def say(child: subprocess.Popen[str], word: str) -> None:
    """Tell the child something."""
    assert child.stdin is not None
    child.stdin.write(f"{word}\n")
    child.stdin.flush()
