"""The commands that write sessions to JSON lines and read them back; each returns the exit code."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from inspector.cli._input import opened_input
from inspector.cli._output import Output
from inspector.cli._selection import select_rows
from inspector.cli._signals import Interrupted, StopBySignal
from inspector.cli._stores import opened
from inspector.services.bulk.export_sessions import Put, export_all, export_selection, export_to_file
from inspector.services.bulk.import_sessions import (
    ImportReport,
    describe_capped,
    describe_import,
    import_sessions,
    is_clean,
)
from inspector.services.bulk.report import STOPPED, BulkReport, BulkStep
from inspector.services.bulk.selection import Selection
from inspector.services.bulk.session_lines import read_lines
from inspector.services.filtering.parser import findings_in, parse_filter
from inspector.services.settings.profiles import default_folder
from inspector.services.settings.unfinished_files import UnfinishedFiles
from store_adapters.contract import CancelToken
from store_adapters.errors import StoreError

_DONE, _NEGATIVE, _USAGE, _TROUBLE, _CHANGED = range(5)


def export_sessions(options: Any, output: Output) -> int:
    """Write the sessions of a store, one JSON object a line, to a file or to the standard output."""
    wanted = parse_filter(options.filter)
    name = "" if options.output and output.is_answers(options.output) else options.output
    output.so_far = "No file was written." if name else "Nothing was printed."
    report = BulkReport()
    with opened(options.store_name, options.secret_sources, output.log) as connection:

        def steps(put: Put) -> Iterator[BulkStep]:
            if not findings_in(options.filter):
                return export_all(connection.store, put, CancelToken(), wanted, connection.reading)
            positions, _now = select_rows(connection, options.filter)
            return export_selection(connection.store, Selection(connection.catalogue, positions), put, CancelToken())

        unfinished = UnfinishedFiles(default_folder())
        for step in (
            export_to_file(Path(name), steps, unfinished, may_be_special=True) if name else steps(_counted(output))
        ):
            report = step.report
    for words, number in report.troubles:
        output.complain(f"{words} ({number:,})")
    if report.stopped:
        output.complain(f"{report.stopped} {output.so_far}")
        return _TROUBLE
    if name:
        output.so_far = f"Exported {report.done:,} sessions to {name}."
        if options.json:
            output.say_json({"file": name, "exported": report.done, "unreadable": report.failed + report.gone})
        else:
            output.say(output.so_far)
    return _NEGATIVE if report.failed else _DONE


def _counted(output: Output) -> Callable[[bytes], object]:
    printed = 0

    def put(line: bytes) -> None:
        nonlocal printed
        output.write_json_line(line)
        printed += 1
        output.so_far = f"Printed {printed:,} sessions; there may be more."

    return put


def import_from_file(options: Any, output: Output) -> int:
    """Take in the sessions of a file of JSON lines, or of the standard input."""
    output.so_far = "Nothing was imported."
    # A part that is under way is finished and counted before a signal ends the command: what is told is what was done.
    with (
        opened(options.store_name, options.secret_sources, output.log) as connection,
        opened_input(options.file) as file,
        output.signals.deferred(),
    ):
        report = ImportReport()
        try:
            for report in import_sessions(
                connection.store,
                output.signals.heeding(read_lines(file)),
                StopBySignal(output.signals),
                replaces=options.replace,
                is_dry=options.dry_run,
            ):
                output.so_far = describe_import(report, is_dry=options.dry_run)
        except Interrupted:
            _say_import(options, output, dataclasses.replace(report, stopped=STOPPED))
            raise
        except (StoreError, OSError) as error:
            words = error.strerror if isinstance(error, OSError) else None
            report = dataclasses.replace(report, stopped=words or str(error))
        _say_import(options, output, report)
    if report.stopped:
        output.complain(report.stopped)
        return _TROUBLE
    if is_clean(report):
        return _DONE
    return _CHANGED if report.changed and not report.failed else _NEGATIVE


def _say_import(options: Any, output: Output, report: ImportReport) -> None:
    if options.json:
        output.say_json({"dry_run": options.dry_run, **dataclasses.asdict(report)})
    else:
        output.say(describe_import(report, is_dry=options.dry_run))
    output.flush()
    for words in report.troubles:
        output.complain(words)
    if report.capped and not options.dry_run:
        output.complain(describe_capped(report.capped))
    output.so_far = "Run the same import again to continue: it skips what's already there."
