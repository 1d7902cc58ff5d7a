"""The form that starts runs: what is typed, what it becomes, and the command that says the same."""

from __future__ import annotations

import hypothesis
import pytest
from hypothesis import strategies as st

from gym_gui.controllers.train_form import KINDS, TrainForm
from gym_gui.services.trainer.config import TrainingConfig
from gym_gui.workers.presets import PRESETS


def entry_text(form: TrainForm, name: str) -> str:
    entries = (*form.settings(), *form.hyperparameters())
    return next(entry.text for entry in entries if entry.name == name)


def test_that_it_begins_with_a_preset_that_can_be_started() -> None:
    form = TrainForm.first()
    assert form.preset == "cartpole-ppo"
    assert not form.fault
    assert form.command == "gym-gui train start cartpole-ppo"
    assert entry_text(form, "total_steps") == "50000"


def test_that_what_is_typed_is_in_the_run_and_in_the_command() -> None:
    form = TrainForm.first().put("name", "mine").put("total_steps", "70,000").put("learning_rate", "0.01")
    assert form.config.name == "mine"
    assert form.config.total_steps == 70_000
    assert form.config.hyperparameters["learning_rate"] == 0.01
    assert "--steps 70000" in form.command
    assert not form.preset


def test_that_emptying_a_line_takes_it_back() -> None:
    form = TrainForm.first().put("seed", "7").put("learning_rate", "").put("seed", "")
    assert form.config.seed is None
    assert "learning_rate" not in form.config.hyperparameters


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("total_steps", "many", "Steps is a whole number."),
        ("num_envs", "0", "Environments is at least 1."),
        ("frames", "sometimes", "Pictures kept is all, none, best, or every: and a number."),
        ("gamma", "x", "gamma is a number."),
        ("gamma", "7", "gamma is a number from 0 to 1, not 7."),
        ("n_epochs", "0", "n_epochs is a whole number of at least 1, not 0."),
        ("learning_rate", "fast", "learning rate is a number, or lin_ and one."),
        ("policy_kwargs", "[1]", 'policy kwargs is an object: {"net_arch": [64, 64]}.'),
    ],
)
def test_that_nonsense_stays_in_its_line_and_keeps_the_run_from_starting(name: str, text: str, sentence: str) -> None:
    before = TrainForm.first()
    form = before.put(name, text)
    assert form.fault == sentence
    assert entry_text(form, name) == text
    assert form.config == before.config
    assert not form.put(name, "").fault


@pytest.mark.parametrize("name", PRESETS)
def test_that_every_preset_fills_the_form(name: str) -> None:
    form = TrainForm.first().put("name", "kept").choose_preset(name)
    assert form.preset == name
    assert form.config.name == "kept"
    assert not form.fault
    assert form.settings()


def test_that_another_algorithm_has_its_own_lines() -> None:
    form = TrainForm.first().choose_kind("DQN")
    assert form.config.algorithm == "DQN"
    assert form.config.env_id == "CartPole-v1"
    assert "buffer_size" in {entry.name for entry in form.hyperparameters()}
    assert form.choose_kind("random").hyperparameters() == ()


def test_that_a_script_needs_its_file() -> None:
    form = TrainForm.first().choose_kind("script")
    assert form.fault == "Name the script to start."
    form = form.put("script", "train.py").put("arguments", "--fast 3")
    assert not form.fault
    assert form.config.arguments == ("--fast", "3")
    assert "train.py" in form.command


@pytest.mark.parametrize("text", ["500 'a b' --lr 0.1", '500  "a b" --lr 0.1', "500 a\\ b --lr 0.1"])
def test_that_arguments_are_taken_apart_as_a_shell_does_and_stay_as_they_were_typed(text: str) -> None:
    form = TrainForm.first().choose_kind("script").put("script", "train.py").put("arguments", text)
    assert form.config.arguments == ("500", "a b", "--lr", "0.1")
    assert entry_text(form, "arguments") == text
    assert form.command.endswith("--script train.py -- 500 'a b' --lr 0.1")


