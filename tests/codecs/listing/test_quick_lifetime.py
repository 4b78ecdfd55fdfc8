"""Setting a lifetime in the bytes gives what the tree gives, and leaves to the tree whatever is not express-session's own."""

from __future__ import annotations

import pytest

from inspector.codecs import decode, encode, quick_lifetime
from inspector.frameworks import EXPRESS
from tests.bench.sessions import session_text

NOW_MS = 1_790_000_000_000


def by_tree(payload: bytes, ends: int | None) -> bytes:
    decoded = decode(payload, "redis")
    root = EXPRESS.expiry.move(decoded.root, ends, NOW_MS)
    assert root is not None
    return encode(decoded, root)


@pytest.mark.parametrize("ends", [None, NOW_MS + 86_400_000, NOW_MS - 5, NOW_MS + 1])
def test_bytes_and_tree_agree_on_realistic_sessions(ends: int | None) -> None:
    for number in range(200):
        payload = session_text(number, NOW_MS)[0]
        assert quick_lifetime(payload, "redis", ends, NOW_MS) == by_tree(payload, ends)


def test_session_cookie_gets_a_lifetime() -> None:
    payload = b'{"cookie":{"originalMaxAge":null,"expires":null,"httpOnly":true,"path":"/"},"n":1.0,"n":1e0}'
    changed = quick_lifetime(payload, "redis", NOW_MS + 1000, NOW_MS)
    assert changed == by_tree(payload, NOW_MS + 1000)
    assert changed is not None
    assert changed.endswith(b'"n":1.0,"n":1e0}')


@pytest.mark.parametrize(
    "payload",
    [
        b"", b"{}", b"\x00", b'{"a":1,"cookie":{"originalMaxAge":1,"expires":null}}', b'{"cookie":{"expires":null}}',
        b'{"cookie":{"originalMaxAge":1,"expires":null},"cookie":{"originalMaxAge":2,"expires":null}}',
        b'{"cookie":{"originalMaxAge":1,"expires":null,"expires":"2030-01-01T00:00:00.000Z"}}',
        b'{"cookie":{"originalMaxAge":1,"expires":null},"a":}', b'{"cookie":{"originalMaxAge":1.5,"expires":null}}',
        b'{"cookie":{"originalMaxAge":1,"expires":null}} trailing', b'{"cookie":{"originalMaxAge":1,"expires":null},"a":"\xff"}',
        b'{"cookie":{"originalMaxAge":1,"expires":null},"a":' + b"[" * 50_000,
    ],
)  # fmt: skip
def test_anything_unusual_is_left_to_the_tree(payload: bytes) -> None:
    assert quick_lifetime(payload, "redis", NOW_MS + 1000, NOW_MS) is None


def test_documents_and_files_are_left_to_the_tree() -> None:
    payload = session_text(1, NOW_MS)[0]
    assert quick_lifetime(payload, "file", None, NOW_MS) is None
    assert quick_lifetime(payload, "mongo", None, NOW_MS) is None
