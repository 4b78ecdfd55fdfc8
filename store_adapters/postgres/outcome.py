"""What became of a transaction whose COMMIT was not answered: the server is asked, by the transaction's number.

Source: `formats/sql.md` section 8: 120 of 120 verdicts right with the link cut before and after COMMIT.
"""

from __future__ import annotations

import time
from enum import Enum

from store_adapters.errors import NotConnected, StoreError
from store_adapters.postgres.link import PostgresLink

_TRIES, _PAUSE_S = 10, 0.1
# A number of the future was never seen by this server: a standby that was promoted.
_STATUS = """
SELECT CASE WHEN %s::xid8 >= pg_snapshot_xmax(pg_current_snapshot()) THEN 'aborted' ELSE pg_xact_status(%s::xid8) END
"""


class Verdict(Enum):
    COMMITTED = "committed"
    ABORTED = "aborted"
    UNKNOWN = "unknown"


def ask_outcome(link: PostgresLink, number: str, pid: int) -> Verdict:
    """Ask over a new connection; a transaction still in progress is ended first, so that the verdict stands."""
    link.disconnect()
    for attempt in range(_TRIES):
        try:
            status = link.rows(_STATUS, (number, number))[0][0]
        except NotConnected:
            if attempt < 2:
                time.sleep(_PAUSE_S)
                continue
            return Verdict.UNKNOWN
        except StoreError:
            return Verdict.UNKNOWN
        if status == "committed":
            return Verdict.COMMITTED
        if status == "aborted":
            return Verdict.ABORTED
        if status is None:
            return Verdict.UNKNOWN
        try:
            link.rows("SELECT pg_terminate_backend(%s)", (pid,))
        except StoreError:
            return Verdict.UNKNOWN
        time.sleep(_PAUSE_S)
    return Verdict.UNKNOWN
