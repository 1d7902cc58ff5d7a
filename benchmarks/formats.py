"""The table of docs/formats.md: one run in every format, its size and speed, and another program reading it.

`python benchmarks/formats.py` prints the page; `--write` writes it; `--steps N` chooses the length of the run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from report import machine

from gym_gui.config.settings import Settings
from gym_gui.controllers.recording import RecordingRequest, record
from gym_gui.core.sizes import size_text
from gym_gui.recording.export import export_run
from gym_gui.services.bootstrap import Services, open_archive, open_services

PAGE = Path(__file__).resolve().parents[1] / "docs" / "formats.md"
ENV_ID = "ALE/Breakout-v5"
ROUNDS = 2


class Row(NamedTuple):
    """One line of the table: what is exported, what it keeps, and who else reads it with which words."""

    format: str
    name: str
    options: dict[str, Any]
    exact: str
    keeps: str
    back: str
    peer: str
    words: list[str]


def python(code: str) -> list[str]:
    """The words that run a line of Python."""
    return [sys.executable, "-W", "ignore", "-c", code]


SCALARS = "actions, rewards, ends, times, infos, small observations"
EVERYTHING = "every step, picture and observation, infos, seeds, versions"
ROWS = (
    Row(
        "parquet", "a.parquet", {}, "exact", f"{SCALARS}; run, seeds and versions in the metadata", "yes", "pandas",
        python("import pandas as pd; d = pd.read_parquet('a.parquet'); print(len(d), 'rows, return', d.reward.sum())"),
    ),
    Row(
        "parquet `--frames`", "b.parquet", {"frames": True}, "exact", EVERYTHING, "yes", "DuckDB",
        python(
            "import duckdb; print('%d rows, %d bytes of pictures' % duckdb.sql(\"select count(*), "
            "sum(octet_length(frame)) from 'b.parquet'\").fetchall()[0])"
        ),
    ),
    Row(
        "parquet `--partition`", "parts", {"format": "parquet", "partitioned": True}, "exact", SCALARS, "yes", "Polars",
        python("import polars as pl; d = pl.read_parquet('parts'); print(len(d), 'rows, return', d['reward'].sum())"),
    ),
    Row(
        "csv", "a.csv", {}, "numbers exact", f"{SCALARS}; references of pictures", "no", "pandas",
        python("import pandas as pd; d = pd.read_csv('a.csv'); print(len(d), 'rows, return', d.reward.sum())"),
    ),
    Row(
        "json", "a.json", {}, "numbers exact", f"{SCALARS}, views; run and episodes", "no", "Python",
        python(
            "import json; d = json.load(open('a.json')); "
            "print(len(d['episodes']), 'episodes,', sum(len(e['step_rows']) for e in d['episodes']), 'rows')"
        ),
    ),
    Row(
        "json `--lines`", "a.jsonl", {"lines": True}, "numbers exact", f"{SCALARS}, views; run and episodes", "no",
        "DuckDB",
        python(
            "import duckdb; print('%d rows' % duckdb.sql(\"select count(*) from read_json('a.jsonl', "
            "format='newline_delimited', ignore_errors=true) where type = 'step'\").fetchall()[0])"
        ),
    ),
    Row("hdf5", "a.h5", {}, "exact", EVERYTHING, "yes", "h5dump", ["h5dump", "-n", "1", "a.h5"]),
    Row(
        "sqlite", "a.sqlite", {}, "exact", EVERYTHING, "yes", "sqlite3",
        ["sqlite3", "a.sqlite", "select count(*) || ' rows, return ' || sum(reward) from steps"],
    ),
    Row(
        "minari", "breakout-v0", {"format": "minari"}, "exact", "observations, actions, rewards, ends, infos, seeds, "
        "environment; no pictures beside the observation", "yes", "Minari",
        python(
            "import minari; d = minari.load_dataset('breakout-v0'); e = d.recover_environment(); e.reset(seed=1); "
            "e.step(0); print(d.total_episodes, 'episodes,', d.total_steps, 'steps,', e.spec.id, 'steps')"
        ),
    ),
    Row("mp4", "a.mp4", {}, "lossy", "pictures, sound", "no", "ffprobe", ["ffprobe", "-v", "error", "-count_frames",
        "-show_entries", "stream=codec_name,pix_fmt,r_frame_rate,nb_read_frames", "-of", "csv=p=0", "a.mp4"]),
    Row("mp4 `--lossless`", "b.mp4", {"lossless": True}, "pictures exact", "pictures (H.264 RGB), sound (ALAC)", "no",
        "ffprobe", ["ffprobe", "-v", "error", "-count_frames", "-show_entries",
         "stream=codec_name,pix_fmt,r_frame_rate,nb_read_frames", "-of", "csv=p=0", "b.mp4"]),
    Row("mkv `--lossless`", "a.mkv", {"format": "mp4", "lossless": True}, "pictures exact",
        "pictures (FFV1), sound (FLAC)", "no", "ffprobe", ["ffprobe", "-v", "error", "-count_frames", "-show_entries",
                    "stream=codec_name,pix_fmt,r_frame_rate,nb_read_frames", "-of", "csv=p=0", "a.mkv"]),
    Row("wav", "a.wav", {}, "exact", "the sound", "no", "Python",
        python("import wave; w = wave.open('a.wav'); print(w.getnframes(), 'samples,', w.getframerate(), 'Hz')")),
    Row("gif", "a.gif", {}, "pictures exact up to 256 colours", "pictures; delays of 1/100 s", "no", "Pillow",
        python("from PIL import Image; i = Image.open('a.gif'); print(i.n_frames, 'pictures,', i.size)")),
    Row("png", "pictures", {"format": "png", "episodes": [0]}, "pictures exact", "pictures of the first episode", "no",
        "Pillow", python("from PIL import Image; import glob; n = sorted(glob.glob('pictures/*.png')); "
                         "print(len(n), 'files,', Image.open(n[-1]).size)")),
)  # fmt: skip


def read_by(row: Row, folder: Path) -> str:
    """What the other program says, one line."""
    if shutil.which(row.words[0]) is None:
        return f"{row.words[0]} is not installed here"
    done = subprocess.run(
        row.words,
        cwd=folder,
        env={**os.environ, "MINARI_DATASETS_PATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    if done.returncode:
        return f"failed: {(done.stderr.strip().splitlines() or ['?'])[-1]}"[:100]
    if row.peer == "h5dump":
        return f"{sum('dataset' in line for line in lines)} datasets"
    if row.peer == "ffprobe":
        return "; ".join(lines)
    return " ".join(lines[-1].replace("|", " ").split())


def line_of(row: Row, var_dir: Path, run_id: str, folder: Path) -> str:
    """One line of the table."""
    results = [
        export_run(var_dir, run_id, folder / row.name, overwrite=True, **({"format": None} | row.options))
        for _ in range(ROUNDS)
    ]
    best = min(results, key=lambda one: one.seconds)
    count = best.frames or best.rows
    what = "pictures" if best.frames else "rows"
    cells = (
        row.format,
        row.exact,
        row.keeps,
        row.back,
        size_text(best.size_bytes),
        f"{best.seconds * 1e3:,.0f} ms ({count / best.seconds:,.0f} {what}/s)",
        f"{row.peer}: {read_by(row, folder)}",
    )
    return f"| {' | '.join(cells)} |"


def _recorded(services: Services, steps: int) -> str:
    """A run as a person's is: every emulated frame a step, with its sound."""
    asked = RecordingRequest(env_id=ENV_ID, policy="bot", steps=steps, seed=3, as_human=True)
    return record(services, asked).run_id


