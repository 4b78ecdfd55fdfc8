"""The text of an HTTP archive, pasted: each request and each answer is a jar of its own. `har.py` reads the archive."""

from __future__ import annotations

import re
from dataclasses import replace

from inspector.cookies._api import Cookie
from inspector.cookies.pasted.har import Exchange, read_har

LABEL = "a HAR archive"
_START = re.compile(r"\s*\{\s*\"log\"\s*:\s*\{", re.S)


def is_archive(text: str) -> bool:
    """True for a text that begins as every HAR does."""
    return _START.match(text) is not None


def read(text: str) -> list[Cookie] | None:
    """Return the cookies of the archive, those that go to and fro unchanged once."""
    if not is_archive(text):
        return None
    return read_exchanges(read_har(text.encode("utf-8", "surrogatepass")))


def read_exchanges(exchanges: tuple[Exchange, ...]) -> list[Cookie]:
    """Return the cookies of exchanges that were read; a header that came before for the same host is passed over."""
    seen: set[tuple[str, tuple[Cookie, ...]]] = set()
    found: list[Cookie] = []
    for exchange in exchanges:
        for cookies in (exchange.sent, exchange.received):
            if cookies and (exchange.host, cookies) not in seen:
                seen.add((exchange.host, cookies))
                found += [replace(one, url=exchange.url, jar=exchange.number) for one in cookies]
    return found
