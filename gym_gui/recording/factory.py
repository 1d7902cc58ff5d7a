"""RecorderFactory: from a configuration to a recorder, or to the backend that it would write with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from gym_gui.core.errors import ConfigError
from gym_gui.recording import registry
from gym_gui.recording.config_forms import config_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from gym_gui.recording.base import BaseRecorder
    from gym_gui.recording.config import RecorderConfig
    from gym_gui.recording.contract import RecordingBackend, RecordingReader


class RecorderFactory:
    """Makes recorders. Not to be instantiated."""

    @classmethod
    def create_recorder(cls, config: RecorderConfig | Mapping[str, Any]) -> BaseRecorder:
        """The recorder that *config* describes; where its backend fails, those of its ``fallback`` take over.

        Args:
            config: A `RecorderConfig`, a mapping in any of the forms of `recording.config_forms`, an OmegaConf node.

        Raises:
            ConfigError: no such backend or setting; the message offers the nearest name.
            FormatUnavailableError: a package that the backend needs is not installed.
        """
        read = config_of(config)
        recorder = cast("BaseRecorder", cls._chained_class(read)(read))
        start = getattr(recorder, "start", None)  # whoever keeps to the protocol only has no such thing
        if start is not None:
            start()
        return recorder

    @classmethod
    def register_backend(cls, name: str, recorder: Callable[[Any], BaseRecorder]) -> None:
        """Make *recorder*, a class that takes a `RecorderConfig`, known as *name*; it may replace another."""
        registry.registered[name] = recorder

    @classmethod
    def available(cls) -> dict[str, str]:
        """Every backend's name, with why it cannot be used here; empty text where it can."""
        found = {name: registry.missing_of(home) for name, home in registry.OURS.items()}
        found |= {name: registry.loading_fault(name) for name in registry.foreign()}
        return found | dict.fromkeys(registry.registered, "")

    @classmethod
    def create_backend(cls, config: RecorderConfig) -> RecordingBackend:
        """What a recorder of that configuration writes with, for whoever has records instead of dictionaries.

        Raises:
            ConfigError: there is no such backend, or it takes dictionaries only.
            FormatUnavailableError: a package that it needs is not installed.
        """
        name = registry.check_name(config.backend)
        if name in registry.OURS and name not in registry.registered:
            home = registry.usable_home(name)
            return cast("RecordingBackend", home.load(home.backend)(config))
        backend_class = getattr(cls._recorder_class(name), "backend_class", None)
        if backend_class is None:
            raise ConfigError(
                f"The recorder {config.backend} takes dictionaries of steps only, not runs of the application.",
                hint="Give its class a `backend_class`, a RecordingBackend.",
            )
        return cast("RecordingBackend", backend_class(config))

    @classmethod
    def open_reader(cls, name: str, path: Path) -> RecordingReader:
        """What reads the file or folder that a backend of that name wrote; the caller closes it.

        Raises:
            RecordingError: it cannot be read.
            FormatUnavailableError: a package that it needs is not installed.
        """
        return cast("RecordingReader", cls._recorder_class(name).reader_class(path))

    @classmethod
    def _chained_class(cls, config: RecorderConfig) -> Any:
        """The recorder's class; with a chain behind it, one that writes through backends.

        Raises:
            ConfigError: it takes dictionaries only, so that none could take over from it.
        """
        recorder = cls._recorder_class(config.backend)
        if config.fallback and getattr(recorder, "backend_class", None) is None:
            raise ConfigError(
                f"The recorder {config.backend} takes dictionaries of steps only; no other can take over from it.",
                hint="Leave fallback out, or give its class a `backend_class`, a RecordingBackend.",
            )
        return recorder

    @classmethod
    def _recorder_class(cls, name: str) -> Any:
        registry.check_name(name)
        if name in registry.registered:
            return registry.registered[name]
        if name in registry.OURS:
            home = registry.usable_home(name)
            return home.load(home.recorder)
        return registry.foreign_recorder(name)


def chain_of(config: RecorderConfig) -> list[RecorderConfig]:
    """The configuration, and those of the backends that take over after it, with the same folder."""
    followers = [
        replace(config, backend=name, options={}, path=None, compression=None, compression_level=None)
        for name in config.fallback
    ]
    return [replace(one, fallback=()) for one in (config, *followers)]
