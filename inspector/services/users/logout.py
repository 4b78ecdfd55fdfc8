"""Logging a user out everywhere: the sessions are deleted by compare-and-set, and then watched for coming back.

Source: insight.md section 2. A request that was running writes its older copy back under the same ID; remember-me or single sign-on
makes a new one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

from inspector.codecs import FactsReader, plain_data
from inspector.services.doctor.identities import identify, names_one_of
from inspector.services.sessions.open_session import DecodeContext, describe_record
from inspector.services.users.user_list import User
from store_adapters.clock import now_ms
from store_adapters.contract import CancelToken, Change, ChangeKind, Delete, RawRecord, RecordRef, SessionStore
from store_adapters.errors import OutcomeUnknown, RecordChanged, RecordMissing, StoreError

_ATTEMPTS = 5


class Return(Enum):
    """Why somebody who was logged out is there again."""

    IN_FLIGHT = "in flight"  # the same ID: a request that was running wrote its older copy back
    SIGNED_IN = "signed in again"  # a new ID: remember-me, single sign-on, or the person


@dataclass(frozen=True, slots=True)
class CameBack:
    session_id: str
    after_ms: int
    why: Return


@dataclass(slots=True)
class LogoutReport:
    """What became of the sessions: how many were deleted, changed hands meanwhile, were gone already, could not be deleted."""

    planned: int = 0
    deleted: int = 0
    changed: int = 0
    gone: int = 0
    troubles: list[str] = field(default_factory=list)
    came_back: list[CameBack] = field(default_factory=list)


class Logout:
    """Logs one user out of a store. `keep`: hears of each record that was deleted, or may have been, to be brought back."""

    def __init__(
        self,
        store: SessionStore,
        user: User,
        reading: DecodeContext,
        keep: Callable[[RawRecord], object] = lambda _: None,
    ) -> None:
        self._store, self._user, self._reading, self._keep = store, user, reading, keep
        self._texts = FactsReader(store.capabilities.form)
        self._ended: dict[bytes, int] = {}  # key to when it was deleted
        self._told: set[bytes] = set()
        self._changes: list[Change] = []
        self._lock = threading.Lock()
        self._stop = CancelToken()
        self.report = LogoutReport()

    def listen(self) -> None:
        """Follow the store's changes from now on, in its own thread: it starts before anything is deleted, so nothing is missed."""
        threading.Thread(target=self._follow, name="logout watch", daemon=True).start()

    def _follow(self) -> None:
        try:
            for changes in self._store.watch(self._stop):
                with self._lock:
                    self._changes += changes
        except StoreError as error:
            if not self._stop.is_cancelled:
                self.report.troubles.append(f"Nobody watched for sessions that come back: {error}")

    def delete(self, refs: Sequence[RecordRef]) -> None:
        """Delete the sessions that are still the user's; one that changes under our hands is read again, a few times."""
        self.report.planned = len(refs)
        left = list(refs)
        try:
            for _attempt in range(_ATTEMPTS):
                left = self._delete_some(left, self._keep)
        except StoreError as error:  # what was deleted is known all the same
            self.report.troubles.append(str(error))
            return
        self.report.changed += len(left)

    def _delete_some(self, refs: Sequence[RecordRef], keep: Callable[[RawRecord], object]) -> list[RecordRef]:
        records: list[RawRecord] = []
        for found in self._store.read_many(refs) if refs else ():
            if isinstance(found, RecordMissing):
                self.report.gone += 1
            elif isinstance(found, StoreError):
                self.report.troubles.append(str(found))
            elif self._is_theirs(found):
                records.append(found)
            else:
                self.report.changed += 1
        again: list[RecordRef] = []
        for record, result in zip(records, self._store.write_many([Delete(one) for one in records]), strict=True):
            if result is None:
                self.report.deleted += 1
                keep(record)
                self._ended[record.ref.key] = now_ms()
            elif isinstance(result, RecordChanged):
                again.append(record.ref)
            elif isinstance(result, RecordMissing):
                self.report.gone += 1
            elif isinstance(result, StoreError):
                self.report.troubles.append(str(result))
                if isinstance(result, OutcomeUnknown):
                    keep(record)
        return again

    def watch(self, seconds: float, cancel: CancelToken, *, deletes_again: bool = False) -> Iterator[CameBack]:
        """Yield each session that comes back within that many seconds. `deletes_again`: one that a request in flight wrote is deleted
        again; `keep` has it as it was when it was first ended."""
        until = time.monotonic() + seconds
        try:
            while time.monotonic() < until and not cancel.wait(min(0.2, max(0.0, until - time.monotonic()))):
                with self._lock:
                    changes, self._changes = self._changes, []
                newest = {one.key: one for one in changes if one.kind in (ChangeKind.WRITTEN, ChangeKind.MOVED)}
                for change in newest.values():
                    found = self._look(change)
                    if found is None:
                        continue
                    self.report.came_back.append(found)
                    yield found
                    if deletes_again and found.why is Return.IN_FLIGHT:
                        self._delete_some([self._store.ref_for(found.session_id)], lambda _record: None)
        finally:
            self._stop.cancel()

    def _look(self, change: Change) -> CameBack | None:
        if change.key in self._told:
            return None
        session_id = self._store.session_id_of(change.key)
        try:
            record = self._store.read(self._store.ref_for(session_id))
        except StoreError:
            return None
        began = self._ended.get(change.key)
        if not self._is_theirs(record) or (began is not None and change.seen_at_ms < began):
            return None
        self._told.add(change.key)
        if began is not None:
            return CameBack(session_id, max(0, change.seen_at_ms - began), Return.IN_FLIGHT)
        return CameBack(
            session_id, max(0, change.seen_at_ms - min(self._ended.values(), default=now_ms())), Return.SIGNED_IN
        )

    def _is_theirs(self, record: RawRecord) -> bool:
        """True while a session names one of the user's identities."""
        [session] = self._texts.read_all([record.payload])
        if session is None:
            session = self._texts.read_value(plain_data(record.payload, self._store.capabilities.form))
        if session is not None and names_one_of(session, self._user.identities):
            return True
        if session is not None and any(identify(session)):
            return False
        listed = describe_record(self._store, record, self._reading).summary.user or record.user
        return bool(listed) and ("user", listed) in self._user.identities
