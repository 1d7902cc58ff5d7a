"""Results of `run_all.py` as a page: `python benchmarks/page.py results.jsonl`; all that they say: `--documents`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

HEAD = """# Performance

Made by `python benchmarks/run_all.py results.jsonl` and `python benchmarks/page.py results.jsonl`, in one go on one
machine; ratios are against a peer in the same run. Absolute times on a shared machine say little: run it on yours.

**Machine** {cores} cores, {cpu}, {system}, CPython {python}; {versions}; {when} UTC, load before {load_before}.

| what | must reach | measured | holds |
|---|---|---|---|
"""

TAIL = """
## What the figures mean

{notes}
"""

DOCUMENTS = "# The documents behind the figures\n\n[Performance](performance.md) has them as a table.\n"


def main() -> None:
    """Read the documents, write the page that was asked for on standard output."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("results", type=Path, help="what `run_all.py` wrote")
    options.add_argument("--documents", action="store_true", help="the documents themselves")
    asked = options.parse_args()
    documents = [json.loads(line) for line in asked.results.read_text(encoding="utf-8").splitlines()]
    if asked.documents:
        print(DOCUMENTS)
        print("\n".join(f"## {one['benchmark']}\n\n```json\n{json.dumps(one, indent=1)}\n```\n" for one in documents))
        return
    machine = documents[0]["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    print(HEAD.format(**{**machine, "versions": versions}), end="")
    for what, target, measured, holds in rows({document["benchmark"]: document for document in documents}):
        print(f"| {what} | {target} | {measured} | {'yes' if holds else '**no**'} |")
    print(TAIL.format(notes=Path(__file__).with_name("notes.md").read_text(encoding="utf-8").strip()), end="")


def rows(by_name: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    """Each target, what was measured, and whether it holds."""
    return [
        *_caller(by_name["sink_throughput"]),
        *_replay(by_name),
        *_play(by_name["play_session"]),
        *_rest(by_name),
        *_contract(by_name),
        *_recorders(by_name["recorders"]),
        *_exports(by_name["export"]),
        *_wrapper(by_name.get("wrapper_cost")),
    ]


def _caller(sink: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    at_60, at_500 = sink["caller_us_at_60_hz"], sink["caller_us_at_500_hz"]
    game, busy = at_60["record_step"], at_500["record_step"]
    flood = sink["flood"]["frames_per_s"]
    return [
        (
            "`record_step` on the caller's thread, in a game at 60 Hz",
            "p50 ≤ 20 µs, p99.9 ≤ 200 µs, max ≤ 1 ms",
            (
                f"p50 {game['p50']}, p99.9 {game['p99.9']}, max {game['max']} µs "
                f"(a `json.dumps` in the same place: p50 {at_60['json_dumps_beside']['p50']} µs)"
            ),
            game["p50"] <= 20 and game["p99.9"] <= 200 and game["max"] <= 1000,
        ),
        (
            "the same at 500 steps a second",
            "p50 ≤ 20 µs, p99.9 ≤ 200 µs",
            f"p50 {busy['p50']}, p99.9 {busy['p99.9']}, max {busy['max']} µs",
            busy["p50"] <= 20 and busy["p99.9"] <= 200,
        ),
        (
            "Atari frames to disk, SQLite and HDF5, sustained",
            "≥ 8,000 frames/s",
            f"{flood:,} frames/s, {sink['flood']['lost_or_shed']} dropped",
            flood >= 8_000,
        ),
    ]


def _replay(by_name: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    writer = by_name["replay_writer"]
    found = []
    for game, limit_ms in (("ALE/Breakout-v5", 0.6), ("ALE/MsPacman-v5", 0.6), ("CarRacing-v3", 2.0)):
        one = writer[game]
        size_target = "size ≤ 1/5" if game.startswith("ALE") else "size as it comes"
        found += [
            (
                f"replay writer alone beside the first design's layout, {game}",
                f"≥ 4x the speed, {size_target}",
                (
                    f"{one['write_ratio']}x ({one['ours_us_per_frame']} µs a frame), size 1/{one['size_ratio']} "
                    f"({one['ours_bytes_per_frame']:,} B a frame)"
                ),
                one["write_ratio"] >= 4 and (one["size_ratio"] >= 5 or not game.startswith("ALE")),
            ),
            (
                f"random single frame, cold, {game}",
                f"p95 ≤ {limit_ms} ms, ≥ 40x faster",
                f"p95 {one['ours_read_ms']['p95']} ms, {one['read_ratio_p50']}x",
                one["ours_read_ms"]["p95"] <= limit_ms and one["read_ratio_p50"] >= 40,
            ),
        ]
    seek = by_name["seek_to_paint"]["seek_to_painted_ms"]
    found.append(
        (
            "seek to painted, 400x600, 60,000-step episode",
            "p99 ≤ 16 ms",
            f"p50 {seek['p50']}, p99 {seek['p99']} ms",
            seek["p99"] <= 16,
        )
    )
    return found


def _play(play: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    breakout, car = play["ALE/Breakout-v5"], play["CarRacing-v3"]
    memory = breakout["memory_mib_every_tenth"]
    peer = play["peer gymnasium.utils.play"]
    return [
        (
            f"play Breakout at 60 Hz, recording, window offscreen, {play['seconds']:.0f} s",
            "60.0 ± 0.05 Hz, paint interval p99 ≤ 19 ms, 0 dropped, ≤ 35 % of a core, memory flat",
            (
                f"{breakout['rate_hz']} Hz, p99 {breakout['paint_interval_ms']['p99']} ms, "
                f"{breakout['dropped_frames']} dropped, {breakout['late_frames']} late, "
                f"{breakout['cpu_percent_of_one_core']} %, {memory[len(memory) // 2]} → {memory[-1]} MiB "
                f"(`gymnasium.utils.play`: {peer['rate_hz']} Hz)"
            ),
            abs(breakout["rate_hz"] - 60) <= 0.05
            and breakout["paint_interval_ms"]["p99"] <= 19
            and not breakout["dropped_frames"]
            and breakout["cpu_percent_of_one_core"] <= 35,
        ),
        (
            "play CarRacing at 50 Hz, likewise",
            "paint interval p99 ≤ 25 ms, 0 dropped",
            (
                f"{car['rate_hz']} Hz, p99 {car['paint_interval_ms']['p99']} ms, {car['dropped_frames']} dropped, "
                f"{car['late_frames']} late, {car['cpu_percent_of_one_core']} %"
            ),
            car["paint_interval_ms"]["p99"] <= 25 and not car["dropped_frames"],
        ),
    ]


def _rest(by_name: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    rows_plain, rows_info = by_name["store_rows"]["without_info"], by_name["store_rows"]["with_ale_info"]
    start, library = by_name["startup"], by_name["library_list"]
    return [
        (
            "SQLite rows through the store, without info",
            "≥ 300,000/s, ≤ 45 B a row",
            f"{rows_plain['rows_per_s']:,}/s, {rows_plain['bytes_per_row']} B ({_beside(rows_plain)})",
            rows_plain["rows_per_s"] >= 300_000 and rows_plain["bytes_per_row"] <= 45,
        ),
        (
            "the same with ALE's info, queryable",
            "≥ 120,000/s, ≤ 110 B a row",
            f"{rows_info['rows_per_s']:,}/s, {rows_info['bytes_per_row']} B ({_beside(rows_info)})",
            rows_info["rows_per_s"] >= 120_000 and rows_info["bytes_per_row"] <= 110,
        ),
        (
            "window usable after start, warm; `gym-gui --help`",
            "≤ 1.5 s; ≤ 0.3 s",
            f"{start['window_usable_s']['median']} s; {start['help_s']['median']} s",
            start["window_usable_s"]["median"] <= 1.5 and start["help_s"]["median"] <= 0.3,
        ),
        (
            "library with 10,000 episodes",
            "first rows ≤ 200 ms, filter ≤ 50 ms",
            (
                f"first rows {library['first_rows_ms']['p95']} ms, all of them {library['all_rows_ms']['p95']} ms, "
                f"filter {library['filter_ms']['p95']} ms (p95)"
            ),
            library["first_rows_ms"]["p95"] <= 200 and library["filter_ms"]["p95"] <= 50,
        ),
    ]


def _contract(by_name: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    trips, checks = by_name["space_round_trip"]["round_trip_us"], by_name["schema_checks"]
    costs = {name: one["check_us"] for name, one in checks.items() if isinstance(one, dict) and "check_us" in one}
    slowest = max(costs, key=lambda name: costs[name])
    return [
        (
            "space to JSON and back, a nested Dict",
            "≤ 20 µs",
            "; ".join(f"{what}: {cost} µs" for what, cost in trips.items()),
            max(trips.values()) <= 20,
        ),
        (
            "checking a step",
            "≤ 10 µs",
            f"{min(costs.values())} to {costs[slowest]} µs ({slowest})",
            costs[slowest] <= 10,
        ),
    ]


def _recorders(recorders: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    ours = {name: one["us_a_step"] for name, one in recorders["ours"].items() if "us_a_step" in one}
    peers = {name: one["us_a_step"] for name, one in recorders["peers"].items() if "us_a_step" in one}
    writing = {name: cost for name, cost in ours.items() if name != "none"}
    beside = "; ".join(f"{name}: p50 {cost['p50']}, max {cost['max']}" for name, cost in peers.items())
    return [
        (
            "a recorder's `record_step` with `none`, on the caller's thread at 300 Hz",
            "≤ 1 µs",
            f"p50 {ours['none']['p50']} µs",
            ours["none"]["p50"] <= 1,
        ),
        (
            "every backend, 210x160x3 frame, likewise",
            "p50 ≤ 25 µs, p99.9 ≤ 1 ms",
            "; ".join(f"{name}: p50 {cost['p50']}, p99.9 {cost['p99.9']} µs" for name, cost in writing.items())
            + f" (beside ours: {beside} µs)",
            all(cost["p50"] <= 25 and cost["p99.9"] <= 1_000 for cost in writing.values()),
        ),
    ]


def _wrapper(wrapper: dict[str, Any] | None) -> list[tuple[str, str, str, bool]]:
    if wrapper is None:
        return []
    found = []
    for what, limit in (("no frames", 15), ("frames", 30)):
        cost = wrapper["per_step"][f"RecordTelemetry, {what}"]
        held = cost["p50_us"] <= limit and cost["p99.9_us"] <= 300
        told = f"p50 {cost['p50_us']}, p99.9 {cost['p99.9_us']} µs (bare: {wrapper['per_step']['bare']['p99.9_us']} µs)"
        found.append(
            (f"`RecordTelemetry` on the training thread, {what}", f"p50 ≤ {limit} µs, p99.9 ≤ 300 µs", told, held)
        )
    share = wrapper["learning"].get("of_bare")
    if share is not None:
        everything, rows_only = (share[how]["median of neighbours"] for how in ("everything", "rows"))
        told = f"{everything:.1%} ({rows_only:.1%} without pictures)"
        found.append(("a PPO on CartPole, everything recorded", "≥ 97 % of bare", told, everything >= 0.97))
    return found


def _exports(exports: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    scalars, pictures = exports["scalars"], exports["pictures"]
    parquet, video = pictures["parquet_frames"]["frames_per_s"], pictures["mp4"]["frames_per_s"]
    return [
        (
            f"export of {exports['steps']:,} steps' scalars, any table format",
            "≤ 100 ms",
            "; ".join(f"{name} {one['ms']:.0f} ms" for name, one in scalars.items()),
            max(one["ms"] for one in scalars.values()) <= 100,
        ),
        ("Parquet with frames, Atari", "≥ 3,000 frames/s", f"{parquet:,} frames/s", parquet >= 3_000),
        ("MP4, Atari", "≥ 400 frames/s", f"{video:,} frames/s", video >= 400),
    ]


def _beside(rows: dict[str, Any]) -> str:
    """Ours beside SQLite fed with ready-made rows of text."""
    return (
        f"plain SQLite with ready-made rows: {rows['plain_sqlite_rows_per_s']:,}/s, "
        f"{rows['plain_sqlite_bytes_per_row']} B; {rows['speed_ratio']}x"
    )


if __name__ == "__main__":
    main()