def test_that_the_arguments_of_a_clone_are_quoted() -> None:
    form = TrainForm(TrainingConfig(worker="script", script="train.py", arguments=("a b", "c"), total_steps=0))
    assert entry_text(form, "arguments") == "'a b' c"
    assert form.put("name", "again").config.arguments == ("a b", "c")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("500 'a b", "Arguments has a quote that is not closed."),
        ("500 \\", "Arguments has a backslash with nothing after it."),
    ],
)
def test_that_arguments_that_no_shell_would_take_are_told(text: str, sentence: str) -> None:
    form = TrainForm.first().choose_kind("script").put("script", "train.py").put("arguments", text)
    assert form.fault == sentence
    assert entry_text(form, "arguments") == text
    assert not form.put("arguments", "").fault


def test_that_a_script_without_arguments_has_no_dashes_at_its_end() -> None:
    form = TrainForm.first().choose_kind("script").put("script", "train.py")
    assert form.command == "gym-gui train start --script train.py"


ODD_TEXTS = ("Pendulum-", "cartpole-ppo", "1e999", "nan", "9" * 40, "9" * 5_000, "{", "{}", '{"a": NaN}', "[" * 2_000)
TEXTS = st.one_of(st.sampled_from(ODD_TEXTS), st.text(), st.integers().map(str), st.floats().map(str))


def type_letter_by_letter(form: TrainForm, name: str, text: str) -> TrainForm:
    for end in range(1, len(text) + 1):
        form = form.put(name, text[:end])
        assert form.command
    return form


@pytest.mark.parametrize("kind", KINDS)
def test_that_an_environment_can_be_typed_letter_by_letter(kind: str) -> None:
    form = type_letter_by_letter(TrainForm.first().choose_kind(kind), "env_id", "Pendulum-v1")
    assert form.config.env_id == "Pendulum-v1"
    assert not form.typed


@pytest.mark.parametrize("kind", ["DQN", "random"])
def test_that_another_way_to_learn_can_be_chosen_while_the_environment_is_half_typed(kind: str) -> None:
    form = TrainForm.first().put("env_id", "Pendulum-").choose_kind(kind)
    assert (form.kind, form.config.env_id) == (kind, "Pendulum-")


@hypothesis.given(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0), TEXTS), max_size=4))
@hypothesis.example([(kind, 0, text) for kind in ("PPO", "random", "DQN") for text in ODD_TEXTS])
def test_that_no_typed_text_breaks_the_form(deeds: list[tuple[str, int, str]]) -> None:
    form = TrainForm.first()
    for kind, place, text in deeds:
        form = form.choose_kind(kind)
        for entries in (form.settings(), form.hyperparameters()):
            if entries:
                form = form.put(entries[place % len(entries)].name, text)
        assert [entry.name for entry in (*form.settings(), *form.hyperparameters())]
        assert form.command.startswith("gym-gui train start")
        assert isinstance(form.preset, str)
        assert type(form.config).from_json(form.config.to_json()) == form.config
    assert isinstance(form.fault, str)


def test_that_each_line_that_cannot_be_used_is_told_the_newest_first() -> None:
    form = TrainForm.first().put("num_envs", "0").put("gamma", "x")
    assert form.fault == "gamma is a number. Environments is at least 1."
    assert form.put("gamma", "").fault == "Environments is at least 1."


def test_that_no_odd_text_breaks_any_line() -> None:
    for kind in KINDS:
        form = TrainForm.first().choose_kind(kind)
        for entry in (*form.settings(), *form.hyperparameters()):
            for text in ODD_TEXTS:
                typed = form.put(entry.name, text)
                assert typed.command
                assert typed.settings()


@pytest.mark.parametrize("text", ["nan", "inf", "1e999"])
def test_that_what_is_no_number_is_refused_in_a_sentence(text: str) -> None:
    form = TrainForm.first().put("learning_rate", text)
    assert form.fault == "learning rate is a number, or lin_ and one."
