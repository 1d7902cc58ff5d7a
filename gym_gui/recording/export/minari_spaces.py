"""The spaces that a Minari data set names: the environment's own where it can be made, else what the data show."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

import h5py
import numpy as np

from gym_gui.core.errors import ExportError, SchemaMismatchError

if TYPE_CHECKING:
    from pathlib import Path

    from gym_gui.core.data_model import RunRecord
    from gym_gui.recording.export.job import ExportJob


_MOST_CHOICES: Final = 2**31  # what has more is a number, no choice


def spaces_of(job: ExportJob, file_path: Path) -> tuple[Any, Any, str | None]:
    """Observation space, action space, and the environment's spec as JSON text; None where it has none."""
    run = job.selection.run
    own = _own_spaces(run)
    if own is not None:
        with h5py.File(file_path, "r") as file:
            episodes = [file[name] for name in file]
            found = [
                _portable(space, [episode[name] for episode in episodes])
                for space, name in zip(own, ("observations", "actions"), strict=True)
            ]
        if any(space is not one for space, one in zip(own, found, strict=True)):
            job.note("Minari does not know a space of this environment: the data set's is that which the data show.")
        return found[0], found[1], run.env_spec
    job.note(f"{run.env_id} cannot be made here: the data set's spaces are those that the data show.")
    with h5py.File(file_path, "r") as file:
        episodes = [file[name] for name in file]
        observation = _shown_space([episode["observations"] for episode in episodes])
        action = _shown_space([episode["actions"] for episode in episodes])
    return observation, action, run.env_spec


def space_text(space: Any) -> Any:
    """A space as Minari writes it down.

    Raises:
        ExportError: Minari could not read it again.
    """
    from minari.serialization import deserialize_space, serialize_space  # noqa: PLC0415 - as above

    text = serialize_space(space)
    try:
        deserialize_space(text)
    except (ValueError, TypeError, AssertionError) as error:  # of an empty array of several axes
        raise ExportError(
            f"Minari cannot read the space {space} again once it is written down.",
            hint="Export the run as parquet, hdf5 or sqlite.",
        ) from error
    return text


def _own_spaces(run: RunRecord) -> tuple[Any, Any] | None:
    import gymnasium  # noqa: PLC0415 - same
    from gymnasium.envs.registration import EnvSpec  # noqa: PLC0415 - half a second, only where a data set is written

    from gym_gui.core.spaces import SpaceSerializer  # noqa: PLC0415 - same

    stored = run.metadata.get("spaces")
    if isinstance(stored, dict) and {"observation", "action"} <= stored.keys():
        with contextlib.suppress(SchemaMismatchError):  # a stranger's space has no form; then its environment has it
            return SpaceSerializer.from_json(stored["observation"]), SpaceSerializer.from_json(stored["action"])
    if run.env_spec is None:
        return None
    try:
        env = gymnasium.make(EnvSpec.from_json(run.env_spec))
        try:
            spaces = env.observation_space, env.action_space
        finally:
            env.close()
        if run.space_signature not in {None, SpaceSerializer.pair_signature(*spaces)}:
            return None
    except Exception:  # noqa: BLE001 - a stranger's environment raises anything when it is made; the data speak then
        return None
    return spaces


def _portable(space: Any, nodes: list[Any]) -> Any:
    """*space* itself where Minari can write it down; else one with the parts of *nodes* where it cannot."""
    from gymnasium import spaces  # noqa: PLC0415 - as above
    from minari.serialization import serialize_space  # noqa: PLC0415 - as above

    try:
        serialize_space(space)
    except NotImplementedError:  # a stranger's own
        if isinstance(space, spaces.Dict):
            return spaces.Dict({name: _portable(one, [node[name] for node in nodes]) for name, one in space.items()})
        if isinstance(space, spaces.Tuple):
            parts = enumerate(space.spaces)
            return spaces.Tuple([_portable(one, [node[f"_index_{at}"] for node in nodes]) for at, one in parts])
        return _shown_space(nodes)
    return space


def _shown_space(nodes: list[Any]) -> Any:
    from gymnasium import spaces  # noqa: PLC0415 - as above

    first = nodes[0]
    if isinstance(first, h5py.Group):
        parts = {name: _shown_space([node[name] for node in nodes]) for name in first}
        if all(name.startswith("_index_") for name in parts):
            return spaces.Tuple([parts[f"_index_{place}"] for place in range(len(parts))])
        return spaces.Dict(parts)
    if h5py.check_string_dtype(first.dtype) is not None:
        texts = [text.decode() for node in nodes for text in node[()]]
        letters = "".join(sorted({letter for text in texts for letter in text})) or "a"
        return spaces.Text(max_length=max(map(len, texts), default=1) or 1, min_length=0, charset=letters)
    if first.ndim == 1 and first.dtype.kind == "i":
        low = min(int(node[()].min()) for node in nodes)
        high = max(int(node[()].max()) for node in nodes)
        if high - low < _MOST_CHOICES:
            return spaces.Discrete(high - low + 1, start=low)
    if first.dtype.kind == "b":
        return spaces.MultiBinary(first.shape[1:] or 1)
    kind = np.iinfo(first.dtype) if first.dtype.kind in "iu" else None
    low_value, high_value = (-np.inf, np.inf) if kind is None else (kind.min, kind.max)
    return spaces.Box(low_value, high_value, first.shape[1:], first.dtype)
