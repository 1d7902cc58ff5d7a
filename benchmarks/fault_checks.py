"""What must be so in a var folder after a kill: states true, nothing left, nothing lost, files that agree."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import time
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
from synthetic import frame_of

from gym_gui.config.paths import VarPaths
from gym_gui.config.settings import load_settings
from gym_gui.core.data_model import EpisodeStatus, RunState
from gym_gui.services.bootstrap import open_archive
from gym_gui.services.trainer.config import EVALUATION_SUFFIX
from gym_gui.services.trainer.dispatch import processes
from gym_gui.services.trainer.dispatch.run_folder import RunFolder
from gym_gui.services.trainer.registry.registry import RunRegistry
from gym_gui.services.trainer.states import TrainingState

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from gym_gui.core.data_model import RunSummary
    from gym_gui.services.bootstrap import Archive

RANDOM_STEPS, RANDOM_ENVS = 6_000, 2
SB3_STEPS = 2_560
EPISODES, LENGTH, FRAMES_EVERY, CHUNK = 120, 29, 4, 8
# One that has just heard that all is over may still be ending.
_ENDING_S = 2.0
_LONGEST_WORD = 200
_ROWS = (
    "SELECT run_id, count(*) FROM steps JOIN episodes USING (episode_key) JOIN runs USING (run_key) GROUP BY 1",
    "SELECT run_id, count(*) FROM scalars JOIN runs USING (run_key) GROUP BY 1",
)
ENDED = (TrainingState.COMPLETED, TrainingState.FAILED)
RECORDED = {
    TrainingState.COMPLETED: {RunState.COMPLETED},
    TrainingState.FAILED: {RunState.FAULTED, RunState.INTERRUPTED},
}


def lives(pid: int) -> bool:
    """Whether the process is there, and no zombie."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _outlasting(pids: set[int]) -> set[int]:
    """Those that are there still when others have ended."""
    if pids:
        time.sleep(_ENDING_S)
    return {pid for pid in pids if lives(pid)}


def _described(pids: Iterable[int]) -> str:
    """Processes by number, state, age and words: what a promise that was broken has to say."""
    told = []
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            one = psutil.Process(pid)
            words = " ".join(word if len(word) < _LONGEST_WORD else "…" for word in one.cmdline())
            told.append(f"{pid} ({one.status()}, {time.time() - one.create_time():.1f} s old): {words}")
    return "; ".join(told) or "gone by now"


def committed(paths: VarPaths) -> Counter[str]:
    """Rows of each run that another process sees: steps and numbers of learners."""
    found: Counter[str] = Counter()
    if not paths.telemetry_db.is_file():
        return found
    with closing(sqlite3.connect(f"file:{paths.telemetry_db}?mode=ro", uri=True, timeout=30.0)) as telemetry:
        for question in _ROWS:
            with contextlib.suppress(sqlite3.OperationalError):  # its tables are just being made
                found.update(dict(telemetry.execute(question).fetchall()))
    return found


