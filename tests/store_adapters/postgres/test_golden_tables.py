"""Every stored row of the real libraries: found in its table, listed, read as it stands, edited without touching anything else."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from store_adapters.contract import CancelToken, SessionStore
from store_adapters.errors import RecordMissing, StoreError, StoreRefused
from store_adapters.registry import open_store
from tests.sql_corpus import GOLDEN, SqlSample, read_samples
from tests.sql_servers import SqlServer

SAMPLES = read_samples("postgres.jsonl")
ONE_OF_EACH = list({sample.set: sample for sample in SAMPLES}.values())
_OWN_NAMES = {
    "django": "Django",
    "flask-session": "Flask-Session",
    "laravel (illuminate/session)": "Laravel",
    "@auth/pg-adapter": "Auth.js",
}


@pytest.fixture(scope="module")
def corpus_url(postgres_server: SqlServer) -> Iterator[str]:
    """A database with all tables of the corpus, which the tests leave as they found it."""
    name = f"corpus_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(f"{postgres_server.url}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        with psycopg.connect(f"{postgres_server.url}/{name}", autocommit=True) as corpus:
            corpus.execute((GOLDEN / "postgres.sql").read_bytes())
        yield f"{postgres_server.url}/{name}"
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def open_table(url: str, sample: SqlSample) -> SessionStore:
    return open_store(f"{url}?{sample.table_options}")


def stored(url: str, sample: SqlSample) -> dict[str, Any]:
    """The row as the server renders it, without what an edit is to change."""
    with psycopg.connect(url) as connection:
        cursor = connection.execute(
            f'SELECT * FROM "{sample.schema}"."{sample.table}" WHERE "{sample.key_column}"::text = %s',
            ((sample.value(sample.key_column) or b"").decode(),),
        )
        names = [column.name for column in cursor.description or ()]
        row = cursor.fetchone()
        return {} if row is None else dict(zip(names, map(str, row), strict=True))


@pytest.mark.parametrize("sample", ONE_OF_EACH, ids=lambda sample: str(sample.set))
def test_table_is_known_by_its_columns(corpus_url: str, sample: SqlSample) -> None:
    store = open_table(corpus_url, sample)
    told = dict(store.info().details)
    store.close()
    assert told["Written by"] == _OWN_NAMES.get(sample.library, sample.library)


@pytest.mark.parametrize("sample", ONE_OF_EACH, ids=lambda sample: str(sample.set))
def test_every_row_is_listed_as_it_stands(corpus_url: str, sample: SqlSample) -> None:
    store = open_table(corpus_url, sample)
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
def test_row_is_read_by_its_session_id(corpus_url: str, sample: SqlSample) -> None:
    store = open_table(corpus_url, sample)
    ref = store.ref_for(sample.session_id)
    record = store.read(ref)
    store.close()
    assert record.expires_at_ms == sample.expires_at_ms
    assert not sample.data_column or record.payload == sample.value(sample.data_column)
    assert ref.key == sample.value(sample.key_column)


_EDITABLE = [sample for sample in SAMPLES if sample.data_column]


@pytest.mark.parametrize("sample", _EDITABLE, ids=str)
def test_edit_changes_the_session_alone_and_revives_nothing(corpus_url: str, sample: SqlSample) -> None:
    store = open_table(corpus_url, sample)
    record = store.read(store.ref_for(sample.session_id))
    before = stored(corpus_url, sample)
    edited = record.payload.replace(b'"n":1', b'"n":2') + b" "
    # All rows of the corpus ended in December 2026: what is still alive by then is what its library never ends.
    try:
        written = store.replace(record, edited)
    except RecordMissing:
        assert stored(corpus_url, sample) == before
        return
    finally:
        store.close()
    after = stored(corpus_url, sample)
    assert written.expires_at_ms == record.expires_at_ms
    assert {name for name in before if before[name] != after[name]} <= {sample.data_column, "user_id"}
    store = open_table(corpus_url, sample)
    restored = store.replace(written, record.payload)
    store.close()
    assert restored.payload == record.payload


@pytest.mark.parametrize("sample", [one for one in ONE_OF_EACH if not one.data_column], ids=str)
def test_row_without_a_session_column_is_shown_and_not_written(corpus_url: str, sample: SqlSample) -> None:
    store = open_table(corpus_url, sample)
    record = store.read(store.ref_for(sample.session_id))
    assert sample.session_id.encode() in record.payload
    assert not store.capabilities.can_write
    with pytest.raises(StoreRefused, match="shown, not edited"):
        store.replace(record, record.payload)
    store.close()


def test_several_tables_are_offered_by_name(corpus_url: str) -> None:
    with pytest.raises(StoreError, match="Name one") as caught:
        open_store(corpus_url)
    assert "cps10.session" in str(caught.value)


def test_table_is_found_in_any_schema_and_with_any_spelling(corpus_url: str) -> None:
    store = open_store(f"{corpus_url}?table=Web%20Shop.UserSessions")
    assert dict(store.info().details)["Table"] == "Web Shop.UserSessions"
    store.close()
