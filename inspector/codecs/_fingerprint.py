"""What wrote a decoded record, from its form alone; knows no store and no person's opinion.

Sources: the samples of express-session 1.15 to 1.19, connect-mongo 3 to 6, connect-mongodb-session 5, session-file-store 1.2 to
1.5, @fastify/session 11 and koa-session 7.
"""

from __future__ import annotations

from inspector.codecs._api import Decoded, SealedError
from inspector.codecs.wrappings.connect_mongo_crypto import ConnectMongo3Layer, WebCryptoLayer
from inspector.codecs.wrappings.kruptein import KrupteinLayer
from inspector.codecs.wrappings.session_file_crypto import SessionFileLayer
from inspector.core.node import Kind, Node, member
from inspector.core.writer import UNKNOWN_WRITER, Certainty, Family, Writer

_KOA_FIELDS = ("_expire", "_maxAge", "_session")
_STORES = {"redis": "connect-redis", "sqlite": "an SQLite store", "memory": "MemoryStore"}


def fingerprint(decoded: Decoded, kind: str) -> Writer:
    """Return what wrote the record: the family by its fields, the store's library by what is around them."""
    root = decoded.root
    if root.kind is not Kind.OBJECT:
        return UNKNOWN_WRITER
    cookie = member(root, "cookie")
    if cookie is None:
        return _without_cookie(root)
    if cookie.kind is not Kind.OBJECT:
        return UNKNOWN_WRITER
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


def _without_cookie(root: Node) -> Writer:
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
    return Writer(
        Family.EXPRESS, "unknown", Certainty.POSSIBLE, "there is no cookie object and nothing else that tells"
    )


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
