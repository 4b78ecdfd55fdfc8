"""Sessions in MongoDB as connect-mongo 6 keeps them with `stringify: true`; knows no HTTP.

Format: `{_id: <session ID>, expires: Date, session: <JSON text>}` with a TTL index on `expires`.
"""

from __future__ import annotations

import contextlib
import datetime
import math
import threading
from collections.abc import Iterator
from typing import Any

from store_adapters.application.session_record import cookie_expiry_ms, parse_session
from store_adapters.errors import (
    BadStoreAddress,
    RecordMissing,
    RecordUnreadable,
    StoreReadOnly,
    StoreRefused,
    StoreUnreachable,
)
from store_adapters.options import Limits, StoreAddress

_DEFAULT_TTL_S = 1_209_600
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_AUTHENTICATION_FAILED, _UNAUTHORIZED = 18, 13


class ConnectMongoStore:
    """One client with its own pool of connections."""

    def __init__(self, address: StoreAddress, limits: Limits) -> None:
        self._client = _open_client(address, limits)
        database = self._client[address.path or "test"]
        self._sessions = database[address.options.get("collection") or "sessions"]
        self._index_lock = threading.Lock()
        self._has_index = False

    @classmethod
    def open(cls, address: StoreAddress, limits: Limits) -> ConnectMongoStore:
        """Connect, so that a wrong address or password is told here."""
        store = cls(address, limits)
        try:
            with _describing_errors():
                store._sessions.find_one({"_id": "session-inspector-probe"}, {"_id": 1})
        except Exception:
            store.close()
            raise
        return store

    def get(self, session_id: str, now_ms: int) -> bytes | None:
        """Return the session; one whose `expires` is no date is as good as missing. `RecordUnreadable`."""
        unexpired = [{"expires": {"$exists": False}}, {"expires": {"$gt": _to_datetime(now_ms)}}]
        with _describing_errors():
            document = self._sessions.find_one({"_id": session_id, "$or": unexpired})
        if document is None:
            return None
        session = document.get("session")
        if not isinstance(session, str):
            raise RecordUnreadable("The document's session is no JSON text.", "It was written with stringify: false.")
        return session.encode("utf-8", "surrogatepass")

    def set(self, session_id: str, record: bytes, now_ms: int) -> None:
        """Write the session, bringing a deleted one back."""
        fields = {"_id": session_id, "session": record.decode(), "expires": _expires(record, now_ms)}
        with _describing_errors():
            self._create_index()
            self._sessions.update_one({"_id": session_id}, {"$set": fields}, upsert=True)

    def touch(self, session_id: str, record: bytes, now_ms: int) -> None:
        """Set `expires` and nothing else. `RecordMissing`."""
        with _describing_errors():
            result = self._sessions.update_one({"_id": session_id}, {"$set": {"expires": _expires(record, now_ms)}})
        if result.matched_count == 0:
            raise RecordMissing("Unable to find the session to touch.", "It was deleted during the request.")

    def destroy(self, session_id: str) -> None:
        with _describing_errors():
            self._sessions.delete_one({"_id": session_id})

    def close(self) -> None:
        self._client.close()

    def _create_index(self) -> None:
        with self._index_lock:
            if not self._has_index:
                self._sessions.create_index([("expires", 1)], expireAfterSeconds=0)
                self._has_index = True


def _open_client(address: StoreAddress, limits: Limits) -> Any:
    import pymongo
    from pymongo.errors import ConfigurationError, InvalidURI

    options: dict[str, Any] = {name: value for name, value in address.options.items() if name != "collection"}
    for name in ("tls", "tlsInsecure", "directConnection", "retryWrites", "ssl"):
        if name in options:
            options[name] = options[name].lower() == "true"
    if address.user:
        options |= {"username": address.user, "password": address.password}
        # As in a connection string: the login is checked against the database named there.
        options.setdefault("authSource", address.path or "admin")
    is_srv = address.scheme == "mongodb+srv"
    try:
        return pymongo.MongoClient(
            f"mongodb+srv://{address.hosts[0]}" if is_srv else list(address.hosts),
            tz_aware=True,
            serverSelectionTimeoutMS=int(limits.connect_s * 1000),
            connectTimeoutMS=int(limits.connect_s * 1000),
            socketTimeoutMS=int(limits.call_s * 1000),
            **options,
        )
    except (ConfigurationError, InvalidURI, ValueError, TypeError):
        raise BadStoreAddress("MongoDB's options in the address cannot be used.", "Check the part after the '?'.") from None


@contextlib.contextmanager
def _describing_errors() -> Iterator[None]:
    from pymongo import errors

    try:
        yield
    except errors.NotPrimaryError:
        raise StoreReadOnly("This server is no primary and takes no writes.", "Name all members in the address.") from None
    except errors.ConnectionFailure:
        raise StoreUnreachable("No MongoDB server answered in time.", "Check that it runs, and the address.") from None
    except errors.OperationFailure as error:
        if error.code in (_AUTHENTICATION_FAILED, _UNAUTHORIZED):
            raise StoreRefused("MongoDB refused the user or the permission.", "Check user, password and roles.") from None
        raise StoreRefused(f"MongoDB refused the command (code {error.code}).", "Look at the server's log.") from None
    except errors.PyMongoError:
        raise StoreRefused("MongoDB could not do what was asked.", "Look at the server's log.") from None


def _expires(record: bytes, now_ms: int) -> datetime.datetime:
    expires_at_ms = cookie_expiry_ms(parse_session(record))
    if expires_at_ms is None:
        return _to_datetime(now_ms + _DEFAULT_TTL_S * 1000)
    if math.isnan(expires_at_ms):
        raise StoreRefused("The cookie of the session expires at no valid time.")
    return _to_datetime(expires_at_ms)


def _to_datetime(epoch_ms: float) -> datetime.datetime:
    return _EPOCH + datetime.timedelta(milliseconds=epoch_ms)
