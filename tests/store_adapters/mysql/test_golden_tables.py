"""Every stored row of the real libraries: found in its table, listed, read as it stands, edited without touching anything else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pymysql
import pytest

from store_adapters.contract import CancelToken, SessionStore
from store_adapters.errors import RecordMissing, StoreError, StoreRefused
from store_adapters.registry import open_store
from tests.sql_corpus import GOLDEN, SqlSample, read_samples
from tests.sql_servers import SqlServer

SAMPLES = read_samples("mariadb.jsonl")
ONE_OF_EACH = list({sample.set: sample for sample in SAMPLES}.values())
_OWN_NAMES = {
    "django": "Django",
    "flask-session": "Flask-Session",
    "laravel (illuminate/session)": "Laravel",
}


@pytest.fixture(scope="module")
def corpus(mariadb_server: SqlServer) -> Iterator[SqlServer]:
    """A server with all tables of the corpus, each set a database of its own, which the tests leave as they found it."""
    connection: Any = pymysql.connect(
        unix_socket=mariadb_server.socket,
        user="inspector",
        autocommit=True,
        charset="utf8mb4",
        client_flag=pymysql.constants.CLIENT.MULTI_STATEMENTS,
    )
    names = sorted({sample.schema for sample in SAMPLES})
    with connection, connection.cursor() as cursor:
        cursor.execute((GOLDEN / "mariadb.sql").read_text("utf-8"))
        while cursor.nextset():
            pass
        yield mariadb_server
        for name in names:
            cursor.execute(f"DROP DATABASE `{name}`")


def open_table(server: SqlServer, sample: SqlSample) -> SessionStore:
    named = ""
    if sample.set == "ems3_named":
        named = "&sid=custom_session_id&data=custom_data&expires=custom_expires&dialect=express-mysql-session"
    return open_store(f"{server.url}/{sample.schema}?table={sample.table}{named}")


def stored(server: SqlServer, sample: SqlSample) -> dict[str, Any]:
    """The row as the driver reads it."""
    connection: Any = pymysql.connect(unix_socket=server.socket, user="inspector", charset="utf8mb4")
    with connection, connection.cursor(pymysql.cursors.DictCursor) as cursor:
        cursor.execute(
            f"SELECT * FROM `{sample.schema}`.`{sample.table}` WHERE `{sample.key_column}` = %s",
            ((sample.value(sample.key_column) or b"").decode(),),
        )
        return dict(cursor.fetchone())


@pytest.mark.parametrize("sample", ONE_OF_EACH, ids=lambda sample: str(sample.set))
def test_table_is_known_by_its_columns(corpus: SqlServer, sample: SqlSample) -> None:
    store = open_table(corpus, sample)
    told = dict(store.info().details)
    store.close()
    assert told["Written by"] == _OWN_NAMES.get(sample.library, sample.library)


@pytest.mark.parametrize("sample", ONE_OF_EACH, ids=lambda sample: str(sample.set))
def test_every_row_is_listed_as_it_stands(corpus: SqlServer, sample: SqlSample) -> None:
    store = open_table(corpus, sample)
    batches = list(store.list_records(CancelToken()))
    store.close()
    listed = {
        key: (payload, ends)
        for batch in batches
        for key, payload, ends in zip(batch.keys, batch.payloads, batch.expires_at_ms, strict=True)
    }
    for one in (one for one in SAMPLES if one.set == sample.set):
        payload, ends = listed[one.value(one.key_column) or b""]
        assert ends == _listed_end(one), one
        assert not one.data_column or payload == one.value(one.data_column), one
    assert not any(batch.skipped for batch in batches)


def _listed_end(sample: SqlSample) -> int | None:
    is_logged_out = sample.columns.get("destroyedAt", {}).get("text") is not None
    return 1 if is_logged_out else sample.expires_at_ms


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_row_is_read_by_its_session_id(corpus: SqlServer, sample: SqlSample) -> None:
    store = open_table(corpus, sample)
    ref = store.ref_for(sample.session_id)
    record = store.read(ref)
    store.close()
    assert record.expires_at_ms == sample.expires_at_ms
    assert not sample.data_column or record.payload == sample.value(sample.data_column)
    assert ref.key == sample.value(sample.key_column)


@pytest.mark.parametrize("sample", [sample for sample in SAMPLES if sample.data_column], ids=str)
def test_edit_changes_the_session_alone_and_revives_nothing(corpus: SqlServer, sample: SqlSample) -> None:
    store = open_table(corpus, sample)
    record = store.read(store.ref_for(sample.session_id))
    before = stored(corpus, sample)
    # All rows of the corpus ended in December 2026: what is still alive by then is what its library never ends.
    try:
        written = store.replace(record, record.payload + b" ")
    except RecordMissing:
        assert stored(corpus, sample) == before
        return
    finally:
        store.close()
    after = stored(corpus, sample)
    assert (written.expires_at_ms, written.payload) == (record.expires_at_ms, record.payload + b" ")
    assert {name for name in before if before[name] != after[name]} == {sample.data_column}
    store = open_table(corpus, sample)
    assert store.replace(written, record.payload).payload == record.payload
    store.close()


@pytest.mark.parametrize("sample", [one for one in ONE_OF_EACH if not one.data_column], ids=str)
def test_row_without_a_session_column_is_shown_and_not_written(corpus: SqlServer, sample: SqlSample) -> None:
    store = open_table(corpus, sample)
    record = store.read(store.ref_for(sample.session_id))
    assert sample.session_id.encode() in record.payload
    assert not store.capabilities.can_write
    with pytest.raises(StoreRefused, match="shown, not edited"):
        store.replace(record, record.payload)
    store.close()


def test_tables_are_offered_by_name(corpus: SqlServer) -> None:
    with pytest.raises(StoreError, match=r"no table Sessions.*sessions"):
        open_store(f"{corpus.url}/ems3?table=Sessions")


def test_database_is_needed(corpus: SqlServer) -> None:
    with pytest.raises(StoreError, match="no database"):
        open_store(corpus.url)
