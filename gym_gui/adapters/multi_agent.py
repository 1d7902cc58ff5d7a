"""Several agents in one world: one row an agent and step, a return for each, one episode for all of them.

Any environment with PettingZoo's parallel interface will do, by its methods alone, and one with its AEC interface,
whose agents take turns (`multi_agent_turns`). Runs on the caller's thread.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Protocol

import gym_gui
from gym_gui.adapters import describe
from gym_gui.adapters.actions import make_action_check
from gym_gui.adapters.foreign import ForeignCode
from gym_gui.adapters.frames import FrameNormaliser
from gym_gui.adapters.multi_agent_turns import TurnsAsParallel, acts_in_turns
from gym_gui.adapters.ownership import owned
from gym_gui.core.clock import utc_now
from gym_gui.core.data_model import EpisodeRollup, EpisodeStatus, FrameState, RunRecord, StepRecord
from gym_gui.core.errors import EnvironmentUnusableError, InvalidActionError, InvariantError
from gym_gui.core.refs import new_run_id
from gym_gui.core.schema.run_spaces import RunSpaces

if TYPE_CHECKING:
    from collections.abc import Callable

    from gymnasium.spaces import Space
    from numpy.typing import NDArray

#: Whose return the rollup of a shared episode is: everybody's together.
EVERYBODY: Final = "everybody"
# `agents`, too, but PettingZoo's own worlds have them only once they were reset.
_NEEDED: Final = ("possible_agents", "reset", "step", "observation_space", "action_space")


class ParallelEnvironment(Protocol):
    """What is asked of an environment: the parallel interface of PettingZoo.

    Attributes:
        possible_agents: Everybody who may ever act.
        agents: Who acts in the next step; empty once the episode is over.
    """

    possible_agents: list[str]
    agents: list[str]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """Start an episode: observations and infos by agent."""

    def step(self, actions: dict[str, Any]) -> tuple[
        dict[str, Any], dict[str, float], dict[str, bool], dict[str, bool], dict[str, dict[str, Any]]
    ]:  # fmt: skip
        """One action for each agent: observations, rewards, terminations, truncations, infos by agent."""

    def observation_space(self, agent: str) -> Space[Any]:
        """What an agent sees is drawn from this."""

    def action_space(self, agent: str) -> Space[Any]:
        """What an agent does is drawn from this."""


def make_multi_agent_run(
    env: ParallelEnvironment,
    env_id: str,
    *,
    player: str,
    env_kwargs: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> RunRecord:
    """The record of a new run of *env*, whose spaces are those of all agents together.

    Args:
        env: The open environment; ``render_fps`` of its ``metadata`` is the rate at which it is played again.
        env_id: What it is called.
        player: ``random``, or a policy's name.
        env_kwargs: What it was made with, JSON values.
        metadata: Anything else worth keeping, JSON values.

    Raises:
        EnvironmentUnusableError: it lacks a part of the parallel interface.
    """
    from gymnasium import spaces  # noqa: PLC0415 - loaded with the environment

    check_parallel(env, env_id)
    together = run_spaces(env)
    action = spaces.Dict({agent: one.action for agent, one in together.items()})
    observation = spaces.Dict({agent: one.observation for agent, one in together.items()})
    about = describe.describe_spaces(observation, action)
    turns = {"in_turns": True} if acts_in_turns(env) else {}
    now = utc_now()
    return RunRecord(
        run_id=new_run_id(env_id, now),
        env_id=env_id,
        created_at=now,
        env_kwargs=dict(env_kwargs or {}),
        render_mode=getattr(env, "render_mode", None),
        player=player,
        action_space=about.action_text,
        observation_space=about.observation_text,
        space_signature=about.signature,
        step_rate_hz=describe.declared_rate_hz(env),
        versions=describe.package_versions((type(env).__module__.partition(".")[0],)),
        host=f"{platform.node()} ({platform.platform()})",
        app_version=gym_gui.__version__,
        metadata={"agents": list(env.possible_agents), **turns, **about.run_metadata(), **(metadata or {})},
    )


def check_parallel(env: object, env_id: str) -> None:
    """Return where *env* has the parallel interface.

    Raises:
        EnvironmentUnusableError: it lacks a part of it.
    """
    missing = [name for name in _NEEDED if not hasattr(env, name)]
    if missing:
        raise EnvironmentUnusableError(
            f"{env_id} is no parallel environment of several agents: it has no {missing[0]}.",
            hint="It needs possible_agents, reset, step, observation_space and action_space.",
        )


def run_spaces(env: ParallelEnvironment) -> dict[str, RunSpaces]:
    """Agent -> its spaces; as ``RunSpaces(by_agent=…)`` telemetry checks every agent's steps against its own."""
    return {
        agent: RunSpaces(action=env.action_space(agent), observation=env.observation_space(agent))
        for agent in env.possible_agents
    }


