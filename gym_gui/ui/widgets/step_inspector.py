"""The inspector of the player: what happened in the step under the playhead, its info, its episode and run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from gym_gui.controllers.action_names import action_text
from gym_gui.controllers.library_entry import ENDING_TOLD, ending_of
from gym_gui.core.schema.mismatch import counts_of
from gym_gui.ui import theme as tokens
from gym_gui.ui.texts import duration_text, number_text, when_text
from gym_gui.ui.widgets.fact_grid import Fact, FactGrid, FoldingGroup
from gym_gui.ui.widgets.payload_facts import picture_words
from gym_gui.ui.widgets.payload_panels import PayloadPanels

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gym_gui.controllers.replay_columns import AgentStep
    from gym_gui.controllers.replay_state import ReplayState, StepDetails
    from gym_gui.core.data_model import EpisodeRollup, RunRecord
    from gym_gui.ui.theme import Theme

WIDTH: Final = 304
_SOON_MS: Final = 30  # the picture comes first
_PLAYING_MS: Final = 100  # nobody reads faster than ten changes a second
_INFO_ROWS: Final = 64
_INFO_TEXT: Final = 400


class StepInspector(QScrollArea):
    """Facts, in groups that fold; at most ten times a second while playing.

    Args:
        theme: The look.
        notify: Told what was copied.
    """

    def __init__(self, theme: Theme, notify: Callable[[str], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._step: StepDetails | None = None
        self._episode: EpisodeRollup | None = None
        self._run: RunRecord | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._fill)
        self._facts = FactGrid(theme, notify)
        self._agents = FactGrid(theme, notify, wrap=True)
        self._agents_group = FoldingGroup(theme, "Agents", self._agents)
        self._agents_group.hide()
        self._info = FactGrid(theme, notify)
        self._episode_facts = FactGrid(theme, notify, wrap=True)
        self._run_facts = FactGrid(theme, notify, wrap=True)
        self._info_group = FoldingGroup(theme, "Info", self._info)
        self.panels = PayloadPanels(theme, notify)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(tokens.SPACE_12, tokens.SPACE_8, tokens.SPACE_12, tokens.SPACE_16)
        column.setSpacing(tokens.SPACE_16)
        column.addWidget(FoldingGroup(theme, "Step", self._facts))
        column.addWidget(self._agents_group)
        column.addWidget(self._info_group)
        column.addWidget(self.panels)
        column.addWidget(FoldingGroup(theme, "Episode", self._episode_facts))
        column.addWidget(FoldingGroup(theme, "Run", self._run_facts))
        column.addStretch(1)
        self.setWidget(body)
        self.setWidgetResizable(True)
        self.setFixedWidth(WIDTH)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def show_step(self, details: StepDetails | None, *, playing: bool) -> None:
        """Show a row's facts soon; None clears them."""
        self._step = details
        if not self._timer.isActive():
            self._timer.start(_PLAYING_MS if playing else _SOON_MS)

    def show_state(self, state: ReplayState) -> None:
        """Show the facts of episode and run, where they changed."""
        if state.episode is not self._episode and state.episode is not None and state.run is not None:
            self._episode_facts.set_facts(episode_facts(state.episode))
        if state.run is not self._run and state.run is not None:
            self._run_facts.set_facts(run_facts(state.run))
        self._episode, self._run = state.episode, state.run

    def facts(self) -> dict[str, str]:
        """What the step's group says, for tests and for copying."""
        shown = (*self._facts.facts, *self._agents.facts, *self._info.facts)
        return {fact.key: fact.value for fact in shown}

    def _fill(self) -> None:
        details = self._step
        agents = () if details is None else details.agents
        self._agents.set_facts(agent_facts(agents))
        self._agents_group.setVisible(bool(agents))
        if details is None:
            self._facts.set_facts(())
            self._info.set_facts(())
            self.panels.show_matter(None)
            return
        self._facts.set_facts(step_facts(details))
        if details.matter is not None:
            self.panels.show_matter(details.matter, picture_words(details.frame_ref, details.frame_size))
        if details.info is not None:
            self._info.set_facts(info_facts(details.info))
            self._info_group.set_note(_note_of_info(details))


def _note_of_info(details: StepDetails) -> str:
    if not details.agents:
        return "" if details.info else "The environment gave no info."
    agent = details.agents[0].agent_id
    return f"Info of the agent {agent}." if details.info else f"The environment gave no info for the agent {agent}."


