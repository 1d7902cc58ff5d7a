"""The worker ``sb3``: an algorithm of Stable-Baselines3 learns, is checkpointed, evaluated, and can go on later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gym_gui.workers.algorithms import require_learners
from gym_gui.workers.checkpoints import Checkpoints
from gym_gui.workers.control import HumanControl
from gym_gui.workers.desk import SAVING
from gym_gui.workers.evaluation import Evaluation
from gym_gui.workers.learner import load_learner, make_learner
from gym_gui.workers.making import TrainingEnvironment, evaluation_environment, open_plain
from gym_gui.workers.preloading import preload_learner
from gym_gui.workers.work import WorkResult

if TYPE_CHECKING:
    from gym_gui.services.trainer.config import TrainingConfig
    from gym_gui.workers.work import Workplace


def train(workplace: Workplace) -> WorkResult:
    """Learn until the configured steps are taken, or somebody stops it; a checkpoint is kept either way.

    Raises:
        EnvironmentFault: environment, algorithm or checkpoint cannot be used.
    """
    require_learners()
    preload_learner()
    import torch  # noqa: PLC0415 - heavy

    from gym_gui.workers.sb3_callbacks import TrainingCompanion, scalar_logger  # noqa: PLC0415 - loads the learners

    config, streams, desk, stop = workplace.config, workplace.streams, workplace.desk, workplace.stop
    # More threads than cores claimed would only take the other runs' time; small networks gain nothing from a second.
    torch.set_num_threads(max(1, round(config.resources.cpus)))
    checkpoints = Checkpoints(workplace.place.checkpoints_dir, keep=config.checkpoint.keep)
    envs = _side_by_side(config, workplace)
    companion: TrainingCompanion | None = None
    try:
        resume = workplace.place.resume_from
        learner = (
            make_learner(config, envs, seed=workplace.seed)
            if resume is None
            else load_learner(config, resume, envs, seed=workplace.seed)
        )
        learner.set_logger(scalar_logger(streams, config.total_steps))

        def evaluation() -> Evaluation:
            env, says_who = evaluation_environment(config, streams)
            return Evaluation(env, says_who, config.evaluation, desk, control)

        control = HumanControl(envs.action_space, envs.get_attr("metadata")[0])
        companion = TrainingCompanion(
            config, desk=desk, checkpoints=checkpoints, evaluation=evaluation, control=control, streams=streams
        )
        companion.init_callback(learner)
        # An iteration of A2C is five steps long: every number of each would be most of what is recorded.
        every = 100 if config.algorithm == "A2C" else 1
        with stop.heeded() as stopped:
            learner.learn(
                max(0, config.total_steps - learner.num_timesteps),
                callback=companion,
                log_interval=every,
                reset_num_timesteps=False,
            )
        desk.phase = SAVING
        newest = companion.save()
        return WorkResult(steps=learner.num_timesteps, checkpoint=newest, was_stopped=stopped.happened)
    finally:
        if companion is not None:
            companion.close()
        envs.close()


def _side_by_side(config: TrainingConfig, workplace: Workplace) -> Any:
    from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv  # noqa: PLC0415 - heavy

    makers = [TrainingEnvironment(config, workplace.streams)] * config.num_envs
    if config.vectorization == "async" and config.num_envs > 1:
        probe = open_plain(config, render=config.frames != "none")
        workplace.streams.announce(probe)
        probe.close()
        return SubprocVecEnv(makers)
    return DummyVecEnv(makers)
