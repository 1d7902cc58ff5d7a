"""The form that starts a run: presets at the left, settings and hyper-parameters at the right, the command below.

Qt thread; what is typed is judged by `TrainForm`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QPainter
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from gym_gui.controllers.train_form import KINDS, RANDOM, SCRIPT, TrainForm, is_alike
from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.texts import breakable
from gym_gui.ui.widgets.basics import make_button, make_label, make_line, make_timer, set_state
from gym_gui.ui.widgets.fact_grid import FoldingGroup
from gym_gui.ui.widgets.switch import Segments
from gym_gui.workers.presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent, QShowEvent

    from gym_gui.controllers.train_form import FormEntry
    from gym_gui.services.trainer.config import TrainingConfig
    from gym_gui.ui.theme import Theme

_WIDTH: Final = 820
_HEIGHT: Final = 640
_PRESETS_WIDTH: Final = 220
_FIELD_WIDTH: Final = 150
_WIDE_FIELDS: Final = frozenset({"env_id", "name", "script", "arguments"})
_TITLES: Final = {RANDOM: "Random", SCRIPT: "Script"}
# After the last key; an environment is made for each name that is judged.
_JUDGE_MS: Final = 600
_BOOLEANS: Final = ("true", "false")


class _EntryGrid(QWidget):
    """Lines of name and field, two beside each other; made once for the same lines and filled again."""

    changed = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, QLineEdit | QComboBox] = {}
        self._names: tuple[str, ...] = ()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(tokens.SPACE_8)
        self._grid.setVerticalSpacing(tokens.SPACE_8)

    def show_entries(self, entries: Sequence[FormEntry]) -> None:
        names = tuple(entry.name for entry in entries)
        if names != self._names:
            self._rebuild(entries)
            self._names = names
        for entry in entries:
            self._fill(self.fields[entry.name], entry)

    def _rebuild(self, entries: Sequence[FormEntry]) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        self.fields.clear()
        row = column = 0
        for entry in entries:
            wide = entry.name in _WIDE_FIELDS
            if wide and column:
                row, column = row + 1, 0
            label = make_label(entry.title, "muted")
            label.setToolTip(breakable(entry.tip))
            field = self._make(entry)
            label.setBuddy(field)
            self._grid.addWidget(label, row, column)
            self._grid.addWidget(field, row, column + 1, 1, 3 if wide else 1)
            self.fields[entry.name] = field
            column = 0 if wide else (column + 2) % 4
            row += column == 0
        for place in (1, 3):
            self._grid.setColumnStretch(place, 1)

    def _make(self, entry: FormEntry) -> QLineEdit | QComboBox:
        choices = entry.choices or (_BOOLEANS if entry.kind == "bool" else ())
        if choices:
            box = QComboBox()
            box.addItem(f"{entry.usual} (usual)", "")
            for choice in choices:
                box.addItem(choice, choice)
            box.activated.connect(lambda place, name=entry.name: self.changed.emit(name, box.itemData(place)))
            field: QLineEdit | QComboBox = box
        else:
            line = QLineEdit()
            line.textEdited.connect(partial(self.changed.emit, entry.name))
            field = line
        field.setMinimumWidth(_FIELD_WIDTH)
        field.setAccessibleName(entry.title)
        field.setToolTip(breakable(entry.tip))
        return field

    @staticmethod
    def _fill(field: QLineEdit | QComboBox, entry: FormEntry) -> None:
        if isinstance(field, QComboBox):
            field.setCurrentIndex(max(0, field.findData(entry.text)))
            return
        if field.text().strip() != entry.text:
            field.setText(entry.text)
        field.setPlaceholderText(entry.usual or entry.example)
        set_state(field, "bad" if entry.fault else "")
        field.setToolTip(breakable(entry.fault or entry.tip))


class LiveStartForm(QDialog):
    """Fills in a run and hands it out; the dialog stays until the trainer has taken it.

    Args:
        theme: The look.
        config: What to begin with; None for the first preset.
    """

    submitted = Signal(object)  # a TrainingConfig
    judging = Signal(object)  # a TrainingConfig: whoever knows says with `show_misfit` what is wrong with it

    def __init__(self, theme: Theme, config: TrainingConfig | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Start a run")
        self.setModal(True)
        self.form = TrainForm.first() if config is None else TrainForm(config)
        self.presets = QListWidget()
        self.kinds = Segments(tuple((kind, _TITLES.get(kind, kind)) for kind in KINDS), self.form.kind)
        self.settings, self.hyper = _EntryGrid(), _EntryGrid()
        self.more_settings, self.more_hyper = _EntryGrid(), _EntryGrid()
        self._folds = {
            "settings": FoldingGroup(theme, "Machine and priority", self.more_settings),
            "hyper": FoldingGroup(theme, "Hyper-parameters that most people leave", self.more_hyper),
        }
        self._hyper_title = make_label("Hyper-parameters", "title")
        self.command = make_label("", "muted", wrap=True)
        self.command.setFont(theme.fixed_font(tokens.CAPTION_PX))
        self.command.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.message = make_label("", wrap=True)
        self.copy_button = make_button("Copy the command", self._copy, "quiet")
        self.start_button = make_button("Start", self._start, "primary", tooltip="Start it (Ctrl+Enter)")
        self.start_button.setShortcut("Ctrl+Return")
        self._judged: TrainingConfig | None = None  # what was asked about last
        self._misfit = ""
        self._refused: tuple[TrainingConfig, str] | None = None  # what the trainer did not take, and why
        self._waiting = False
        self._theme = theme
        self._judge_timer = make_timer(self, _JUDGE_MS, self._judge)
        self._build()
        self.resize(QSize(_WIDTH, _HEIGHT))
        self._show(self.form)

    def fit_into(self, room: QRect) -> None:
        """Stand in the middle of a window that takes this part of the screen, with a margin all around."""
        edge = tokens.SPACE_32
        inner = room.adjusted(edge, edge, -edge, -edge)
        place = QRect(QPoint(), inner.size().boundedTo(QSize(_WIDTH, _HEIGHT)))
        place.moveCenter(inner.center())
        # Not left to Qt, which guesses the frame that a window manager may add.
        self.setGeometry(place)

    def show_waiting(self) -> None:
        """It is on its way to the trainer."""
        self._waiting = True
        self.start_button.setEnabled(False)
        self._say("", "Handing it to the trainer; where none runs it is started, which takes some seconds…")

    def show_refused(self, sentence: str) -> None:
        """The trainer did not take it."""
        self._waiting = False
        self._refused = self.form.config, sentence
        self._show_faults()

    def show_misfit(self, config: TrainingConfig, sentence: str) -> None:
        """Why that run could not begin; empty where it could, or nobody knows."""
        if is_alike(config, self.form.config):
            self._misfit = sentence
            if not self._waiting:
                self._show_faults()

    # Inside.

    def _judge(self) -> None:
        if not self.form.fault:
            self._judged = self.form.config
            self.judging.emit(self._judged)

    def _fill_presets(self) -> None:
        self.presets.setFixedWidth(_PRESETS_WIDTH)
        self.presets.setAccessibleName("Presets")
        self.presets.setWordWrap(True)
        self.presets.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for name, preset in PRESETS.items():
            item = QListWidgetItem(preset.title.partition(":")[0].rstrip("."), self.presets)
            item.setData(Qt.ItemDataRole.UserRole, name)
            item.setToolTip(preset.title)
            item.setSizeHint(QSize(_PRESETS_WIDTH - tokens.SPACE_12, tokens.HIT_AREA))
        self.presets.itemClicked.connect(self._choose_preset)
        self.presets.itemActivated.connect(self._choose_preset)

    def _build(self) -> None:
        self._fill_presets()
        self.kinds.chosen.connect(lambda kind: self._show(self.form.choose_kind(kind)))
        for grid in (self.settings, self.more_settings, self.hyper, self.more_hyper):
            grid.changed.connect(lambda name, text: self._show(self.form.put(name, text)))
        for fold in self._folds.values():
            fold.fold(opened=False)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(tokens.SPACE_16, tokens.SPACE_12, tokens.SPACE_16, tokens.SPACE_12)
        column.setSpacing(tokens.SPACE_12)
        column.addWidget(self.kinds)
        column.addWidget(self.settings)
        column.addWidget(self._folds["settings"])
        column.addWidget(self._hyper_title)
        column.addWidget(self.hyper)
        column.addWidget(self._folds["hyper"])
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(body)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        left = QVBoxLayout()
        left.setContentsMargins(tokens.SPACE_12, tokens.SPACE_12, 0, tokens.SPACE_12)
        left.setSpacing(tokens.SPACE_8)
        left.addWidget(make_label("Presets", "title"))
        left.addWidget(self.presets, 1)
        row = QHBoxLayout()
        row.setSpacing(0)
        row.addLayout(left)
        row.addWidget(scroll, 1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(tokens.HAIR, tokens.HAIR, tokens.HAIR, tokens.HAIR)
        outer.setSpacing(0)
        outer.addLayout(row, 1)
        outer.addWidget(make_line())
        outer.addLayout(self._make_foot())

    def _make_foot(self) -> QVBoxLayout:
        buttons = QHBoxLayout()
        buttons.setSpacing(tokens.SPACE_8)
        buttons.addWidget(self.message, 1)
        buttons.addWidget(self.copy_button)
        buttons.addWidget(make_button("Cancel", self.reject))
        buttons.addWidget(self.start_button)
        foot = QVBoxLayout()
        foot.setContentsMargins(tokens.SPACE_16, tokens.SPACE_12, tokens.SPACE_16, tokens.SPACE_12)
        foot.setSpacing(tokens.SPACE_8)
        foot.addWidget(self.command)
        foot.addLayout(buttons)
        return foot

    def _show(self, form: TrainForm) -> None:
        self.form = form
        self.kinds.set_value(form.kind)
        settings, hyper = form.settings(), form.hyperparameters()
        self.settings.show_entries([entry for entry in settings if not entry.advanced])
        self.more_settings.show_entries([entry for entry in settings if entry.advanced])
        self.hyper.show_entries([entry for entry in hyper if not entry.advanced])
        self.more_hyper.show_entries([entry for entry in hyper if entry.advanced])
        self._hyper_title.setVisible(bool(hyper))
        self._folds["hyper"].setVisible(bool(hyper))
        preset = form.preset
        for row in range(self.presets.count()):
            item = self.presets.item(row)
            item.setSelected(item.data(Qt.ItemDataRole.UserRole) == preset)
        self.command.setText(breakable(form.command, run=60))
        if self._judged is None or not is_alike(form.config, self._judged):
            self._misfit = ""
            self._judge_timer.start()
        self._show_faults()

    def _show_faults(self) -> None:
        form = self.form
        self.start_button.setEnabled(not (form.fault or self._misfit))
        self.copy_button.setEnabled(not form.fault)  # what it says would not be what is in the fields
        told = form.fault or self._misfit
        if not told and self._refused is not None and form.config == self._refused[0]:
            told = self._refused[1]  # it may be tried again, and stays told
        self._say("bad" if form.typed or not form.fault else "", told)

    def _say(self, state: str, text: str) -> None:
        self.message.setText(text)
        set_state(self.message, state)

    def _choose_preset(self, item: QListWidgetItem) -> None:
        self._show(self.form.choose_preset(item.data(Qt.ItemDataRole.UserRole)))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.form.command)
        self._say("", "The command is on the clipboard.")

    def _start(self) -> None:
        if self.start_button.isEnabled():
            self.show_waiting()
            self.submitted.emit(self.form.config)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        with QPainter(self) as painter:  # where nobody frames windows it would run into the one below
            painter.setPen(self._theme.color("line"))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        field = self.settings.fields.get("name")
        if field is not None:
            field.setFocus(Qt.FocusReason.OtherFocusReason)
