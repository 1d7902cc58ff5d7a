"""The database, the recordings, and a round trip through a replay file."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from typing import TYPE_CHECKING, Final

import numpy as np

from gym_gui.controllers.doctor.check import Check, Status
from gym_gui.core.data_model import RunState
from gym_gui.core.data_model.run import KEPT_ELSEWHERE
from gym_gui.core.errors import EnvironmentFault
from gym_gui.replay import FrameResolver, ReplayWriter
from gym_gui.replay.run_lock import is_being_written
from gym_gui.services.bootstrap import open_archive
from gym_gui.telemetry.sqlite_store import MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from gym_gui.config.settings import Settings
    from gym_gui.core.data_model import RunSummary
    from gym_gui.services.bootstrap import Archive
    from gym_gui.services.library import Library

_FRAMES: Final = 20
# Opening a replay file takes a millisecond, another recording ten; the newest ones tell.
_OPENED: Final = 2_000
_READ: Final = 200
_PUT_BACK: Final = "Copy telemetry.sqlite back from elsewhere; rows are nowhere else."
# Some two seconds.
_LOOKED_THROUGH_BYTES: Final = 1_000_000_000


def check_database(settings: Settings) -> Check:
    """Whether the database opens, in a format that this version knows."""
    path = settings.paths.telemetry_db
    if not path.exists():
        return Check("Database", Status.OK, "There is none yet; the first recording makes it.")
    size_bytes = path.stat().st_size
    try:
        with open_archive(settings) as archive:
            damage = archive.store.find_damage() if size_bytes <= _LOOKED_THROUGH_BYTES else []
    except EnvironmentFault as error:
        return Check("Database", Status.PROBLEM, error.message, error.hint)
    if damage:
        sentence = f"It is damaged; what the damage does not touch can still be read. SQLite says: {damage[0]}"
        return Check("Database", Status.PROBLEM, sentence, f"Copy it back from elsewhere. File: {path}")
    whole = "opens, whole" if size_bytes <= _LOOKED_THROUGH_BYTES else "opens; too large to be looked through here"
    return Check("Database", Status.OK, f"Format {MIGRATIONS[-1].version}, {size_bytes / 1e6:,.1f} MB, {whole}.")


def check_runs(settings: Settings) -> Check:
    """How many runs there are, how many were cut short, and whether each one's file is there."""
    files = _written_files(settings.paths.replay_dir)
    if not settings.paths.telemetry_db.exists():
        if files:
            return Check("Recordings", Status.PROBLEM, f"The database is gone; {_stray(files)}", _PUT_BACK)
        return Check("Recordings", Status.OK, "There are none yet.")
    try:
        with open_archive(settings) as archive:
            runs = archive.store.list_runs()
            found = [*_faults_of_others(archive, runs), *_faults_of_files(archive, runs)]
    except EnvironmentFault as error:
        return Check("Recordings", Status.PROBLEM, f"They cannot be listed. {error.message}", error.hint)
    known = {one.run.run_id for one in runs}
    stray = [run_id for run_id in files if run_id not in known]
    states = Counter(one.state for one in runs)
    text = f"{len(runs):,} run{'' if len(runs) == 1 else 's'}"
    if states[RunState.RUNNING]:
        text += f", {states[RunState.RUNNING]:,} being recorded now"
    if states[RunState.INTERRUPTED]:
        text += f", {states[RunState.INTERRUPTED]:,} interrupted (what was recorded is kept)"
    if stray:
        found.append((_stray(stray), _PUT_BACK))
    if found:
        sentences, hints = zip(*found, strict=True)
        text = "; ".join((text, *(one.removesuffix(".") for one in sentences)))
        return Check("Recordings", Status.PROBLEM if stray else Status.WARNING, f"{text}.", " ".join(hints))
    return Check("Recordings", Status.OK, f"{text}.")


