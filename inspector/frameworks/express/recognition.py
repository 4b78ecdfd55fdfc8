"""Which record is express-session's, and which of its stores' libraries wrote it, from the record's form alone.

Sources: the samples of express-session 1.15 to 1.19, connect-mongo 3 to 6, connect-mongodb-session 5, session-file-store 1.2 to 1.5.
"""

from __future__ import annotations

import re

from inspector.codecs import Decoded, SealedError
from inspector.codecs.wrappings.connect_mongo_crypto import ConnectMongo3Layer, WebCryptoLayer
from inspector.codecs.wrappings.kruptein import KrupteinLayer
from inspector.codecs.wrappings.session_file_crypto import SessionFileLayer
from inspector.core.node import Kind, Node, member
from inspector.frameworks.framework import Certainty, Place, Recognition, StoredRecord

EXPRESS_PLACES = (Place("redis", "sess:*"), Place("file", "*.json"), Place("sqlite"), Place("memory"))
"""Where the stores keep their records by default; the tables of the SQLite stores and MemoryStore are express-session's alone."""
_STORES = {"redis": "connect-redis", "memory": "MemoryStore"}
_TABLES = {
    "connect-pg-simple": "connect-pg-simple",
    "express-mysql-session": "express-mysql-session",
    "knex": "connect-session-knex",
    "sequelize": "connect-session-sequelize",
    "prisma": "prisma-session-store",
    "typeorm": "connect-typeorm",
    "connect-sqlite3": "connect-sqlite3",
    "better-sqlite3": "better-sqlite3-session-store",
}
"""The libraries of express-session that keep sessions in tables, by the name that the store's schema tells."""
_FOREIGN_TEXT = re.compile(
    rb"\x80[\x02-\x05]|\xac\xed\x00\x05|\x04\x08|[\x81-\x8f\xde\xdf]"  # pickle, Java, Ruby's Marshal, MessagePack
    rb"|[ais]:\d+:[{\"]|[A-Za-z_]\w*\|[aisbdNO][:;]"  # PHP's serialize and session formats
    rb"|\.?[\w-]{8,}:[\w-]{6}:[\w-]{27,43}\Z"  # Django's signing
)
_FOREIGN_FIELDS = frozenset(("_auth_user_id", "_auth_user_backend", "_auth_user_hash"))  # Django's


def recognise_express(record: StoredRecord) -> Recognition | None:
    """Recognise a record by its fields, the store's library by what is around them; by its place where it tells nothing."""
    decoded, kind = record.decoded, record.kind
    if record.library and record.library not in _TABLES:
        return None  # another framework's table
    if record.sealed is not None:
        return _recognise_sealed(record.sealed, kind)
    if decoded is None:
        # What no codec reads, as far as its place tells and its first bytes do not deny it.
        return None if _FOREIGN_TEXT.match(record.payload) and kind != "mongo" else _by_place(record, record.payload)
    root = decoded.root
    cookie = member(root, "cookie") if root.kind is Kind.OBJECT else None
    if cookie is None:
        keys = [entry.key for entry in root.entries]
        return None if _FOREIGN_FIELDS.intersection(keys) else _by_place(record)
    if cookie.kind is not Kind.OBJECT:
        return Recognition(Certainty.POSSIBLE, "it has a cookie member that isn't an object", "unknown")
    if has_fastify_cookie(decoded):
        return None
    sealed = _by_layers(decoded)
    if sealed is not None:
        return sealed
    names = [entry.key for entry in cookie.entries]
    if not {"originalMaxAge", "expires", "httpOnly", "path"} & set(names):
        return Recognition(Certainty.POSSIBLE, "it has a cookie object")
    if kind == "mongo":
        return _mongo(decoded, names)
    if kind == "file":
        if member(root, "__lastAccess") is None:
            return Recognition(Certainty.LIKELY, "a cookie object, but no __lastAccess")
        words = "express-session with session-file-store"
        return Recognition(Certainty.CERTAIN, "a cookie object and __lastAccess", words)
    words = f"express-session with {_TABLES.get(record.library) or _STORES.get(kind, 'a store')}"
    return Recognition(Certainty.LIKELY, "its cookie has the fields express-session writes", words)


