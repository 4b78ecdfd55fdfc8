"""What wrote a decoded record, from its form alone; knows no store and no person's opinion.

Sources: the samples of express-session 1.15 to 1.19, connect-mongo 3 to 6, connect-mongodb-session 5, session-file-store 1.2 to
1.5, @fastify/session 11 and koa-session 7.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from inspector.codecs._api import Decoded, SealedError
from inspector.codecs.wrappings.connect_mongo_crypto import ConnectMongo3Layer, WebCryptoLayer
from inspector.codecs.wrappings.kruptein import KrupteinLayer
from inspector.codecs.wrappings.session_file_crypto import SessionFileLayer
from inspector.core.node import Kind, Node, member
from inspector.core.writer import UNKNOWN_WRITER, Certainty, Family, Writer

_KOA_FIELDS = ("_expire", "_maxAge", "_session")
_STORES = {"redis": "connect-redis", "sqlite": "an SQLite store", "memory": "MemoryStore"}


_PLACES: dict[str, Callable[[bytes], bool]] = {
    "redis": lambda key: key.startswith(b"sess:"),
    "file": lambda key: key.endswith(b".json"),
    "sqlite": lambda _key: True,
    "memory": lambda _key: True,
}
"""Where express-session's stores keep their records by default; the tables of the SQLite stores and MemoryStore are its alone."""
_FOREIGN_TEXT = re.compile(
    rb"\x80[\x02-\x05]|\xac\xed\x00\x05|\x04\x08|[\x81-\x8f\xde\xdf]"  # pickle, Java, Ruby's Marshal, MessagePack
    rb"|[ais]:\d+:[{\"]|[A-Za-z_]\w*\|[aisbdNO][:;]"  # PHP's serialize and session formats
    rb"|\.?[\w-]{8,}:[\w-]{6}:[\w-]{27,43}\Z"  # Django's signing
)
_FOREIGN_FIELDS = frozenset(("_auth_user_id", "_auth_user_backend", "_auth_user_hash"))  # Django's


def fingerprint(decoded: Decoded, kind: str, key: bytes = b"") -> Writer:
    """Return what wrote the record: the family by its fields, the store's library by what is around them.

    `key` is the store's own: it tells where the record itself does not.
    """
    root = decoded.root
    if root.kind is not Kind.OBJECT:
        return _by_place(kind, key)
    cookie = member(root, "cookie")
    if cookie is None:
        return _without_cookie(root, kind, key)
    if cookie.kind is not Kind.OBJECT:
        return Writer(Family.EXPRESS, "unknown", Certainty.POSSIBLE, "it has a cookie member, which is no object")
    names = [entry.key for entry in cookie.entries]
    is_null = {entry.key for entry in cookie.entries if entry.value.kind is Kind.NULL}
    if decoded.codec != "connect-mongo-object" and {"sameSite", "domain"} & is_null and names[:1] == ["expires"]:
        why = "its cookie begins with expires and spells out what is null"
        return Writer(Family.FASTIFY, "@fastify/session", Certainty.LIKELY, why)
    sealed = _by_layers(decoded)
    if sealed is not None:
        return sealed
    if not {"originalMaxAge", "expires", "httpOnly", "path"} & set(names):
        return Writer(Family.EXPRESS, "express-session", Certainty.POSSIBLE, "it has a cookie object")
    if kind == "mongo":
        return _mongo(decoded, names)
    if kind == "file":
        if member(root, "__lastAccess") is None:
            return Writer(Family.EXPRESS, "express-session", Certainty.LIKELY, "a cookie object, but no __lastAccess")
        words = "express-session with session-file-store"
        return Writer(Family.EXPRESS, words, Certainty.CERTAIN, "a cookie object and __lastAccess")
    words = f"express-session with {_STORES.get(kind, 'a store')}"
    return Writer(Family.EXPRESS, words, Certainty.LIKELY, "its cookie has the fields express-session writes")


def fingerprint_sealed(error: SealedError, kind: str) -> Writer:
    """Return what wrote a record that no secret opened: its form tells of the encryption, and the store of the library."""
    store = {"mongo": "connect-mongo", "file": "session-file-store"}.get(kind, "a serializer of its own")
    known = f"{error.known[0].lower()}{error.known[1:]}"
    return Writer(Family.EXPRESS, f"express-session with {store}", Certainty.LIKELY, known)


