"""The commands that read and write sessions and cookies; each returns the exit code."""

from __future__ import annotations

import time
from typing import Any

from inspector.cli._edits import apply_typed_edit
from inspector.cli._input import read_input
from inspector.cli._objects import node_json, row_object, session_object
from inspector.cli._output import BadUsage, Output, as_stored
from inspector.cli._selection import select_rows
from inspector.cli._stores import opened, read_secrets
from inspector.codecs import CodecError, format_json, has_bson_types, parse_json
from inspector.cookies import HAR_MOST_BYTES, SCHEMES, Status, sign_id
from inspector.core.display import format_size, localise_times, without_repeats
from inspector.core.expiry import (
    CAPPED,
    LATEST_MS,
    RelativeExpiry,
    format_countdown,
    is_capped,
)
from inspector.core.finding import Severity
from inspector.core.merge import FieldChange, diff
from inspector.core.node import Entry, Kind, Node
from inspector.core.secret import Secret
from inspector.frameworks import check_edit
from inspector.services.catalogue.session_row import Column
from inspector.services.cookies.cookie_chain import CookieReport
from inspector.services.cookies.pasted_file import decode_text
from inspector.services.cookies.verify_cookie import inspect_cookies
from inspector.services.sessions.journal import Journal
from inspector.services.sessions.manage_sessions import (
    create_session,
    new_session_id,
    new_session_root,
)
from inspector.services.sessions.open_session import open_session
from inspector.services.sessions.save_session import (
    FIRST_LOOK_MS,
    Persistence,
    SaveOutcome,
    SaveState,
    review_changes,
    save_session,
    verify_saved,
)
from store_adapters.clock import now_ms
from store_adapters.contract import SessionStore
from store_adapters.errors import StoreError

_DONE, _NEGATIVE, _USAGE, _TROUBLE, _CHANGED = range(5)
_UNITS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_NOT_KNOWN = "Whether it was written is unknown: check with show."
_SAVE_CODES = {
    SaveState.SAVED: _DONE,
    SaveState.UNCHANGED: _DONE,
    SaveState.CONFLICT: _CHANGED,
    SaveState.BUSY: _CHANGED,
    SaveState.UNKNOWN: _TROUBLE,
    SaveState.GONE: _NEGATIVE,
    SaveState.REFUSED: _NEGATIVE,
}


# --- reading -------------------------------------------------------------------------------------------------------


def list_sessions(options: Any, output: Output) -> int:
    """Print the sessions of a store, newest change first where the store tells."""
    with opened(options.store_name, options.secret_sources, output.log) as connection:
        catalogue = connection.catalogue
        positions, now = select_rows(connection, options.filter, Column.CHANGED)
        for number, position in enumerate(positions):
            if options.limit and number >= options.limit:
                break
            row = catalogue.row(position)
            if options.json:
                output.say_json(row_object(row, now))
            else:
                who = f"{row.user} {row.role}".strip() or "-"
                ends = "unknown" if row.is_expiry_hidden else format_countdown(row.expires_at_ms, now)
                output.say(f"{row.session_id:<34} {ends:>12} {format_size(row.size):>9}  {who:<24} {row.format}")
    return _DONE


def show_session(options: Any, output: Output) -> int:
    """Print one session with its expiry and what is odd in it."""
    with opened(options.store_name, options.secret_sources, output.log) as connection:
        session = open_session(connection.store, connection.store.ref_for(options.session_id), connection.reading)
    if options.raw:
        output.write_bytes(session.raw.payload)
        return _DONE
    if options.json:
        output.say_json(session_object(session))
        return _DONE
    decoded = session.decoded
    output.say(f"{session.session_id}  {format_size(len(session.raw.payload))}  {session.summary.format}")
    output.say(f"  written by {session.origin.name} ({session.origin.certainty.value}: {session.origin.why})")
    output.say(f"  the application: {session.verdict.effect.value}")
    for source in session.expiry.sources:
        output.say(
            f"  {'*' if source.counts else ' '} {source.name}: {localise_times(f'{source.value}  {source.note}')}"
        )
    for finding in session.findings:
        output.say(localise_times(f"  ! {finding.text} {finding.remedy}"))
    if decoded is not None:
        output.say_lines(format_json(decoded.root, has_types=has_bson_types(decoded)))
    for attempt in session.attempts:
        output.say(f"  tried {attempt.label}: {attempt.reason}")
    return _DONE