def _faults_of_others(archive: Archive, runs: Sequence[RunSummary]) -> Iterator[tuple[str, str]]:
    """What is wrong with recordings of other backends, whose pictures are in folders of their own, and what to do."""
    others = [one for one in runs if KEPT_ELSEWHERE in one.run.metadata]
    told = ((one.run.run_id, _why_unread(archive.library, one)) for one in others[:_READ])
    unread = [(run_id, why) for run_id, why in told if why]
    if unread:
        (first, why), count = unread[0], len(unread)
        yield (
            f"the recording of {count:,} cannot be read, of {first} first: {why}",
            f"Copy it back from elsewhere into {archive.paths.recordings_dir}.",
        )


def _faults_of_files(archive: Archive, runs: Sequence[RunSummary]) -> Iterator[tuple[str, str]]:
    """What is wrong with replay files, and what to do."""
    pictured = [one.run.run_id for one in runs if one.frames and KEPT_ELSEWHERE not in one.run.metadata]
    lost = [run_id for run_id in pictured if not archive.resolver.has_run(run_id)]
    there = [run_id for run_id in pictured if run_id not in lost][:_OPENED]
    damaged = [run_id for run_id in there if archive.resolver.get_run_info(run_id) is None]
    folder, rows_open = archive.paths.replay_dir, "rows without pictures still open."
    if damaged:
        yield (
            f"the replay file of {len(damaged):,} cannot be read, of {damaged[0]} first.",
            f"Copy it back from elsewhere into {folder}; {rows_open}",
        )
    if lost:
        yield (
            f"the replay file of {len(lost):,} is gone, of {lost[0]} first.",
            f"Put the files back into {folder}; {rows_open}",
        )


def _written_files(folder: Path) -> list[str]:
    """The runs of the replay files that nobody writes any more, so that their rows should be there."""
    return sorted(file.stem for file in folder.glob("*.h5") if not is_being_written(folder, file.stem))


def _stray(files: Sequence[str]) -> str:
    first = files[0]
    if len(files) == 1:
        return f"the database knows nothing of the replay file {first}.h5."
    return f"the database knows nothing of {len(files):,} replay files, of {first}.h5 first."


def _why_unread(library: Library, summary: RunSummary) -> str:
    """Why the newest episode that another backend recorded cannot be read; empty where it can."""
    run_id = summary.run.run_id
    try:
        newest = library.list_episodes(run_id, newest=1)
        for one in newest:
            # One step, and its picture, show whether its files are whole.
            steps = library.load_steps(run_id, one.rollup.episode_id, stop=1)
            for step in steps:
                if step.frame_ref is not None:
                    library.require(step.frame_ref)
            if steps or not one.rollup.steps:
                return ""
    except EnvironmentFault as error:
        return error.message
    return "It is damaged, or gone." if summary.steps else ""


def check_round_trip(_settings: Settings) -> Check:
    """Whether frames that are written come back bit for bit."""
    generator = np.random.default_rng(0)
    frames = generator.integers(0, 256, (_FRAMES, 210, 160, 3), dtype=np.uint8)
    started_s = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="gym-gui-doctor-") as folder:
        with ReplayWriter("doctor", folder, frame_shape=frames.shape[1:]) as writer:
            refs = [writer.record_step(frame, None, 0, 0.0, done=False) for frame in frames]
            writer.mark_episode_end()
        with FrameResolver(folder) as resolver:
            read = resolver.resolve_batch([ref or "" for ref in refs])
    wrong = sum(one is None or not np.array_equal(one, frame) for one, frame in zip(read, frames, strict=True))
    took_ms = 1000 * (time.perf_counter() - started_s)
    if wrong:
        return Check(
            "Replay files",
            Status.PROBLEM,
            f"{wrong} of {_FRAMES} frames did not come back as they were written.",
            "Reinstall h5py and zstandard.",
        )
    return Check("Replay files", Status.OK, f"{_FRAMES} frames came back bit for bit, in {took_ms:.0f} ms.")
