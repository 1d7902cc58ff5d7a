"""How the commands of training show a run, on wide and narrow terminals."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta

import pytest
from rich.console import Console

from gym_gui.cli.run_lines import COLUMNS, age, run_document, share_done, sparkline, table_row, what_of
from gym_gui.cli.watch_board import WatchBoard
from gym_gui.core.clock import utc_now
from gym_gui.services.trainer.config import TrainingConfig
from gym_gui.services.trainer.run_store import RunProgress, TrainingRun
from gym_gui.services.trainer.states import Retention, TrainingState
from gym_gui.workers.presets import preset_of

RUN = TrainingRun(
    run_id="a-run-with-a-long-id-0123",
    config=replace(preset_of("cartpole-ppo").config, total_steps=1_000),
    digest="0" * 64,
    attempt=1,
    state=TrainingState.RUNNING,
    reason="",
    created_at=utc_now(),
    progress=RunProgress(steps=250, episodes=3, mean_return=41.5, steps_per_s=1_234.0),
)


def drawn(board: WatchBoard, *, width: int, height: int = 20, ascii_only: bool = False) -> list[str]:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(board.drawn(width=width, height=height, ascii_only=ascii_only))
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue().splitlines()


@pytest.mark.parametrize(
    ("values", "width", "line"),
    [
        ([], 5, ""),
        ([float("nan")], 5, ""),
        ([3.0], 5, "▁"),
        ([0, 1, 2, 3, 4, 5, 6, 7], 8, "▁▂▃▄▅▆▇█"),
        ([0, 0, 0, 0, 7, 7, 7, 7], 2, "▁█"),
        ([1, float("inf"), 2], 5, "▁█"),
        ([1, 2], 0, ""),
        ([-1.7e308, 1.7e308, 1.7e308, 1.7e308], 2, "▁█"),
    ],
)
def test_that_a_sparkline_shows_finite_values_in_its_width(values: list[float], width: int, line: str) -> None:
    assert sparkline(values, width) == line


def test_that_ages_come_in_the_unit_that_suits() -> None:
    now = utc_now()
    assert age(None) == ""
    assert age(now + timedelta(seconds=5)) == "0 s"  # another machine's clock
    assert age(now - timedelta(minutes=5)) == "5 min"
    assert age(now - timedelta(hours=50)) == "2 d"


@pytest.mark.parametrize(
    ("steps", "total", "done"),
    [(166_304, 1_000_000, "16%"), (29, 100, "29%"), (999_999, 1_000_000, "99%"), (0, 10, "0%"), (10, 10, "100%")],
)
def test_that_what_is_done_is_rounded_down(steps: int, total: int, done: str) -> None:
    progress = replace(RUN.progress, steps=steps)
    run = replace(RUN, config=replace(RUN.config, total_steps=total), progress=progress)
    assert table_row(run)[COLUMNS.index("DONE")] == done


def test_that_an_evaluation_is_no_speed_of_nothing() -> None:
    resting = replace(RUN.progress, steps_per_s=0.0, last_step_at=utc_now())
    place = COLUMNS.index("STEPS/S")
    assert table_row(RUN)[place] == "1,234"
    assert table_row(replace(RUN, progress=resting))[place] == "evaluating"
    ended = replace(RUN, progress=resting, state=TrainingState.COMPLETED)
    assert table_row(ended)[place] == ""
    board = WatchBoard()
    board.put(replace(RUN, progress=resting))
    assert "evaluating" in drawn(board, width=120)[1]


def test_that_what_is_done_is_known_where_it_can_be() -> None:
    assert share_done(RUN) == 0.25
    assert share_done(replace(RUN, config=replace(RUN.config, worker="script", total_steps=0))) is None
    assert share_done(replace(RUN, state=TrainingState.COMPLETED)) == 1.0


@pytest.mark.parametrize(
    ("config", "what"),
    [
        (RUN.config, "PPO CartPole-v1"),
        (TrainingConfig(worker="random", env_id="CartPole-v1"), "random CartPole-v1"),
        (TrainingConfig(worker="script", script="/scripts/own.py"), "own.py"),
        (TrainingConfig(worker="script", script="C:\\runs\\own.py"), "own.py"),
        # It came by itself.
        (TrainingConfig(worker="script", env_id="CartPole-v1"), "script CartPole-v1"),
        (TrainingConfig(worker="script"), "script"),
    ],
)
def test_that_every_run_says_what_it_is(config: TrainingConfig, what: str) -> None:
    run = replace(RUN, config=config)
    assert what_of(run) == what
    assert table_row(run)[COLUMNS.index("WHAT")] == what


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_that_a_runs_id_is_never_cut(width: int) -> None:
    board = WatchBoard()
    board.put(RUN)
    lines = drawn(board, width=width)
    assert RUN.run_id in lines[1]
    assert "running" in lines[1]
    assert all(len(line) <= width for line in lines)


def test_that_returns_of_the_watch_become_a_line_that_any_terminal_shows() -> None:
    board = WatchBoard()
    for mean_return in (1.0, 2.0, 9.0):
        board.put(replace(RUN, progress=replace(RUN.progress, mean_return=mean_return)))
    assert "▁▂█" in drawn(board, width=200)[1]
    (_, line) = drawn(board, width=200, ascii_only=True)
    assert "__^" in line
    assert "█" not in line


@pytest.mark.parametrize("width", [60, 80])
def test_that_a_terminal_of_80_columns_shows_how_far_a_run_is_and_how_it_goes(width: int) -> None:
    board = WatchBoard()
    board.put(RUN)
    board.remember(RUN.run_id, [1.0, 2.0, 9.0])
    _, run, course = drawn(board, width=width)
    assert run.startswith(RUN.run_id)
    assert course.strip() == "━━╌╌╌╌╌╌╌╌  25% ▁▂█"
    for number in range(9):
        board.put(replace(RUN, run_id=f"{RUN.run_id}-{number}"))
    lines = drawn(board, width=width, height=12)
    assert len(lines) <= 12
    assert lines[-1].startswith("and 6 more")


def test_that_active_runs_come_first_and_the_rest_is_counted() -> None:
    board = WatchBoard()
    for number in range(10):
        state = TrainingState.RUNNING if number == 0 else TrainingState.FAILED
        created = RUN.created_at + timedelta(seconds=number)
        board.put(replace(RUN, run_id=f"run-{number}", state=state, created_at=created))
    lines = drawn(board, width=200, height=7)
    assert [line.split()[0] for line in lines[1:5]] == ["run-0", "run-9", "run-8", "run-7"]
    assert "and 6 more" in lines[-1]


def test_that_a_document_holds_what_is_known() -> None:
    document = run_document(RUN)
    assert document["progress"]["steps"] == 250
    assert document["config"]["algorithm"] == "PPO"
    assert document["state"] == "running"


def test_that_of_a_purged_run_nothing_is_made_up() -> None:
    purged = replace(RUN, state=TrainingState.COMPLETED, retention=Retention.PURGED, progress=RunProgress())
    cells = dict(zip(COLUMNS, table_row(purged), strict=True))
    assert (cells["STATE"], cells["STEPS"], cells["DONE"]) == ("purged", "", "")
    known = dict(zip(COLUMNS, table_row(replace(purged, progress=RunProgress(steps=1_000))), strict=True))
    assert (known["STEPS"], known["DONE"]) == ("1,000", "100%")
