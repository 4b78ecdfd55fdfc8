"""The ways in which Express applications keep sessions, each with a real application and our own view of its store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from inspector.core.secret import Secret
from store_adapters.contract import SessionStore
from store_adapters.registry import open_store
from tests.interop.apps import SECRETS, ExpressApp
from tests.interop.cookie_apps import CookieApps

SQL_KINDS = ("postgres", "mariadb")
KINDS = ("redis", "mongo", "mongo-object", "file", *SQL_KINDS)
_SQL_STORES = {"postgres": ("connect-pg-simple", "10"), "mariadb": ("express-mysql-session", "3")}
BUSY = tuple((kind, resave) for kind in KINDS for resave in (False, True))


@dataclass(frozen=True, slots=True)
class Site:
    """A running application and the address of its store."""

    kind: str
    app: ExpressApp
    store: SessionStore
    store_url: str
    secrets: tuple[Secret, ...]


@pytest.fixture(params=KINDS)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    with run_site(request, request.param, tmp_path) as running:
        yield running


@pytest.fixture(params=BUSY, ids=[f"{kind}-{'resave' if resave else 'no-resave'}" for kind, resave in BUSY])
def busy_site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """A site with express-session's `resave` off and on."""
    kind, resave = request.param
    folder = tmp_path / "sessions"
    folder.mkdir()
    with run_site(request, kind, folder, {"resave": resave}) as running:
        yield running


@contextmanager
def run_site(
    request: pytest.FixtureRequest, kind: str, folder: Path, options: dict[str, Any] | None = None
) -> Iterator[Site]:
    """Run an application on a store of its own; `options` are express-session's."""
    config: dict[str, Any]
    if kind == "redis":
        url = request.getfixturevalue("redis_url")
        config, store_url = {"store": "redis", "url": url}, f"{url}?prefix=sess:"
    elif kind == "file":
        config, store_url = {"store": "file", "folder": str(folder)}, f"file://{folder}"
    elif kind in SQL_KINDS:
        library, version = _SQL_STORES[kind]
        store_url = request.getfixturevalue(f"{kind}_url")
        config = {"store": "sql", "library": library, "version": version, "url": store_url}
    else:
        url = request.getfixturevalue("mongo_url")
        config = {"store": "mongo", "url": url, "storeOptions": {"stringify": kind == "mongo"}}
        store_url = f"{url}&collection=sessions"
    app = ExpressApp(config | {"options": options or {}})
    try:
        store = open_store(store_url)
        try:
            yield Site(kind, app, store, store_url, tuple(Secret.from_text(text) for text in SECRETS))
        finally:
            store.close()
    finally:
        app.stop()


@pytest.fixture(scope="module")
def cookie_apps() -> Iterator[CookieApps]:
    running = CookieApps()
    yield running
    running.stop()
