"""The YAML groups, and their types for Hydra, which imports this package when it looks for them; nothing else does.

So `hydra.initialize_config_module("gym_gui.config.conf")` and `compose("config", ["record=parquet"])` is all that a
program of one's own needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf

from gym_gui.config.schema import GROUPS, Config, RecordConfig

if TYPE_CHECKING:
    from omegaconf import DictConfig


def _open(kind: Any) -> DictConfig:
    """The typed node of a dataclass or an instance. Frozen ones make read-only nodes, which the YAML could not fill."""
    node: DictConfig = OmegaConf.structured(kind)
    waiting: list[Any] = [node]
    while waiting:
        one = waiting.pop()
        OmegaConf.set_readonly(one, None)
        waiting += [part for name in one if OmegaConf.is_config(part := one._get_node(name))]  # noqa: SLF001 - reading the value would resolve it
    return node


def _register() -> None:
    store = ConfigStore.instance()
    # Of the base class: the option that is merged into it is of a class below.
    store.store(name="typed_config", node=_open(Config(record=RecordConfig())))
    for group in GROUPS.values():
        for option, kind in group.options.items():
            store.store(group=group.name, name=f"typed_{option}", node=_open(kind))
        if group.others is not None:
            store.store(group=group.name, name="typed_foreign", node=_open(group.others[1]))


_register()
