"""A batch taken apart: what each sub-environment of a vector environment saw, said and did, as it would alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.adapters.ownership import owned

if TYPE_CHECKING:
    from gymnasium import Space
    from gymnasium.vector import VectorEnv

FINAL_OBSERVATION: Final = "final_obs"
FINAL_INFO: Final = "final_info"


class BatchParts:
    """Takes the batches of one vector environment apart, and makes batches of actions.

    Args:
        envs: The vector environment; never stepped here.
    """

    def __init__(self, envs: VectorEnv[Any, Any, Any]) -> None:
        self._count = envs.num_envs
        self._single_action_space = envs.single_action_space
        self._action_space = envs.action_space
        self._single_observation_space = envs.single_observation_space
        self._observation_space = envs.observation_space

    def observations(self, batch: Any) -> list[Any]:
        """Each sub-environment's observation, owned: the vector environment will never write to it again."""
        single, batched = self._single_observation_space, self._observation_space
        return [self.observation(one) for one in taken_apart(single, batched, batch, self._count)]

    def observation(self, value: Any) -> Any:
        """One sub-environment's observation, owned, in the types that it has alone."""
        return _as_alone(self._single_observation_space, owned(value))

    def actions(self, batch: Any) -> list[Any]:
        """Each sub-environment's action."""
        single = self._single_action_space
        return [_as_alone(single, one) for one in taken_apart(single, self._action_space, batch, self._count)]

    def batch(self, actions: Sequence[Any]) -> Any:
        """One action for each sub-environment as the batch that ``VectorEnv.step`` takes."""
        from gymnasium.vector.utils import concatenate, create_empty_array  # noqa: PLC0415 - same

        out: Any = create_empty_array(self._single_action_space, n=self._count)
        return concatenate(self._single_action_space, tuple(actions), out)

    def info(self, infos: Mapping[str, Any], index: int, *, leave_out: frozenset[str] = frozenset()) -> dict[str, Any]:
        """What sub-environment *index* said, under keys of any type; a key that it did not say is not there.

        Args:
            infos: The info of the batch: arrays by key, with a mask under ``_key`` that says who spoke.
            index: Which sub-environment.
            leave_out: Keys that belong to someone else.
        """
        found: dict[Any, Any] = {}
        masks = {key: f"_{key}" for key in infos}
        names = set(masks.values())
        for key, values in infos.items():
            mask = infos.get(masks[key])
            if key in leave_out or key in names or (mask is not None and not mask[index]):
                continue
            if isinstance(values, Mapping):
                found[key] = self.info(values, index)
            elif isinstance(values, (np.ndarray, list, tuple)) and len(values) == self._count:
                found[key] = _plain(values[index])
            else:
                found[key] = owned(values)  # said once for all
        return found


def taken_apart(single: Space[Any], batched: Space[Any], batch: Any, count: int) -> list[Any]:
    """What each of *count* sub-environments has in a batch, not owned.

    Args:
        single: The space of one of them.
        batched: The batch's.
        batch: Drawn from that.
        count: How many there are: a tuple of nothing, which Gymnasium's `iterate` ends at, does not say it.
    """
    kind = type(single).__name__
    if kind == "Dict":
        parts = {key: taken_apart(one, batched[key], batch[key], count) for key, one in single.spaces.items()}  # type: ignore[attr-defined, index] # of Dict
        return [{key: part[index] for key, part in parts.items()} for index in range(count)]
    if kind == "Tuple":
        each = [
            taken_apart(one, batched[place], batch[place], count)  # type: ignore[index] # of Tuple
            for place, one in enumerate(single.spaces)  # type: ignore[attr-defined] # likewise
        ]
        return [tuple(part[index] for part in each) for index in range(count)]
    from gymnasium.vector.utils import iterate  # noqa: PLC0415 - loaded with the environment

    return list(iterate(batched, batch))


def final_observation(infos: Mapping[str, Any], index: int) -> Any:
    """What sub-environment *index* saw last in the episode that just ended, where the batch shows the next one's start.

    None where the vector environment does not tell.
    """
    values = infos.get(FINAL_OBSERVATION)
    return None if values is None else values[index]


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else owned(value)


def _as_alone(space: Space[Any], value: Any) -> Any:
    kind = type(space).__name__
    # A batch of whole numbers is an array; alone they are Python's own.
    if isinstance(value, np.integer) and kind == "Discrete":
        return int(value)
    # An array taken apart gives numpy's numbers; alone they are arrays without dimensions.
    if isinstance(value, np.generic) and kind == "Box":
        return np.array(value)
    if kind == "OneOf":
        return value  # its alternatives lie in no array, and only one of them is there
    parts = getattr(space, "spaces", None)
    if isinstance(parts, Mapping) and isinstance(value, Mapping):
        return {key: _as_alone(parts[key], one) for key, one in value.items()}
    if isinstance(parts, tuple) and isinstance(value, tuple):
        return tuple(_as_alone(part, one) for part, one in zip(parts, value, strict=True))
    return value