# --- writing -------------------------------------------------------------------------------------------------------


def edit_session(options: Any, output: Output) -> int:
    """Change fields of one session by merge and compare-and-set; say what was written, and whether it stayed."""
    if not options.edits:
        raise BadUsage("Say what to change: --set user.role='\"admin\"' or --remove cart[1].")
    with opened(options.store_name, options.secret_sources, output.log) as connection:
        store = connection.store
        session = open_session(store, store.ref_for(options.session_id), connection.reading)
        if session.decoded is None or not session.is_editable:
            words = "no known format reads it losslessly."
            if session.is_sealed:
                words = f"{session.attempts[-1].reason} (--secret-file, --secret-env)"
            output.complain(f"This session cannot be edited: {words}")
            return _NEGATIVE
        root, has_types = session.decoded.root, has_bson_types(session.decoded)
        for kind, text in options.edits:
            root = apply_typed_edit(root, kind, text, has_types=has_types)
        if options.dry_run:
            review = review_changes(store, session, root)
            found = [f"{one.text} {one.remedy}".strip() for one in review.findings]
            state = "refused" if review.refusals else "dry-run"
            _say_edit(options, output, state, diff(session.decoded.root, root), found, has_types=has_types)
            return _NEGATIVE if review.refusals else _DONE
        output.so_far = _NOT_KNOWN
        outcome = save_session(store, session, root, Journal())
        state, code = outcome.state.value, _SAVE_CODES[outcome.state]
        for finding in check_edit(session.decoded.root, root, store.capabilities.kind, session.origin.framework):
            if finding.severity is Severity.WARNING:
                output.complain(f"{finding.text} {finding.remedy}".strip())
        if outcome.state is not SaveState.SAVED or not options.check:
            _say_edit(options, output, state, outcome.changes, [outcome.message], has_types=has_types)
            return code
        if not options.json:  # what was done is known, whatever happens while it waits
            _say_edit(options, output, state, outcome.changes, [outcome.message], has_types=has_types)
            output.flush()
        state, message, code = _look_again(store, outcome)
        message = without_repeats(message, outcome.message)
    if options.json:
        _say_edit(options, output, state, outcome.changes, [outcome.message, message], has_types=has_types)
    elif code == _DONE:
        output.say(message)
    else:
        output.complain(message)
    return code


def _look_again(store: SessionStore, outcome: SaveOutcome) -> tuple[str, str, int]:
    """Wait until the requests in flight have ended; return the state, what to say of it, and the exit code."""
    time.sleep(FIRST_LOOK_MS / 1000)
    try:
        report = verify_saved(store, outcome)
    except StoreError as error:
        words = f"It couldn't be read again to check whether the edit persisted: {error}"
        return SaveState.SAVED.value, words, _TROUBLE
    if report.state is Persistence.OVERWRITTEN:
        return "overwritten", report.message, _CHANGED
    if report.state is Persistence.GONE:
        return "gone since", report.message, _CHANGED
    return SaveState.SAVED.value, report.message, _DONE


def _say_edit(
    options: Any,
    output: Output,
    state: str,
    changes: tuple[FieldChange, ...],
    messages: list[str],
    *,
    has_types: bool,
) -> None:
    output.so_far = f"The edit: {state}."
    if options.json:
        rows = [
            {"field": one.field, "before": node_json(one.base, has_types), "after": node_json(one.mine, has_types)}
            for one in changes
        ]
        output.say_json({"id": options.session_id, "state": state, "changes": rows, "messages": messages})
        return
    for change in changes:
        output.say(f"{change.field}: {_short(change.base, has_types)} -> {_short(change.mine, has_types)}")
    for message in messages:
        output.say(localise_times(message))


def _short(node: Node | None, has_types: bool) -> str:
    return format_json(node, None, has_types=has_types) if node is not None else "(not there)"


