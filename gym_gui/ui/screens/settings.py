"""Settings: look, pictures, what is recorded and how, and where recordings live; the same values as `gym-gui config`.

Qt thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from PySide6.QtCore import Qt, QTimer, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from gym_gui.config.schema import GROUPS, HDF5_CODECS, PARQUET_CODECS
from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.screens.settings_fields import ChoiceField, NumberField, SettingField, SwitchField
from gym_gui.ui.widgets.basics import make_button, make_label, make_line, set_state
from gym_gui.ui.widgets.switch import Switch

if TYPE_CHECKING:
    from PySide6.QtGui import QShowEvent
    from PySide6.QtWidgets import QLabel

    from gym_gui.config.settings import Settings
    from gym_gui.ui.screens.context import ScreenContext

_COLUMN: Final = 680
_SELECTABLE: Final = Qt.TextInteractionFlag.TextSelectableByMouse
_BACKEND: Final = "record.backend"
_OFF: Final = "none"
_SELECTORS: Final = frozenset(group.selector for group in GROUPS.values())
_THEMES: Final = (("system", "Like the system"), ("dark", "Dark"), ("light", "Light"))
_BACKENDS: Final = (("split", "SQLite + HDF5"), ("parquet", "Parquet"), ("hdf5", "HDF5"), ("sqlite", "SQLite"))
_BACKEND_NOTES: Final = {
    "split": "Rows in a database, pictures in one file a run, compressed as chosen under Storage.",
    "parquet": "Columns for pandas, DuckDB, Polars and Spark, a folder a run.",
    "hdf5": "One self-describing file a run.",
    "sqlite": "One file that can be handed on.",
}
_PROFILES: Final = (("fast", "Fast"), ("good", "Good"), ("small", "Small"))
_PROFILE_NOTES: Final = {
    "fast": "Least work for the processor, two to three times the size.",
    "good": "Small where there is time for it, quick where there is none.",
    "small": "Fewest bytes: for an archive, or a disk that is nearly full.",
}


_Field = TypeVar("_Field", bound=SettingField)


class SettingsScreen(QWidget):
    """Every change is stored at once; what is overridden by the environment or the command line says so."""

    def __init__(self, context: ScreenContext) -> None:
        super().__init__()
        self._context = context
        self._fields: list[SettingField] = []
        self._last_backend = GROUPS["record"].default
        column = QVBoxLayout()
        column.setContentsMargins(tokens.SPACE_24, tokens.SPACE_16, tokens.SPACE_24, tokens.SPACE_24)
        column.setSpacing(tokens.SPACE_16)
        column.addWidget(make_label("Settings", "headline"))
        for card in (
            self._make_faults(),
            self._make_look(),
            self._make_picture(),
            self._make_recording(),
            self._make_storage(),
            self._make_folder(),
        ):
            column.addWidget(card)
        column.addStretch(1)
        content = QWidget()
        content.setLayout(column)
        content.setMaximumWidth(_COLUMN)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(content)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)
        self._scroll = scroll
        self.refresh()

    @override
    def showEvent(self, event: QShowEvent) -> None:
        # The HUD may have been switched by its key since.
        self.refresh()
        super().showEvent(event)

    def refresh(self) -> None:
        """Show the settings in force."""
        settings = self._context.settings()
        backend = settings.options["record"]
        if backend != _OFF:
            self._last_backend = backend
        self.recording.setChecked(backend != _OFF)
        self.recording.setEnabled(not settings.is_fixed(_BACKEND))
        for field in self._fields:
            field.refresh(settings)
        self._faults.setText("\n".join(map(str, settings.faults)))
        self._faults_card.setVisible(bool(settings.faults))
        self._off_note.setVisible(backend == _OFF)
        set_state(self._off_note, "warn")
        self._record_line.setVisible(backend != _OFF)
        self.storage_card.setVisible(backend == "split")

    def field(self, name: str) -> SettingField:
        """The field of a key that is shown now.

        Raises:
            KeyError: none is.
        """
        for field in self._fields:
            if field.name == name and not field.isHidden():
                return field
        raise KeyError(name)

    # --- cards ------------------------------------------------------------------------------------------------------

    def _make_faults(self) -> QFrame:
        card, column = _make_card("Not usable")
        self._faults = _selectable("", state="bad")
        column.addWidget(self._faults)
        column.addWidget(_make_note("The defaults are used instead. Nothing in the file is changed because of it."))
        card.hide()  # shown once it has a parent: without one it would be a window of its own
        self._faults_card = card
        return card

    def _make_look(self) -> QFrame:
        card, column = _make_card("Theme")
        theme = self._add(column, ChoiceField("ui.theme", "", _THEMES))
        self.themes = theme.segments
        return card

    def _make_picture(self) -> QFrame:
        card, column = _make_card("Picture and sound")
        theme = self._context.theme
        self.integer = self._add(
            column,
            SwitchField(
                theme,
                "ui.integer_scale",
                "Scale small pictures by whole numbers",
                "Every pixel of the game is then equally large. Without it the picture fills the window.",
            ),
        ).switch
        column.addSpacing(tokens.SPACE_8)
        self.hud = self._add(
            column,
            SwitchField(theme, "ui.hud", "Show score and rate over the picture", "H switches it during a game."),
        ).switch
        column.addSpacing(tokens.SPACE_8)
        self.sound = self._add(
            column,
            SwitchField(
                theme, "ui.sound", "Sound", "Of Atari games, at speed 1. M switches it in a game and in the player."
            ),
        ).switch
        return card

    def _make_recording(self) -> QFrame:
        card, column = _make_card("Recording")
        column.setSpacing(tokens.SPACE_12)
        self.recording = Switch(self._context.theme, "Record what is played")
        self.recording.clicked.connect(lambda on: self._change(_BACKEND, self._last_backend if on else _OFF))
        column.addWidget(self.recording)
        self._off_note = make_label("Nothing is kept: a game that is left cannot be watched again.", wrap=True)
        column.addWidget(self._off_note)
        self._record_line = make_line()
        column.addWidget(self._record_line)
        self._add(column, _BackendField())
        for backend, codecs in (("parquet", PARQUET_CODECS), ("hdf5", HDF5_CODECS)):
            choices = [(codec, "None" if codec == "none" else codec) for codec in codecs]
            self._add(column, ChoiceField("record.compression", "Compression", choices, only_for=backend))
        self._add(
            column, SwitchField(self._context.theme, "record.include_sound", "Record the sound, too (Atari games)")
        )
        self._add(column, NumberField("record.buffer.max_records", "Steps that may wait in memory", "steps"))
        self._add(column, NumberField("record.buffer.max_memory_mb", "Memory that they may take", "MB"))
        self._add(column, NumberField("record.buffer.flush_interval_seconds", "Written at the latest after", "seconds"))
        column.addWidget(_make_note("Changes here count from the next start of the window."))
        return card

    def _make_storage(self) -> QFrame:
        self.storage_card, column = _make_card("Storage")
        self._add(column, ChoiceField("storage.profile", "", _PROFILES, notes=_PROFILE_NOTES))
        column.addWidget(_make_note("No picture ever loses a pixel. Changes count from the next start of the window."))
        return self.storage_card

    def _make_folder(self) -> QFrame:
        card, column = _make_card("Folder")
        paths = self._context.archive.paths
        self.folder = str(paths.root)
        column.addWidget(_selectable(self.folder))
        row = QHBoxLayout()
        row.setSpacing(tokens.SPACE_8)
        row.addWidget(make_button("Open folder", self._open_folder))
        row.addWidget(make_button("Copy path", self._copy_folder))
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(make_line())
        column.addWidget(
            _make_note(
                f"Recordings and these settings ({paths.config_file.name}) lie there. Start with --var-dir FOLDER, or "
                "set GYM_GUI_VAR_DIR, to keep them elsewhere."
            )
        )
        if self._context.recorder is None:
            column.addWidget(
                _make_note("This folder can only be read: what you choose here lasts until the window closes.")
            )
        return card

    # --- changes ----------------------------------------------------------------------------------------------------

    def _add(self, column: QVBoxLayout, field: _Field) -> _Field:
        self._fields.append(field)
        field.changed.connect(self._change)
        field.refused.connect(lambda: self._bring_into_view(field))
        column.addWidget(field)
        return field

    def _bring_into_view(self, field: SettingField) -> None:
        # The sentence below a field has its place only after the layout has been done again.
        QTimer.singleShot(0, self, lambda: self._scroll.ensureWidgetVisible(field))

    def _change(self, key: str, value: object) -> None:
        settings = self._context.settings()
        if key not in _SELECTORS:
            self._take(settings.with_value(key, value))
            return
        # Another option is composed by Hydra, whose import alone is twenty frames long: not on this thread.
        self._context.runner.submit(
            lambda: settings.with_value(key, value),
            lambda changed: self._take(changed) if self._context.settings() is settings else self._change(key, value),
            self._fail,
        )

    def _take(self, settings: Settings) -> None:
        self._context.change_settings(settings)
        self.refresh()

    def _fail(self, error: Exception) -> None:
        self._context.notify(str(error))
        self.refresh()

    def _open_folder(self) -> None:
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(self.folder)):
            self._context.notify("No program is set up to open folders here.")

    def _copy_folder(self) -> None:
        QGuiApplication.clipboard().setText(self.folder)
        self._context.notify("Path copied.")


class _BackendField(ChoiceField):
    """The backend, where there is one."""

    def __init__(self) -> None:
        super().__init__(_BACKEND, "Format", _BACKENDS, notes=_BACKEND_NOTES)

    @override
    def refresh(self, settings: Settings) -> None:
        super().refresh(settings)
        self.setVisible(settings.options["record"] != _OFF or settings.is_fixed(_BACKEND))


def _make_card(title: str) -> tuple[QFrame, QVBoxLayout]:
    card = QFrame()
    card.setProperty("card", "true")
    column = QVBoxLayout(card)
    column.setContentsMargins(tokens.SPACE_16, tokens.SPACE_12, tokens.SPACE_16, tokens.SPACE_16)
    column.setSpacing(tokens.SPACE_8)
    column.addWidget(make_label(title, "title"))
    return card, column


def _make_note(text: str) -> QWidget:
    return make_label(text, "muted", wrap=True)


def _selectable(text: str, state: str = "") -> QLabel:
    label = make_label(text, wrap=True)
    label.setTextInteractionFlags(label.textInteractionFlags() | _SELECTABLE)
    if state:
        set_state(label, state)
    return label
