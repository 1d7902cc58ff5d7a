"""Hyper-parameters as a form: which there are, of what kind, with which defaults; shipped, so no window needs torch.

``python -m gym_gui.workers.forms`` makes the shipped file anew from the installed Stable-Baselines3.
"""

from __future__ import annotations

import inspect
import json
import re
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gym_gui.services.trainer.value_ranges import ALGORITHMS, check_name
from gym_gui.workers.algorithms import algorithm_class
from gym_gui.workers.files import write_text
from gym_gui.workers.hyperparameters import NOT_OFFERED, RESERVED, SCHEDULED

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMS_FILE: Final = Path(__file__).with_name("forms.json")
# Set by the worker's own settings, or of no use in a run that nobody scripts.
_HIDDEN: Final = RESERVED | NOT_OFFERED
_PARAMETER: Final = re.compile(r":param (\w+):(.*?)(?=\n\s*:param |\Z)", re.DOTALL)
_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {"device": ("auto", "cpu", "cuda")}
_ADVANCED: Final = frozenset(
    {"clip_range_vf", "use_sde", "sde_sample_freq", "use_sde_at_warmup", "target_kl", "stats_window_size", "device"}
    | {"optimize_memory_usage", "policy_kwargs", "rms_prop_eps", "use_rms_prop", "normalize_advantage", "action_noise"}
    | {"max_grad_norm", "n_steps_return", "target_noise_clip", "target_policy_noise", "target_entropy"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One hyper-parameter.

    Attributes:
        name: As `TrainingConfig.hyperparameters` has it.
        kind: ``int``, ``float``, ``bool``, ``choice``, ``schedule`` (a number, or ``lin_`` and one, which falls to 0),
            ``text`` (an int, a word, or a pair: see `help`), ``noise`` (``normal_0.1``) or ``json`` (an object).
        default: What counts where nothing is set; None for the algorithm's own way.
        choices: Of a ``choice``.
        optional: Whether it may be null.
        advanced: Whether most people leave it.
        help: What it is.
    """

    name: str
    kind: str
    default: Any = None
    choices: tuple[str, ...] = ()
    optional: bool = False
    advanced: bool = False
    help: str = ""


@cache
def form_of(algorithm: str) -> tuple[FormField, ...]:
    """The hyper-parameters of an algorithm, in the order of its signature; imports no learner.

    Raises:
        ConfigError: there is no such algorithm.
    """
    check_name("algorithm", algorithm, ALGORITHMS)
    document = json.loads(FORMS_FILE.read_text(encoding="utf-8"))
    return tuple(FormField(**{**field, "choices": tuple(field["choices"])}) for field in document[algorithm])


def parameters_of(kind: Any) -> Mapping[str, inspect.Parameter]:
    """The parameters of an algorithm's class, by name."""
    found = dict(inspect.signature(kind.__init__).parameters)
    del found["self"]
    return found


def describe(kind: Any) -> list[FormField]:
    """The form of an algorithm's class, from its signature and its docstring."""
    texts = {name: " ".join(text.split()) for name, text in _PARAMETER.findall(inspect.getdoc(kind) or "")}
    return [
        _field(parameter, texts.get(name, "")) for name, parameter in parameters_of(kind).items() if name not in _HIDDEN
    ]


def _field(parameter: inspect.Parameter, text: str) -> FormField:
    annotation = str(parameter.annotation)
    default = None if parameter.default is inspect.Parameter.empty else parameter.default
    choices = _CHOICES.get(parameter.name, ())
    return FormField(
        name=parameter.name,
        kind="choice" if choices else _kind(parameter.name, annotation, default),
        # JSON knows no tuples: as it would be read back.
        default=json.loads(json.dumps(default)),
        choices=choices,
        optional="None" in annotation,
        advanced=parameter.name in _ADVANCED,
        help=text,
    )


def _kind(name: str, annotation: str, default: Any) -> str:
    if name in SCHEDULED:
        return "schedule"
    if "ActionNoise" in annotation:
        return "noise"
    if "dict" in annotation:
        return "json"
    if "str" in annotation or "tuple" in annotation:
        return "text"
    if isinstance(default, bool) or "bool" in annotation:
        return "bool"
    return "float" if "float" in annotation else "int"


def generate() -> str:
    """The text of the shipped file, by the installed Stable-Baselines3.

    Raises:
        FormatUnavailableError: it is not installed.
    """
    forms = {name: [asdict(field) for field in describe(algorithm_class(name))] for name in ALGORITHMS}
    return json.dumps(forms, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    write_text(FORMS_FILE, generate())
