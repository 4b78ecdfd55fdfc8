"""The cookie's lifetime in a session as express-session writes it, changed in the bytes without a tree; for many at once.

Format: express-session's `Cookie.toJSON`: the cookie stands first, and `originalMaxAge` first in it. Anything else, and
what is wrapped in something, is for the tree.
"""

from __future__ import annotations

import re

import msgspec

from inspector.core.display import format_time
from store_adapters.record_form import PayloadForm

_COOKIE = re.compile(
    rb'\{"cookie":\{"originalMaxAge":(null|\d{1,16}),(?:"partitioned":(?:true|false),)?(?:"priority":"\w{1,10}",)?'
    rb'"expires":(null|"[0-9TZ:.-]{20,30}")(?=[,}])'
)
_OTHER_FORMS = frozenset({PayloadForm.DOCUMENT, PayloadForm.FILE})


class _Cookie(msgspec.Struct):
    originalMaxAge: int | None  # noqa: N815 - the format's own name
    expires: str | None


class _Session(msgspec.Struct):
    cookie: _Cookie


_decoder = msgspec.json.Decoder(_Session)


def quick_lifetime(payload: bytes, form: str, expires_at_ms: int | None, now_ms: int) -> bytes | None:
    """Return the payload with the cookie's lifetime set and no other byte changed; None where that takes the tree."""
    found = _COOKIE.match(payload) if form not in _OTHER_FORMS else None
    if found is None:
        return None
    left = None if expires_at_ms is None else max(1, expires_at_ms - now_ms)
    ends = None if expires_at_ms is None else format_time(expires_at_ms)
    changed = b"".join(
        [
            payload[: found.start(1)],
            b"null" if left is None else b"%d" % left,
            payload[found.end(1) : found.start(2)],
            b"null" if ends is None else b'"%s"' % ends.encode(),
            payload[found.end(2) :],
        ]
    )
    try:
        payload.decode()  # the decoder does not look into what it skips
        cookie = _decoder.decode(changed).cookie
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    # A second cookie further on would be the one that counts.
    return changed if (cookie.originalMaxAge, cookie.expires) == (left, ends) else None
