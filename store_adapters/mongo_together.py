"""Deletes and expires many MongoDB documents in one transaction, each while it is still what it was; knows no session format.

A bulk write tells how many documents it changed and not which. Inside a transaction nothing can come between comparing and
writing, so that all that were compared are written, or none. Where that fails, or the deployment has no transactions, they go
one by one.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from store_adapters.clock import now_ms
from store_adapters.contract import ChangeExpiry, Delete, RawRecord, Write, Written
from store_adapters.errors import OutcomeUnknown, RecordMissing, StoreError
from store_adapters.mongo_keys import key_of
from store_adapters.mongo_link import is_unconfirmed
from store_adapters.mongo_writer import MongoWriter, Unsettled
from store_adapters.one_by_one import untraced

MOST = 100
"""Writes in one transaction: the application waits for a document that one holds."""


class _NotTogether(Exception):
    """Not all were written, and it is not known which: the transaction is given up."""


class TogetherWriter(MongoWriter):
    """A writer that does several writes at once where it can tell what became of each."""

    def write_together(self, writes: Sequence[Write]) -> list[Written] | None:
        """Return what became of each of `MOST` writes at most; None where they have to go one by one: none was done."""
        import pymongo
        from pymongo.errors import PyMongoError

        wanted = [write for write in writes if isinstance(write, Delete | ChangeExpiry)]
        if not self.has_transactions or len(wanted) < len(writes) or len(writes) < 2:
            return None
        self._is_settled = False
        started = time.monotonic()
        results: list[Written] = []
        try:
            if self._ends_in_the_past(wanted):
                return None
            with self._sending() as sent, self._link.client.start_session() as session:
                session.start_transaction()
                try:
                    with pymongo.timeout(self._limits.call_s):
                        results = self._write_in(session, wanted)
                        sent.append(True)
                        session.commit_transaction()
                except PyMongoError as error:
                    if not is_unconfirmed(error):
                        self._forget(session, error)
                    raise
        except Unsettled as unsettled:
            return self._look_again(wanted, results, unsettled, started)
        except (_NotTogether, StoreError):
            return None
        return results

    def _ends_in_the_past(self, writes: Sequence[Delete | ChangeExpiry]) -> bool:
        """Some expiry is one that a single write refuses."""
        ends = [one.expires_at_ms for one in writes if isinstance(one, ChangeExpiry) and one.expires_at_ms is not None]
        return bool(ends) and min(ends) <= now_ms() + self.clock_ahead_ms()

    def _write_in(self, session: Any, writes: Sequence[Delete | ChangeExpiry]) -> list[Written]:
        """Compare and write; return what will have become of each once it is committed."""
        from pymongo import UpdateOne

        collection, name = self._link.collection(), self._names.identifier
        found: dict[bytes, Any] = {}
        query = {name: {"$in": [self._query(write.base.ref)[name] for write in writes]}}
        for document in collection.find(query, session=session, batch_size=MOST + 1):
            # The first one, as a single read takes it, where a field other than _id is not unique.
            found.setdefault(key_of(document[name]), document)
        results: list[Written] = [None] * len(writes)
        deleted: list[Any] = []
        updated: dict[int, Any] = {}
        for place, write in enumerate(writes):
            now: Any = found.get(write.base.ref.key)
            try:
                self._check(write.base, now)
            except StoreError as error:
                results[place] = untraced(error)
                continue
            if isinstance(write, Delete):
                deleted.append(now["_id"])
            else:
                updated[place] = now["_id"]
        if deleted and collection.delete_many({"_id": {"$in": deleted}}, session=session).deleted_count != len(deleted):
            raise _NotTogether
        if updated:
            changes = [
                UpdateOne({"_id": own}, self._expiry_update(writes[place].expires_at_ms))  # type: ignore[union-attr]
                for place, own in updated.items()
            ]
            if collection.bulk_write(changes, ordered=False, session=session).matched_count != len(changes):
                raise _NotTogether
            query = {"_id": {"$in": list(updated.values())}}
            after = {key_of(one["_id"]): one for one in collection.find(query, session=session, batch_size=MOST + 1)}
            for place, own in updated.items():
                base = writes[place].base
                written = replace(base, payload=bytes(after[key_of(own)].raw), read_at_ms=now_ms(), note="")
                results[place] = self._described(written)
        return results

    def _look_again(
        self, writes: Sequence[Delete | ChangeExpiry], results: Sequence[Written], unsettled: Unsettled, started: float
    ) -> list[Written]:
        """The commit's answer did not come: tell what is true of each that was written."""
        told: list[Written] = list(results)
        for place, write in enumerate(writes):
            if isinstance(results[place], StoreError):
                continue
            try:
                told[place] = self._after_break(write.base, unsettled, started, partial(_is_done, write), write.base)
            except RecordMissing as error:
                told[place] = None if isinstance(write, Delete) else untraced(error)
            except StoreError as error:
                told[place] = untraced(error)
                if isinstance(error, OutcomeUnknown):  # nobody answers: the others are as open
                    rest = [one if isinstance(one, StoreError) else untraced(error) for one in results[place + 1 :]]
                    return told[: place + 1] + rest
        return told


def _is_done(write: Delete | ChangeExpiry, now: RawRecord) -> bool:
    return isinstance(write, ChangeExpiry) and now.expires_at_ms == write.expires_at_ms
