"""Every stored row of the real libraries: found in its table, listed, read as it stands, edited without touching anything else."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from store_adapters.contract import CancelToken, SessionStore
from store_adapters.errors import RecordMissing
from store_adapters.registry import open_store
from tests.sql_corpus import GOLDEN, SqlSample, read_samples

SAMPLES = read_samples("sqlite.jsonl")
ONE_OF_EACH = list({sample.set: sample for sample in SAMPLES}.values())
_OWN_NAMES = {
    "django": "Django",
    "flask-session": "Flask-Session",
    "laravel (illuminate/session)": "Laravel",
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the corpus's files, which the tests leave as they found them."""
    folder = tmp_path_factory.mktemp("corpus")
    for script in (GOLDEN / "sqlite").glob("*.sql"):
        with contextlib.closing(sqlite3.connect(folder / f"{script.stem}.db")) as connection:
            connection.executescript(script.read_text("utf-8"))
    return folder


def open_table(folder: Path, sample: SqlSample) -> SessionStore:
    return open_store(f"sqlite://{folder / sample.file}?table={sample.table}")


def stored(folder: Path, sample: SqlSample) -> dict[str, Any]:
    with contextlib.closing(sqlite3.connect(folder / sample.file)) as connection:
        connection.row_factory = sqlite3.Row
        row = connection.execute(
            f'SELECT * FROM "{sample.table}" WHERE "{sample.key_column}" = ?',
            ((sample.value(sample.key_column) or b"").decode(),),
        ).fetchone()
        return dict(row)


@pytest.mark.parametrize("sample", ONE_OF_EACH, ids=lambda sample: str(sample.set))
def test_table_is_known_by_its_columns(corpus: Path, sample: SqlSample) -> None:
    store = open_table(corpus, sample)
    told = dict(store.info().details)
    store.close()
    assert told["Written by"] == _OWN_NAMES.get(sample.library, sample.library)


@pytest.mark.parametrize("sample", ONE_OF_EACH, ids=lambda sample: str(sample.set))
def test_every_row_is_listed_as_it_stands(corpus: Path, sample: SqlSample) -> None:
    store = open_table(corpus, sample)
    listed = {
        key: (payload, ends)
        for batch in store.list_records(CancelToken())
        for key, payload, ends in zip(batch.keys, batch.payloads, batch.expires_at_ms, strict=True)
    }
    store.close()
    for one in (one for one in SAMPLES if one.set == sample.set):
        is_logged_out = one.columns.get("destroyedAt", {}).get("text") is not None
        payload, ends = listed[one.value(one.key_column) or b""]
        assert ends == (1 if is_logged_out else one.expires_at_ms), one
        assert payload == one.value(one.data_column), one


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_edit_changes_the_session_alone(corpus: Path, sample: SqlSample) -> None:
    store = open_table(corpus, sample)
    record, before = store.read(store.ref_for(sample.session_id)), stored(corpus, sample)
    assert (record.expires_at_ms, record.payload) == (sample.expires_at_ms, sample.value(sample.data_column))
    try:
        written = store.replace(record, record.payload + b" ")
    except RecordMissing:  # it was logged out
        assert record.hidden_by
        assert stored(corpus, sample) == before
        store.close()
        return
    after = stored(corpus, sample)
    assert {name for name in before if before[name] != after[name]} == {sample.data_column}
    assert type(before[sample.data_column]) is type(after[sample.data_column])
    assert store.replace(written, record.payload).payload == record.payload
    assert stored(corpus, sample) == before
    store.close()


@pytest.mark.parametrize("sample", [one for one in ONE_OF_EACH if one.expiry_column], ids=str)
def test_changed_expiry_is_spelled_as_the_library_spells_it(corpus: Path, sample: SqlSample) -> None:
    store = open_table(corpus, sample)
    record, before = store.read(store.ref_for(sample.session_id)), stored(corpus, sample)
    ends = (int(time.time()) + 3600) * 1000 + 250
    moved = store.change_expiry(record, ends)
    after = stored(corpus, sample)
    assert moved.expires_at_ms is not None and 0 <= moved.expires_at_ms - ends < 1000
    assert {name for name in before if before[name] != after[name]} == {sample.expiry_column}
    spelled = [str(row[sample.expiry_column]) for row in (before, after)]
    assert [len(text) for text in spelled] in ([len(spelled[0])] * 2, [len(spelled[0]), len(spelled[0]) + 2])
    store.close()
