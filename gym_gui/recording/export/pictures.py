"""The pictures of a selection in order, one a step, read in groups; what a video, a GIF and PNG files are made of."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gym_gui.core.errors import ExportError
from gym_gui.core.rewards import sum_of_rewards
from gym_gui.core.sound import sound_of
from gym_gui.core.value_codec import decode_value

if TYPE_CHECKING:
    from collections.abc import Generator

    from numpy.typing import NDArray

    from gym_gui.core.data_model import EpisodeRollup
    from gym_gui.recording.export.job import ExportJob
    from gym_gui.telemetry.step_columns import StepColumns


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Picture:
    """One step as it is shown.

    Attributes:
        episode: The episode.
        step: The step.
        action: The action, of several agents a dict by their names; None after reset.
        reward: The reward, of all agents of the step together; None after reset.
        total: Return up to and with this step.
        ref: The picture's ``h5://`` text.
        frame: ``uint8 (H, W, 3)``.
        sound: What was heard during the step, ``uint8 (samples,)``; None for nothing, or where it was not asked for.
    """

    episode: EpisodeRollup
    step: int
    action: Any
    reward: float | None
    total: float
    ref: str | None
    frame: NDArray[np.uint8]
    sound: NDArray[np.uint8] | None = None


def pictures(job: ExportJob, *, sound: bool = False) -> Generator[Picture, None, None]:
    """Every picture of the selection; a step without one shows the last before it.

    Args:
        job: The export.
        sound: Whether pictures come with the sound of their steps.
    """
    missing = 0
    for episode in job.selection.episodes:
        last: NDArray[np.uint8] | None = None
        total = _return_before(job, episode)
        for page in job.source.episode_pages(job.selection, episode):
            rows = _one_a_step(page)
            rewards = _rewards_by_step(page)
            together = _actions_by_step(page)
            totals: dict[int, float] = {}
            for step, reward in rewards.items():
                total += 0.0 if reward is None or math.isnan(reward) else reward
                totals[step] = total
            for start, group in job.source.frame_groups([page.frame_refs[row] for row in rows]):
                for row, found in zip(rows[start:], group, strict=False):
                    if found is None:
                        missing += 1
                    frame = last if found is None else _checked(found)
                    step = int(page.step_index[row])
                    if frame is not None:
                        yield Picture(
                            episode=episode,
                            step=step,
                            action=_action(page, row, together.get(step)),
                            reward=rewards[step],
                            total=totals[step],
                            ref=page.frame_refs[row],
                            frame=frame,
                            sound=sound_of(page.rare(row).get("extra")) if sound else None,
                        )
                    last = frame
                job.progress.advance(len(group))
    if missing:
        job.note(f"{missing:,} steps have no picture of their own; they show the last one before, where there is one.")


def count_steps(job: ExportJob) -> int:
    """Steps of the selection, read from the rows' indices."""
    return sum(len(_one_a_step(page)) for _, page in job.source.pages(job.selection))


def _action(page: StepColumns, row: int, together: dict[str, int | bytes] | None) -> Any:
    if together is None:
        return decode_value(page.actions[row])
    return {agent: decode_value(action) for agent, action in together.items()} or None


def _checked(found: NDArray[Any]) -> NDArray[np.uint8]:
    if found.dtype != np.uint8 or found.ndim != 3 or found.shape[2] != 3:  # noqa: PLR2004 - rows, columns, colours
        raise ExportError(f"A picture of type {found.dtype} and shape {found.shape} cannot be drawn.")
    return found


def _rewards_by_step(page: StepColumns) -> dict[int, float | None]:
    """Step -> what its agents got together."""
    given: dict[int, list[float | None]] = {}
    columns = page.step_index.tolist(), page.rewards.tolist(), page.has_reward.tolist()
    for step, reward, has_reward in zip(*columns, strict=True):
        given.setdefault(step, []).append(reward if has_reward else None)
    return {step: sum_of_rewards(rewards) for step, rewards in given.items()}


def _actions_by_step(page: StepColumns) -> dict[int, dict[str, int | bytes]]:
    """Step -> its agents' actions, as they are stored; only steps of several agents."""
    steps = page.step_index
    shared = np.flatnonzero(np.isin(steps, steps[1:][steps[1:] == steps[:-1]]))
    found: dict[int, dict[str, int | bytes]] = {}
    for row in shared.tolist():
        action, acted = page.actions[row], found.setdefault(int(steps[row]), {})
        if action is not None:
            acted[page.agent_ids[row]] = action
    return found


def _one_a_step(page: StepColumns) -> list[int]:
    """Rows that stand for their step: the first one with a picture, or the first."""
    chosen: dict[int, int] = {}
    for row, step in enumerate(page.step_index.tolist()):
        before = chosen.get(step)
        if before is None or (page.frame_refs[before] is None and page.frame_refs[row] is not None):
            chosen[step] = row
    return list(chosen.values())


def _return_before(job: ExportJob, episode: EpisodeRollup) -> float:
    start = job.selection.start
    if not start:
        return 0.0
    rows = job.source.rows.load_steps(episode.run_id, episode.episode_id, start=0, stop=start)
    return sum((row.reward for row in rows if row.reward is not None and not math.isnan(row.reward)), 0.0)
