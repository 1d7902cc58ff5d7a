"""What is known of a run as keys and values, and in what several runs differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from gym_gui.services.trainer.config import TrainingConfig

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gym_gui.controllers.live_source import LiveRun
    from gym_gui.core.data_model import RunRecord

#: Of a recording's metadata: the commit of the code that ran.
GIT_COMMIT: Final = "git_commit"
_LEARNER: Final = "hyperparameters."
# Of a recording's metadata: shown elsewhere, or of no use to a person.
_SHOWN_ELSEWHERE: Final = frozenset(
    {"name", "group", "total_steps", "steps_before", "schema", "spaces", "trainer", "training", GIT_COMMIT}
)
# What tells processes apart, and no settings of theirs.
_IDENTITIES: Final = ("pid", "session")
_DEFAULTS: Final = msgspec.to_builtins(TrainingConfig())
_LABELS: Final = frozenset({"name", "tags"})


@dataclass(frozen=True, slots=True)
class RunFact:
    """One thing that is known, as text."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class FactGroup:
    """Facts under one title."""

    title: str
    facts: tuple[RunFact, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting in which runs differ.

    Attributes:
        key: Which.
        values: One each run; empty where a run has none.
    """

    key: str
    values: tuple[str, ...]


def settings_of(run: LiveRun, record: RunRecord | None = None) -> dict[str, str]:
    """Every setting that decides what is trained, nested names joined by dots, values as text."""
    flat: dict[str, str] = {}
    if run.config is not None:
        document = msgspec.to_builtins(run.config)
        for label in _LABELS:
            del document[label]
        _flatten("", document, flat)
        if not flat["env_id"] and record is not None:
            flat["env_id"] = record.env_id  # a script's own choice
    else:
        flat |= {"env_id": run.env_id, "algorithm": run.algorithm}
        if record is not None:
            _flatten("env_kwargs", dict(record.env_kwargs), flat)
            kept = {key: value for key, value in record.metadata.items() if key not in _SHOWN_ELSEWHERE}
            _flatten("", kept, flat)
    return flat


def chosen_settings(run: LiveRun, record: RunRecord | None = None) -> tuple[RunFact, ...]:
    """The settings that differ from what everyone gets; of a run without a configuration all that are known."""
    defaults: dict[str, str] = {}
    if run.config is not None:
        _flatten("", _DEFAULTS, defaults)
    return tuple(
        RunFact(key, value) for key, value in settings_of(run, record).items() if defaults.get(key) != value and value
    )


def differences(runs: Sequence[LiveRun], records: Mapping[str, RunRecord | None]) -> tuple[Difference, ...]:
    """The settings in which runs differ; versions of packages, too."""
    of_runs = []
    for run in runs:
        record = records.get(run.run_id)
        settings = settings_of(run, record)
        for key in _IDENTITIES:
            settings.pop(key, None)
        if record is not None:
            settings |= {f"version of {name}": version for name, version in record.versions.items()}
        of_runs.append(settings)
    keys = dict.fromkeys(key for settings in of_runs for key in settings)
    rows = (Difference(key, tuple(settings.get(key, "") for settings in of_runs)) for key in keys)
    return tuple(row for row in rows if len(set(row.values)) > 1)


def fact_groups(run: LiveRun, record: RunRecord | None) -> tuple[FactGroup, ...]:
    """What the details say of a run, most wanted first."""
    chosen = chosen_settings(run, record)
    learner = tuple(
        RunFact(fact.key.removeprefix(_LEARNER), fact.value) for fact in chosen if fact.key.startswith(_LEARNER)
    )
    others = tuple(fact for fact in chosen if not fact.key.startswith(_LEARNER))
    groups = [FactGroup("Settings", others), FactGroup("Hyper-parameters", learner)]
    if record is not None:
        spaces = {"actions": record.action_space or "", "observations": record.observation_space or ""}
        environment = [RunFact("id", record.env_id), *(RunFact(key, value) for key, value in spaces.items() if value)]
        environment += [RunFact(key, _text(value)) for key, value in record.env_kwargs.items()]
        groups.append(FactGroup("Environment", tuple(environment)))
        commit = record.metadata.get(GIT_COMMIT)
        packages = [RunFact("git commit", str(commit))] if commit else []
        packages += [RunFact(name, version) for name, version in sorted(record.versions.items())]
        groups.append(FactGroup("Code and packages", tuple(packages)))
    return tuple(group for group in groups if group.facts)


def _flatten(prefix: str, value: Any, into: dict[str, str]) -> None:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            _flatten(f"{prefix}.{key}" if prefix else str(key), inner, into)
    elif prefix:
        into[prefix] = _text(value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None or value in ({}, []):
        return ""
    return msgspec.json.encode(value).decode()