def fingerprint_unread(payload: bytes, kind: str, key: bytes) -> Writer:
    """Return what wrote a record that no codec reads, as far as its place tells and its first bytes do not deny it."""
    return UNKNOWN_WRITER if _FOREIGN_TEXT.match(payload) and kind != "mongo" else _by_place(kind, key, payload)


def _by_place(kind: str, key: bytes, document: bytes = b"") -> Writer:
    is_default = _PLACES.get(kind)
    if is_default is not None and is_default(key):
        return Writer(
            Family.EXPRESS, "unknown", Certainty.POSSIBLE, "it is where express-session's store keeps its records"
        )
    # A whole document tells by its fields.
    if kind == "mongo" and (not document or b"expires\0" in document or b"session\0" in document):
        return Writer(Family.EXPRESS, "unknown", Certainty.POSSIBLE, "the document has connect-mongo's fields")
    return UNKNOWN_WRITER


def _without_cookie(root: Node, kind: str, key: bytes) -> Writer:
    koa = [name for name in _KOA_FIELDS if member(root, name) is not None]
    if koa:
        return Writer(Family.KOA, "koa-session", Certainty.LIKELY, f"{' and '.join(koa)}, and no cookie")
    if len(root.entries) == 1:
        inner = root.entries[0].value
        if inner.kind is Kind.OBJECT and member(inner, "cookie") is not None:
            name = root.entries[0].key
            why = f"a session stands inside the field {name}, as a serialize option puts it"
            return Writer(Family.OTHER, "express-session with a serializer of its own", Certainty.LIKELY, why)
    keys = [entry.key for entry in root.entries]
    if len(keys) > 8 and keys == [str(number) for number in range(len(keys))]:
        why = "the characters of an encrypted text stand one by one; the library cannot read that itself"
        return Writer(Family.OTHER, "connect-mongo 3, secret with stringify: false", Certainty.LIKELY, why)
    return UNKNOWN_WRITER if _FOREIGN_FIELDS.intersection(keys) else _by_place(kind, key)


def _by_layers(decoded: Decoded) -> Writer | None:
    for layer in decoded.layers:
        match layer:
            case KrupteinLayer():
                store = {"mongo": "connect-mongo 4 to 6", "file": "session-file-store from 1.4"}.get(
                    layer.kind, "a serializer of its own"
                )
                words = f"express-session with {store}, kruptein {layer.era}"
                return Writer(Family.EXPRESS, words, Certainty.CERTAIN, "it opens with that version's key and checksum")
            case ConnectMongo3Layer():
                why = "it opens with that version's key and checksum"
                return Writer(Family.EXPRESS, "express-session with connect-mongo 3", Certainty.CERTAIN, why)
            case WebCryptoLayer():
                why = "it opens with the web crypto adapter's key"
                return Writer(Family.EXPRESS, "express-session with connect-mongo 6", Certainty.CERTAIN, why)
            case SessionFileLayer():
                why = "it opens with the key of the old form"
                words = "express-session with session-file-store 1.3 or older"
                return Writer(Family.EXPRESS, words, Certainty.CERTAIN, why)
            case _:
                continue
    return None


def _mongo(decoded: Decoded, names: list[str | None]) -> Writer:
    envelope = decoded.envelope or Node(Kind.OBJECT)
    if decoded.codec == "connect-mongo-object":
        version = "1.18 or newer" if "partitioned" in names else "1.17 or older"
        why = f"a sub-document whose cookie has {'a' if 'partitioned' in names else 'no'} partitioned field"
        cookie = member(decoded.root, "cookie")
        ends, own = member(envelope, "expires"), member(cookie, "expires") if cookie is not None else None
        if ends is not None and ends == own:
            words = f"express-session {version} with connect-mongodb-session"
            return Writer(Family.EXPRESS, words, Certainty.POSSIBLE, f"{why}, and both expiries are the same")
        words = f"express-session {version} with connect-mongo, stringify: false"
        return Writer(Family.EXPRESS, words, Certainty.LIKELY, why)
    if member(envelope, "createdAt") is not None or member(envelope, "updatedAt") is not None:
        return Writer(Family.EXPRESS, "express-session with connect-mongo 6", Certainty.LIKELY, "it has timestamps")
    why = "session is JSON text" + (", and touchAfter left lastModified" if member(envelope, "lastModified") else "")
    return Writer(Family.EXPRESS, "express-session with connect-mongo", Certainty.LIKELY, why)
