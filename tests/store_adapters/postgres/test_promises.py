"""What PostgreSQL's own ways could break: rows revived, values compared loosely, rights, locks, and answers that never come."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from store_adapters.contract import CancelToken, ChangeExpiry, Create, Delete, RawRecord, Replace, SessionStore
from store_adapters.errors import (
    BadStoreAddress,
    Interrupted,
    OutcomeUnknown,
    RecordChanged,
    RecordMissing,
    RecordTooLarge,
    StoreError,
    StoreRefused,
    StoreUnreachable,
    TimedOut,
)
from store_adapters.options import Limits
from store_adapters.postgres.writer import CHECKED
from store_adapters.registry import open_store
from tests.contract.backends import PG_SIMPLE_TABLE
from tests.faults.proxy import Fault, Kind, Proxy
from tests.sql_servers import SqlServer, server_folder, start_postgres

_SESSION = b'{"cookie":{"originalMaxAge":3600000,"expires":"2030-01-01T00:00:00.000Z"},"n":1}'
_EDITED = _SESSION.replace(b'"n":1', b'"n":2')
_COMMIT = b"\0COMMIT\0"  # a statement of its own, not the level READ COMMITTED
_JSONB_TABLE = "CREATE TABLE session (sid varchar PRIMARY KEY, sess jsonb NOT NULL, expire timestamptz NOT NULL)"
_TYPEORM_TABLE = """
CREATE TABLE session ("expiredAt" bigint NOT NULL, id varchar(255) PRIMARY KEY, json text NOT NULL, "destroyedAt" timestamp)
"""


@pytest.fixture
def application(postgres_url: str) -> Iterator[psycopg.Connection[Any]]:
    """The application's side, with connect-pg-simple's table and one living session "a"."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(PG_SIMPLE_TABLE)
        put(connection, "a", _SESSION)
        yield connection


@pytest.fixture
def store(application: object, postgres_url: str) -> Iterator[SessionStore]:
    opened = open_store(postgres_url)
    yield opened
    opened.close()


def put(application: psycopg.Connection[Any], sid: str, payload: bytes, seconds: int = 3600) -> None:
    application.execute(
        "INSERT INTO session (sid, sess, expire) VALUES (%s, %s, LOCALTIMESTAMP + make_interval(secs => %s))"
        " ON CONFLICT (sid) DO UPDATE SET sess = EXCLUDED.sess, expire = EXCLUDED.expire",
        (sid, payload.decode(), seconds),
    )


def value(application: psycopg.Connection[Any], sid: str = "a") -> str | None:
    row = application.execute("SELECT sess::text FROM session WHERE sid = %s", (sid,)).fetchone()
    return None if row is None else str(row[0])


def read(store: SessionStore, sid: str = "a") -> RawRecord:
    return store.read(store.ref_for(sid))


def test_row_that_expired_after_it_was_read_is_not_brought_back(store: SessionStore, application: Any) -> None:
    record = read(store)
    put(application, "a", _SESSION, seconds=-5)
    later = round(time.time() * 1000) + 3_600_000
    for write in (Replace(record, _EDITED), ChangeExpiry(record, later), ChangeExpiry(record, later, _EDITED)):
        [result] = store.write_many([write])
        assert isinstance(result, RecordMissing) and "expired" in result.message
    assert value(application) == _SESSION.decode()
    assert (read(store).expires_at_ms or 0) < time.time() * 1000


def test_expired_row_that_stands_can_be_deleted_and_not_created_anew(store: SessionStore, application: Any) -> None:
    put(application, "a", _SESSION, seconds=-5)
    with pytest.raises(StoreError, match="already exists"):
        store.create(store.ref_for("a"), _EDITED, round(time.time() * 1000) + 60_000)
    store.delete(read(store))
    assert value(application) is None


@pytest.mark.parametrize("change", ["zoë → ZOË", "1.0 → 1.00", "trailing blank"])
def test_payload_is_compared_letter_by_letter(store: SessionStore, application: Any, change: str) -> None:
    before = {"zoë → ZOË": '{"n":"zoë"}', "1.0 → 1.00": '{"n":1.0}', "trailing blank": '{"n":1}'}[change]
    after = {"zoë → ZOË": '{"n":"ZOË"}', "1.0 → 1.00": '{"n":1.00}', "trailing blank": '{"n":1} '}[change]
    put(application, "a", before.encode())
    record = read(store)
    put(application, "a", after.encode())
    with pytest.raises(RecordChanged):
        store.replace(record, _EDITED)
    assert value(application) == after


