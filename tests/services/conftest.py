"""Every kind of store that can be written, in turn: its address, an open store, and the application's own connection."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from store_adapters.contract import SessionStore
from store_adapters.registry import open_store


@pytest.fixture(params=["memory", "redis", "valkey", "mongo", "file"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "memory":
        return f"memory:{tmp_path.name}"
    if request.param == "file":
        return f"file://{tmp_path}"
    found: str = request.getfixturevalue(f"{request.param}_url")
    return f"{found}&collection=sessions" if request.param == "mongo" else f"{found}?prefix=sess:"


@pytest.fixture
def store(url: str) -> Iterator[SessionStore]:
    opened = open_store(url)
    yield opened
    opened.close()


@pytest.fixture
def other(url: str) -> Iterator[SessionStore]:
    """The application's own connection to the same store."""
    opened = open_store(url)
    yield opened
    opened.close()
