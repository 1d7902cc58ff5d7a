"""Recording a world of several agents: random actions for each, one episode for all of them.

Runs on the caller's thread, which waits where the disk is slower than the game.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium.spaces import Discrete

from gym_gui.adapters.multi_agent import MultiAgentStepper, make_multi_agent_run, run_spaces
from gym_gui.adapters.multi_agent_opening import open_parallel
from gym_gui.adapters.multi_agent_turns import acts_in_turns
from gym_gui.adapters.opening import close_quietly
from gym_gui.controllers.recording import EpisodesInTurn, RecordingRequest, RecordingResult, StepObserver, carry_out
from gym_gui.core.errors import EnvironmentUnusableError
from gym_gui.core.schema.run_spaces import RunSpaces
from gym_gui.core.typing_compat import override

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from gym_gui.adapters.multi_agent import ParallelEnvironment
    from gym_gui.core.data_model import StepRecord
    from gym_gui.services.bootstrap import Services


def record_multi_agent(
    services: Services,
    request: RecordingRequest,
    *,
    on_step: StepObserver | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> RecordingResult:
    """Record the world that ``request.env_id`` names as ``module:factory``; when it returns, everything is on disk.

    Args:
        services: The running pipeline.
        request: What to record; a step of it is one of the world, in which every agent acts.
        on_step: Called with the first agent's row of each step, on this thread.
        should_stop: Asked before each step.

    Raises:
        EnvironmentFault: the world cannot be opened or played as asked, or nothing at all could be stored.
    """
    _check_request(request)
    env = open_parallel(request.env_id, request.env_kwargs, render=request.render)
    try:
        run = make_multi_agent_run(env, request.env_id, player=request.policy, env_kwargs=request.env_kwargs)
        stepper = MultiAgentStepper(env, run, render=request.render)
        players = _RandomPlayers(env)
        recording = _Together(services, stepper, players, request, on_step=on_step, should_stop=should_stop)
        no_picture = f"{request.env_id} draws no picture (no rgb_array mode); it is recorded without frames."
        return carry_out(
            services,
            recording,
            run,
            spaces=RunSpaces(by_agent=run_spaces(env), in_turns=acts_in_turns(env)),
            warning=lambda: no_picture if request.render and not stepper.draws else stepper.frame_note,
        )
    finally:
        close_quietly(env)


def _check_request(request: RecordingRequest) -> None:
    if request.policy != "random":
        raise EnvironmentUnusableError(
            f"Several agents of {request.env_id} are played at random only, not by the policy {request.policy}.",
            hint="Leave --policy out; a script of yours can play them with MultiAgentStepper.",
        )
    if request.as_human or request.num_envs is not None:
        option = "--as-human" if request.as_human else "--num-envs"
        raise EnvironmentUnusableError(
            f"{request.env_id} is one world of several agents: {option} is for other environments.",
            hint=f"Leave {option} out.",
        )


class _RandomPlayers:
    """Uniform actions of each agent, from generators of their own: the environment's are never touched."""

    def __init__(self, env: ParallelEnvironment) -> None:
        self._spaces = {agent: deepcopy(env.action_space(agent)) for agent in env.possible_agents}

    def reset(self, seed: int) -> None:
        """A new episode begins; the same seed gives the same actions."""
        children = np.random.SeedSequence(seed).spawn(len(self._spaces))
        for space, child in zip(self._spaces.values(), children, strict=True):
            space.seed(int(child.generate_state(1)[0]))

    def act(self, agents: list[str], rows: Sequence[StepRecord]) -> Mapping[str, Any]:
        """One action for each of *agents*; one that is allowed, where their newest *rows* say which are."""
        masks = {row.agent_id: _mask_of(row) for row in rows}
        return {agent: self._sampled(agent, masks.get(agent)) for agent in agents}

    def _sampled(self, agent: str, mask: NDArray[np.int8] | None) -> Any:
        space = self._spaces[agent]
        fits = mask is not None and isinstance(space, Discrete) and mask.shape == (space.n,) and mask.any()
        return space.sample(mask=mask) if fits else space.sample()


def _mask_of(row: StepRecord) -> NDArray[np.int8] | None:
    """Which actions are allowed, as games of PettingZoo tell it: in the observation, or in the info."""
    for told in (row.observation, row.info):
        told_mask = told.get("action_mask") if isinstance(told, Mapping) else None
        if isinstance(told_mask, np.ndarray) and told_mask.dtype.kind in "biu":
            mask: NDArray[np.int8] = (told_mask != 0).astype(np.int8)
            return mask
    return None


class _Together(EpisodesInTurn):
    """One world, one episode of all its agents after the other."""

    def __init__(
        self,
        services: Services,
        stepper: MultiAgentStepper,
        players: _RandomPlayers,
        request: RecordingRequest,
        *,
        on_step: StepObserver | None,
        should_stop: Callable[[], bool] | None,
    ) -> None:
        super().__init__(services, stepper, request, on_step=on_step, should_stop=should_stop)
        self._stepper = stepper
        self._players = players

    @override
    def take_steps(self, seed: int) -> None:
        stepper = self._stepper
        rows = stepper.reset(seed=seed)
        self.telemetry.record_episode_start(stepper.rollup)
        self._keep_rows(rows)
        self._players.reset(seed)
        while stepper.acting and self.steps_left != 0 and not self.is_over():
            rows = stepper.step(self._players.act(stepper.acting, rows))
            self._keep_rows(rows)
            self.steps_left -= 1

    def _keep_rows(self, rows: list[StepRecord]) -> None:
        for row in rows[:1]:  # which has the picture, and stands for the step
            self.keep(row)
        for row in rows[1:]:
            self.telemetry.record_step(row)
