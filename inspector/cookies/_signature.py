"""cookie-signature 1.2 as express-session uses it: HMAC-SHA256 over the session ID; knows no cookie and no session."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence

from inspector.core.secret import Secret


def sign(session_id: str, secret: Secret) -> str:
    """Return `<session ID>.<HMAC-SHA256 in base64 without padding>`."""
    digest = hmac.digest(secret.reveal(), session_id.encode("utf-8", "surrogatepass"), hashlib.sha256)
    return f"{session_id}.{base64.b64encode(digest).decode().rstrip('=')}"


def unsign(signed: str, secrets: Sequence[Secret]) -> str | None:
    """Return the session ID if one of the secrets made the signature; it is compared as text, never normalised."""
    session_id = signed.rpartition(".")[0]
    given = signed.encode("utf-8", "surrogatepass")
    for secret in secrets:
        if hmac.compare_digest(sign(session_id, secret).encode("utf-8", "surrogatepass"), given):
            return session_id
    return None
