"""`gym-gui watch`: the runs, live, in a terminal; over ssh too."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

import click

from gym_gui.cli.options import json_option, print_json
from gym_gui.cli.run_lines import run_document
from gym_gui.cli.trainer_link import TrainerLink, client_in, link_options, run_id_of, tell_standstill
from gym_gui.core.errors import TrainerUnavailableError

if TYPE_CHECKING:
    from gym_gui.cli.watch_board import WatchBoard
    from gym_gui.services.trainer.client.client import TrainerClient
    from gym_gui.services.trainer.run_store import TrainingRun

_DRAWN_EVERY_S: Final = 0.25
_RETRY_S: Final = 1.0
_END_S: Final = 3.0
_FILE_WIDTH: Final = 200


@click.command()
@click.argument("run_id", required=False, metavar="[RUN]")
@click.option("--once", is_flag=True, help="Show how they stand now, and end.")
@json_option
@link_options
def watch(*, run_id: str | None, once: bool, as_json: bool, link: TrainerLink) -> None:
    """Watch the training runs, or one RUN, live: progress, return, speed, age of the last step. Ctrl+C ends it.

    With --once it shows how they stand now, and ends. With --json it prints a line for each change; with both, one
    document. Watching one RUN ends with the run. Where no trainer runs nothing changes, and it ends at once.
    """
    with link.reading() as reader:
        run_id = None if run_id is None else run_id_of(reader, run_id)
        client = client_in(reader)
        if once or client is None:
            found = reader.list_runs() if run_id is None else [reader.get(run_id)]
            _show_once(found, as_json=as_json, as_lines=not once, alone=run_id is not None)
            tell_standstill(reader, found)
        elif as_json:
            _print_changes(client, run_id)
        else:
            _watch_live(client, run_id)


def _show_once(found: list[TrainingRun], *, as_json: bool, as_lines: bool, alone: bool) -> None:
    if as_json and as_lines:
        for run in found:
            _print_line(run)
        return
    if as_json:
        documents = list(map(run_document, found))
        print_json(documents[0] if alone else documents)
        return
    from rich.console import Console  # noqa: PLC0415 - 50 ms, where something is drawn

    from gym_gui.cli.watch_board import WatchBoard  # noqa: PLC0415 - same

    board = WatchBoard()
    for run in found:
        board.put(run)
    console = Console()
    if not console.is_terminal:  # nothing is cut for a file
        console = Console(width=_FILE_WIDTH)
    console.print(board.drawn(width=console.width, height=2 * len(found) + 3, ascii_only=not _is_unicode(console)))


def _print_changes(client: TrainerClient, run_id: str | None) -> None:
    changes = client.watch_runs(_chosen(run_id))
    try:
        for run, _ in changes:
            _print_line(run)
            if run_id is not None and not run.state.is_active:
                return
    except KeyboardInterrupt:
        return
    finally:
        changes.close()


def _print_line(run: TrainingRun) -> None:
    import msgspec  # noqa: PLC0415 - only here

    from gym_gui.core.info_codec import to_plain  # noqa: PLC0415 - same

    click.echo(msgspec.json.encode(to_plain(run_document(run))).decode())


class _Feed:
    """The thread that hears of changes, and begins again where the trainer went away."""

    def __init__(self, client: TrainerClient, run_id: str | None, board: WatchBoard) -> None:
        self._client = client
        self._run_id = run_id
        self._board = board
        self._ending = threading.Event()
        self._changes: Any = None
        self.is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ending.set()
        if self._changes is not None:
            self._changes.close()
        self._thread.join(_END_S)

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                self._hear()
            except TrainerUnavailableError as error:
                self._board.fault = "" if self._ending.is_set() else f"{error.message} Trying again …"
                self._ending.wait(_RETRY_S)

    def _hear(self) -> None:
        self._changes = self._client.watch_runs(_chosen(self._run_id))
        for run, _ in self._changes:
            self._board.fault = ""
            self._board.put(run)
            if self._run_id is not None and not run.state.is_active:
                self.is_over.set()
                self._ending.set()
                return


def _watch_live(client: TrainerClient, run_id: str | None) -> None:
    from rich.console import Console  # noqa: PLC0415 - 50 ms, where something is drawn
    from rich.live import Live  # noqa: PLC0415 - same

    from gym_gui.cli.watch_board import WatchBoard  # noqa: PLC0415 - same

    board, console = WatchBoard(), Console()

    def drawn() -> Any:
        size = console.size
        return board.drawn(width=size.width, height=size.height - 1, ascii_only=not _is_unicode(console))

    feed = _Feed(client, run_id, board)
    feed.start()
    try:
        with Live(console=console, auto_refresh=False, screen=False, transient=False) as live:
            while not feed.is_over.wait(_DRAWN_EVERY_S):
                live.update(drawn(), refresh=True)
            live.update(drawn(), refresh=True)
    except KeyboardInterrupt:
        pass  # how one leaves
    finally:
        feed.stop()


def _chosen(run_id: str | None) -> tuple[str, ...]:
    return () if run_id is None else (run_id,)


def _is_unicode(console: Any) -> bool:
    return str(console.encoding).lower().startswith("utf")
