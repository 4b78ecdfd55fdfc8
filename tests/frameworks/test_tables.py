"""Whose table a row stands in says whose record it is; a library that accepts a row past its end is not told to lose it."""

from __future__ import annotations

import pytest

from inspector.codecs import decode
from inspector.core.verdict import Effect
from inspector.frameworks import Certainty, StoredRecord, judge_record, origin_of
from store_adapters.record_form import ExpiryClock, PayloadForm
from store_adapters.tables.libraries import LIBRARIES

_SESSION = (
    b'{"cookie":{"originalMaxAge":3600000,"expires":"2030-01-01T00:00:00.000Z","httpOnly":true,"path":"/"},"n":1}'
)
_EXPRESS = {
    "connect-pg-simple", "better-sqlite3", "connect-sqlite3", "knex", "express-mysql-session", "sequelize", "prisma", "typeorm",
}  # fmt: skip


def _record(library: str, payload: bytes = _SESSION, clock: ExpiryClock = ExpiryClock(), ends: int = 1) -> StoredRecord:
    decoded = decode(payload, PayloadForm.TEXT)
    return StoredRecord(
        "postgres", b"a", payload, decoded, library=library, expires_at_ms=ends, read_at_ms=1000, clock=clock
    )


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: str(library.name))
def test_every_known_table_has_a_framework_and_express_claims_its_own_alone(library: object) -> None:
    name = str(getattr(library, "name", ""))
    origin = origin_of(_record(name))
    is_express = origin.framework.name == "express-session"
    assert is_express == (name in _EXPRESS)
    assert is_express or origin.certainty is Certainty.CERTAIN


def test_store_is_named_by_its_table() -> None:
    assert origin_of(_record("connect-pg-simple")).name == "express-session with connect-pg-simple"


@pytest.mark.parametrize("library", ["laravel", "django", "rails", "flask-session", "authjs", "better-auth"])
def test_nothing_is_said_of_what_an_application_does_whose_rules_are_not_known(library: str) -> None:
    record = _record(library)
    assert judge_record(origin_of(record).framework, record).effect is Effect.UNKNOWN


def test_row_past_its_end_is_found_where_the_library_asks_only_for_the_row() -> None:
    outlived = _record("sequelize", clock=ExpiryClock(is_outlived=True))
    assert judge_record(origin_of(outlived).framework, outlived).effect is Effect.FOUND
    ended = _record("connect-pg-simple", clock=ExpiryClock(revives=False))
    verdict = judge_record(origin_of(ended).framework, ended)
    assert (verdict.effect, verdict.is_over, "bring it back" in verdict.remedy) == (Effect.NEW_SESSION, True, False)


def test_text_that_is_no_json_is_deleted_by_connect_pg_simple() -> None:
    record = StoredRecord("postgres", b"a", b"{broken", library="connect-pg-simple", read_at_ms=1000)
    verdict = judge_record(origin_of(record).framework, record)
    assert verdict.effect is Effect.NEW_SESSION and "deletes this row" in verdict.text
