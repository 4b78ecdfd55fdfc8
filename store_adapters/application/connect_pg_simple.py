"""Sessions in PostgreSQL as connect-pg-simple 10 keeps them with createTableIfMissing: sid, sess as JSON, expire in whole seconds."""

from __future__ import annotations

import contextlib
import math
import queue
from collections.abc import Iterator

from store_adapters.application.session_record import cookie_expiry_ms, parse_session
from store_adapters.errors import RecordUnreadable, StoreRefused
from store_adapters.options import Limits, StoreAddress
from store_adapters.postgres.expressions import quoted
from store_adapters.postgres.link import PostgresLink

_DEFAULT_TTL_S = 86400
# The library's own table.sql.
_TABLE = """
CREATE TABLE IF NOT EXISTS {table} (
  "sid" varchar NOT NULL COLLATE "default" PRIMARY KEY, "sess" json NOT NULL, "expire" timestamp(6) NOT NULL
)
"""
_INDEX = 'CREATE INDEX IF NOT EXISTS "IDX_session_expire" ON {table} ("expire")'


class ConnectPgSimpleStore:
    """One connection for every thread that is calling at the time; they are kept and used again."""

    marks_session = False

    def __init__(self, address: StoreAddress, limits: Limits) -> None:
        self._address, self._limits = address, limits
        names = (address.options.get("schema", ""), address.options.get("table") or "session")
        self._table = ".".join(quoted(name) for name in names if name)
        self._idle: queue.LifoQueue[PostgresLink] = queue.LifoQueue()

    @classmethod
    def open(cls, address: StoreAddress, limits: Limits, *, keeps_forever: bool = False) -> ConnectPgSimpleStore:
        """Connect and make the table where there is none. `keeps_forever` changes nothing: every row has an end."""
        store = cls(address, limits)
        with store._link() as link:
            if not link.rows("SELECT to_regclass(%s)::text", (store._table.replace("%%", "%"),))[0][0]:
                link.rows(_TABLE.format(table=store._table))
                link.rows(_INDEX.format(table=store._table))
        return store

    def get(self, session_id: str, now_ms: int) -> bytes | None:
        """Return the session; text that isn't JSON is deleted, as by the library."""
        with self._link() as link:
            rows = link.rows(
                f"SELECT sess::text FROM {self._table} WHERE sid = %s AND expire >= to_timestamp(%s)",
                (session_id, math.ceil(now_ms / 1000)),
            )
        if not rows:
            return None
        record = str(rows[0][0]).encode("utf-8", "surrogatepass")
        try:
            parse_session(record)
        except RecordUnreadable:
            self.destroy(session_id)
            return None
        return record

    def set(self, session_id: str, record: bytes, now_ms: int) -> None:
        """Write the session, bringing a deleted one back."""
        with self._link() as link:
            link.rows(
                f"INSERT INTO {self._table} (sess, expire, sid) SELECT %s::json, to_timestamp(%s), %s"
                " ON CONFLICT (sid) DO UPDATE SET sess = EXCLUDED.sess, expire = EXCLUDED.expire",
                (record.decode(), _ends_s(record, now_ms), session_id),
            )

    def touch(self, session_id: str, record: bytes, now_ms: int) -> None:
        """Push the expiry on and nothing else, whether or not the row is alive."""
        with self._link() as link:
            link.rows(
                f"UPDATE {self._table} SET expire = to_timestamp(%s) WHERE sid = %s",
                (_ends_s(record, now_ms), session_id),
            )

    def destroy(self, session_id: str) -> None:
        with self._link() as link:
            link.rows(f"DELETE FROM {self._table} WHERE sid = %s", (session_id,))

    def close(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()

    @contextlib.contextmanager
    def _link(self) -> Iterator[PostgresLink]:
        try:
            link = self._idle.get_nowait()
        except queue.Empty:
            link = PostgresLink(self._address, self._limits)
        try:
            yield link
        finally:
            self._idle.put(link)


def _ends_s(record: bytes, now_ms: int) -> int:
    """Return the end in whole seconds, rounded up: from `cookie.expires`, else a day."""
    expires_at_ms = cookie_expiry_ms(parse_session(record))
    if expires_at_ms is None:
        return math.ceil(now_ms / 1000 + _DEFAULT_TTL_S)
    if math.isnan(expires_at_ms):
        raise StoreRefused("The session cookie's expiry isn't a valid time, which PostgreSQL refuses.")
    return math.ceil(expires_at_ms / 1000)
