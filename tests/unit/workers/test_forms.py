"""The form of hyper-parameters: shipped, complete, and made of the installed Stable-Baselines3's signatures."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gym_gui.core.errors import ConfigError
from gym_gui.services.trainer.value_ranges import ALGORITHMS
from gym_gui.workers.forms import FORMS_FILE, form_of, generate
from gym_gui.workers.presets import PRESETS


def test_that_the_shipped_form_is_that_of_the_installed_algorithms() -> None:
    shipped = FORMS_FILE.read_text(encoding="utf-8")
    assert shipped == generate(), "python -m gym_gui.workers.forms makes it anew"


def test_that_forms_and_presets_need_no_learner() -> None:
    program = (
        "import sys; from gym_gui.workers import forms, presets, composing; forms.form_of('PPO');"
        "print(sorted({'torch', 'stable_baselines3', 'gymnasium', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_that_each_field_says_what_it_is(algorithm: str) -> None:
    form = form_of(algorithm)
    names = [field.name for field in form]
    assert {"learning_rate", "gamma"} <= set(names)
    assert not {"policy", "env", "seed", "verbose"} & set(names)
    assert len(names) == len(set(names))
    for field in form:
        assert field.help, f"{field.name} has no word of help"
        assert field.default is not None or field.optional or field.name == "device"


def test_that_presets_set_only_what_there_is() -> None:
    for preset in PRESETS.values():
        if preset.config.worker == "sb3":
            names = {field.name for field in form_of(preset.config.algorithm)}
            assert set(preset.config.hyperparameters) <= names


def test_that_an_unknown_algorithm_is_refused() -> None:
    with pytest.raises(ConfigError, match="Choose PPO, DQN, A2C, SAC or TD3"):
        form_of("Q")
