"""The four ways in which Express applications keep sessions, each with a real application and our own view of its store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from inspector.core.secret import Secret
from store_adapters.contract import SessionStore
from store_adapters.registry import open_store
from tests.interop.apps import SECRETS, ExpressApp
from tests.interop.cookie_apps import CookieApps

KINDS = ("redis", "mongo", "mongo-object", "file")


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
    kind: str = request.param
    config: dict[str, Any]
    if kind == "redis":
        url = request.getfixturevalue("redis_url")
        config, store_url = {"store": "redis", "url": url}, f"{url}?prefix=sess:"
    elif kind == "file":
        config, store_url = {"store": "file", "folder": str(tmp_path)}, f"file://{tmp_path}"
    else:
        url = request.getfixturevalue("mongo_url")
        config = {"store": "mongo", "url": url, "storeOptions": {"stringify": kind == "mongo"}}
        store_url = f"{url}&collection=sessions"
    app = ExpressApp(config)
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