def agent_facts(agents: tuple[AgentStep, ...]) -> list[Fact]:
    """One row an agent: what it did and what it got."""
    facts = []
    for one in agents:
        parts = []
        if one.action is not None:
            parts.append(action_text(one.action))
        if one.reward is not None:
            parts.append(f"reward {number_text(one.reward, signed=True)}")
        parts.append(f"return {number_text(one.total_reward)}")
        parts += [word for word, on in (("terminated", one.terminated), ("truncated", one.truncated)) if on]
        text = "  ·  ".join(parts)
        facts.append(Fact(one.agent_id, text))
    return facts


def step_facts(details: StepDetails) -> list[Fact]:
    """The rows of the step's own group."""
    if details.reward is None:
        action, reward = "none (after reset)", "none (after reset)"
    else:
        action = f"{details.action}  {details.action_name}" if details.action_name else details.action
        reward = number_text(details.reward, signed=True)
    ended = " and ".join(
        word for word, on in (("terminated", details.terminated), ("truncated", details.truncated)) if on
    )
    return [
        Fact("Step", f"{details.step_index:,}"),
        *([] if details.agents else [Fact("Action", action)]),
        *(Fact(name, value) for name, value in details.action_parts),
        Fact("Reward", reward),
        Fact("Return", number_text(details.total_reward)),
        Fact("Ended", ended or "no"),
        Fact("Time", when_text(details.timestamp, exact=True)[11:23], tip=when_text(details.timestamp, exact=True)),
        Fact("Frame", details.frame_ref or "none", copy=details.frame_ref or "", tip=details.note),
    ]


def info_facts(info: Mapping[str, Any]) -> list[Fact]:
    """One row a key; values as text, long ones cut."""
    facts = []
    for key, value in list(info.items())[:_INFO_ROWS]:
        text = number_text(value) if isinstance(value, float) else str(value)
        cut = len(text) > _INFO_TEXT
        facts.append(Fact(str(key), f"{text[:_INFO_TEXT]}…" if cut else text, whole=text if cut else ""))
    if len(info) > _INFO_ROWS:
        facts.append(Fact("…", f"{len(info) - _INFO_ROWS} more"))
    return facts


def episode_facts(episode: EpisodeRollup) -> list[Fact]:
    """What the library and the player tell about an episode."""
    ending = ending_of(episode)
    seed = "" if episode.seed is None else str(episode.seed)
    facts = [
        Fact("Episode", f"{episode.episode_index:,}"),
        Fact("Seed", seed or "none", copy=seed),
        Fact("Steps", f"{episode.steps:,}"),
        Fact("Return", number_text(episode.total_reward)),
        Fact("Ended", ending.value, tip=ENDING_TOLD[ending]),
        Fact("Started", when_text(episode.started_at), tip=when_text(episode.started_at, exact=True)),
    ]
    if episode.ended_at is not None:
        facts.append(Fact("Duration", duration_text((episode.ended_at - episode.started_at).total_seconds())))
    if episode.dropped_frames:
        facts.append(Fact("Not kept", f"{episode.dropped_frames:,} pictures", state="warn"))
    if episode.fault:
        facts.append(Fact("Fault", episode.fault, state="bad"))
    return facts


def run_facts(run: RunRecord) -> list[Fact]:
    """What the library and the player tell about a run."""
    facts = [
        Fact("Run", run.run_id, copy=run.run_id),
        Fact("Environment", run.env_id, copy=run.env_id),
        Fact("Player", run.player),
        Fact("Rate", f"{run.step_rate_hz:g} Hz"),
    ]
    facts += [Fact(key, str(value)) for key, value in run.env_kwargs.items()]
    for key, value in (("Actions", run.action_space), ("Observations", run.observation_space), ("Host", run.host)):
        if value:
            facts.append(Fact(key, value))
    if run.rom_sha256:
        facts.append(Fact("ROM", run.rom_sha256, copy=run.rom_sha256))
    facts += [Fact(name, version) for name, version in run.versions.items()]
    if run.app_version:
        facts.append(Fact("gym_gui", run.app_version))
    schema = counts_of(run.metadata).sentence()
    if schema:
        facts.append(Fact("Schema", schema))
    return facts
