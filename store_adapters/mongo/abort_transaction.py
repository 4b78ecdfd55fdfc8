"""Has a MongoDB server abort a transaction that broke.

It would keep the application from the documents for a minute, and what a commit did is certain only afterwards.
"""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Any

ABORT_S = 1.0
"""Long enough for a server that broke off: the driver looks at it every half second."""
_TRANSACTION_ENDS_S = 60.0  # MongoDB's transactionLifetimeLimitSeconds
_PAUSE_S = 0.5


def abort_transaction(session: Any, timeout_s: float) -> bool:
    """Tell the server within that time; True when it has heard. One that hangs is told when it goes on."""
    client, identifier = session.client, session.session_id
    if _kill(client, session, timeout_s):
        return True
    threading.Thread(target=_kill_later, args=(client, identifier), name="mongo-abort", daemon=True).start()
    return False


def _kill(client: Any, session: Any, timeout_s: float) -> bool:
    import pymongo
    from pymongo.errors import PyMongoError

    identifier = session.session_id
    with contextlib.suppress(PyMongoError), pymongo.timeout(timeout_s):
        if session.in_transaction:
            session.abort_transaction()
        client.admin.command("killSessions", [identifier])
        return True
    return False


def _kill_later(client: Any, session_id: Any) -> None:
    """Try until the server answers, the store is closed, or the server has let the transaction go by itself."""
    import pymongo
    from pymongo.errors import InvalidOperation, PyMongoError

    until = time.monotonic() + _TRANSACTION_ENDS_S
    while time.monotonic() < until:
        try:
            with pymongo.timeout(ABORT_S):
                client.admin.command("killSessions", [session_id])
            return
        except InvalidOperation:
            return
        except PyMongoError:
            time.sleep(_PAUSE_S)
