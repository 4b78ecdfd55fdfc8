"""What is said of records that are odd as a whole: numbers beyond every range, files that no library reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.services.sessions.open_session import OpenedSession, open_session
from store_adapters.registry import open_store


def _open(folder: Path, content: str) -> OpenedSession:
    (folder / "a.json").write_text(content)
    store = open_store(f"file://{folder}?extension=.json")
    try:
        return open_session(store, store.ref_for("a"))
    finally:
        store.close()


@pytest.mark.parametrize("number", ["1e999", "-1e999", "9" * 400, "1e308", "-0", "1e-400", "8640000000000001", "1.5"])
@pytest.mark.parametrize(
    "record",
    [
        '{"cookie":{"originalMaxAge":N,"expires":"2026-11-24T00:00:00.000Z"},"__lastAccess":5}',
        '{"cookie":{"originalMaxAge":5,"expires":N},"__lastAccess":N,"lastModified":N}',
        '{"_expire":N,"_maxAge":N}',
    ],
)
def test_record_opens_with_any_number_where_a_time_belongs(tmp_path: Path, record: str, number: str) -> None:
    opened = _open(tmp_path, record.replace("N", number))
    assert opened.is_editable
    assert opened.expiry.sources


@pytest.mark.parametrize("content", ["", '{"cookie":', "\ufeff{}", '{"cookie":{},"a":NaN,"__lastAccess":1}'])
def test_file_that_no_library_reads_is_not_said_to_live_for_ever(tmp_path: Path, content: str) -> None:
    words = [finding.text for finding in _open(tmp_path, content).findings]
    assert any("deletes this file" in one for one in words)
    assert not any("never expires" in one for one in words)
