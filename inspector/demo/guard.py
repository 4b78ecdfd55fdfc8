"""Who may talk to the demo server: its own pages and tools on this machine, and no web site.

A site that rebinds its name to 127.0.0.1, or posts a form here, is told apart by Host, Origin and Sec-Fetch-Site.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

BODY_LIMIT_BYTES = 64 * 1024
_FOREIGN_SITES = frozenset({"cross-site", "same-site"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """The HTTP status and the sentence with which a request is turned away."""

    status: int
    reason: str


def refuse(environ: Mapping[str, object], port: int) -> Refusal | None:
    """Return why the request of this WSGI environment is refused by the server on `port`, None when it is welcome."""
    host = str(environ.get("HTTP_HOST", ""))
    # Several Host headers arrive joined by commas, which is in no case one of these.
    if host.lower() not in {f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}"}:
        return Refusal(421, "This server only answers at its own address.")
    origin = environ.get("HTTP_ORIGIN")
    if origin is not None and str(origin).lower() != f"http://{host.lower()}":
        return Refusal(403, "Another web site made this request.")
    if str(environ.get("HTTP_SEC_FETCH_SITE", "")).lower() in _FOREIGN_SITES:
        return Refusal(403, "Another web site made this request.")
    if environ.get("HTTP_TRANSFER_ENCODING"):
        return Refusal(411, "Send the body with its length.")
    length = str(environ.get("CONTENT_LENGTH") or "0")
    if not length.isascii() or not length.isdigit():
        return Refusal(400, "The body's length isn't a number.")
    if len(length) > 10 or int(length) > BODY_LIMIT_BYTES:
        return Refusal(413, "The body is larger than 64 KB.")
    return None
