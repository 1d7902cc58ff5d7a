"""The export dialog: what, as which format, where to; then how far it is, and where it lies.

Qt thread; the export runs on a thread of the dialog's own.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSize, QStandardPaths, Qt, QTimer, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from gym_gui.controllers.export_form import ExportForm, suggested_path
from gym_gui.controllers.exporting import BackgroundExport
from gym_gui.core.errors import EnvironmentFault
from gym_gui.core.sizes import size_text
from gym_gui.core.sound import sound_rate_of
from gym_gui.core.typing_compat import override
from gym_gui.recording.export import FORMATS, ExportResult, ExportStoppedError, find_format
from gym_gui.ui import theme as tokens
from gym_gui.ui.bridge import QtTaskRunner
from gym_gui.ui.widgets.basics import make_button, make_label, make_line, set_state
from gym_gui.ui.widgets.export_options import ExportOptionsPane
from gym_gui.ui.widgets.number_field import NumberField
from gym_gui.ui.widgets.switch import Segments

if TYPE_CHECKING:
    from PySide6.QtGui import QCloseEvent

    from gym_gui.core.data_model import EpisodeRollup, EpisodeSummary, RunRecord
    from gym_gui.services.bootstrap import Archive
    from gym_gui.ui.theme import Theme

_FORMATS_WIDTH: Final = 132
_WIDTH: Final = 700
_STEP_WIDTH: Final = 84
_POLL_MS: Final = 80
_MARGIN: Final = tokens.SPACE_24


class ExportDialog(QDialog):
    """Exports the episode that is open, some of its steps, or its whole run.

    Args:
        theme: The look.
        archive: Where the recording is.
        run: The run.
        episodes: Its episodes.
        opened: The one that is open.
        step: The step that is shown: where a choice of steps begins.
        pictured: The steps of the open episode that have a picture; None while nobody knows.
    """

    def __init__(
        self,
        theme: Theme,
        archive: Archive,
        run: RunRecord,
        episodes: tuple[EpisodeSummary, ...],
        opened: EpisodeRollup,
        *,
        step: int = 0,
        pictured: frozenset[int] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export")
        self.setModal(True)
        self.setMinimumWidth(_WIDTH)
        self._runner = QtTaskRunner(workers=1, parent=self)
        self.job = BackgroundExport(archive, self._runner)
        self._form = ExportForm(run=run, episodes=episodes, opened=opened, pictured=pictured)
        self._folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DownloadLocation)
        if not Path(self._folder).is_dir():
            self._folder = str(Path.home())
        self._path_typed = False
        self._asked_to_replace = ""
        self.formats = QListWidget()
        self.scopes = Segments((("episode", "This episode"), ("steps", "Steps"), ("run", "Whole run")), "episode")
        self.first, self.last = (NumberField(name, _STEP_WIDTH) for name in ("First step", "Last step"))
        self.options = ExportOptionsPane(theme, run.step_rate_hz, has_sound=sound_rate_of(run.metadata) is not None)
        self.path = QLineEdit()
        self.told = make_label("", "muted", wrap=True)
        self.estimate = make_label("", "muted")
        self.progress = QProgressBar()
        self.message = make_label("", wrap=True)
        self.export_button = make_button("Export", self.start, "primary")
        self.cancel_button = make_button("Cancel", self._cancel)
        self.folder_button = make_button("Show in folder", self._show_in_folder)
        self.copy_button = make_button("Copy path", self._copy_path)
        self._result: ExportResult | None = None
        self._build()
        self._fill(step)
        self._connect()
        first = "parquet" if self._form.why_not("mp4") else "mp4"
        self.formats.setCurrentRow(next(row for row, one in enumerate(FORMATS) if one.name == first))
        self._poll = QTimer(self)
        self._poll.setInterval(_POLL_MS)
        self._poll.timeout.connect(self._show_progress)

    @property
    def form(self) -> ExportForm:
        """What is chosen now."""
        return self._form

    def start(self) -> None:
        """Export; where something is at the path already, ask first."""
        path = str(Path(self.path.text().strip()).expanduser())
        there = Path(path).exists()
        if there and self._asked_to_replace != path:
            self._asked_to_replace = path
            self._say("warn", f"{Path(path).name} is there already.")
            self.export_button.setText("Replace it")
            return
        self._set_running(running=True)
        self._say("", "")
        self.job.start(self._form.request(overwrite=there), self._done, self._failed)
        self._poll.start()

    # Inside.

    def _build(self) -> None:
        self.formats.setFixedWidth(_FORMATS_WIDTH)
        self.formats.setAccessibleName("Format")
        self.formats.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.formats.setMinimumHeight(len(FORMATS) * tokens.HIT_AREA + tokens.SPACE_4)
        for one in FORMATS:
            item = QListWidgetItem(one.title, self.formats)
            item.setSizeHint(QSize(_FORMATS_WIDTH, tokens.HIT_AREA))
        self.path.setAccessibleName("File or folder to write")
        right = QVBoxLayout()
        right.setSpacing(tokens.SPACE_12)
        right.addWidget(self.told)
        right.addWidget(self._make_scope())
        right.addWidget(make_line())
        right.addWidget(self.options)
        right.addStretch(1)
        middle = QHBoxLayout()
        middle.setSpacing(_MARGIN)
        middle.addWidget(self.formats)
        middle.addLayout(right, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(_MARGIN, tokens.SPACE_16, _MARGIN, tokens.SPACE_16)
        column.setSpacing(tokens.SPACE_12)
        column.addWidget(make_label("Export", "headline"))
        column.addLayout(middle, 1)
        column.addWidget(make_line())
        column.addLayout(self._make_path())
        column.addWidget(self.message)
        column.addWidget(self.progress)
        column.addLayout(self._make_buttons())
        self.progress.setTextVisible(False)
        self.progress.hide()
        self.message.hide()

    def _make_scope(self) -> QWidget:
        self._steps_row = QWidget()
        steps = QHBoxLayout(self._steps_row)
        steps.setContentsMargins(0, 0, 0, 0)
        steps.setSpacing(tokens.SPACE_8)
        for text, field in (("From step", self.first), ("to step", self.last)):
            steps.addWidget(make_label(text))
            steps.addWidget(field)
        steps.addStretch(1)
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(tokens.SPACE_8)
        column.addWidget(self.scopes)
        column.addWidget(self._steps_row)
        return holder

    def _make_path(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(tokens.SPACE_8)
        row.addWidget(make_label("To"))
        row.addWidget(self.path, 1)
        row.addWidget(make_button("Browse…", self._browse))
        return row

    def _make_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(tokens.SPACE_8)
        row.addWidget(self.estimate)
        row.addWidget(self.folder_button)
        row.addWidget(self.copy_button)
        row.addStretch(1)
        row.addWidget(self.cancel_button)
        row.addWidget(self.export_button)
        self.export_button.setDefault(True)
        for button in (self.cancel_button, self.folder_button, self.copy_button):
            button.setAutoDefault(False)
        self.folder_button.hide()
        self.copy_button.hide()
        return row

    def _fill(self, step: int) -> None:
        longest = max((one.rollup.steps for one in self._form.chosen), default=0)
        for number, value in ((self.first, step), (self.last, longest)):
            number.set_range(0, longest)
            number.set_value(value)

    def _connect(self) -> None:
        self.formats.currentRowChanged.connect(self._choose_format)
        self.scopes.chosen.connect(self._choose_scope)
        self.first.changed.connect(self._changed)
        self.last.changed.connect(self._changed)
        self.options.changed.connect(self._changed)
        self.path.textEdited.connect(self._type_path)
        self._choose_scope("episode")

    def _choose_format(self, row: int) -> None:
        chosen = FORMATS[row]
        self.told.setText(f"{chosen.told}.")
        self.options.show_format(chosen)
        self._path_typed = False
        self._changed()
        self.adjustSize()

    def _choose_scope(self, scope: str) -> None:
        self._steps_row.setVisible(scope == "steps")
        self._scope = scope
        self._changed()

    def _type_path(self, _text: str) -> None:
        self._path_typed = True
        self._changed()

    def _changed(self) -> None:
        row = max(0, self.formats.currentRow())
        form = ExportForm(
            run=self._form.run,
            episodes=self._form.episodes,
            opened=self._form.opened,
            scope=self._scope,
            first=round(self.first.value),
            last=round(self.last.value),
            format=FORMATS[row].name,
            options=self.options.options(),
            path=self.path.text().strip(),
            pictured=self._form.pictured,
        )
        if not self._path_typed:
            self.path.setText(suggested_path(form, self._folder))
        self._form = ExportForm(**{name: getattr(form, name) for name in form.__slots__} | {"path": self.path.text()})
        self._asked_to_replace = ""
        self.export_button.setText("Export")
        self._offer(form)
        why_not = form.why_not(form.format)
        count, what = (form.pictures, "pictures") if find_format(form.format).needs_frames else (form.rows, "rows")
        self.estimate.setText("" if why_not else f"{count:,} {what}, about {size_text(form.estimated_bytes())}")
        self._say("warn" if why_not else "", why_not)
        self.export_button.setEnabled(count > 0 and bool(self.path.text().strip()))
        self._show_result(None)

    def _offer(self, form: ExportForm) -> None:
        """Formats that need what was not recorded are there, with the reason, and cannot be chosen."""
        for row, one in enumerate(FORMATS):
            why_not, item = form.why_not(one.name), self.formats.item(row)
            flags = item.flags() | Qt.ItemFlag.ItemIsEnabled
            item.setFlags(flags & ~Qt.ItemFlag.ItemIsEnabled if why_not else flags)
            item.setToolTip(why_not)

    def _browse(self) -> None:
        chosen = find_format(self._form.format)
        endings = " ".join(f"*{ending}" for ending in chosen.suffixes) or "*"
        picked, _ = QFileDialog.getSaveFileName(
            self,
            f"Export as {chosen.title}",
            self.path.text(),
            f"{chosen.title} ({endings})",
            options=QFileDialog.Option.DontConfirmOverwrite,
        )
        if picked:
            self._path_typed = True
            self.path.setText(picked)
            self._folder = str(Path(picked).parent)
            self._changed()

    def _set_running(self, *, running: bool) -> None:
        for widget in (self.formats, self.scopes, self._steps_row, self.options, self.path, self.export_button):
            widget.setEnabled(not running)
        self.progress.setVisible(running)
        self.progress.setRange(0, 0)
        self.cancel_button.setText("Stop" if running else "Close")
        if not running:
            self._poll.stop()

    def _show_progress(self) -> None:
        if self.job.total:
            self.progress.setRange(0, self.job.total)
            self.progress.setValue(self.job.done)
            self.estimate.setText(f"{self.job.done / self.job.total:.0%}")

    def _done(self, result: ExportResult) -> None:
        self._set_running(running=False)
        what = f"{result.rows:,} rows" if result.rows else f"{result.frames:,} pictures"
        lines = [f"Exported {what}, {size_text(result.size_bytes)}, in {result.seconds:.1f} s.", *result.notes]
        self._say("good", "\n".join(lines))
        self._show_result(result)

    def _failed(self, error: Exception) -> None:
        self._set_running(running=False)
        self._changed()
        if isinstance(error, ExportStoppedError):
            self._say("", "Stopped. Nothing was left behind.")
        elif isinstance(error, EnvironmentFault):
            self._say("bad", str(error))
        else:
            self._say("bad", f"The export failed: {type(error).__name__}: {error}")

    def _say(self, state: str, text: str) -> None:
        self.message.setText(text)
        self.message.setVisible(bool(text))
        set_state(self.message, state)

    def _show_result(self, result: ExportResult | None) -> None:
        self._result = result
        self.folder_button.setVisible(result is not None)
        self.copy_button.setVisible(result is not None)
        self.estimate.setVisible(result is None)

    def _show_in_folder(self) -> None:
        if self._result is not None and not QDesktopServices.openUrl(
            QUrl.fromLocalFile(str(self._result.output.parent))
        ):
            self._say("warn", f"No program is set up to open folders here. It lies at {self._result.output}.")

    def _copy_path(self) -> None:
        if self._result is not None:
            QGuiApplication.clipboard().setText(str(self._result.output))
            self.copy_button.setText("Copied")

    def _cancel(self) -> None:
        if self.job.running:
            self.job.cancel()
        else:
            self.reject()

    @override
    def reject(self) -> None:
        # Escape while it runs stops it; the dialog stays to say so.
        if self.job.running:
            self.job.cancel()
            return
        super().reject()

    @override
    def done(self, result: int) -> None:
        self.job.cancel()
        self._poll.stop()
        self._runner.close()
        super().done(result)

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        self.job.cancel()
        self._runner.close()
        super().closeEvent(event)


def open_export_dialog(dialog: ExportDialog) -> None:
    """Show it over its window; it is gone once it is closed."""
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
