"""Bulk acts on the sessions of a Redis through the services, each beside a bare pipelined loop that does no more than the act.

Ours reads each record, compares it in the server while writing, keeps it to be taken back and counts what became of it; the
bare loops are blind. Prints; asserts nothing but that all were done.
"""

from __future__ import annotations

import socket
import tempfile
import time
import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path

import hiredis

from inspector.services.bulk.bulk_changes import delete_sessions, expire_sessions
from inspector.services.bulk.export_sessions import export_all, export_to_file
from inspector.services.bulk.import_sessions import import_sessions
from inspector.services.bulk.report import BulkStep
from inspector.services.bulk.selection import Selection, preview
from inspector.services.bulk.session_lines import read_lines
from inspector.services.bulk.undo import UndoBundle, undo_bulk
from inspector.services.catalogue.catalogue import Catalogue
from inspector.services.sessions.journal import Journal
from inspector.services.settings.unfinished_files import UnfinishedFiles
from store_adapters.clock import now_ms
from store_adapters.contract import CancelToken, SessionStore
from store_adapters.registry import open_store
from tests.bench.redis_sessions import filled_redis
from tests.bench.report import SIZE, at_most, within
from tests.bench.sessions import session_id, session_text

_PART = 500
_BOUND = 8
"""Ours, for want of one in the issue: reading, comparing and keeping take the server three commands and a script for one."""
_PEAK_MB = 16
Command = tuple[str | bytes | int, ...]


def run_bare(port: int, commands: Iterator[Command]) -> float:
    """Send the commands 500 at a time and take the replies; return seconds, packing included."""
    reader, begun = hiredis.Reader(), time.perf_counter()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        part: list[Command] = []
        for command in commands:
            part.append(command)
            if len(part) == _PART:
                _send(connection, reader, part)
                part.clear()
        _send(connection, reader, part)
    return time.perf_counter() - begun


def _send(connection: socket.socket, reader: hiredis.Reader, part: Sequence[Command]) -> None:
    connection.sendall(b"".join([hiredis.pack_command(one) for one in part]))  # type: ignore[arg-type]
    for _ in part:
        while reader.gets() is False:
            reader.feed(connection.recv(1 << 18))


def select_all(store: SessionStore) -> Selection:
    catalogue = Catalogue(store)
    for batch in store.list_records(CancelToken()):
        catalogue.append(batch)
    return Selection(catalogue, range(catalogue.total))


def timed(steps: Iterator[BulkStep], count: int = SIZE) -> float:
    begun = time.perf_counter()
    *_, last = steps
    assert last.report.done == count, last.report
    return time.perf_counter() - begun


def measure(store: SessionStore, port: int, path: Path) -> None:
    keys = [f"sess:{session_id(number)}" for number in range(SIZE)]
    now, journal, stop = now_ms(), Journal(), CancelToken()
    texts = [(key, *session_text(number, now)) for number, key in enumerate(keys)]
    again: list[Command] = [("SET", key, text, "PX", left_ms) for key, text, left_ms in texts]

    selection = select_all(store)
    begun = time.perf_counter()
    undoable = preview(selection, now).undoable
    within(f"preview of {SIZE:,}", (time.perf_counter() - begun) * 1000, "ms", 1000)

    unfinished = UnfinishedFiles(path.parent)

    def export() -> float:
        return timed(export_to_file(path, lambda put: export_all(store, put, stop), unfinished))

    export_s = export()
    read_s = run_bare(port, (command for key in keys for command in (("GET", key), ("PTTL", key))))
    at_most(f"export {SIZE:,} to a file", export_s, read_s, "bare GET, PTTL", _BOUND)
    peak(f"memory of exporting {SIZE:,}", export)

    bare_expire_s = run_bare(port, (("PEXPIRE", key, 7 * 86_400_000) for key in keys))
    expire_s = timed(expire_sessions(store, selection, now + 7 * 86_400_000, journal, stop, UndoBundle("")))
    at_most(f"expire {SIZE:,}, cookies too", expire_s, bare_expire_s, "bare PEXPIRE", 3 * _BOUND)

    bare_s = run_bare(port, (("DEL", key) for key in keys))
    bare_set_s = run_bare(port, iter(again))
    bare_some_s = run_bare(port, iter(again[:undoable]))
    undo = UndoBundle("")
    delete_s = timed(delete_sessions(store, selection, journal, stop, undo))
    at_most(f"delete {SIZE:,}", delete_s, bare_s, "bare DEL", _BOUND)
    # As many as the preview said: what is beyond the memory kept for undo stays deleted.
    undo_s = timed(undo_bulk(store, undo, journal, stop), undoable)
    at_most(f"undo {undoable:,} of {SIZE:,}", undo_s, bare_some_s, "bare SET", _BOUND)

    run_bare(port, (("DEL", key) for key in keys))
    begun = time.perf_counter()
    assert take_in(store, path) == SIZE
    at_most(f"import {SIZE:,} from a file", time.perf_counter() - begun, bare_set_s, "bare SET", _BOUND)
    run_bare(port, (("DEL", key) for key in keys))
    peak(f"memory of importing {SIZE:,}", lambda: take_in(store, path))


def take_in(store: SessionStore, path: Path) -> int:
    with path.open("rb") as file:
        *_, report = import_sessions(store, read_lines(file), CancelToken())
    return report.created


def peak(what: str, work: object) -> None:
    """Tell how much Python memory the work takes at its most."""
    assert callable(work)
    tracemalloc.start()
    work()
    within(what, tracemalloc.get_traced_memory()[1] / (1 << 20), "MB", _PEAK_MB)
    tracemalloc.stop()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, filled_redis(SIZE) as server:
        store = open_store(f"{server.url}/0?prefix=sess:")
        measure(store, server.port, Path(folder) / "sessions.jsonl")
        store.close()


if __name__ == "__main__":
    main()
