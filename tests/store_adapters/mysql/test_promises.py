"""What MySQL's own ways could break: values compared loosely, expiries moved by an update, rights, locks, answers that never come."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from store_adapters.contract import CancelToken, ChangeExpiry, Create, Delete, RawRecord, Replace, SessionStore
from store_adapters.errors import (
    Interrupted,
    OutcomeUnknown,
    RecordChanged,
    RecordMissing,
    StoreRefused,
    StoreUnreachable,
)
from store_adapters.mysql.row_reader import read_rows
from store_adapters.mysql.writer import CHECKED
from store_adapters.registry import open_store
from tests.contract.backends import MYSQL_SESSION_TABLE, mysql_application
from tests.faults.proxy import Fault, Kind, Proxy
from tests.sql_servers import SqlServer

_SESSION = b'{"cookie":{"originalMaxAge":3600000,"expires":"2030-01-01T00:00:00.000Z"},"n":1}'
_EDITED = _SESSION.replace(b'"n":1', b'"n":2')


@pytest.fixture
def application(mariadb_url: str) -> Iterator[Any]:
    """The application's side, with express-mysql-session's table and one living session "a"."""
    with mysql_application(mariadb_url) as connection, connection.cursor() as cursor:
        cursor.execute(MYSQL_SESSION_TABLE)
        put(cursor, "a", _SESSION)
        yield cursor


@pytest.fixture
def store(application: object, mariadb_url: str) -> Iterator[SessionStore]:
    opened = open_store(mariadb_url)
    yield opened
    opened.close()


def put(application: Any, sid: str, payload: bytes, seconds: int = 3600) -> None:
    application.execute(
        "INSERT INTO sessions (session_id, expires, data) VALUES (%s, UNIX_TIMESTAMP() + %s, %s)"
        " ON DUPLICATE KEY UPDATE expires = VALUES(expires), data = VALUES(data)",
        (sid, seconds, payload.decode()),
    )


def value(application: Any, sid: str = "a") -> str | None:
    application.execute("SELECT data FROM sessions WHERE session_id = %s", (sid,))
    row = application.fetchone()
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


@pytest.mark.parametrize(
    ("before", "after"), [('{"n":"zoë"}', '{"n":"ZOË"}'), ('{"n":1}', '{"n":1} '), ('{"n":"é"}', '{"n":"e"}')]
)
def test_payload_is_compared_byte_by_byte_under_any_collation(
    store: SessionStore, application: Any, before: str, after: str
) -> None:
    application.execute("ALTER TABLE sessions MODIFY data mediumtext COLLATE utf8mb4_general_ci")
    put(application, "a", before.encode())
    record = read(store)
    put(application, "a", after.encode())
    with pytest.raises(RecordChanged):
        store.replace(record, _EDITED)
    assert value(application) == after


def test_id_is_another_one_in_other_letters(store: SessionStore, application: Any) -> None:
    application.execute("ALTER TABLE sessions MODIFY session_id varchar(128) COLLATE utf8mb4_general_ci NOT NULL")
    with pytest.raises(RecordMissing):
        read(store, "A")
    record = read(store)
    with pytest.raises(RecordMissing):
        store.replace(RawRecord(store.ref_for("A"), record.payload, record.expires_at_ms, record.read_at_ms), _EDITED)
    assert value(application) == _SESSION.decode()


def test_same_value_written_again_is_no_change_of_others(store: SessionStore) -> None:
    record = read(store)
    assert store.replace(record, record.payload).payload == record.payload


def test_timestamp_that_mysql_moves_by_itself_stays_where_it_is(mariadb_url: str) -> None:
    with mysql_application(mariadb_url) as connection, connection.cursor() as application:
        application.execute(
            "CREATE TABLE sessions (sid varchar(64) PRIMARY KEY, sess text,"
            " expired timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP)"
        )
        application.execute("SET time_zone = '+00:00'")
        application.execute("INSERT INTO sessions VALUES ('a', %s, '2030-01-01 00:00:00')", (_SESSION.decode(),))
        store = open_store(mariadb_url)
        assert store.replace(read(store), _EDITED).expires_at_ms == 1_893_456_000_000
        store.close()


@pytest.mark.parametrize(
    ("column", "payload"),
    [
        ("data text CHARACTER SET utf8mb4", b'{"long":"' + b"x" * 70_000 + b'"}'),
        ("data mediumtext CHARACTER SET latin1", '{"n":"😀"}'.encode()),
        ("data json", b'{"n":"\\ud800"}'),
        ("data json", b"no json"),
    ],
)
def test_what_the_column_cannot_hold_is_refused_and_nothing_is_cut(
    store: SessionStore, application: Any, column: str, payload: bytes, mariadb_url: str
) -> None:
    application.execute(f"ALTER TABLE sessions MODIFY {column}")
    opened = open_store(mariadb_url)
    with pytest.raises(StoreRefused, match="nothing was written"):
        opened.replace(read(opened), payload)
    opened.close()
    assert value(application) == _SESSION.decode()


def test_read_only_user_is_told_why(application: Any, mariadb_url: str) -> None:
    user, database = f"reader{time.monotonic_ns() % 10**9}", mariadb_url.rpartition("/")[2]
    application.execute(f"CREATE USER {user}@'%'")
    application.execute(f"GRANT SELECT ON `{database}`.* TO {user}@'%'")
    store = open_store(mariadb_url.replace("inspector@", f"{user}@"))
    assert "only read" in store.capabilities.write_refusal
    [batch] = store.list_records(CancelToken())
    assert (list(batch.keys), store.count().number) == ([b"a"], 1)
    with pytest.raises(StoreRefused, match="nothing was written"):
        store.replace(read(store), _EDITED)
    store.close()
    application.execute(f"DROP USER {user}@'%'")


def test_table_without_transactions_is_shown_and_not_written(mariadb_url: str) -> None:
    with mysql_application(mariadb_url) as connection, connection.cursor() as application:
        application.execute(MYSQL_SESSION_TABLE.replace("InnoDB", "MyISAM"))
        store = open_store(mariadb_url)
        assert "MyISAM" in store.capabilities.write_refusal
        store.close()


def test_locked_row_is_told_within_seconds_and_nothing_is_written(store: SessionStore, mariadb_url: str) -> None:
    record = read(store)
    with mysql_application(mariadb_url) as other, other.cursor() as cursor:
        other.begin()
        cursor.execute("SELECT 1 FROM sessions WHERE session_id = 'a' FOR UPDATE")
        with pytest.raises(StoreUnreachable, match=r"locked.*nothing was written"):
            store.replace(record, _EDITED)
        other.rollback()
    assert store.replace(record, _EDITED).payload == _EDITED


def test_one_refusal_does_not_undo_the_others_of_its_hundred(store: SessionStore, application: Any) -> None:
    application.execute("ALTER TABLE sessions MODIFY data json")
    ends = round(time.time() * 1000) + 3_600_000
    good = [Create(store.ref_for(f"n{number}"), _SESSION, ends) for number in range(5)]
    bad = Create(store.ref_for("bad"), b"no json", ends)
    results = store.write_many([*good[:2], bad, *good[2:], Delete(read(store))])
    assert [isinstance(result, RawRecord) for result in results] == [True, True, False, True, True, True, False]
    assert isinstance(results[2], StoreRefused) and results[6] is None
    assert value(application, "n4") == _SESSION.decode()


# --- answers that never come ------------------------------------------------------------------------------------------


@pytest.fixture
def proxied(application: object, mariadb_url: str, mariadb_server: SqlServer) -> Iterator[tuple[SessionStore, Proxy]]:
    """The store behind a proxy that can lose answers."""
    with Proxy(mariadb_server.port) as proxy:
        opened = open_store(f"mysql://inspector@127.0.0.1:{proxy.port}/{mariadb_url.rpartition('/')[2]}")
        yield opened, proxy
        opened.close()


@pytest.mark.parametrize("kind", [Kind.DROP_REPLY, Kind.HOLD_REPLY])
def test_lost_answer_is_told_as_saved_once_the_row_says_so(
    proxied: tuple[SessionStore, Proxy], application: Any, kind: Kind
) -> None:
    store, proxy = proxied
    record = read(store)
    proxy.fault = Fault(kind, b"UPDATE", once=True)
    written = store.replace(record, _EDITED)
    assert (written.payload, written.note, value(application)) == (_EDITED, CHECKED, _EDITED.decode())


@pytest.mark.parametrize("kind", [Kind.RST, Kind.BLACKHOLE])
def test_write_that_never_arrived_is_told_as_not_saved(
    proxied: tuple[SessionStore, Proxy], application: Any, kind: Kind
) -> None:
    store, proxy = proxied
    record = read(store)
    proxy.fault = Fault(kind, b"UPDATE", once=True)
    with pytest.raises(StoreUnreachable, match="nothing was written"):
        store.replace(record, _EDITED)
    assert value(application) == _SESSION.decode()


def test_write_that_waits_for_a_lock_is_ended_before_the_row_is_looked_at(
    proxied: tuple[SessionStore, Proxy], application: Any, mariadb_url: str
) -> None:
    store, proxy = proxied
    record = read(store)
    with mysql_application(mariadb_url) as other, other.cursor() as cursor:
        other.begin()
        cursor.execute("SELECT 1 FROM sessions WHERE session_id = 'a' FOR UPDATE")
        proxy.fault = Fault(Kind.PASS)
        caught: list[BaseException] = []

        def save() -> None:
            try:
                store.replace(record, _EDITED)
            except StoreUnreachable as error:
                caught.append(error)

        saving = threading.Thread(target=save)
        saving.start()
        while not _waits_for_a_lock(mariadb_url):
            pass
        proxy.reset_all()
        saving.join()
        other.rollback()
    assert "nothing was written" in str(caught[0])
    assert value(application) == _SESSION.decode()


def _waits_for_a_lock(url: str) -> bool:
    with mysql_application(url) as connection, connection.cursor() as cursor:
        return bool(cursor.execute("SELECT 1 FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"))


def test_server_that_went_away_leaves_the_outcome_unknown(proxied: tuple[SessionStore, Proxy]) -> None:
    store, proxy = proxied
    record = read(store)
    proxy.fault = Fault(Kind.HOLD_REPLY, b"UPDATE")

    def go_away() -> None:
        proxy.fired.wait(10)
        proxy.refuse()

    going = threading.Thread(target=go_away)
    going.start()
    with pytest.raises(OutcomeUnknown):
        store.replace(record, _EDITED)
    going.join()


def test_interrupt_ends_a_listing(store: SessionStore, application: Any) -> None:
    application.executemany(
        "INSERT INTO sessions VALUES (%s, 4000000000, %s)", [(f"s{number}", "x" * 5000) for number in range(3000)]
    )
    batches = store.list_records(CancelToken())
    next(batches)
    store.interrupt()
    with pytest.raises(Interrupted):
        list(batches)
    assert store.count().number == 3001


# --- the row reader -----------------------------------------------------------------------------------------------------


def test_rows_of_any_size_come_whole_however_the_socket_cuts_them(
    store: SessionStore, application: Any, mariadb_url: str
) -> None:
    sizes = [0, 250, 251, 65_535, 65_536, 2**24 - 5, 2**24, 17_000_000]
    application.execute("ALTER TABLE sessions MODIFY data longtext")
    application.execute("SET GLOBAL max_allowed_packet = 67108864")
    with mysql_application(mariadb_url) as connection, connection.cursor() as cursor:
        for size in sizes:
            cursor.execute("INSERT INTO sessions VALUES (%s, 4000000000, REPEAT('x', %s))", (f"s{size}", size))
    listed = {
        key: size
        for batch in store.list_records(CancelToken())
        for key, size in zip(batch.keys, batch.sizes, strict=True)
    }
    assert {key: listed[key] for key in (f"s{size}".encode() for size in sizes)} == {
        f"s{size}".encode(): size for size in sizes
    }


def test_row_reader_reads_byte_by_byte_what_it_reads_at_once() -> None:
    def packet(number: int, body: bytes) -> bytes:
        return len(body).to_bytes(3, "little") + bytes([number]) + body

    rows = [b"\x01a" + b"\xfb" + b"\x02bc", b"\xfc\x2c\x01" + b"y" * 300 + b"\x00" + b"\xfb"]
    stream = b"".join(packet(number, row) for number, row in enumerate(rows)) + packet(9, b"\xfe\0\0\2\0")
    letters, whole = iter([stream[place : place + 1] for place in range(len(stream))]), iter([stream])
    slow = [row for part in read_rows(lambda _size: next(letters), 3) for row in part]
    quick = [row for part in read_rows(lambda _size: next(whole), 3) for row in part]
    assert slow == quick == [(b"a", None, b"bc"), (b"y" * 300, b"", None)]


def test_rows_that_end_early_are_no_whole_list() -> None:
    with pytest.raises(EOFError):
        list(read_rows(lambda _size: b"", 1))
