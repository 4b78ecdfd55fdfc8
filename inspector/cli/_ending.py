"""The commands that end sessions or change when they end: one by its ID, or all that match a filter."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from inspector.cli._objects import row_object, session_object
from inspector.cli._output import BadUsage, Output
from inspector.cli._selection import select_rows
from inspector.cli._signals import StopBySignal
from inspector.cli._stores import opened
from inspector.core.display import parse_time
from inspector.core.expiry import CAPPED, ExpiryTarget, RelativeExpiry, end_from, is_capped, parse_count
from inspector.services.bulk.bulk_changes import delete_sessions, expire_sessions
from inspector.services.bulk.report import BulkReport, BulkStep
from inspector.services.bulk.selection import Selection
from inspector.services.connection import Connection
from inspector.services.sessions.journal import Journal
from inspector.services.sessions.manage_sessions import change_expiry, delete_session
from inspector.services.sessions.open_session import open_session
from store_adapters.clock import now_ms

_DONE, _NEGATIVE, _USAGE, _TROUBLE, _CHANGED = range(5)
_UNITS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_NOT_KNOWN = "Whether it was written is unknown: check with show."
_SHOWN = 10


def delete(options: Any, output: Output) -> int:
    """Delete one session as it is now, or all that match a filter."""
    if not _is_one(options):
        return _act_on_many(
            options,
            output,
            "delete",
            "deleted",
            lambda connection, selection: delete_sessions(
                connection.store, selection, Journal(), StopBySignal(output.signals)
            ),
        )
    with opened(options.store_name, options.secret_sources, output.log) as connection:
        session = open_session(connection.store, connection.store.ref_for(options.session_id), connection.reading)
        output.so_far = _NOT_KNOWN
        delete_session(connection.store, session, Journal())
        output.so_far = f"{options.session_id} was deleted."
    if options.json:
        output.say_json({"id": options.session_id, "state": "deleted"})
    else:
        output.say(f"Deleted {options.session_id}.")
    return _DONE


def expire(options: Any, output: Output) -> int:
    """Change when a session ends, lastingly unless `--once`; or when all end that match a filter."""
    ending, now = _ending(options), now_ms()
    ends = end_from(ending, now)
    if is_capped(ending, now):
        output.complain(CAPPED)
    if ends is not None and ends <= now:
        raise BadUsage("That time is in the past: the session would be gone. Use delete if that's what you mean.")
    if not _is_one(options):
        if options.once:
            raise BadUsage("--once is for a single session.")
        return _act_on_many(
            options,
            output,
            "change",
            "changed",
            lambda connection, selection: expire_sessions(
                connection.store, selection, ending, Journal(), StopBySignal(output.signals), reading=connection.reading
            ),
        )
    with opened(options.store_name, options.secret_sources, output.log) as connection:
        session = open_session(connection.store, connection.store.ref_for(options.session_id), connection.reading)
        output.so_far = _NOT_KNOWN
        after = change_expiry(connection.store, session, ending, Journal(), lasting=not options.once)
        output.so_far = f"{options.session_id} {after.expiry.summary}."
    if options.json:
        output.say_json(session_object(after))
    else:
        output.say(f"{options.session_id} {after.expiry.summary}.")
    return _DONE


def _ending(options: Any) -> ExpiryTarget:
    if options.never:
        return None
    if options.duration is not None:
        found = re.fullmatch(r"([0-9]+)\s*([smhd])", options.duration.strip())
        if found is None:
            raise BadUsage("--in takes a duration such as 90s, 15m, 2h or 7d.")
        return RelativeExpiry(parse_count(found[1]) * _UNITS[found[2]])
    at = parse_time(options.at)
    if at is None:
        raise BadUsage("--at takes a time with a time zone, such as 2026-11-24T22:29:03Z.")
    return at


def _is_one(options: Any) -> bool:
    if bool(options.session_id) == bool(options.filter.strip()):
        raise BadUsage("Give a session ID, or --filter TERMS for all that match.")
    return bool(options.session_id)


def _act_on_many(
    options: Any, output: Output, verb: str, done: str, act: Callable[[Connection, Selection], Iterator[BulkStep]]
) -> int:
    """Say which sessions match, and act on them where `--yes` is given; nothing is done without it."""
    with opened(options.store_name, options.secret_sources, output.log) as connection:
        positions, now = select_rows(connection, options.filter)
        number = len(positions)
        if options.dry_run or not options.yes:
            for position in positions[:_SHOWN]:
                row = connection.catalogue.row(position)
                output.say_json(row_object(row, now)) if options.json else output.say(row.session_id)
            if number > _SHOWN and not options.json:
                output.say(f"… and {number - _SHOWN:,} more")
            if not options.dry_run:
                raise BadUsage(f"{number:,} sessions match and none was {done}. Add --yes to {verb} them.")
            return _DONE
        report = BulkReport()
        output.so_far = f"No session was {done}."
        with output.signals.deferred():  # a part that is under way is finished and counted
            for step in act(connection, Selection(connection.catalogue, positions)):
                report = step.report
                output.so_far = f"{report.done:,} of {number:,} sessions {done}."
    for words, count in report.troubles:
        output.complain(f"{words} ({count:,})")
    if options.json:
        counts = {"gone": report.gone, "changed": report.changed, "failed": report.failed}
        output.say_json({"matched": number, "done": report.done, **counts})
    else:
        output.say(output.so_far)
    if report.stopped:
        output.complain(report.stopped)
        return _TROUBLE
    return _CHANGED if report.changed else _NEGATIVE if report.failed else _DONE
