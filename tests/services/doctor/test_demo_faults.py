"""What the demo's *Show a failure* leaves in a store is named by the right rule; the demo without a failure is silent."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

from inspector.core.secret import Secret
from inspector.demo.express_session import SessionOptions
from inspector.demo.faults import Fault
from inspector.demo.server import DemoServer, DemoSettings
from inspector.demo.session_cookie import CookieOptions
from inspector.demo.traffic import generate_visitors
from store_adapters.contract import CancelToken
from tests.services.doctor.test_rules import SERVER, diagnose, found_in

SECRETS = (Secret.from_text("f3c1 a secret that nobody knows 8861"),)


@contextmanager
def demo(url: str, fault: Fault) -> Iterator[DemoServer]:
    session = SessionOptions(SECRETS, cookie=CookieOptions(max_age_ms=86_400_000))
    server = DemoServer(DemoSettings(url, 0, session, fault=fault))
    server.start()
    try:
        yield server
    finally:
        server.stop()


def log_in(server: DemoServer, username: str) -> None:
    """One login by a browser that begins without cookies."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    body = urlencode({"userId": username, "username": username, "role": "user"})
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": server.url.rstrip("/")}
    connection.request("POST", "/login", body, headers)
    connection.getresponse().read()
    connection.close()


def browse(server: DemoServer) -> None:
    generate_visitors(server.url, 60, CancelToken(), seed=3)


def test_demo_without_a_failure_is_silent(redis_url: str) -> None:
    with demo(f"{redis_url}?prefix=sess:", Fault.NONE) as server:
        browse(server)
    assert found_in(diagnose(f"{redis_url}?prefix=sess:", secrets=SECRETS)) - SERVER == set()


def test_records_without_expiry(redis_url: str) -> None:
    with demo(f"{redis_url}?prefix=sess:", Fault.NO_EXPIRY) as server:
        browse(server)
    assert found_in(diagnose(f"{redis_url}?prefix=sess:")) - SERVER == {"no-expiry"}


def test_flood_of_empty_sessions(redis_url: str) -> None:
    with demo(f"{redis_url}?prefix=sess:", Fault.FLOOD) as server:
        for _ in range(80):
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
            connection.request("GET", "/")
            connection.getresponse().read()
            connection.close()
    assert found_in(diagnose(f"{redis_url}?prefix=sess:")) - SERVER == {"empty-sessions"}


def test_cookie_that_is_never_set(redis_url: str) -> None:
    url = f"{redis_url}?prefix=sess:"
    with demo(url, Fault.MISSING_TRUST_PROXY) as server:
        for number in range(36):
            log_in(server, f"user{number % 9}")
    diagnosis = diagnose(url, at_ms=round(time.time() * 1000) + 180_000)
    assert "cookie-never-returned" in found_in(diagnosis)
    found = next(one for one in diagnosis.findings if one.id == "cookie-never-returned")
    assert found.fixes[0].line == "app.set('trust proxy', 1)"
