"""`users` and `logout`: who is signed in, and ending all sessions of one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inspector.cli._output import BadUsage, Output
from inspector.cli._selection import list_store
from inspector.cli._stores import opened
from inspector.core.display import escape_display, format_local, format_time
from inspector.services.bulk.session_lines import format_line
from inspector.services.connection import Connection
from inspector.services.doctor.gather import Examination
from inspector.services.filtering.parser import parse_filter
from inspector.services.sessions.open_session import ref_of_key
from inspector.services.settings.new_file import open_new_file
from inspector.services.settings.profiles import default_folder
from inspector.services.settings.unfinished_files import UnfinishedFiles
from inspector.services.users.logout import CameBack, Logout, Return
from inspector.services.users.user_list import User, UserList, list_users
from store_adapters.clock import now_ms
from store_adapters.contract import CancelToken, RawRecord

_DONE, _NEGATIVE, _USAGE, _TROUBLE, _CHANGED = range(5)
_WHY = {
    Return.IN_FLIGHT: "a request that was running wrote its older copy back. Delete it again, or use --again.",
    Return.SIGNED_IN: "signed in again: remember-me or single sign-on, if not by hand. End that token in the application.",
}


def show_users(options: Any, output: Output) -> int:
    """Print each user with the number of sessions, the most first unless told otherwise."""
    with opened(options.store_name, options.secret_sources, output.log) as connection:
        found = sorted(
            _listed(connection, options.filter).users.values(), key=lambda user: (-len(user.rows), user.name)
        )
        if options.sort == "seen":
            found.sort(key=lambda user: -user.last_seen_ms)
        for user in found[: options.limit or None]:
            _say_user(user, connection, options, output)
    return _DONE if found else _NEGATIVE


def _listed(connection: Connection, filter_text: str = "") -> UserList:
    wanted, catalogue, now = parse_filter(filter_text), connection.catalogue, now_ms()
    list_store(connection)
    rows = catalogue.select(wanted, None, descending=False, now_ms=now) if wanted is not None else None
    asked = Examination(rows, is_about_users=True, has_own_user=bool(connection.profile.user_path.strip()))
    *_, last = list_users(connection.store, catalogue, CancelToken(), asked, now)
    assert isinstance(last, UserList)
    return last


def _ids(user: User, connection: Connection) -> list[str]:
    columns = connection.catalogue.columns
    return [columns.id_of(columns.keys[row]) for row in user.rows]


def _say_user(user: User, connection: Connection, options: Any, output: Output) -> None:
    if options.json:
        output.say_json(
            {
                "user": user.name,
                "identities": [list(identity) for identity in user.identities],
                "sessions": len(user.rows),
                "last_seen": format_time(user.last_seen_ms) if user.last_seen_ms else None,
                "roles": sorted(user.roles),
                "ids": _ids(user, connection),
            }
        )
        return
    seen = format_local(user.last_seen_ms) if user.last_seen_ms else "unknown"
    number = f"{len(user.rows):,} {'session' if len(user.rows) == 1 else 'sessions'}"
    roles = ", ".join(sorted(user.roles))
    output.say(
        f"{escape_display(user.name, 40):<32} {number:>14}  last seen {seen}  {escape_display(roles, 40)}".rstrip()
    )


def log_out(options: Any, output: Output) -> int:
    """Delete all sessions of one user, then say for a while who comes back, and why that can be."""
    with opened(options.store_name, options.secret_sources, output.log) as connection:
        users = _listed(connection).find(options.user, options.by)
        if not users:
            output.complain(f"Nobody here is signed in as {escape_display(options.user, 80)}.")
            return _NEGATIVE
        if len(users) > 1:
            names = ", ".join(f"{path}={value}" for one in users for path, value in one.identities[:1])
            raise BadUsage(
                f"That names {len(users)} users: {escape_display(names, 400)}. Say which by its ID, or with --by."
            )
        [user] = users
        ids = [one for one in _ids(user, connection) if one not in options.except_ids]
        if options.dry_run or not options.yes:
            for one in ids:
                output.say_json({"id": one}) if options.json else output.say(one)
            if options.dry_run:
                return _DONE
            raise BadUsage(
                f"{len(ids):,} sessions of {escape_display(user.name, 80)}; none was ended. Add --yes to end them."
            )
        return _carry_out(connection, user, ids, options, output)


def _carry_out(connection: Connection, user: User, ids: list[str], options: Any, output: Output) -> int:
    store = connection.store
    # A signal waits until what was ended is in the file that brings it back.
    with output.signals.deferred(), _undo_file(options.undo) as keep:

        def kept(record: RawRecord) -> None:
            keep(format_line(record, store.session_id_of(record.ref.key), store.capabilities.kind))

        logout = Logout(store, user, connection.reading, kept)
        if options.watch:
            logout.listen()
        output.so_far = "Whether sessions were ended is unknown: check with users."
        logout.delete([ref_of_key(store, store.ref_for(one).key) for one in ids])
        report = logout.report
        output.so_far = f"{report.deleted:,} of {report.planned:,} sessions of {user.name} ended."
    if not options.json:
        output.say(output.so_far)
        output.flush()
    for found in logout.watch(options.watch, CancelToken(), deletes_again=options.again) if options.watch else ():
        if not options.json:
            output.say(f"{found.session_id} came back after {found.after_ms / 1000:.1f} s: {_WHY[found.why]}")
            output.flush()
    for words in report.troubles:
        output.complain(words)
    if options.json:
        output.say_json(
            {
                "user": user.name,
                "planned": report.planned,
                "deleted": report.deleted,
                "changed": report.changed,
                "gone": report.gone,
                "came_back": [_came_back(one) for one in report.came_back],
                "undo": options.undo or None,
            }
        )
    elif options.watch and not report.came_back:
        output.say(f"None came back within {options.watch} s.")
    if report.troubles or report.changed:
        return _CHANGED
    return _NEGATIVE if report.came_back else _DONE


def _came_back(found: CameBack) -> dict[str, object]:
    return {"id": found.session_id, "after_ms": found.after_ms, "why": found.why.value}


@contextlib.contextmanager
def _undo_file(path: str) -> Iterator[Any]:
    """Give what takes a line for `import`; nothing is written without a path."""
    if not path:
        yield lambda _line: None
        return
    with open_new_file(Path(path), UnfinishedFiles(default_folder())) as file:
        yield file.write
