"""The commands that write sessions to JSON lines and read them back; each returns the exit code."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from inspector.cli._output import Output
from inspector.cli._stores import opened
from inspector.services.bulk.export_sessions import export_all, export_to_file
from inspector.services.bulk.import_sessions import describe_import, import_sessions, is_clean
from inspector.services.bulk.report import BulkReport
from inspector.services.bulk.session_lines import read_lines
from inspector.services.filtering.parser import parse_filter
from store_adapters.contract import CancelToken

_DONE, _NEGATIVE, _USAGE, _TROUBLE, _CHANGED = range(5)


def export_sessions(options: Any, output: Output) -> int:
    """Write the sessions of a store, one JSON object a line, to a file or to the standard output."""
    wanted = parse_filter(options.filter)
    report = BulkReport()
    with opened(options.store_name, options.secret_sources) as connection:
        if not options.output:
            for step in export_all(connection.store, output.write_bytes, CancelToken(), wanted, connection.reading):
                report = step.report
        else:
            for step in export_to_file(
                Path(options.output),
                lambda put: export_all(connection.store, put, CancelToken(), wanted, connection.reading),
            ):
                report = step.report
    for words, number in report.troubles:
        output.complain(f"{words} ({number:,})")
    if report.stopped:
        output.complain(f"{report.stopped} No file was written.")
        return _TROUBLE
    if options.output and options.json:
        unread = report.failed + report.gone
        output.say_json({"file": options.output, "exported": report.done, "unreadable": unread})
    elif options.output:
        output.say(f"Exported {report.done:,} sessions to {options.output}.")
    return _NEGATIVE if report.failed else _DONE


def import_from_file(options: Any, output: Output) -> int:
    """Take in the sessions of a file of JSON lines, or of the standard input."""
    with opened(options.store_name, options.secret_sources) as connection, _opened_file(options.file) as file:
        *_, report = import_sessions(
            connection.store, read_lines(file), CancelToken(), replaces=options.replace, is_dry=options.dry_run
        )
    if options.json:
        output.say_json({"dry_run": options.dry_run, **dataclasses.asdict(report)})
    else:
        output.say(describe_import(report, is_dry=options.dry_run))
        for words in report.troubles:
            output.complain(words)
    if report.stopped:
        output.complain(report.stopped)
        return _TROUBLE
    if is_clean(report):
        return _DONE
    return _CHANGED if report.changed and not report.failed else _NEGATIVE


@contextmanager
def _opened_file(name: str) -> Iterator[BinaryIO]:
    if name == "-":
        yield sys.stdin.buffer
        return
    with Path(name).open("rb") as file:
        yield file
