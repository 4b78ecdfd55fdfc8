"""Sessions in MySQL or MariaDB as express-mysql-session 3 keeps them: session_id, data as JSON text, expires in whole seconds."""

from __future__ import annotations

import contextlib
import math
import queue
from collections.abc import Iterator

from store_adapters.application.session_record import cookie_expiry_ms, parse_session
from store_adapters.errors import StoreRefused
from store_adapters.mysql.expressions import quoted
from store_adapters.mysql.link import MysqlLink
from store_adapters.options import Limits, StoreAddress

_DEFAULT_TTL_MS = 86_400_000
# The library's own schema.sql.
_TABLE = """
CREATE TABLE IF NOT EXISTS {table} (
  `session_id` varchar(128) COLLATE utf8mb4_bin NOT NULL,
  `expires` int(11) unsigned NOT NULL,
  `data` mediumtext COLLATE utf8mb4_bin,
  PRIMARY KEY (`session_id`)
) ENGINE=InnoDB
"""


class ExpressMysqlSessionStore:
    """One connection for every thread that is calling at the time; they are kept and used again."""

    marks_session = False

    def __init__(self, address: StoreAddress, limits: Limits) -> None:
        self._address, self._limits = address, limits
        self._table = quoted(address.options.get("table") or "sessions")
        self._idle: queue.LifoQueue[MysqlLink] = queue.LifoQueue()

    @classmethod
    def open(cls, address: StoreAddress, limits: Limits, *, keeps_forever: bool = False) -> ExpressMysqlSessionStore:
        """Connect and make the table where there is none. `keeps_forever` changes nothing: every row has an end."""
        store = cls(address, limits)
        with store._link() as link:
            link.change(_TABLE.format(table=store._table))
        return store

    def get(self, session_id: str, now_ms: int) -> bytes | None:
        with self._link() as link:
            rows = link.rows(f"SELECT data, expires FROM {self._table} WHERE session_id = %s", (session_id,))
        if not rows or rows[0][0] is None or rows[0][1] < _round_s(now_ms):
            return None
        return bytes(rows[0][0])

    def set(self, session_id: str, record: bytes, now_ms: int) -> None:
        """Write the session, bringing a deleted one back."""
        with self._link() as link:
            link.change(
                f"INSERT INTO {self._table} (session_id, expires, data) VALUES (%s, %s, %s)"
                " ON DUPLICATE KEY UPDATE expires = VALUES(expires), data = VALUES(data)",
                (session_id, _ends_s(record, now_ms), record.decode()),
            )

    def touch(self, session_id: str, record: bytes, now_ms: int) -> None:
        """Push the expiry on and nothing else, whether or not the row is alive."""
        with self._link() as link:
            link.change(
                f"UPDATE {self._table} SET expires = %s WHERE session_id = %s",
                (_ends_s(record, now_ms), session_id),
            )

    def destroy(self, session_id: str) -> None:
        with self._link() as link:
            link.change(f"DELETE FROM {self._table} WHERE session_id = %s", (session_id,))

    def close(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()

    @contextlib.contextmanager
    def _link(self) -> Iterator[MysqlLink]:
        try:
            link = self._idle.get_nowait()
        except queue.Empty:
            link = MysqlLink(self._address, self._limits)
        try:
            yield link
        finally:
            self._idle.put(link)


def _round_s(at_ms: float) -> int:
    """Round as JavaScript does: halves go up."""
    return math.floor(at_ms / 1000 + 0.5)


def _ends_s(record: bytes, now_ms: int) -> int:
    """Return the end in whole seconds, rounded: from `cookie.expires`, else a day."""
    expires_at_ms = cookie_expiry_ms(parse_session(record))
    if expires_at_ms is None:
        return _round_s(now_ms + _DEFAULT_TTL_MS)
    if math.isnan(expires_at_ms):
        raise StoreRefused("The session cookie's expiry isn't a valid time, which MySQL refuses.")
    return _round_s(expires_at_ms)
