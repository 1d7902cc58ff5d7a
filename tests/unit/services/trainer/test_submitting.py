"""What can never run here is refused before it is taken."""

from __future__ import annotations

import pytest

from gym_gui.core.errors import TrainerRefusedError
from gym_gui.services.trainer.config import TrainingConfig
from gym_gui.services.trainer.dispatch.submitting import check_config


@pytest.mark.parametrize("frames", ["every:0", "some", ""])
def test_that_a_choice_of_frames_that_means_nothing_is_refused(frames: str) -> None:
    with pytest.raises(TrainerRefusedError, match="is not known"):
        check_config(TrainingConfig(env_id="CartPole-v1", frames=frames), launchers=("local",), cpus=2, gpus=0)