def test_jsonb_is_read_back_as_the_server_renders_it(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as application:
        application.execute(_JSONB_TABLE)
        application.execute("INSERT INTO session VALUES ('a', %s, now() + interval '1 hour')", ('{"b":1,"a":2}',))
        store = open_store(postgres_url)
        record = read(store)
        written = store.replace(record, b'{"b":3,"a":2}')
        assert (record.payload, written.payload) == (b'{"a": 2, "b": 1}', b'{"a": 2, "b": 3}')
        assert store.replace(written, b'{"b":4,"a":2}').payload == b'{"a": 2, "b": 4}'
        for refused in (b'{"n":"\\u0000"}', b'{"n":"\\ud800"}'):
            with pytest.raises(StoreRefused, match="nothing was written"):
                store.replace(read(store), refused)
        store.close()


def test_session_that_typeorm_logged_out_is_hidden_and_deleting_sets_its_column(postgres_url: str) -> None:
    ends = round(time.time() * 1000) + 3_600_000
    with psycopg.connect(postgres_url, autocommit=True) as application:
        application.execute(_TYPEORM_TABLE)
        application.execute("INSERT INTO session VALUES (%s, 'a', '{}', NULL), (%s, 'b', '{}', now())", (ends, ends))
        store = open_store(postgres_url)
        assert "logged out" in read(store, "b").hidden_by
        store.delete(read(store, "a"))
        assert "logged out" in read(store, "a").hidden_by
        with pytest.raises(RecordMissing):
            store.replace(read(store, "b"), b'{"n":1}')
        assert application.execute("SELECT count(*) FROM session").fetchone() == (2,)
        store.close()


def test_wall_times_are_read_in_the_zone_they_were_written_in(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as application:
        application.execute(PG_SIMPLE_TABLE)
        session = '{"cookie":{"originalMaxAge":3600000,"expires":"2030-01-01T00:00:00.000Z"}}'
        application.execute("INSERT INTO session VALUES ('a', %s, '2030-01-01 09:00:00')", (session,))
        store = open_store(postgres_url)
        assert dict(store.info().details)["Time zone of the expiry"] == "+09:00"
        assert read(store).expires_at_ms == 1_893_456_000_000
        store.change_expiry(read(store), 1_893_459_600_000)
        store.close()
        assert application.execute("SELECT expire::text FROM session").fetchone() == ("2030-01-01 10:00:00",)
        with pytest.raises(BadStoreAddress, match="no time zone"):
            open_store(f"{postgres_url}?timezone=Mars/Olympus")


def test_infinite_expiry_never_ends_and_does_not_break_the_listing(store: SessionStore, application: Any) -> None:
    application.execute("UPDATE session SET expire = 'infinity'")
    [batch] = store.list_records(CancelToken())
    assert list(batch.expires_at_ms) == [None]
    assert store.replace(read(store), _EDITED).expires_at_ms is None


# --- rights ---------------------------------------------------------------------------------------------------------


def test_read_only_user_lists_and_reads_and_is_told_why_nothing_else(application: Any, postgres_url: str) -> None:
    role = f"reader_{time.monotonic_ns()}"
    application.execute(f'CREATE ROLE "{role}" LOGIN')
    application.execute(f'GRANT SELECT ON session TO "{role}"')
    store = open_store(postgres_url.replace("inspector@", f"{role}@"))
    assert "only read" in store.capabilities.write_refusal
    [batch] = store.list_records(CancelToken())
    assert (list(batch.keys), store.count().number) == ([b"a"], 1)
    with pytest.raises(StoreRefused, match="nothing was written"):
        store.replace(read(store), _EDITED)
    store.close()
    application.execute(f'REVOKE ALL ON session FROM "{role}"; DROP ROLE "{role}"')


def test_right_to_one_column_is_enough_for_an_edit(application: Any, postgres_url: str) -> None:
    role = f"editor_{time.monotonic_ns()}"
    application.execute(f'CREATE ROLE "{role}" LOGIN')
    application.execute(f'GRANT SELECT, UPDATE (sess) ON session TO "{role}"')
    store = open_store(postgres_url.replace("inspector@", f"{role}@"))
    assert store.capabilities.can_write
    assert store.replace(read(store), _EDITED).payload == _EDITED
    with pytest.raises(StoreRefused, match="allowed"):
        store.delete(read(store))
    store.close()
    application.execute(f'REVOKE ALL ON session FROM "{role}"; DROP ROLE "{role}"')


# --- locks, and servers that do not answer ----------------------------------------------------------------------------


def test_locked_row_is_told_within_seconds_and_nothing_is_written(
    store: SessionStore, postgres_url: str, application: Any
) -> None:
    record = read(store)
    with psycopg.connect(postgres_url) as other:
        other.execute("SELECT 1 FROM session WHERE sid = 'a' FOR UPDATE")
        with pytest.raises(StoreUnreachable, match=r"locked.*nothing was written"):
            store.replace(record, _EDITED)
    assert store.replace(record, _EDITED).payload == _EDITED


def test_one_refusal_does_not_undo_the_others_of_its_hundred(store: SessionStore, application: Any) -> None:
    ends = round(time.time() * 1000) + 3_600_000
    good = [Create(store.ref_for(f"n{number}"), _SESSION, ends) for number in range(5)]
    bad = Create(store.ref_for("bad"), b"no json", ends)
    results = store.write_many([*good[:2], bad, *good[2:], Delete(read(store))])
    assert [isinstance(result, RawRecord) for result in results] == [True, True, False, True, True, True, False]
    assert isinstance(results[2], StoreRefused) and results[6] is None
    assert value(application, "n4") == _SESSION.decode()


@pytest.fixture
def proxied(application: object, postgres_url: str, postgres_server: SqlServer) -> Iterator[tuple[SessionStore, Proxy]]:
    """The store behind a proxy that can lose answers."""
    with Proxy(postgres_server.port) as proxy:
        database = postgres_url.rpartition("/")[2]
        opened = open_store(f"postgresql://inspector@127.0.0.1:{proxy.port}/{database}?sslmode=disable")
        yield opened, proxy
        opened.close()


@pytest.mark.parametrize("kind", [Kind.DROP_REPLY, Kind.HOLD_REPLY])
def test_lost_answer_to_commit_is_told_as_saved(
    proxied: tuple[SessionStore, Proxy], application: Any, kind: Kind
) -> None:
    store, proxy = proxied
    record = read(store)
    proxy.fault = Fault(kind, _COMMIT, once=True)
    written = store.replace(record, _EDITED)
    assert (written.payload, written.note, value(application)) == (_EDITED, CHECKED, _EDITED.decode())


@pytest.mark.parametrize("kind", [Kind.RST, Kind.BLACKHOLE])
def test_commit_that_never_arrived_is_told_as_not_saved(
    proxied: tuple[SessionStore, Proxy], application: Any, kind: Kind
) -> None:
    store, proxy = proxied
    record = read(store)
    proxy.fault = Fault(kind, _COMMIT, once=True)
    with pytest.raises(StoreUnreachable, match="nothing was written"):
        store.replace(record, _EDITED)
    assert value(application) == _SESSION.decode()


def test_broken_connection_before_commit_writes_nothing(proxied: tuple[SessionStore, Proxy], application: Any) -> None:
    store, proxy = proxied
    record = read(store)
    proxy.fault = Fault(Kind.RST, b"UPDATE", once=True)
    with pytest.raises(StoreUnreachable, match="nothing was written"):
        store.replace(record, _EDITED)
    assert value(application) == _SESSION.decode()
    assert store.replace(read(store), _EDITED).payload == _EDITED


def test_server_that_went_away_leaves_the_outcome_unknown(proxied: tuple[SessionStore, Proxy]) -> None:
    store, proxy = proxied
    record = read(store)
    proxy.fault = Fault(Kind.HOLD_REPLY, _COMMIT)

    def go_away() -> None:
        proxy.fired.wait(10)
        proxy.refuse()

    going = threading.Thread(target=go_away)
    going.start()
    with pytest.raises(OutcomeUnknown):
        store.replace(record, _EDITED)
    going.join()


def test_server_that_stands_still_is_told() -> None:
    with server_folder() as folder:
        server = start_postgres(folder)
        with psycopg.connect(f"{server.url}/postgres", autocommit=True) as connection:
            connection.execute(PG_SIMPLE_TABLE)
        store = open_store(f"{server.url}/postgres?table=session")
        for child in _children(server.pid):
            os.kill(child, signal.SIGSTOP)
        with pytest.raises(TimedOut):
            store.ping()
        for child in _children(server.pid):
            os.kill(child, signal.SIGCONT)
        store.close()
        server.stop()


def test_interrupt_ends_a_call_that_waits(store: SessionStore, postgres_url: str) -> None:
    record = read(store)
    caught: list[StoreError] = []
    with psycopg.connect(postgres_url) as other:
        other.execute("LOCK TABLE session IN ACCESS EXCLUSIVE MODE")

        def wait() -> None:
            try:
                store.replace(record, _EDITED)
            except StoreError as error:
                caught.append(error)

        waiting = threading.Thread(target=wait)
        waiting.start()
        while waiting.is_alive():
            store.interrupt()
            waiting.join(0.02)
    assert isinstance(caught[0], Interrupted | StoreUnreachable)
    assert read(store).payload == _SESSION


def _children(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(one) for one in file.read().split()]


# --- servers and databases that are set up otherwise --------------------------------------------------------------------


def test_user_whose_transactions_are_serializable_compares_with_the_newest_row(
    application: Any, postgres_url: str
) -> None:
    role = f"strict_{time.monotonic_ns()}"
    application.execute(f'CREATE ROLE "{role}" LOGIN SUPERUSER')
    application.execute(f"ALTER ROLE \"{role}\" SET default_transaction_isolation = 'serializable'")
    store = open_store(postgres_url.replace("inspector@", f"{role}@"))
    record = read(store)
    put(application, "a", _EDITED)
    with pytest.raises(RecordChanged):
        store.replace(record, _SESSION)
    assert store.replace(read(store), _SESSION).payload == _SESSION
    store.close()
    application.execute(f'DROP ROLE "{role}"')


def test_user_whose_transactions_are_read_only_is_told_before_an_edit(application: Any, postgres_url: str) -> None:
    role = f"viewer_{time.monotonic_ns()}"
    application.execute(f'CREATE ROLE "{role}" LOGIN SUPERUSER')
    application.execute(f'ALTER ROLE "{role}" SET default_transaction_read_only = on')
    store = open_store(postgres_url.replace("inspector@", f"{role}@"))
    assert "read-only" in store.capabilities.write_refusal
    store.close()
    application.execute(f'DROP ROLE "{role}"')


def test_database_of_another_encoding_is_read_and_refuses_what_it_cannot_hold(postgres_server: SqlServer) -> None:
    name = f"latin_{time.monotonic_ns()}"
    with psycopg.connect(f"{postgres_server.url}/postgres", autocommit=True) as server:
        server.execute(f"CREATE DATABASE \"{name}\" ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
        url = f"{postgres_server.url}/{name}"
        with psycopg.connect(url, autocommit=True) as application:
            application.execute(PG_SIMPLE_TABLE)
            put(application, "a", '{"n":"zoë"}'.encode())
        store = open_store(url)
        record = read(store)
        assert record.payload == '{"n":"zoë"}'.encode()
        [batch] = store.list_records(CancelToken())
        assert list(batch.payloads) == [record.payload]
        with pytest.raises(StoreRefused, match="nothing was written"):
            store.replace(record, '{"n":"😀"}'.encode())
        assert store.replace(record, '{"n":"é"}'.encode()).payload == '{"n":"é"}'.encode()
        store.close()
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_column_that_was_dropped_is_told(store: SessionStore, application: Any) -> None:
    record = read(store)
    application.execute("ALTER TABLE session RENAME COLUMN sess TO data")
    with pytest.raises(StoreRefused, match="column"):
        store.replace(record, _EDITED)
    with pytest.raises(StoreRefused, match="column"):
        read(store)


def test_value_over_the_limit_is_shown_by_its_beginning(application: Any, postgres_url: str) -> None:
    application.execute("UPDATE session SET sess = json_build_object('long', repeat('x', 100000))")
    store = open_store(postgres_url, limits=Limits(max_record_bytes=70_000, list_payload_bytes=1000))
    with pytest.raises(RecordTooLarge) as caught:
        read(store)
    assert (caught.value.size, len(caught.value.head)) == (100_013, 65_536)
    [batch] = store.list_records(CancelToken())
    assert (list(batch.payloads), list(batch.sizes)) == ([b""], [100_013])
    store.close()


def test_row_that_another_transaction_holds_leaves_the_others_of_its_hundred_written(
    store: SessionStore, application: Any, postgres_url: str
) -> None:
    for sid in ("b", "c"):
        put(application, sid, _SESSION)
    records = [read(store, sid) for sid in ("a", "b", "c")]
    with psycopg.connect(postgres_url) as other:
        other.execute("SELECT 1 FROM session WHERE sid = 'c' FOR UPDATE")
        results = store.write_many([Replace(record, _EDITED) for record in records])
    assert [isinstance(result, RawRecord) for result in results] == [True, True, False]
    assert [value(application, sid) for sid in ("a", "b", "c")] == [
        _EDITED.decode(),
        _EDITED.decode(),
        _SESSION.decode(),
    ]
