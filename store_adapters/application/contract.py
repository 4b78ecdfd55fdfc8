"""The four operations express-session asks of a store."""

from __future__ import annotations

from typing import Protocol


class ApplicationStore(Protocol):
    """get, set, touch and destroy by session ID, thread-safe, as formats/express.md section 2 describes them.

    Records are the JSON text of the session (UTF-8 bytes, `cookie` included), as `JSON.stringify` writes it.
    Expiry is worked out from the record's `cookie` exactly as each library does, at the given time.
    Driver trouble is raised as `store_adapters.errors.StoreError`.
    `marks_session`: `set` puts `__lastAccess` into the session object itself, which express-session then takes for a change
    of the page's (session-file-store does).
    """

    marks_session: bool

    def get(self, session_id: str, now_ms: int) -> bytes | None:
        """Return the session's JSON, or None when it is missing or expired."""
        ...

    def set(self, session_id: str, record: bytes, now_ms: int) -> None: ...

    def touch(self, session_id: str, record: bytes, now_ms: int) -> None:
        """Push the expiry on, from the `cookie` of `record`."""
        ...

    def destroy(self, session_id: str) -> None: ...

    def close(self) -> None: ...