class MultiAgentStepper:
    """Plays episodes of one run in one world; the agents' rows of a step share its index.

    The picture of a step is the world's, and belongs to the row of its first agent.

    Args:
        env: The open environment, of either interface; the caller closes it.
        run: The run that the records belong to.
        render: Whether pictures are wanted.

    Raises:
        EnvironmentUnusableError: *env* lacks a part of the parallel interface.
    """

    def __init__(self, env: ParallelEnvironment, run: RunRecord, *, render: bool = True) -> None:
        check_parallel(env, run.env_id)
        self._env: Any = TurnsAsParallel(env) if acts_in_turns(env) else env
        self._run = run
        self._checks: dict[str, Callable[[Any], Any]] = {
            agent: make_action_check(env.action_space(agent)) for agent in env.possible_agents
        }
        draws = getattr(env, "render_mode", None) == "rgb_array" and callable(getattr(env, "render", None))
        self._draws = render and draws
        self._pictures = FrameNormaliser()
        self._rollup: EpisodeRollup | None = None
        self._agents: dict[str, EpisodeRollup] = {}
        self._next_index = 0
        self._frames = 0
        self._resetting = ForeignCode(run.env_id, "reset")
        self._stepping = ForeignCode(run.env_id, "step")
        self._rendering = ForeignCode(run.env_id, "render")

    @property
    def acting(self) -> list[str]:
        """Who acts in the next step; empty once the episode is over."""
        return list(self._env.agents)

    @property
    def draws(self) -> bool:
        """Whether steps have pictures."""
        return self._draws

    @property
    def frame_note(self) -> str:
        """One sentence on the last picture that could not be used; empty while there was none."""
        return self._pictures.note

    @property
    def rollups(self) -> dict[str, EpisodeRollup]:
        """Agent -> its own totals in the current episode."""
        return dict(self._agents)

    @property
    def rollup(self) -> EpisodeRollup:
        """The totals of everybody together; each agent's own are under ``agents`` in its metadata.

        Raises:
            InvariantError: no episode was started.
        """
        rollup = self._rollup
        if rollup is None:
            raise InvariantError("No episode was started: reset comes first.")
        if rollup.status is not EpisodeStatus.RUNNING:
            return rollup
        own = self._agents
        over = not self._env.agents and bool(own)
        return replace(
            rollup,
            steps=max((one.steps for one in own.values()), default=0),
            total_reward=sum(one.total_reward for one in own.values()),
            terminated=over and any(one.terminated for one in own.values()),
            truncated=over and not any(one.terminated for one in own.values()),
            frames=self._frames,
            metadata={"agents": {agent: _told(one) for agent, one in own.items()}},
        )

    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> list[StepRecord]:
        """Start an episode; the step 0 of every agent that is there.

        Raises:
            EnvironmentRaisedError: the environment raised.
        """
        index = self._next_index
        self._next_index += 1
        when = utc_now()
        self._rollup = EpisodeRollup(
            run_id=self._run.run_id,
            episode_id=f"{self._run.worker_id}-ep-{index:06d}" if self._run.worker_id else f"ep-{index:06d}",
            episode_index=index,
            seed=seed,
            started_at=when,
            agent_id=EVERYBODY,
            worker_id=self._run.worker_id,
            options=None if options is None else dict(options),
        )
        self._agents, self._frames = {}, 0
        with self._resetting:
            observations, infos = self._env.reset(seed=seed, options=None if options is None else dict(options))
            seen = {agent: owned(one) for agent, one in observations.items()}
            told = {agent: owned(one) for agent, one in infos.items()}
        frame = self._picture()
        self._rollup = replace(self._rollup, started_at=utc_now())
        for agent in seen:
            self._agents[agent] = replace(self._rollup, agent_id=agent)
        return [
            self._record(agent, place=place, step_index=0, frame=frame, observation=seen[agent], info=told.get(agent))
            for place, agent in enumerate(seen)
        ]

    def step(self, actions: Mapping[str, Any]) -> list[StepRecord]:
        """One action for each agent of `acting`; a row for each of them, and for who came in with this step.

        Raises:
            InvalidActionError: somebody's action is missing or not in its space; nothing happened.
            InvariantError: the episode is over.
            EnvironmentRaisedError: the environment raised.
        """
        acting = self.acting
        if not acting or self._rollup is None:
            raise InvariantError("No agent is left: reset comes before the next step.")
        taken = {agent: self._checked(agent, actions) for agent in acting}
        step_index = 1 + max(one.steps for one in self._agents.values())
        with self._stepping:
            answer = self._env.step({agent: owned(action) for agent, action in taken.items()})
            seen, rewards, terminated, truncated, infos = ({**part} for part in answer)
            seen, infos = owned(seen), owned(infos)
        frame = self._picture()
        records = []
        for place, agent in enumerate(dict.fromkeys([*acting, *seen])):
            reward = float(rewards[agent]) if agent in rewards else None
            own = self._agents.get(agent) or replace(self._rollup, agent_id=agent)
            self._agents[agent] = own = replace(
                own,
                steps=step_index,
                total_reward=own.total_reward + (reward or 0.0),
                terminated=bool(terminated.get(agent, False)),
                truncated=bool(truncated.get(agent, False)),
            )
            records.append(
                self._record(
                    agent,
                    place=place,
                    step_index=step_index,
                    frame=frame,
                    observation=seen.get(agent),
                    info=infos.get(agent),
                    action=taken.get(agent),
                    reward=reward,
                    terminated=own.terminated,
                    truncated=own.truncated,
                )
            )
        return records

    def finish(self, status: EpisodeStatus | None = None, fault: str | None = None) -> EpisodeRollup:
        """Close the episode; everybody's final rollup. Asked again, the same one.

        Args:
            status: How it ended; None means ``COMPLETED`` where nobody is left to act, else ``ABANDONED``.
            fault: One sentence, where the environment raised.
        """
        rollup = self.rollup
        if rollup.status is not EpisodeStatus.RUNNING:
            return rollup
        if status is None:
            status = EpisodeStatus.ABANDONED if self._env.agents else EpisodeStatus.COMPLETED
        self._rollup = replace(rollup, status=status, fault=fault, ended_at=utc_now())
        return self._rollup

    def _checked(self, agent: str, actions: Mapping[str, Any]) -> Any:
        if agent not in actions:
            raise InvalidActionError(f"The agent {agent} acts in this step, and has no action.")
        return self._checks[agent](actions[agent])

    def _picture(self) -> NDArray[Any] | None:
        if not self._draws:
            return None
        with self._rendering:
            frame = self._pictures.normalise(self._env.render())
        self._frames += frame is not None
        return frame

    def _record(
        self, agent: str, *, place: int, step_index: int, frame: NDArray[Any] | None, info: Any, **fields: Any
    ) -> StepRecord:
        own = self._agents[agent]
        shown = frame if place == 0 else None
        return StepRecord(
            run_id=own.run_id,
            episode_id=own.episode_id,
            step_index=step_index,
            agent_id=agent,
            info=info if isinstance(info, Mapping) else {},
            render_payload=shown,
            frame_state=FrameState.NONE if shown is None else FrameState.KEPT,
            timestamp=utc_now(),
            worker_id=self._run.worker_id,
            space_signature=self._run.space_signature,
            **fields,
        )


def _told(own: EpisodeRollup) -> dict[str, Any]:
    return {
        "steps": own.steps,
        "return": own.total_reward,
        "terminated": own.terminated,
        "truncated": own.truncated,
    }
