"""What is guessed of an unknown table, what its first rows tell, and that a kind of somebody else's joins in by its `survey`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from inspector.services.connection import PasswordWanted
from inspector.services.settings.profiles import Profile
from inspector.services.settings.secrets import SecretStore
from inspector.services.table_survey import (
    address_of,
    describe,
    guess,
    has_tables,
    preview_table,
    survey_tables,
)
from store_adapters import known_kinds
from store_adapters.options import Limits, StoreAddress
from store_adapters.tables.survey import FoundColumn, FoundTable, Survey
from tests.contract.backends import mysql_application
from tests.plugins.toy_store import TOY

_ENDS_MS = 1_893_456_000_000  # 2030-01-01T00:00:00Z
KEEPER = SecretStore(use_keyring=False)


def profile(url: str) -> Profile:
    return Profile(id="a", name="a", url=url)


def table(*columns: str) -> FoundTable:
    return FoundTable("", "logins", "", tuple(FoundColumn(name, "text") for name in columns))


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (("id", "session_id", "data", "expires_at", "user_id"), ("session_id", "data", "expires_at", "user_id")),
        (("id", "payload", "last_seen"), ("id", "payload", None, None)),
        (("SessionKey", "SessionData", "ExpireDate"), ("SessionKey", "SessionData", "ExpireDate", None)),
        (("user_session_token", "json_body", "valid_until"), ("user_session_token", "json_body", "valid_until", None)),
        (("colour", "weight"), (None, None, None, None)),
    ],
)
def test_columns_are_guessed_by_their_names(columns: tuple[str, ...], expected: tuple[str | None, ...]) -> None:
    found = guess(table(*columns))
    assert tuple(found.get(role) for role in ("sid", "data", "expires", "user_column")) == expected


def test_table_of_a_library_needs_no_description() -> None:
    known = dataclasses.replace(table("sid", "sess", "expire"), library="connect-pg-simple")
    assert describe("postgresql://h/a", known) == {}
    assert describe("postgresql://h/a?table=logins&sid=sid&data=sess", known) == {"sid": "sid", "data": "sess"}


def test_address_keeps_what_it_says_of_the_server_and_leaves_another_tables_rules() -> None:
    before = "postgresql://me@h/a?sslmode=require&table=old&schema=x&sid=k&dialect=django&lifetime=5"
    found = dataclasses.replace(table("sid"), schema="shop")
    after = address_of(before, found, {"sid": "sid", "data": "sid"})
    assert after == "postgresql://me@h/a?table=logins&schema=shop&sid=sid&data=sid&sslmode=require"
    again = address_of(f"{after}&lifetime=5", found, {"sid": "sid", "data": "sid"})
    assert again == "postgresql://me@h/a?table=logins&schema=shop&sid=sid&data=sid&sslmode=require&lifetime=5"


def test_wall_times_are_read_in_the_zone_that_is_chosen(mariadb_url: str) -> None:
    with mysql_application(mariadb_url) as application, application.cursor() as cursor:
        cursor.execute("CREATE TABLE logins (sid varchar(64) PRIMARY KEY, data text, expires datetime)")
        cursor.execute("INSERT INTO logins VALUES ('a', '{}', '2030-01-01 09:00:00')")
    survey = survey_tables(profile(mariadb_url), KEEPER)
    [found] = survey.tables
    assert "+09:00" in survey.zones
    options = {"sid": "sid", "data": "data", "expires": "expires", "timezone": "+09:00"}
    preview = preview_table(profile(mariadb_url), KEEPER, found, options)
    assert [row.expires_at_ms for row in preview.rows] == [_ENDS_MS]
    assert "timezone=%2B09:00" in preview.url


def test_table_that_cannot_be_written_says_so_in_the_preview(postgres_url: str) -> None:
    import psycopg

    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE logins (sid text, data text, expires timestamptz)")
        connection.execute("INSERT INTO logins VALUES ('a', '[1]', now()), ('b', NULL, 'infinity')")
    survey = survey_tables(profile(postgres_url), KEEPER)
    assert "Europe/Berlin" in survey.zones
    [found] = survey.tables
    notes = " ".join(preview_table(profile(postgres_url), KEEPER, found, guess(found)).notes)
    assert "1 of 2 rows can't be read: its session is NULL." in notes
    assert "The JSON in 1 of 2 rows isn't a session" in notes
    assert "only be viewed here: No unique index holds sid alone" in notes


def test_password_that_is_not_known_in_this_run_is_asked_for() -> None:
    with pytest.raises(PasswordWanted):
        survey_tables(Profile(id="a", name="a", url="postgresql://h/a", password_id="gone"), KEEPER)


@pytest.fixture
def toy_with_tables() -> Iterator[None]:
    kind = dataclasses.replace(TOY, survey=f"{__name__}:survey_toy")
    known_kinds.register(kind)
    yield
    known_kinds.forget(kind)


def survey_toy(address: StoreAddress, limits: Limits) -> Survey:
    return Survey((table(address.path),))


@pytest.mark.usefixtures("toy_with_tables")
def test_kind_of_somebody_else_is_looked_over_by_its_own_survey() -> None:
    assert has_tables("toy:///srv/box")
    assert survey_tables(profile("toy:///srv/box"), KEEPER).tables[0].columns[0].name == "/srv/box"
    assert not has_tables("file:///srv/box")
    assert not has_tables("what")
