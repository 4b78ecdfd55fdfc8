"""Sessions in MongoDB as connect-mongo 6 keeps them with `stringify: true`.

Format: `{_id: <session ID>, expires: Date, session: <JSON text>}` with a TTL index on `expires`.
"""

from __future__ import annotations

import datetime
import math
import threading

from store_adapters.application.session_record import cookie_expiry_ms, parse_session
from store_adapters.errors import RecordMissing, RecordUnreadable, StoreRefused
from store_adapters.mongo.link import MongoLink
from store_adapters.options import Limits, StoreAddress

_DEFAULT_TTL_S = 1_209_600
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


class ConnectMongoStore:
    """One client, whose pool of connections serves every thread."""

    marks_session = False

    def __init__(self, address: StoreAddress, limits: Limits, *, keeps_forever: bool = False) -> None:
        self._keeps_forever = keeps_forever
        self._link = MongoLink(address, limits)
        self._sessions = self._link.collection()
        self._index_lock = threading.Lock()
        self._has_index = False

    @classmethod
    def open(cls, address: StoreAddress, limits: Limits, *, keeps_forever: bool = False) -> ConnectMongoStore:
        """Connect, so that a wrong address or password is told here."""
        store = cls(address, limits, keeps_forever=keeps_forever)
        try:
            with store._link.errors():
                store._sessions.find_one({"_id": "session-inspector-probe"}, {"_id": 1})
        except BaseException:
            store.close()
            raise
        return store

    def get(self, session_id: str, now_ms: int) -> bytes | None:
        """Return the session; one whose `expires` isn't a date is as good as missing. `RecordUnreadable`."""
        unexpired = [{"expires": {"$exists": False}}, {"expires": {"$gt": _to_datetime(now_ms)}}]
        with self._link.errors():
            document = self._sessions.find_one({"_id": session_id, "$or": unexpired})
        if document is None:
            return None
        session = document.get("session")
        if not isinstance(session, str):
            raise RecordUnreadable("The document's session isn't JSON text.", "It was written with stringify: false.")
        return session.encode("utf-8", "surrogatepass")

    def set(self, session_id: str, record: bytes, now_ms: int) -> None:
        """Write the session, bringing a deleted one back."""
        fields: dict[str, object] = {"_id": session_id, "session": record.decode()}
        if not self._keeps_forever:
            fields["expires"] = _expires(record, now_ms)
        with self._link.errors():
            self._create_index()
            self._sessions.update_one({"_id": session_id}, {"$set": fields}, upsert=True)

    def touch(self, session_id: str, record: bytes, now_ms: int) -> None:
        """Set `expires` and nothing else. `RecordMissing`."""
        if self._keeps_forever:
            return
        with self._link.errors():
            result = self._sessions.update_one({"_id": session_id}, {"$set": {"expires": _expires(record, now_ms)}})
        if result.matched_count == 0:
            raise RecordMissing("Unable to find the session to touch.", "It was deleted during the request.")

    def destroy(self, session_id: str) -> None:
        with self._link.errors():
            self._sessions.delete_one({"_id": session_id})

    def close(self) -> None:
        self._link.close()

    def _create_index(self) -> None:
        with self._index_lock:
            if not self._has_index:
                self._sessions.create_index([("expires", 1)], expireAfterSeconds=0)
                self._has_index = True


def _expires(record: bytes, now_ms: int) -> datetime.datetime:
    expires_at_ms = cookie_expiry_ms(parse_session(record))
    if expires_at_ms is None:
        return _to_datetime(now_ms + _DEFAULT_TTL_S * 1000)
    if math.isnan(expires_at_ms):
        raise StoreRefused("The session cookie's expiry isn't a valid time.")
    return _to_datetime(expires_at_ms)


def _to_datetime(epoch_ms: float) -> datetime.datetime:
    return _EPOCH + datetime.timedelta(milliseconds=epoch_ms)
