"""WatchBoard: what `gym-gui watch` knows of the runs, fed by one thread and drawn by another."""

from __future__ import annotations

import math
import threading
from collections import deque
from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from gym_gui.cli.run_lines import age, number, share_done, sparkline, speed, state_of, what_of
from gym_gui.services.trainer.states import TrainingState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

    from gym_gui.services.trainer.run_store import TrainingRun

_HISTORY: Final = 512
_SPARK_CELLS: Final = 24
_BAR_CELLS: Final = 16
# Below an id there is less room: an ssh session of 80 columns shows how far a run is and how it goes all the same.
_SHORT_BAR_CELLS: Final = 10
_INDENT: Final = "  "
# In their order; the narrowest terminal that shows each.
_COLUMNS: Final = (
    ("RUN", "left", 0),
    ("WHAT", "left", 120),
    ("STATE", "left", 0),
    ("DONE", "left", 90),
    ("STEPS", "right", 0),
    ("RETURN", "right", 0),
    ("", "left", 140),
    ("STEPS/S", "right", 0),
    ("LAST STEP", "right", 80),
)
_COLOURS: Final = {
    TrainingState.PENDING: "dim",
    TrainingState.DISPATCHING: "dim",
    TrainingState.RUNNING: "green",
    TrainingState.PAUSED: "yellow",
    TrainingState.COMPLETED: "cyan",
    TrainingState.FAILED: "bold red",
    TrainingState.CANCELLED: "magenta",
}
# A terminal without these characters gets fewer of them, not question marks.
_ASCII: Final = str.maketrans("▁▂▃▄▅▆▇█━╌", "__..--^^=.")


class WatchBoard:
    """Runs as they stand, and how their returns went since the watch began."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: dict[str, TrainingRun] = {}
        self._returns: dict[str, deque[float]] = {}
        self.fault = ""

    def put(self, run: TrainingRun) -> None:
        """A run as it stands now; any thread."""
        with self._lock:
            self._runs[run.run_id] = run
            returns = self._returns.setdefault(run.run_id, deque(maxlen=_HISTORY))
            newest = run.progress.mean_return
            if math.isfinite(newest) and (not returns or returns[-1] != newest):
                returns.append(newest)

    def remember(self, run_id: str, returns: Iterable[float]) -> None:
        """What a run's episodes gave before the watch began, oldest first."""
        with self._lock:
            self._returns[run_id] = deque(returns, maxlen=_HISTORY)

    def returns(self, run_id: str) -> list[float]:
        """How a run's return went, oldest first."""
        with self._lock:
            return list(self._returns.get(run_id, ()))

    def runs(self) -> list[TrainingRun]:
        """Active ones first, then the newest."""
        with self._lock:
            found = list(self._runs.values())
        return sorted(found, key=lambda run: (run.state.is_active, run.created_at), reverse=True)

    def drawn(self, *, width: int, height: int, ascii_only: bool = False) -> RenderableType:
        """All of it as a table of at most *height* lines; in a narrow one, what is least needed stays away."""
        columns = [name for name, _, narrowest in _COLUMNS if width >= narrowest]
        narrow = width < max(narrowest for _, _, narrowest in _COLUMNS)
        table = Table(box=None, pad_edge=False, header_style="bold", expand=False)
        for name, justify, narrowest in _COLUMNS:
            if width < narrowest:
                continue
            # An id that is cut cannot be copied.
            least = max((len(run.run_id) for run in self.runs()), default=0) if name == "RUN" else None
            table.add_column(name, justify=justify, no_wrap=True, overflow="ellipsis", min_width=least)  # type: ignore[arg-type]  # rich's word
        runs = self.runs()
        shown = runs[: max(1, (height - 3) // (2 if narrow else 1))]
        for run in shown:
            cells = self._cells(run, ascii_only=ascii_only)
            if narrow:
                cells["RUN"] = self._with_course(run, without_bar="DONE" in columns, ascii_only=ascii_only)
            table.add_row(*(cells[name] for name in columns))
        below = []
        if len(runs) > len(shown):
            below.append(Text(f"and {len(runs) - len(shown)} more: gym-gui train list", style="dim"))
        if not runs:
            below.append(Text("No runs yet. `gym-gui train start cartpole-ppo` starts one."))
        if self.fault:
            below.append(Text(self.fault, style="bold red"))
        return Group(table, *below) if runs else Group(*below)

    def _with_course(self, run: TrainingRun, *, without_bar: bool, ascii_only: bool) -> Text:
        """A run's id, and in a line below how far it is and how its return went, no wider than the id."""
        share, room = share_done(run), len(run.run_id) - len(_INDENT)
        bar = ""
        if share is not None and not without_bar:
            full = round(share * _SHORT_BAR_CELLS)
            bar = f"{'━' * full}{'╌' * (_SHORT_BAR_CELLS - full)} {share:4.0%} "
        spark = sparkline(self.returns(run.run_id), max(0, min(_SPARK_CELLS, room - len(bar))))
        course = f"{bar}{spark}".rstrip()
        if not course:
            return Text(run.run_id)
        return Text.assemble(run.run_id, f"\n{_INDENT}", (course.translate(_ASCII) if ascii_only else course, "green"))

    def _cells(self, run: TrainingRun, *, ascii_only: bool) -> dict[str, RenderableType]:
        progress, share = run.progress, share_done(run)
        spark = sparkline(self.returns(run.run_id), _SPARK_CELLS)
        return {
            "RUN": run.run_id,
            "WHAT": what_of(run),
            "STATE": Text(state_of(run), style=_COLOURS[run.state]),
            "DONE": "" if share is None else ProgressBar(total=1.0, completed=share, width=_BAR_CELLS),
            "STEPS": f"{progress.steps:,}",
            "RETURN": number(progress.mean_return),
            "": Text(spark.translate(_ASCII) if ascii_only else spark, style="green"),
            "STEPS/S": speed(run),
            "LAST STEP": age(progress.last_step_at),
        }
