"""The toy framework as somebody else's package would bring it, and its records in a real store."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import redis

from inspector.cookies import register_scheme, unregister_scheme
from inspector.frameworks import register, unregister
from tests.frameworks.toy import TOY, TOY_SCHEME
from tests.ui.conftest import heartbeat, make_window

__all__ = ["heartbeat", "make_window"]

HOUR_MS = 3_600_000


@pytest.fixture
def toy_framework() -> Iterator[None]:
    register(TOY)
    register_scheme(TOY_SCHEME)
    yield
    unregister_scheme(TOY_SCHEME)
    unregister(TOY)


@pytest.fixture
def toy_url(redis_url: str) -> str:
    """Three toys: one that lives, one that has ended inside, and one that belongs to nobody."""
    now = round(time.time() * 1000)
    client = redis.Redis.from_url(redis_url)
    for name, lines in (
        ("bear", f"who=ada\ncolour=red\nends={now + HOUR_MS}"),
        ("duck", f"who=bob\ncolour=blue\nends={now - HOUR_MS}"),
        ("ball", f"colour=green\nends={now + HOUR_MS}"),
    ):
        client.set(f"toy:{name}", f"toy\n{lines}", px=2 * HOUR_MS)
    client.close()
    return f"{redis_url}?prefix=toy:"
