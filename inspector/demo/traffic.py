"""Visitors for the demo: they browse over HTTP as browsers do, each with its own cookies."""

from __future__ import annotations

import http.client
import random
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from store_adapters.contract import CancelToken

_PEOPLE = (
    "ada", "grace", "linus", "margaret", "dennis", "barbara", "edsger", "frances", "ken", "radia", "donald",
    "joan", "alan", "hedy", "john", "katherine", "tim", "karen", "niklaus", "sophie", "guido", "lynn", "brian",
    "shafi", "bjarne", "adele", "vint", "mary", "claude", "evelyn",
)  # fmt: skip
_ITEMS = ("keyboard", "mouse", "monitor", "laptop stand", "usb-c cable", "webcam", "headset", "desk lamp", "notebook")
_ROLES = ("user",) * 7 + ("editor", "editor", "admin")
_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class TrafficReport:
    """How many visitors came, how many requests they made, and how many of those failed."""

    visitors: int
    requests: int
    failed: int
    cancelled: bool = False


class _Visitor:
    """One browser: a connection and the cookies the server gave it."""

    def __init__(self, host: str, port: int) -> None:
        self._origin = f"http://{host}:{port}"
        self._connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT_S)
        self._cookies: dict[str, str] = {}
        self.requests = 0
        self.failed = 0

    def get(self, path: str) -> None:
        self._send("GET", path, None)

    def post(self, path: str, fields: dict[str, str]) -> None:
        self._send("POST", path, urlencode(fields))

    def _send(self, method: str, path: str, body: str | None) -> None:
        headers = {"User-Agent": "demo visitor"}
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        if body is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": self._origin}
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        response.read()
        self.requests += 1
        self.failed += response.status >= 400
        for line in response.headers.get_all("Set-Cookie") or ():
            name, _, value = line.partition(";")[0].partition("=")
            self._cookies[name.strip()] = value.strip()

    def close(self) -> None:
        self._connection.close()


def generate_visitors(
    url: str,
    count: int,
    cancel: CancelToken,
    on_progress: Callable[[int, int], None] = lambda _done, _all: None,
    *,
    seed: int | None = None,
) -> TrafficReport:
    """Send `count` visitors to the demo server at `url`, one after another; `on_progress(done, count)` after each.

    The same `seed` makes the same visits. `OSError` when the server does not answer.
    """
    chance = random.Random(seed)
    address = urlsplit(url)
    requests = failed = 0
    for number in range(count):
        if cancel.is_cancelled:
            return TrafficReport(number, requests, failed, cancelled=True)
        visitor = _Visitor(address.hostname or "127.0.0.1", address.port or 80)
        try:
            _browse(visitor, chance, number)
        except http.client.HTTPException as error:
            raise ConnectionError("The demo server closed the connection.") from error
        finally:
            visitor.close()
        requests += visitor.requests
        failed += visitor.failed
        on_progress(number + 1, count)
    return TrafficReport(count, requests, failed)


def _browse(visitor: _Visitor, chance: random.Random, number: int) -> None:
    """Walk through the shop: most sign in, many fill a cart, a few only look or leave a name."""
    name = chance.choice(_PEOPLE)
    kind = chance.random()
    if kind < 0.15:
        visitor.get(f"/set?{urlencode({'username': name})}")
        return
    for _ in range(chance.choice((0, 0, 1, 1, 2, 3, 5))):
        visitor.post("/add-to-cart", {"item": chance.choice(_ITEMS)})
    if kind < 0.85:
        # Signing in renews the session, so what is bought afterwards is what the cart holds.
        visitor.post("/login", {"userId": str(100 + number), "username": name, "role": chance.choice(_ROLES)})
        visitor.get("/dashboard")
        for _ in range(chance.choice((0, 1, 2, 2, 4))):
            visitor.post("/add-to-cart", {"item": chance.choice(_ITEMS)})
        if chance.random() < 0.05:
            visitor.get("/logout")
            return
    else:
        visitor.post("/add-to-cart", {"item": chance.choice(_ITEMS)})
    visitor.get("/cart")
