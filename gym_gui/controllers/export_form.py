"""What a person chooses in an export's form, as a value: which steps, which format, where to, and how large it gets."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gym_gui.core.sound import sound_rate_of
from gym_gui.recording.export import ExportOptions, ExportRequest, find_format

if TYPE_CHECKING:
    from gym_gui.core.data_model import EpisodeRollup, EpisodeSummary, RunRecord

# Bytes a row, and share of the bytes that the recording takes, of each format: measured by benchmarks/formats.py.
_ROW_BYTES: Final = {"parquet": 20, "csv": 145, "json": 315, "hdf5": 60, "sqlite": 120, "minari": 60}
_STORED_SHARE: Final = {"hdf5": 7.5, "sqlite": 3.0, "minari": 10.0, "mp4": 0.6, "gif": 0.6, "png": 5.0}
_LOSSLESS_SHARE: Final = 0.9
_PARQUET_FRAMES_SHARE: Final = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportForm:
    """A filled-in form.

    Attributes:
        run: The run.
        episodes: Its episodes, all of them.
        opened: The one that was open.
        scope: ``run``, ``episode`` or ``steps``.
        first: First step, where the scope is steps.
        last: Last step, included, where the scope is steps.
        format: Name of a format.
        options: How it is written.
        path: Where to.
        pictured: The steps of the open episode that have a picture; None while nobody knows.
    """

    run: RunRecord
    episodes: tuple[EpisodeSummary, ...]
    opened: EpisodeRollup
    scope: str = "episode"
    first: int = 0
    last: int = 0
    format: str = "mp4"
    options: ExportOptions = field(default_factory=ExportOptions)
    path: str = ""
    pictured: frozenset[int] | None = None

    @property
    def chosen(self) -> list[EpisodeSummary]:
        """The episodes that are exported."""
        if self.scope == "run":
            return list(self.episodes)
        return self._opened

    @property
    def rows(self) -> int:
        """Rows of one agent."""
        if self.scope == "steps":
            return max(0, self.last - self.first + 1)
        return sum(one.rollup.steps + 1 for one in self.chosen)

    @property
    def pictures(self) -> int:
        """How many pictures there are of the rows that are exported."""
        return self._run_pictures if self.scope == "run" else self._opened_pictures

    def why_not(self, name: str) -> str:
        """One sentence where what is chosen cannot be written in that format; empty where it can."""
        chosen = find_format(name)
        if chosen.needs_sound and self._sound_hz is None:
            return f"No sound of this run was recorded, so there is no {chosen.title} of it."
        if self.pictures or not chosen.needs_frames:
            return ""
        what = {"run": "run", "steps": "choice of steps"}.get(self.scope, "episode")
        return f"No pictures of this {what} were recorded, so there is no {chosen.title} of it."

    def request(self, *, overwrite: bool) -> ExportRequest:
        """What to export."""
        steps = self.scope == "steps"
        return ExportRequest(
            run_id=self.run.run_id,
            output=Path(self.path).expanduser(),
            format=self.format,
            episodes=None if self.scope == "run" else (self.opened.episode_id,),
            start=self.first if steps else 0,
            stop=self.last + 1 if steps else None,
            options=self.options,
            overwrite=overwrite,
        )

    def estimated_bytes(self) -> float:
        """About how large the file gets."""
        if find_format(self.format).needs_sound:
            return self.rows * (self._sound_hz or 0) / self.run.step_rate_hz  # a sample is a byte
        stored = self._stored_bytes()
        if self.format == "parquet":
            part = _PARQUET_FRAMES_SHARE if self.options.frames else 0.0
        elif self.options.lossless:
            part = _LOSSLESS_SHARE
        else:
            part = 0.0 if self.options.frames is False else _STORED_SHARE.get(self.format, 0.0)
        return self.rows * _ROW_BYTES.get(self.format, 0) + stored * part * self.options.scale

    @property
    def _sound_hz(self) -> int | None:
        return sound_rate_of(self.run.metadata)

    @property
    def _opened_pictures(self) -> int:
        if self.pictured is None:
            # A summary that counts none may be older than the count: none is said only of rows that were looked at.
            counted = sum(one.rollup.frames for one in self._opened)
            return min(self.rows, counted) if counted else self.rows
        if self.scope == "steps":
            return sum(self.first <= step <= self.last for step in self.pictured)
        return len(self.pictured)

    @property
    def _run_pictures(self) -> int:
        counted = sum(one.rollup.frames for one in self._opened)
        if not counted and (self.pictured is None or self.pictured):
            return sum(one.rollup.steps + 1 for one in self.episodes)  # a recording whose summaries count none
        return sum(one.rollup.frames for one in self.episodes)

    @property
    def _opened(self) -> list[EpisodeSummary]:
        return [one for one in self.episodes if one.rollup.episode_id == self.opened.episode_id]

    def _stored_bytes(self) -> float:
        """Bytes that the recording takes for what is exported."""
        whole, of_run = sum(one.size_bytes for one in self.episodes), self._run_pictures
        if of_run:
            return whole * self.pictures / of_run  # pictures are nearly all of it, and not every episode has them
        recorded = sum(one.rollup.steps + 1 for one in self.chosen)
        return sum(one.size_bytes for one in self.chosen) * self.rows / recorded if recorded else 0.0


def suggested_path(form: ExportForm, folder: str) -> str:
    """A name for the file that says the game, the episode and the steps."""
    game = form.run.env_id.rsplit("/", 1)[-1].rsplit(":", 1)[-1]
    parts = [game]
    if form.scope != "run":
        parts.append(f"episode-{form.opened.episode_index}")
    if form.scope == "steps":
        parts.append(f"step-{form.first}" if form.first == form.last else f"steps-{form.first}-{form.last}")
    chosen = find_format(form.format)
    ending = chosen.suffixes[0] if chosen.suffixes else "-v0"
    if form.format == "png" and form.rows != 1:
        ending = "-pictures"
    elif form.options.partitioned:
        ending = "-parquet"
    elif form.options.lines:
        ending = ".jsonl"
    name = "-".join(parts)
    if form.format == "minari":
        name = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in name)
    return str(Path(folder) / f"{name}{ending}")
