"""Run every benchmark in a process of its own, one after the other; one JSON document a line of the file given.

`python benchmarks/run_all.py results.jsonl`
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BENCHMARKS = (
    "store_rows",
    "replay_writer",
    "sink_throughput",
    "play_session",
    "seek_to_paint",
    "startup",
    "library_list",
    "space_round_trip",
    "schema_checks",
    "recorders",
    "export",
    "batch_sink",
    "wrapper_cost",
    "ingest",
    "registry",
    "first_step",
    "curves",
    "live_window",
    "step_to_pixel",
)


def main() -> None:
    """Run, show, keep."""
    kept = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    for name in BENCHMARKS:
        script = Path(__file__).with_name(f"{name}.py")
        done = subprocess.run([sys.executable, str(script)], check=True, stdout=subprocess.PIPE, text=True)
        print(done.stdout, flush=True)
        if kept is not None:
            with kept.open("a", encoding="utf-8") as results:
                results.write(json.dumps(json.loads(done.stdout)) + "\n")


if __name__ == "__main__":
    main()
