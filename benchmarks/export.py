"""Exports: scalars of a 10,000-step episode in every table format; pictures to Parquet, video and the other formats.

The peers: pandas writing the same table, and `imageio`-like encoding by the ffmpeg program, where they are installed.
`--short` measures a tenth.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from report import answer, real_frames

from gym_gui.config.settings import Settings
from gym_gui.core.clock import utc_now
from gym_gui.core.data_model import EpisodeRollup, EpisodeStatus, FrameState, RunRecord, RunState, StepRecord
from gym_gui.recording.export import export_run
from gym_gui.services.bootstrap import open_services

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SHORT = "--short" in sys.argv
STEPS = 10_000
FRAMES = 600 if SHORT else 6_000
ROUNDS = 3
TABLES = {"csv": {}, "json": {}, "parquet": {}, "hdf5": {"frames": False}, "sqlite": {"frames": False}}
SUFFIXES = {"hdf5": "h5", "minari": ""}
PICTURES: dict[str, tuple[str, dict[str, Any]]] = {
    "parquet_frames": ("parquet", {"frames": True}),
    "hdf5": ("hdf5", {}),
    "sqlite": ("sqlite", {}),
    "minari": ("minari", {}),
    "mp4": ("mp4", {}),
    "mp4_overlay": ("mp4", {"overlay": True}),
    "mp4_lossless": ("mp4", {"lossless": True}),
    "gif": ("gif", {}),
}


def record(var_dir: Path, run_id: str, steps: int, frames: Sequence[NDArray[np.uint8]]) -> None:
    """One episode through the recorder: ALE-like infos, and pictures that are the observation where there are any."""
    with open_services(Settings(var_dir=var_dir)) as services:
        run = RunRecord(run_id=run_id, env_id="ALE/Breakout-v5", created_at=utc_now(), player="random")
        services.telemetry.start_run(run)
        rollup = EpisodeRollup(run_id=run_id, episode_id="ep-0", episode_index=0, seed=1, started_at=utc_now())
        services.telemetry.record_episode_start(rollup)
        for index in range(steps + 1):
            frame = frames[index % len(frames)] if frames else None
            services.telemetry.record_step(
                StepRecord(
                    run_id=run_id,
                    episode_id="ep-0",
                    step_index=index,
                    action=index % 4 if index else None,
                    reward=float(index % 9 == 0) if index else None,
                    terminated=index == steps,
                    info={"lives": 5, "episode_frame_number": 4 * index, "frame_number": 4 * index},
                    observation=frame,
                    render_payload=frame,
                    frame_state=FrameState.NONE if frame is None else FrameState.KEPT,
                )
            )
        services.telemetry.complete_episode(
            replace(rollup, steps=steps, status=EpisodeStatus.COMPLETED, terminated=True, ended_at=utc_now())
        )
        services.telemetry.end_run(run_id, RunState.COMPLETED)
        services.telemetry.flush()


def best(var_dir: Path, run_id: str, name: str, folder: Path, options: dict[str, Any]) -> dict[str, Any]:
    """The quickest of some exports; packages are loaded by the first."""
    suffix = SUFFIXES.get(name, name)
    path = folder / (f"out.{suffix}" if suffix else "out-v0")
    results = []
    try:
        for _ in range(ROUNDS):
            results.append(export_run(var_dir, run_id, path, format=name, overwrite=True, **options))  # noqa: PERF401 - a fault ends it
    except Exception as error:  # noqa: BLE001 - a format that is not there is told, not fatal
        return {"error": f"{type(error).__name__}: {error}"}
    found = min(results, key=lambda one: one.seconds)
    rate = {"frames_per_s": round(found.frames / found.seconds)} if found.frames else {}
    return {"ms": round(found.seconds * 1e3, 1), "size_bytes": found.size_bytes, **rate}


def pandas_peer(var_dir: Path, folder: Path) -> dict[str, Any]:
    """Pandas writing what it read from our Parquet file, to CSV and to Parquet."""
    try:
        import pandas as pd
    except ImportError:
        return {"pandas": "not installed"}
    path = folder / "peer.parquet"
    export_run(var_dir, "scalars", path, overwrite=True)
    table = pd.read_parquet(path)
    figures = {}
    for name, write in (("csv", table.to_csv), ("parquet", table.to_parquet)):
        started_s = time.perf_counter()
        write(folder / f"peer-out.{name}")
        figures[f"pandas_{name}_ms"] = round((time.perf_counter() - started_s) * 1e3, 1)
    return figures


def ffmpeg_peer(frames: Sequence[NDArray[np.uint8]], folder: Path) -> dict[str, Any]:
    """The ffmpeg program taking raw pictures on a pipe, with the same encoder and the same settings."""
    program = shutil.which("ffmpeg")
    if program is None:
        return {"ffmpeg": "not installed"}
    height, width = frames[0].shape[:2]
    words = [program, "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", "60"]
    words += ["-i", "-", "-c:v", "libx264", "-crf", "18", "-preset", "veryfast", "-pix_fmt", "yuv420p"]
    data = np.stack(frames).tobytes()
    started_s = time.perf_counter()
    done = subprocess.run([*words, str(folder / "peer.mp4")], input=data, check=False, capture_output=True)
    if done.returncode:
        return {"ffmpeg": "failed"}
    return {"ffmpeg_frames_per_s": round(len(frames) / (time.perf_counter() - started_s))}


def main() -> None:
    """Both kinds of runs, every format."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        var_dir = folder / "var"
        record(var_dir, "scalars", STEPS, [])
        frames = real_frames("ALE/Breakout-v5", min(FRAMES, 1_200))
        record(var_dir, "pictures", FRAMES - 1, frames)
        tables = {one: best(var_dir, "scalars", one, folder, options) for one, options in TABLES.items()}
        pictures = {one: best(var_dir, "pictures", of, folder, options) for one, (of, options) in PICTURES.items()}
        peers = {**pandas_peer(var_dir, folder), **ffmpeg_peer(frames, folder)}
    answer(
        "export",
        {
            "target": "10,000 steps' scalars <= 100 ms; Parquet with frames >= 3,000/s; MP4 >= 400/s at 210x160",
            "steps": STEPS,
            "frames": FRAMES,
            "scalars": tables,
            "pictures": pictures,
            "peers": peers,
        },
    )


if __name__ == "__main__":
    main()