def create_new_session(options: Any, output: Output) -> int:
    """Make a new session as the store's framework would."""
    try:
        data = parse_json(options.data)
    except CodecError as error:
        raise BadUsage(f"--data isn't JSON: {error}") from None
    if data.kind is not Kind.OBJECT:
        raise BadUsage('--data takes a JSON object, for example \'{"user": {"id": 1}}\'.')
    session_id, now = options.session_id or new_session_id(), now_ms()
    if is_capped(RelativeExpiry(options.max_age), now):
        output.complain(CAPPED)
    life_ms = min(options.max_age, LATEST_MS - now)
    ends = now + life_ms
    with opened(options.store_name, options.secret_sources, output.log) as connection:
        base = new_session_root(life_ms, now, connection.reading)
        given = {entry.key for entry in data.entries}
        usual = (entry for entry in base.entries if entry.key not in given)
        root = Node(Kind.OBJECT, entries=(*usual, *(Entry(entry.key, entry.value) for entry in data.entries)))
        output.so_far = f"Whether {session_id} was created is unknown: check with show."
        session = create_session(connection.store, session_id, root, ends, Journal(), now, connection.reading)
        output.so_far = f"{session_id} was created."
    output.say_json(session_object(session)) if options.json else output.say(session.session_id)
    return _DONE


# --- cookies -------------------------------------------------------------------------------------------------------


def verify_cookies(options: Any, output: Output) -> int:
    """Judge the cookies in a text; 0 only when a session cookie is there and none is broken."""
    text = decode_text(read_input("-", HAR_MOST_BYTES)) if options.text == "-" else options.text
    secrets = read_secrets(options.secret_sources, options.store_name)
    if options.store_name:
        with opened(options.store_name, options.secret_sources, output.log) as connection:
            reports = inspect_cookies(
                text,
                secrets,
                connection.store,
                now_ms=now_ms(),
                store_name=connection.profile.name,
                reading=connection.reading,
            )
    else:
        reports = inspect_cookies(text, secrets, None, now_ms=now_ms())
    for report in reports:
        _say_report(options, output, report)
    sessions = [report for report in reports if report.verdict.status is not Status.UNKNOWN]
    good = [one for one in sessions if one.verdict.status in (Status.VALID, Status.BY_DESIGN) and not one.broken]
    return _DONE if sessions and len(good) == len(sessions) else _NEGATIVE


def _say_report(options: Any, output: Output, report: CookieReport) -> None:
    cookie, verdict = report.cookie, report.verdict
    number = verdict.secret_index + 1 if verdict.secret_index is not None else None
    if options.json:
        output.say_json(
            {
                "name": cookie.name or None,
                "scheme": verdict.scheme or None,
                "status": verdict.status.value,
                "secret": number,
                "session_id": verdict.session_id,
                "payload": as_stored(verdict.payload) if verdict.payload is not None else None,
                "detail": f"{verdict.detail} {verdict.hint}".strip(),
                "chain": [{"link": one.name, "state": one.state.value, "text": one.text} for one in report.chain],
            }
        )
        return
    secret = f", secret {number}" if number is not None else ""
    output.say(f"{cookie.name or '(value)'}: {verdict.status.value}{secret}")
    for link in report.chain:
        output.say(f"  {link.state.value:<8} {link.name:<11} {localise_times(link.text)}")
    if verdict.payload is not None:
        output.say(f"  {verdict.payload}")


def sign_session(options: Any, output: Output) -> int:
    """Print the cookie value for a session ID, signed with the first secret."""
    secrets = read_secrets(options.secret_sources, options.store_name)
    signing = {one.name: one for one in SCHEMES if one.sign_id is not None}
    if options.scheme not in signing:
        raise BadUsage(f"No scheme {options.scheme} signs a session ID: choose one of {', '.join(signing)}.")
    if not secrets and not signing[options.scheme].is_unsigned_by_design:
        raise BadUsage("There's no secret to sign with. Use --secret-env NAME or --secret-file PATH.")
    value = sign_id(options.scheme, options.name, options.session_id, (*secrets, Secret.from_text(""))[0])
    if options.json:
        output.say_json({"session_id": options.session_id, "scheme": options.scheme, "value": value})
    else:
        output.say(value)
    return _DONE
