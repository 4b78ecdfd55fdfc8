"""Sessions in this process's memory as express-session's own MemoryStore keeps them.

The records are those of `store_adapters.memory_store` of the same name, so the inspector sees them. What counts is the
expiry kept beside the record, which `set` and `touch` take from `cookie.expires`.
"""

from __future__ import annotations

import math

from store_adapters.application.javascript_json import stringify
from store_adapters.application.session_record import cookie_expiry_ms, cookie_of, parse_session
from store_adapters.contract import ChangeKind
from store_adapters.memory_store import shared_records
from store_adapters.options import Limits, StoreAddress


class MemoryApplicationStore:
    """The application's side of a memory store."""

    marks_session = False

    def __init__(self, name: str) -> None:
        self._shared = shared_records(name)

    @classmethod
    def open(cls, address: StoreAddress, limits: Limits, *, keeps_forever: bool = False) -> MemoryApplicationStore:
        return cls(address.path)

    def get(self, session_id: str, now_ms: int) -> bytes | None:
        with self._shared.lock:
            return self._get(_key(session_id), now_ms)

    def set(self, session_id: str, record: bytes, now_ms: int) -> None:
        with self._shared.lock:
            self._shared.put(_key(session_id), record, _expiry(record), ChangeKind.WRITTEN)

    def touch(self, session_id: str, record: bytes, now_ms: int) -> None:
        """Replace the `cookie` of the stored record, if it is still there."""
        key = _key(session_id)
        with self._shared.lock:
            stored = self._get(key, now_ms)
            session = parse_session(stored) if stored is not None else None
            if session is None:
                return
            session["cookie"] = dict(cookie_of(parse_session(record)))
            payload = stringify(session).encode()
            self._shared.put(key, payload, _expiry(payload), ChangeKind.TOUCHED)

    def destroy(self, session_id: str) -> None:
        with self._shared.lock:
            if _key(session_id) in self._shared.records:
                self._shared.remove(_key(session_id))

    def close(self) -> None:
        """Nothing to give back: the records belong to the process."""

    def _get(self, key: bytes, now_ms: int) -> bytes | None:
        found = self._shared.get(key)
        if found is None:
            return None
        if found[1] is not None and found[1] <= now_ms:
            self._shared.remove(key)
            return None
        return found[0]


def _key(session_id: str) -> bytes:
    return session_id.encode("utf-8", "surrogateescape")


def _expiry(record: bytes) -> int | None:
    expires = cookie_expiry_ms(parse_session(record))
    return None if expires is None or math.isnan(expires) else int(expires)