def recognise_own_serializer(record: StoredRecord) -> Recognition | None:
    """Recognise a session of express-session inside what a serializer of the application's own, or an old library, made of it."""
    root = record.decoded.root if record.decoded is not None else None
    if root is None or root.kind is not Kind.OBJECT or member(root, "cookie") is not None:
        return None
    if len(root.entries) == 1:
        inner = root.entries[0].value
        if inner.kind is Kind.OBJECT and member(inner, "cookie") is not None:
            why = f"a session stands inside the field {root.entries[0].key}, as a serialize option puts it"
            return Recognition(Certainty.LIKELY, why)
    keys = [entry.key for entry in root.entries]
    if len(keys) > 8 and keys == [str(number) for number in range(len(keys))]:
        why = "the characters of an encrypted text stand one by one; the library cannot read that itself"
        return Recognition(Certainty.LIKELY, why, "connect-mongo 3, secret with stringify: false")
    return None


def has_fastify_cookie(decoded: Decoded) -> bool:
    """True for a cookie in the order of @fastify/session, whose stores are express-session's."""
    root = decoded.root
    cookie = member(root, "cookie") if root.kind is Kind.OBJECT else None
    if cookie is None or cookie.kind is not Kind.OBJECT or decoded.codec == "connect-mongo-object":
        return False
    is_null = {entry.key for entry in cookie.entries if entry.value.kind is Kind.NULL}
    return bool({"sameSite", "domain"} & is_null) and cookie.entries[0].key == "expires"


def _recognise_sealed(error: SealedError, kind: str) -> Recognition:
    """Recognise what no secret opened: its form tells of the encryption, and the store of the library."""
    store = {"mongo": "connect-mongo", "file": "session-file-store"}.get(kind, "a custom serializer")
    known = f"{error.known[0].lower()}{error.known[1:]}"
    return Recognition(Certainty.LIKELY, known, f"express-session with {store}")


def _by_place(record: StoredRecord, document: bytes = b"") -> Recognition | None:
    if record.library in _TABLES or any(place.holds(record) for place in EXPRESS_PLACES):
        return Recognition(Certainty.POSSIBLE, "it is where express-session's store keeps its records", "unknown")
    # A whole document tells by its fields.
    if record.kind == "mongo" and (not document or b"expires\0" in document or b"session\0" in document):
        return Recognition(Certainty.POSSIBLE, "the document has connect-mongo's fields", "unknown")
    return None


def _by_layers(decoded: Decoded) -> Recognition | None:
    for layer in decoded.layers:
        match layer:
            case KrupteinLayer():
                store = {"mongo": "connect-mongo 4 to 6", "file": "session-file-store from 1.4"}.get(
                    layer.form, "a custom serializer"
                )
                words = f"express-session with {store}, kruptein {layer.era}"
                return Recognition(Certainty.CERTAIN, "it opens with that version's key and checksum", words)
            case ConnectMongo3Layer():
                why = "it opens with that version's key and checksum"
                return Recognition(Certainty.CERTAIN, why, "express-session with connect-mongo 3")
            case WebCryptoLayer():
                why = "it opens with the web crypto adapter's key"
                return Recognition(Certainty.CERTAIN, why, "express-session with connect-mongo 6")
            case SessionFileLayer():
                why = "it opens with the key of the old form"
                words = "express-session with session-file-store 1.3 or older"
                return Recognition(Certainty.CERTAIN, why, words)
            case _:
                continue
    return None


def _mongo(decoded: Decoded, names: list[str | None]) -> Recognition:
    envelope = decoded.envelope or Node(Kind.OBJECT)
    if decoded.codec == "connect-mongo-object":
        version = "1.18 or newer" if "partitioned" in names else "1.17 or older"
        why = f"a sub-document whose cookie has {'a' if 'partitioned' in names else 'no'} partitioned field"
        cookie = member(decoded.root, "cookie")
        ends, own = member(envelope, "expires"), member(cookie, "expires") if cookie is not None else None
        if ends is not None and ends == own:
            words = f"express-session {version} with connect-mongodb-session"
            return Recognition(Certainty.POSSIBLE, f"{why}, and both expiries are the same", words)
        words = f"express-session {version} with connect-mongo, stringify: false"
        return Recognition(Certainty.LIKELY, why, words)
    if member(envelope, "createdAt") is not None or member(envelope, "updatedAt") is not None:
        return Recognition(Certainty.LIKELY, "it has timestamps", "express-session with connect-mongo 6")
    why = "session is JSON text" + (", and touchAfter left lastModified" if member(envelope, "lastModified") else "")
    return Recognition(Certainty.LIKELY, why, "express-session with connect-mongo")