class Folder:
    """One folder, looked at after everything has ended.

    Args:
        folder: Of the round: ``var`` and journals.
        killed: Names of what was killed.
        submitted: Runs of the registry.
        seen: Rows of each run that were committed when something was killed.

    Attributes:
        broken: Promises that were.
        rows: Rows read.
        frames: Pictures read.
        acknowledged: Episodes that their process was told are safe.
    """

    def __init__(self, folder: Path, killed: list[str], submitted: list[str], seen: Counter[str]) -> None:
        self.broken: list[str] = []
        self.rows = self.frames = self.acknowledged = 0
        self._folder = folder
        self._paths = VarPaths(folder / "var")
        self._killed = killed
        self._submitted = submitted
        self._seen = seen

    def check(self) -> Folder:
        """Look at everything."""
        self._check_processes()
        self._check_tables()
        left = committed(self._paths)
        for run_id, rows in self._seen.items():
            self._must(left[run_id] >= rows, f"{run_id} had {rows} committed rows, and has {left[run_id]}")
        with open_archive(load_settings(self._paths.root)) as archive:
            summaries = {one.run.run_id: one for one in archive.library.list_runs()}
            self._check_registry(archive, summaries)
            for name in ("script", "stranger", "publisher"):
                self._check_promised(archive, name, summaries)
            for summary in summaries.values():
                self._check_recording(archive, summary)
        return self

    def _must(self, so: bool, sentence: str) -> None:
        if not so:
            self.broken.append(sentence)

    def _check_processes(self) -> None:
        marks = {RunFolder(self._paths, run_id).mark for run_id in self._submitted} - {""}
        for found in processes.marked(marks).values():
            left = _outlasting(found)
            self._must(not left, f"processes with a run's mark are left: {_described(left)}")
        beside = processes.marked([str(self._paths.root)], "GYM_GUI_VAR_DIR")
        left = _outlasting(set().union(*beside.values()))
        self._must(not left, f"processes of this folder are left: {_described(left)}")

    def _check_tables(self) -> None:
        with closing(sqlite3.connect(self._paths.trainer_db)) as registry:
            for table in ("gpu_slots", "workers"):
                (held,) = registry.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - our own names
                self._must(held == 0, f"{held} rows of {table} are left")
        with closing(sqlite3.connect(self._paths.telemetry_db)) as telemetry:
            (said,) = telemetry.execute("PRAGMA integrity_check").fetchone()
            self._must(said == "ok", f"the database says {said}")
            (lost,) = telemetry.execute(
                "SELECT count(*) FROM steps WHERE episode_key NOT IN (SELECT episode_key FROM episodes)"
            ).fetchone()
            self._must(lost == 0, f"{lost} steps have no episode")

    def _check_registry(self, archive: Archive, summaries: dict[str, RunSummary]) -> None:
        with closing(RunRegistry(self._paths.trainer_db)) as registry:
            for run_id in self._submitted:
                run, recorded = registry.get(run_id), summaries.get(run_id)
                expected = ENDED if run_id in self._killed else (TrainingState.COMPLETED,)
                self._must(run.state in expected, f"{run_id} is {run.state}: {run.reason}")
                self._must(bool(run.reason), f"{run_id} ended without a reason")
                if recorded is None:
                    self._must(run_id in self._killed, f"{run_id} is not recorded")
                    continue
                self._must(
                    recorded.state in RECORDED.get(run.state, ()), f"{run_id} is {run.state}, recorded {recorded.state}"
                )
                if run_id == "random" and run.state is TrainingState.COMPLETED:
                    # It ends with the step of all environments in which the last of its steps is.
                    is_whole = RANDOM_STEPS <= recorded.steps < RANDOM_STEPS + RANDOM_ENVS
                    self._must(is_whole, f"random has {recorded.steps} steps")
                steps = _trained(archive, run_id)
                self._must(
                    run.progress.steps == steps,
                    f"{run_id}: the registry says {run.progress.steps} steps, the recording has {steps}",
                )
                if run_id == "sb3" and run.state is TrainingState.COMPLETED:
                    self._must(steps == SB3_STEPS, f"sb3 has {steps} steps of training")

    def _check_promised(self, archive: Archive, name: str, summaries: dict[str, RunSummary]) -> None:
        """What a process was told is safe is there, whole; and all that it gave away, where nobody killed it."""
        path = self._folder / f"{name}.journal"
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        said = [int(number) for number in re.findall(r"^safe (\d+)\n", text, re.MULTILINE)]
        safe = max(said, default=0)
        ended = text.endswith("end\n")
        self._must(ended or name in self._killed, f"{name} did not come to its end")
        if name not in self._killed:
            self._must(safe == EPISODES, f"{name} was told of {safe} episodes only")
        self.acknowledged += safe
        if not safe:
            return
        if name not in summaries:
            self.broken.append(f"{name} was told that {safe} episodes are safe, and is not recorded")
            return
        if name not in self._killed:
            self._must(summaries[name].state is RunState.COMPLETED, f"{name} is recorded {summaries[name].state}")
        found = {one.rollup.episode_index: one.rollup for one in archive.library.list_episodes(name)}
        for index in range(safe):
            rollup = found.get(index)
            whole = rollup is not None and (rollup.steps, rollup.status) == (LENGTH, EpisodeStatus.COMPLETED)
            self._must(whole, f"{name}: episode {index} of {safe} that are safe is {rollup}")

    def _check_recording(self, archive: Archive, summary: RunSummary) -> None:
        """Rows are unique and without a gap, episodes count them rightly, every picture is there and is the one."""
        run_id = summary.run.run_id
        self._must(summary.state is not RunState.RUNNING, f"{run_id} is recorded as running")
        episodes = archive.library.list_episodes(run_id)
        indices = [(one.rollup.worker_id, one.rollup.episode_index) for one in episodes]
        self._must(len(set(indices)) == len(indices), f"{run_id}: an episode is there twice")
        for one in episodes:
            rollup = one.rollup
            name = f"{run_id}/{rollup.episode_id}"
            self._must(rollup.status is not EpisodeStatus.RUNNING, f"{name} is running")
            steps = archive.library.load_steps(run_id, rollup.episode_id)
            self.rows += len(steps)
            self._must([step.step_index for step in steps] == list(range(len(steps))), f"{name} has a gap")
            self._must(rollup.steps == max(0, len(steps) - 1), f"{name} says {rollup.steps}, has {len(steps)} rows")
            refs = [(step.step_index, step.frame_ref) for step in steps if step.frame_ref]
            frames = archive.library.resolve_batch([ref for _, ref in refs])
            self.frames += len(refs)
            for (index, ref), frame in zip(refs, frames, strict=True):
                self._must(frame is not None, f"{name}: {ref} is not there")
                expected = _expected(run_id, rollup.episode_index, index)
                if frame is not None and expected is not None:
                    self._must(np.array_equal(frame, expected), f"{name}: {ref} is another picture")


def _trained(archive: Archive, run_id: str) -> int:
    """Steps that are no evaluation's."""
    rollups = [one.rollup for one in archive.library.list_episodes(run_id)]
    return sum(one.steps for one in rollups if not (one.worker_id or "").endswith(EVALUATION_SUFFIX))


def _expected(run_id: str, episode: int, step: int) -> Any:
    if run_id in {"script", "stranger"}:
        return frame_of(step)
    if run_id == "publisher":
        first = episode * -(-(LENGTH + 1) // CHUNK) * CHUNK
        return np.full((84, 84, 3), (first + step) % 251, np.uint8)
    return None
