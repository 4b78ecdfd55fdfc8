"""What became of a write to MongoDB whose answer did not come.

When the connection breaks, the server is told to abort the transaction, if it has not committed it, and the document is read
again: then it is certain what is true. Without transactions a server that is only slow leaves it open.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from store_adapters.contract import ChangeExpiry, Delete, RawRecord, RecordRef, Replace, Written
from store_adapters.errors import Interrupted, OutcomeUnknown, RecordMissing, StoreError
from store_adapters.mongo.changes import DocumentChanges
from store_adapters.mongo.diff import is_same
from store_adapters.mongo.link import MongoLink, is_late, is_open, is_unconfirmed
from store_adapters.mongo.write_errors import CHECKED, UNCONFIRMED, Unsettled, as_it_was, nothing_written, unknown
from store_adapters.one_by_one import untraced
from store_adapters.options import Limits

_LOOK_S = 0.5  # for a last look, when a hung server has used up the time already
_NO_ANSWER_S = 0.3  # a look that takes longer got none: the others would wait as long
_ABORT_S = 1.0
"""Long enough for a server that broke off: the driver looks at it every half second."""
_TRANSACTION_ENDS_S = 60.0  # MongoDB's transactionLifetimeLimitSeconds
_PAUSE_S = 0.5


class OutcomeChecker:
    """Sends writes within the time limit, and looks at their documents after a break. `read` is the store's own."""

    def __init__(
        self, link: MongoLink, limits: Limits, changes: DocumentChanges, read: Callable[[RecordRef], RawRecord]
    ) -> None:
        self._link = link
        self._limits = limits
        self._changes = changes
        self._read = read
        self.has_transactions = False
        self._is_aborted = False

    def expect_transaction(self) -> None:
        """A transaction begins: until it is aborted, the server may still carry it out."""
        self._is_aborted = False

    def abort(self, session: Any, error: Exception) -> None:
        """Have the server abort the transaction that an error broke off."""
        self._is_aborted = _abort_transaction(session, _LOOK_S if is_late(error) else _ABORT_S)

    @contextlib.contextmanager
    def sending(self) -> Iterator[list[bool]]:
        """Run a write within the time limit. What it yields is not empty once the server may have carried it out: then what
        breaks is `Unsettled`, before that it says that nothing was written."""
        import pymongo
        from bson.errors import BSONError
        from pymongo.errors import PyMongoError

        sent: list[bool] = []
        try:
            with pymongo.timeout(self._limits.call_s + _ABORT_S):
                yield sent
        except (PyMongoError, BSONError) as error:
            described = self._link.describe(error)
            if not (sent and is_open(error)):
                raise nothing_written(described) from None
            if isinstance(described, Interrupted):
                raise OutcomeUnknown(
                    "The save was interrupted, so whether it was saved is unknown.",
                    "Refresh and check the session.",
                ) from None
            raise Unsettled(described, is_written=is_unconfirmed(error), is_late=is_late(error)) from None

    def after_break(
        self,
        written: RawRecord,
        unsettled: Unsettled,
        started: float,
        is_there: Callable[[RawRecord], bool],
        base: RawRecord | None,
    ) -> RawRecord:
        """Look again and return the record as it is written; whatever else is true is raised. `base`: what it was before."""
        import pymongo

        left_s = max(_LOOK_S, self._limits.call_s + _LOOK_S - (time.monotonic() - started))
        try:
            with pymongo.timeout(left_s):
                now = self._read(written.ref)
        except RecordMissing:
            if base is not None:
                raise
            raise (unknown(is_read=True) if unsettled.is_late else as_it_was(unsettled.error)) from None
        except StoreError:
            raise unknown() from None
        if is_there(now):
            return replace(now, note=UNCONFIRMED if unsettled.is_written else CHECKED)
        is_old = base is not None and is_same(now.payload, base.payload, self._changes.names.moved)
        # A server that is only slow may still carry it out, as long as it was not told to forget it.
        if is_old and (self._is_aborted if self.has_transactions else not unsettled.is_late):
            raise as_it_was(unsettled.error) from None
        raise unknown(is_read=True) from None

    def look_again(self, looks: Sequence[Callable[[], Written] | Written]) -> list[Written]:
        """The answer did not come: look what is true of each that may have been written."""
        told: list[Written] = []
        for look in looks:
            began = time.monotonic()
            try:
                told.append(look() if callable(look) else look)
            except StoreError as error:
                told.append(untraced(error))
                if isinstance(error, OutcomeUnknown) and time.monotonic() - began > _NO_ANSWER_S:
                    return told + [untraced(error) if callable(one) else one for one in looks[len(told) :]]
        return told

    def look_at(self, write: Replace | Delete | ChangeExpiry, unsettled: Unsettled, started: float) -> Written:
        try:
            return self.after_break(write.base, unsettled, started, partial(self._changes.is_done, write), write.base)
        except RecordMissing:
            if isinstance(write, Delete):
                return None
            raise


def _abort_transaction(session: Any, timeout_s: float) -> bool:
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
    """Try until the server answers, the store is closed, or the server has let the transaction go."""
    import pymongo
    from pymongo.errors import InvalidOperation, PyMongoError

    until = time.monotonic() + _TRANSACTION_ENDS_S
    while time.monotonic() < until:
        try:
            with pymongo.timeout(_ABORT_S):
                client.admin.command("killSessions", [session_id])
            return
        except InvalidOperation:
            return
        except PyMongoError:
            time.sleep(_PAUSE_S)
