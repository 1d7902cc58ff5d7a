"""The catalogue: every environment of this machine, and the adapter that opens one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from gym_gui.adapters.describe import entry_point_module
from gym_gui.adapters.names import family_title, human_name
from gym_gui.adapters.registry import (
    ATARI_MODULE,
    gym_family,
    is_shim,
    missing_requirement,
    registered_specs,
    resolve,
    superseded_ids,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gymnasium.envs.registration import EnvSpec

    from gym_gui.adapters.base import EnvironmentAdapter
    from gym_gui.adapters.generic import GymnasiumAdapter

# Families a person knows come first, then the others by name.
_FIRST: Final = ("Atari", "Box2D", "Classic control", "Toy text")
_TURN_BASED: Final = frozenset({"toy_text", "tabular"})
_REGISTERED: Final[dict[str, type[GymnasiumAdapter]]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogEntry:
    """One environment as a list shows it.

    Attributes:
        env_id: What `make_adapter` takes: ``ALE/Breakout-v5``.
        name: What a person calls it: ``Breakout``.
        family: The heading it stands under: ``Atari``, ``Box2D``, ``Classic control``, ``Toy text``, or another's.
        turn_based: One key press is one step.
        available: Whether its packages are here.
        unavailable_reason: What is missing, as the end of a sentence: ``needs the package mujoco``; empty otherwise.
        hidden: Left out of the default list: an older version, or an Atari id from before ``ALE/``.
    """

    env_id: str
    name: str
    family: str
    turn_based: bool = False
    available: bool = True
    unavailable_reason: str = ""
    hidden: bool = False


def list_environments(*, include_hidden: bool = False) -> list[CatalogEntry]:
    """Every registered environment, by family and name; none is opened.

    Costs 0.6 s the first time, for Gymnasium's and ale-py's imports: keep it off the Qt thread.

    Args:
        include_hidden: Superseded versions and old Atari ids too.
    """
    specs = registered_specs()
    hidden = superseded_ids(specs)
    entries = [
        _entry(spec, hidden=spec.id in hidden)
        for spec in specs.values()
        if not is_shim(spec) and (include_hidden or spec.id not in hidden)
    ]
    return sorted(entries, key=_listed_order)


def register_adapter(env_id: str, adapter: type[GymnasiumAdapter]) -> None:
    """Open *env_id* with an adapter class of your own; the module that registers the environment is the place for it.

    Args:
        env_id: As registered with Gymnasium, without a module in front.
        adapter: The class; it is called as `GymnasiumAdapter` is.
    """
    _REGISTERED[env_id] = adapter


def make_adapter(
    env_id: str, *, env_kwargs: Mapping[str, Any] | None = None, human: bool = False, render: bool = True
) -> EnvironmentAdapter:
    """Open an environment.

    Args:
        env_id: A registered id, without version for the newest one, or ``module:Id`` to import the module first.
        env_kwargs: Keyword arguments of ``gymnasium.make`` beyond ``render_mode``; JSON values.
        human: A person plays: Atari runs at frameskip 1, without sticky actions, with all 18 actions, unless
            *env_kwargs* says otherwise.
        render: Whether pictures are wanted.

    Raises:
        UnknownEnvironmentError: no such id; near matches are offered.
        EnvironmentUnusableError: it cannot be made here; the message says what is missing or wrong.
    """
    resolved = resolve(env_id)
    return _adapter_class(resolved.spec)(resolved, env_kwargs=env_kwargs, human=human, render=render)


def _adapter_class(spec: EnvSpec) -> type[GymnasiumAdapter]:
    if spec.id in _REGISTERED:
        return _REGISTERED[spec.id]
    # Imported here, so that listing costs no adapter and opening costs one family's.
    if entry_point_module(spec) == ATARI_MODULE:
        from gym_gui.adapters.ale import AtariAdapter  # noqa: PLC0415 - see above

        return AtariAdapter
    family = gym_family(spec)
    if family == "box2d":
        from gym_gui.adapters.box2d import Box2DAdapter  # noqa: PLC0415 - see above

        return Box2DAdapter
    if family == "classic_control":
        from gym_gui.adapters.classic_control import ClassicControlAdapter  # noqa: PLC0415 - see above

        return ClassicControlAdapter
    if family == "toy_text":
        from gym_gui.adapters.toy_text import ToyTextAdapter  # noqa: PLC0415 - see above

        return ToyTextAdapter
    from gym_gui.adapters.generic import GymnasiumAdapter  # noqa: PLC0415 - see above

    return GymnasiumAdapter


def _entry(spec: EnvSpec, *, hidden: bool) -> CatalogEntry:
    reason = missing_requirement(spec)
    return CatalogEntry(
        env_id=spec.id,
        name=human_name(spec),
        family=family_title(spec),
        turn_based=gym_family(spec) in _TURN_BASED,
        available=not reason,
        unavailable_reason=reason,
        hidden=hidden,
    )


def _listed_order(entry: CatalogEntry) -> tuple[int, str, str, str]:
    rank = _FIRST.index(entry.family) if entry.family in _FIRST else len(_FIRST)
    return rank, entry.family.casefold(), entry.name.casefold(), entry.env_id