def page(steps: int) -> str:
    """The whole page."""
    about = machine()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with open_services(Settings(var_dir=folder / "var")) as services:
            run_id = _recorded(services, steps)
        with open_archive(Settings(var_dir=folder / "var")) as archive:
            summary = next(one for one in archive.store.list_runs() if one.run.run_id == run_id)
        (folder / "out").mkdir()
        lines = [line_of(row, folder / "var", run_id, folder / "out") for row in ROWS]
    episodes = f"{summary.episodes} episode{'s' * (summary.episodes != 1)}"
    recorded = f"{episodes}, {summary.steps:,} steps, {summary.frames:,} pictures of 210x160"
    return "\n".join(
        [
            "# Formats",
            "",
            f"One run of {ENV_ID} ({recorded}; {size_text(summary.size_bytes)} as recorded) in every format that",
            "`gym-gui export` writes, and another program reading it. *Back in*: whether `gym-gui import` takes it.",
            "",
            "| format | exact or lossy | keeps | back in | size | time | read by |",
            "|---|---|---|---|---|---|---|",
            *lines,
            "",
            "*exact* and *keeps* speak of actions, observations, rewards and pictures. Infos are plain JSON in",
            "every format, and in the recording itself: NaN and infinite numbers are null, arrays and tuples",
            "lists, bytes base64 text; see [the step payload](reference/step-schema.md#values). PNGs of pictures",
            "that change their size are padded to the largest of their episode, and a step without a picture",
            "repeats the one before it.",
            "",
            f"Made by `python benchmarks/formats.py --write` on {time.strftime('%Y-%m-%d', time.gmtime())}:",
            f"{about['cores']} cores, {about['cpu']}, Python {about['python']}; load before {about['load_before']}.",
            "The first export of a format in a process also loads its packages; each time is the better of two.",
            "How to export: [Exporting](guide/exporting.md).",
            "",
        ]
    )


def main() -> None:
    """Print the page, or write it."""
    steps = int(sys.argv[sys.argv.index("--steps") + 1]) if "--steps" in sys.argv else 3_000
    text = page(steps)
    if "--write" in sys.argv:
        PAGE.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
