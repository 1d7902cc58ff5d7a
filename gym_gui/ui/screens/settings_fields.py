"""Fields of the settings screen: a switch, chips, a number; each says beside it what is wrong or what overrides it.

Qt thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from gym_gui.config.keys import coerce, fault_of, find_key
from gym_gui.config.layers import COMMAND_LINE
from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.widgets.basics import make_label, set_state
from gym_gui.ui.widgets.switch import Segments, Switch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gym_gui.config.settings import Settings
    from gym_gui.ui.theme import Theme

_NUMBER_WIDTH: Final = 96
_UNIT_WIDTH: Final = 72


class SettingField(QWidget):
    """One setting; emits `changed` with its key and new value where it takes that one, else `refused`.

    Args:
        name: The dotted key.
        only_for: The option of the key's group that the field is for; empty for every option that has the key.
    """

    changed = Signal(str, object)
    refused = Signal()

    def __init__(self, name: str, control: QWidget, *, only_for: str = "") -> None:
        super().__init__()
        self.name = name
        self._control = control
        self._only_for = only_for
        self._note = make_label("", "muted", wrap=True)
        self._note.hide()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(tokens.SPACE_4)

    @property
    def sentence(self) -> str:
        """What stands below the field: a note, what overrides it, or what is wrong; empty for nothing."""
        return self._note.text()

    def refresh(self, settings: Settings) -> None:
        """Show the value in force, or nothing where the option in force has no such setting."""
        values = settings.values()
        group = self.name.partition(".")[0]
        there = self.name in values and self._only_for in {"", settings.options.get(group)}
        self.setVisible(there)
        if not there:
            return
        fixed = settings.is_fixed(self.name)
        self._control.setEnabled(not fixed)
        self._show_value(values[self.name], settings)
        self._say(_what_overrides(settings, self.name) if fixed else self._note_for(values[self.name]))

    def _say(self, sentence: str, state: str = "") -> None:
        self._note.setText(sentence)
        self._note.setVisible(bool(sentence))
        set_state(self._note, state)

    def _note_for(self, value: Any) -> str:
        """The sentence that stands below the field while it has *value*."""
        del value
        return ""

    def _show_value(self, value: Any, settings: Settings) -> None:
        raise NotImplementedError


class SwitchField(SettingField):
    """On or off, with its words and a note."""

    def __init__(self, theme: Theme, name: str, text: str, note: str = "") -> None:
        self.switch = Switch(theme, text)
        super().__init__(name, self.switch)
        self._text = note
        self.switch.clicked.connect(lambda checked: self.changed.emit(name, checked))
        self._column.addWidget(self.switch)
        self._column.addWidget(self._note)

    @override
    def _note_for(self, value: Any) -> str:
        return self._text

    @override
    def _show_value(self, value: Any, settings: Settings) -> None:
        self.switch.setChecked(bool(value))


class ChoiceField(SettingField):
    """One of a few, as chips.

    Args:
        name: The dotted key.
        title: What it is called; empty where the card says it.
        choices: Value and words of each chip.
        notes: A sentence for a value, shown while it is in force.
        only_for: As for `SettingField`.
    """

    def __init__(
        self,
        name: str,
        title: str,
        choices: Sequence[tuple[str, str]],
        *,
        notes: Mapping[str, str] | None = None,
        only_for: str = "",
    ) -> None:
        self.segments = Segments(choices, "")
        super().__init__(name, self.segments, only_for=only_for)
        self._notes = notes or {}
        self.segments.setAccessibleName(title)
        self.segments.chosen.connect(lambda value: self.changed.emit(name, value))
        if title:
            self._column.addWidget(make_label(title))
        self._column.addWidget(self.segments)
        self._column.addWidget(self._note)

    @override
    def _note_for(self, value: Any) -> str:
        return self._notes.get(value, "")

    @override
    def _show_value(self, value: Any, settings: Settings) -> None:
        self.segments.set_value(str(value))


class NumberField(SettingField):
    """A number with its unit, checked at every key; the sentence below says why one is not taken.

    Args:
        name: The dotted key.
        title: What it is called.
        unit: What stands behind the number.
    """

    def __init__(self, name: str, title: str, unit: str) -> None:
        self.edit = QLineEdit()
        super().__init__(name, self.edit)
        self._settings: Settings | None = None
        self._before: Any = None  # what held when the typing began
        self.edit.setFixedWidth(_NUMBER_WIDTH)
        self.edit.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.edit.setAccessibleName(f"{title}, {unit}")
        self.edit.textEdited.connect(self._take)
        words, behind = make_label(title, wrap=True), make_label(unit, "muted")
        words.setBuddy(self.edit)
        behind.setFixedWidth(_UNIT_WIDTH)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(tokens.SPACE_8)
        row.addWidget(words, 1)
        row.addWidget(self.edit)
        row.addWidget(behind)
        self._column.addLayout(row)
        self._column.addWidget(self._note)

    @override
    def _show_value(self, value: Any, settings: Settings) -> None:
        self._settings = settings
        # What is being typed stays as it is typed: `2.` is on its way to `2.5`.
        if not self.edit.hasFocus():
            self._before = value
            self.edit.setText(f"{value:g}" if isinstance(value, float) else str(value))
            set_state(self.edit, "")

    def _take(self, text: str) -> None:
        if self._settings is None:
            return
        key = find_key(self.name, self._settings.options)
        fault = fault_of(key, text)
        if fault and self._before is not None and self._settings.values()[self.name] != self._before:
            # What was on its way to it is not what was wanted: 9999 of 99999.
            self.changed.emit(self.name, self._before)
        self._say(fault.replace(f"{self.name} must", "It must"), "bad" if fault else "")
        set_state(self.edit, "bad" if fault else "")
        if not fault:
            self.changed.emit(self.name, coerce(key, text))
        else:
            self.refused.emit()


def _what_overrides(settings: Settings, name: str) -> str:
    origin = settings.origins[name]
    if origin.layer == COMMAND_LINE:
        return f"Set by {origin.where} on the command line; it cannot be changed here."
    return f"Set by the environment variable {origin.where}; it cannot be changed here."
