"""Realistic Express sessions for the benchmarks: the same ones for the same number, 379 bytes on average; talks to no store.

Shape: anonymous visitors, logged-in customers with a cart, passport logins, some with flash messages; IDs as
express-session's default genid makes them (32 characters of base64url).
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime

HOUR_MS = 3_600_000
_NAMES = (
    "alice",
    "bob",
    "chen",
    "dara",
    "emil",
    "fatima",
    "goran",
    "hana",
    "ivan",
    "jun",
    "kofi",
    "lena",
    "mara",
    "nils",
)
_DOMAINS = ("example.com", "example.org", "mail.example.net")
_ITEMS = ("Blue mug", "Desk lamp", "Notebook A5", "USB-C cable", "Wool socks", "Poster", "Tea, green", "Headphones")
_PAGES = ("/", "/cart", "/products/1182", "/products/77", "/account/orders", "/search?q=lamp", "/checkout/address")


def session_id(number: int) -> str:
    """Return the session ID of a number, 32 characters."""
    return base64.urlsafe_b64encode(hashlib.blake2b(number.to_bytes(8, "big"), digest_size=24).digest()).decode()


def session_text(number: int, now_ms: int) -> tuple[bytes, int]:
    """Return a session's JSON as express-session writes it, and how long it still lives in milliseconds."""
    dice = random.Random(number)
    lifetime_ms = dice.choice((HOUR_MS, 24 * HOUR_MS, 24 * HOUR_MS, 14 * 24 * HOUR_MS))
    left_ms = dice.randrange(1, lifetime_ms) + HOUR_MS
    expires = datetime.fromtimestamp((now_ms + left_ms) / 1000, UTC).isoformat(timespec="milliseconds")
    record: dict[str, object] = {
        "cookie": {
            "originalMaxAge": lifetime_ms,
            "expires": expires.replace("+00:00", "Z"),
            "secure": True,
            "httpOnly": True,
            "path": "/",
            "sameSite": "lax",
        }
    }
    kind = dice.random()
    name = f"{dice.choice(_NAMES)}{number}"
    if kind < 0.65:
        role = "admin" if dice.random() < 0.02 else dice.choice(("customer", "customer", "customer", "editor"))
        record["user"] = {"id": number, "username": name, "email": f"{name}@{dice.choice(_DOMAINS)}", "role": role}
        record["cart"] = [
            {"sku": f"A-{dice.randrange(2000)}", "name": dice.choice(_ITEMS), "quantity": dice.randrange(1, 5)}
            for _ in range(dice.randrange(0, 4))
        ]
    elif kind < 0.8:
        record["passport"] = {"user": f"{dice.getrandbits(96):024x}"}
        record["flash"] = {"info": ["Welcome back!"]} if dice.random() < 0.3 else {}
        record["history"] = dice.sample(_PAGES, 4)
    else:
        record["views"] = dice.randrange(1, 90)
        record["history"] = dice.sample(_PAGES, dice.randrange(1, 5))
    record["locale"] = dice.choice(("en-GB", "de-DE", "fr-FR"))
    record["lastVisit"] = expires.replace("+00:00", "Z")
    record["csrfSecret"] = base64.b64encode(dice.randbytes(18)).decode()
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode(), left_ms


def sessions(count: int, now_ms: int) -> Iterator[tuple[str, bytes, int]]:
    """Yield `count` times (session ID, JSON text, milliseconds left)."""
    for number in range(count):
        text, left_ms = session_text(number, now_ms)
        yield session_id(number), text, left_ms
