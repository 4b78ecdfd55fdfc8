"""Exporting sessions to a file and importing them, from the window to the services; works on no GUI thread."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from inspector.services.bulk.export_sessions import Put, export_all, export_selection, export_to_file
from inspector.services.bulk.import_sessions import ImportReport, describe_capped, describe_import, import_sessions
from inspector.services.bulk.report import BulkStep
from inspector.services.bulk.selection import Selection
from inspector.services.bulk.session_lines import read_lines
from inspector.services.settings.profiles import Environment
from inspector.services.settings.unfinished_files import UnfinishedFiles
from inspector.ui.base.plain import tell
from inspector.ui.bulk.bulk_runner import BulkRunner
from inspector.ui.bulk.export_dialog import ALL, SELECTED, ExportDialog
from inspector.ui.bulk.import_dialog import ImportDialog
from inspector.ui.stores.confirm_store import confirm_act
from inspector.ui.stores.open_store import OpenStore
from store_adapters.contract import CancelToken, SessionStore

_FILES = "JSON lines (*.jsonl *.ndjson);;All files (*)"


class TransferActs(QObject):
    """Asks with dialogs, runs on the store's bulk lane, shows itself in the runner's strip."""

    def __init__(self, runner: BulkRunner, unfinished: UnfinishedFiles, window: QWidget) -> None:
        super().__init__(window)
        self._runner = runner
        self._unfinished = unfinished
        self._window = window
        self.export_dialog: ExportDialog | None = None
        self.import_dialog: ImportDialog | None = None

    def export(self, store: OpenStore, selected: Sequence[int], matching: Sequence[int]) -> None:
        """Ask which sessions and where to, and write them."""
        catalogue = store.catalogue
        if catalogue is None:
            return
        here = len(catalogue)
        is_filtered = 0 < len(matching) < here
        total = f"{here:,}" if store.progress.is_complete else f"{here:,} read so far"
        dialog = ExportDialog(len(selected), len(matching) if is_filtered else None, total, self._window)

        def chosen() -> None:
            positions = None if dialog.choice == ALL else selected if dialog.choice == SELECTED else matching
            self._ask_file(store, None if positions is None else Selection(catalogue, positions), here)

        dialog.accepted.connect(chosen)
        dialog.finished.connect(lambda _code: self._forget_export(dialog))
        self.export_dialog = dialog
        dialog.open()

    def _forget_export(self, dialog: ExportDialog) -> None:
        self.export_dialog = None
        dialog.deleteLater()

    def _ask_file(self, store: OpenStore, selection: Selection | None, here: int) -> None:
        suggested = f"sessions-{time.strftime('%Y-%m-%d-%H%M')}.jsonl"
        name, _ = QFileDialog.getSaveFileName(self._window, "Export sessions", suggested, _FILES)
        if name and store.connection is not None:
            self.export_to(store, Path(name), selection, len(selection) if selection is not None else here)

    def export_to(self, store: OpenStore, path: Path, selection: Selection | None, total: int) -> None:
        """Write a selection, or all of the store (None), to a file."""

        def work(adapter: SessionStore, stop: CancelToken) -> Iterator[BulkStep]:
            def steps(put: Put) -> Iterator[BulkStep]:
                if selection is None:
                    return export_all(adapter, put, stop)
                return export_selection(adapter, selection, put, stop)

            return export_to_file(path, steps, self._unfinished)

        def done(step: BulkStep) -> None:
            report = step.report
            words = f"Exported {report.done:,} sessions to {path.name}"
            words += f", {report.gone:,} were already gone" if report.gone else ""
            words += f", {report.failed:,} could not be read" if report.failed else ""
            words = f"{report.stopped} No file was written" if report.stopped else words
            self._runner.strip.show_result(f"{words}.", can_undo=False)

        self._runner.run(
            store,
            work,
            show=lambda step: (f"Exported {step.report.done:,} of {total:,} …", step.report.handled, total),
            done=done,
        )

    def import_file(self, store: OpenStore) -> None:
        """Ask for a file, look at it, and take its sessions in when the person agrees."""
        name, _ = QFileDialog.getOpenFileName(self._window, "Import sessions", "", _FILES)
        if name and store.connection is not None:
            self.look_at(store, Path(name))

    def look_at(self, store: OpenStore, path: Path) -> None:
        """Read the file against the store without writing, and show what an import would do."""

        def done(found: tuple[ImportReport, int, int]) -> None:
            report = found[0]
            self._runner.strip.hide()
            if report.stopped:
                self._runner.strip.show_result(f"{report.stopped} Nothing was imported.", can_undo=False)
                return
            dialog = ImportDialog(report, store.profile, path.name, self._window)
            dialog.accepted.connect(lambda: self._import(store, path, report, replaces=dialog.replaces))
            dialog.finished.connect(lambda _code: self._forget_import(dialog))
            self.import_dialog = dialog
            dialog.open()

        self._runner.run(
            store,
            partial(_read_file, path, replaces=False, is_dry=True),
            show=partial(_progress, "Checked"),
            done=done,
        )

    def _forget_import(self, dialog: ImportDialog) -> None:
        self.import_dialog = None
        dialog.deleteLater()

    def _import(self, store: OpenStore, path: Path, dry: ImportReport, *, replaces: bool) -> None:
        if store.connection is None:
            return
        number = dry.created + (dry.existing if replaces else 0)
        words = f"{dry.created:,} will be created" + (f", {dry.existing:,} replaced." if replaces else ".")
        if store.profile.environment is Environment.PRODUCTION and not confirm_act(
            self._window, store.profile, f"Import {number:,} sessions?", words, "Import"
        ):
            return

        def done(found: tuple[ImportReport, int, int]) -> None:
            report = found[0]
            words = f"Imported from {path.name}: {describe_import(report, is_dry=False)} {report.stopped}".strip()
            words += f" {describe_capped(report.capped)}" if report.capped else ""
            self._runner.strip.show_result(words, can_undo=False)
            if report.troubles:
                tell(self._window, f"{report.failed:,} lines weren't imported", "\n".join(report.troubles[:5]))
            store.reload()

        self._runner.run(
            store,
            partial(_read_file, path, replaces=replaces, is_dry=False),
            show=partial(_progress, "Imported"),
            done=done,
        )


def _read_file(
    path: Path, adapter: SessionStore, stop: CancelToken, *, replaces: bool, is_dry: bool
) -> Iterator[tuple[ImportReport, int, int]]:
    """Yield the report so far, and how much of the file has been read, of how much (in thousandths of it)."""
    with path.open("rb") as file:
        size = max(path.stat().st_size, 1)
        for report in import_sessions(adapter, read_lines(file), stop, replaces=replaces, is_dry=is_dry):
            yield report, min(1000, file.tell() * 1000 // size), 1000


def _progress(word: str, found: tuple[ImportReport, int, int]) -> tuple[str, int, int]:
    report, done, total = found
    return f"{word} {report.lines:,} lines …", done, total
