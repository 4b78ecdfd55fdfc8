"""Every session store of Express in SQL, at every version still met: its table is known, edits go both ways, nothing is revived."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import LiteralString
from urllib.parse import urlsplit

import psycopg
import pymysql
import pytest

from inspector.core.secret import Secret
from inspector.services.cookies.signed_cookie import signed_cookie_value
from inspector.services.sessions.journal import Journal
from inspector.services.sessions.manage_sessions import (
    change_expiry,
    create_session,
    delete_session,
    new_session_id,
    new_session_root,
)
from inspector.services.sessions.open_session import open_session
from inspector.services.sessions.save_session import SaveState, save_session
from store_adapters.clock import now_ms
from store_adapters.contract import CancelToken, SessionStore
from store_adapters.registry import open_store
from tests.interop.apps import SECRETS, Browser, ExpressApp
from tests.interop.test_express_applications import HOUR_MS, session_id_of, with_field
from tests.sql_servers import mariadb_database, postgres_database


@dataclass(frozen=True, slots=True)
class Variant:
    """One version of a library on one server, and what the inspector calls it."""

    server: str
    library: str
    version: str
    known_as: str

    def __str__(self) -> str:
        return f"{self.library} {self.version} on {self.server}"


_BOTH = ("postgres", "mariadb")
VARIANTS = (
    *(Variant("postgres", "connect-pg-simple", one, "connect-pg-simple") for one in ("6", "8", "9", "10")),
    *(Variant("mariadb", "express-mysql-session", one, "express-mysql-session") for one in ("2", "3")),
    *(Variant(server, "connect-session-knex", one, "knex") for one in ("3", "5") for server in _BOTH),
    *(Variant(server, "connect-session-sequelize", "8", "sequelize") for server in _BOTH),
    *(Variant(server, "connect-typeorm", "2", "typeorm") for server in _BOTH),
)


@dataclass(frozen=True, slots=True)
class SqlSite:
    variant: Variant
    app: ExpressApp
    store: SessionStore
    url: str

    def log_in(self) -> Browser:
        browser = Browser(self.app.port)
        browser.post("/login", userId="7", username="Zoë 🍪", role="user")
        return browser


def _run_on_postgres(url: str, statement: LiteralString) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        assert connection.execute(statement).rowcount >= 1


def _run_on_mariadb(url: str, statement: LiteralString) -> None:
    place = urlsplit(url)
    assert place.port is not None
    connection = pymysql.connect(
        host="127.0.0.1", port=place.port, user=place.username, database=place.path[1:], autocommit=True
    )
    with connection, connection.cursor() as cursor:
        assert cursor.execute(statement) >= 1


_DATABASES = {"postgres": postgres_database, "mariadb": mariadb_database}
_RUN = {"postgres": _run_on_postgres, "mariadb": _run_on_mariadb}


@pytest.fixture(params=VARIANTS, ids=str, scope="module")
def site(request: pytest.FixtureRequest) -> Iterator[SqlSite]:
    """One application for all tests of a variant: each has visitors of its own."""
    variant: Variant = request.param
    with _DATABASES[variant.server](request.getfixturevalue(f"{variant.server}_server")) as url:
        app = ExpressApp({"store": "sql", "library": variant.library, "version": variant.version, "url": url})
        try:
            store = open_store(url)
            try:
                yield SqlSite(variant, app, store, url)
            finally:
                store.close()
        finally:
            app.stop()


def test_edits_go_both_ways_and_keep_what_was_not_edited(site: SqlSite) -> None:
    assert site.store.capabilities.library == site.variant.known_as
    browser = site.log_in()
    sid = session_id_of(browser)
    keys = [key for batch in site.store.list_records(CancelToken()) for key in batch.keys]
    assert sid in [site.store.session_id_of(key) for key in keys]
    opened = open_session(site.store, site.store.ref_for(sid))
    assert (opened.summary.user, opened.is_editable) == ("Zoë 🍪", True)
    assert opened.raw.expires_at_ms == pytest.approx(now_ms() + HOUR_MS, abs=10_000)
    browser.post("/add-to-cart", item="keyboard")
    outcome = save_session(site.store, opened, with_field(opened, "user.role", '"ü\\n\\\\"'), Journal())
    assert outcome.state is SaveState.SAVED, outcome.message
    browser.post("/add-to-cart", item="mouse")
    found = browser.get_json("/get")
    assert found["user"] == {"id": 7, "username": "Zoë 🍪", "role": "ü\n\\"}
    assert found["cart"] == ["keyboard", "mouse"]


def test_created_extended_and_deleted_here(site: SqlSite) -> None:
    now, sid, journal = now_ms(), new_session_id(), Journal()
    ref = site.store.ref_for(sid)
    create_session(site.store, sid, new_session_root(HOUR_MS, now), now + HOUR_MS, journal, now)
    browser = Browser(site.app.port, {"connect.sid": signed_cookie_value(sid, Secret.from_text(SECRETS[0]))})
    assert [browser.get_json("/tick"), browser.get_json("/tick")] == [1, 2]
    later = change_expiry(site.store, open_session(site.store, ref), now + 3 * HOUR_MS, journal)
    assert later.raw.expires_at_ms == pytest.approx(now + 3 * HOUR_MS, abs=1000)
    assert browser.get_json("/tick") == 3
    opened = open_session(site.store, ref)
    delete_session(site.store, opened, journal)
    assert browser.get_json("/tick") == 1, "the application still found the session"
    outcome = save_session(site.store, opened, with_field(opened, "ticks", "9"), journal)
    assert outcome.state is SaveState.GONE, outcome.message


_AGED = {
    Variant(
        "postgres", "connect-pg-simple", "10", "connect-pg-simple"
    ): "UPDATE session SET expire = expire - interval '2 hours'",
    Variant(
        "mariadb", "express-mysql-session", "3", "express-mysql-session"
    ): "UPDATE sessions SET expires = expires - 7200",
    Variant(
        "postgres", "connect-session-knex", "5", "knex"
    ): "UPDATE sessions SET expired = expired - interval '2 hours'",
    Variant("mariadb", "connect-session-knex", "5", "knex"): "UPDATE sessions SET expired = expired - INTERVAL 2 HOUR",
    Variant("postgres", "connect-typeorm", "2", "typeorm"): 'UPDATE session SET "expiredAt" = "expiredAt" - 7200000',
    Variant("mariadb", "connect-typeorm", "2", "typeorm"): "UPDATE session SET expiredAt = expiredAt - 7200000",
}


# Sequelize's sessions outlive their end: its row decides.
@pytest.mark.parametrize("site", _AGED, indirect=True, ids=str)
def test_row_past_its_end_is_not_revived_by_a_save(site: SqlSite) -> None:
    browser = site.log_in()
    opened = open_session(site.store, site.store.ref_for(session_id_of(browser)))
    _RUN[site.variant.server](site.url, _AGED[site.variant])
    outcome = save_session(site.store, opened, with_field(opened, "user.role", '"admin"'), Journal())
    assert outcome.state is SaveState.GONE, outcome.message
    assert browser.get("/dashboard")[0] == 302
