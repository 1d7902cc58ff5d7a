"""The records that travel from the adapter to the disk and back to the screen."""

from gym_gui.core.data_model.batch import ArrayBlock, ArrayKind, ScalarColumns, StepBatch
from gym_gui.core.data_model.episode import EpisodeRollup, EpisodeStatus, EpisodeSummary
from gym_gui.core.data_model.episode_table import EpisodeTable
from gym_gui.core.data_model.run import RunRecord, RunState, RunSummary
from gym_gui.core.data_model.step import DEFAULT_AGENT_ID, PAYLOAD_VERSION, FrameState, StepRecord

__all__ = [
    "DEFAULT_AGENT_ID",
    "PAYLOAD_VERSION",
    "ArrayBlock",
    "ArrayKind",
    "EpisodeRollup",
    "EpisodeStatus",
    "EpisodeSummary",
    "EpisodeTable",
    "FrameState",
    "RunRecord",
    "RunState",
    "RunSummary",
    "ScalarColumns",
    "StepBatch",
    "StepRecord",
]
