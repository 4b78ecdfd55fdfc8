"""Many changes of MongoDB documents in one transaction.

A bulk write tells how many documents it changed and not which. In a transaction nothing can come between comparing and writing, and all
that were compared are written, or none. Where that fails they go one by one.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from store_adapters.contract import ChangeExpiry, Delete, Replace, Written
from store_adapters.errors import OutcomeUnknown, StoreError
from store_adapters.mongo.bson_bytes import key_of
from store_adapters.mongo.changes import DocumentChanges
from store_adapters.mongo.link import MongoLink, begin, is_unconfirmed
from store_adapters.mongo.outcome import OutcomeChecker
from store_adapters.mongo.write_errors import Unsettled
from store_adapters.one_by_one import untraced
from store_adapters.options import Limits

MOST = 100
"""Writes in one transaction, or one bulk write: the application waits for a document that a transaction holds."""


class _NotTogether(Exception):
    """Not all were written, and it is not known which: the transaction is given up."""


class TransactionBatch:
    """Does several writes in one transaction."""

    def __init__(self, link: MongoLink, limits: Limits, changes: DocumentChanges, outcome: OutcomeChecker) -> None:
        self._link = link
        self._limits = limits
        self._changes = changes
        self._outcome = outcome

    def write(self, writes: Sequence[Replace | Delete | ChangeExpiry]) -> list[Written] | None:
        """Return what became of each of `MOST` writes at most; None where they have to go one by one: none was done."""
        import pymongo
        from pymongo.errors import PyMongoError

        self._outcome.expect_transaction()
        started = time.monotonic()
        results: list[Written] = []
        try:
            with self._outcome.sending() as sent, self._link.client.start_session() as session:
                begin(session)
                try:
                    with pymongo.timeout(self._limits.call_s):
                        results = self._write_in(session, writes)
                        sent.append(True)
                        session.commit_transaction()
                except PyMongoError as error:
                    if not is_unconfirmed(error):
                        self._outcome.abort(session, error)
                    raise
        except Unsettled as unsettled:
            return self._outcome.look_again(
                [
                    result
                    if isinstance(result, StoreError)
                    else partial(self._outcome.look_at, write, unsettled, started)
                    for write, result in zip(writes, results, strict=True)
                ]
            )
        except OutcomeUnknown as error:
            return [result if isinstance(result, StoreError) else untraced(error) for result in results]
        except (_NotTogether, StoreError):
            return None
        return results

    def _write_in(self, session: Any, writes: Sequence[Replace | Delete | ChangeExpiry]) -> list[Written]:
        """Compare and write; return what will have become of each once it is committed."""
        from pymongo import UpdateOne

        collection, name = self._link.collection(), self._changes.names.identifier
        found: dict[bytes, Any] = {}
        query = {name: {"$in": [self._changes.query(write.base.ref)[name] for write in writes]}}
        for document in collection.find(query, session=session, batch_size=MOST + 1):
            # The first one, as a single read takes it, where a field other than _id is not unique.
            found.setdefault(key_of(document[name]), document)
        results: list[Written] = [None] * len(writes)
        deleted: list[Any] = []
        updated: dict[int, Any] = {}
        changes: list[Any] = []
        for place, write in enumerate(writes):
            now: Any = found.get(write.base.ref.key)
            try:
                self._changes.check(write.base, now)
                update = None if isinstance(write, Delete) else self._changes.update_of(write)
            except StoreError as error:
                results[place] = untraced(error)
                continue
            if update is None:
                deleted.append(now["_id"])
            elif update:
                updated[place] = now["_id"]
                changes.append(UpdateOne({"_id": now["_id"]}, update))
            else:
                results[place] = self._changes.left(write.base, bytes(now.raw))
        if deleted and collection.delete_many({"_id": {"$in": deleted}}, session=session).deleted_count != len(deleted):
            raise _NotTogether
        if updated:
            if collection.bulk_write(changes, ordered=False, session=session).matched_count != len(changes):
                raise _NotTogether
            query = {"_id": {"$in": list(updated.values())}}
            after = {key_of(one["_id"]): one for one in collection.find(query, session=session, batch_size=MOST + 1)}
            for place, own in updated.items():
                results[place] = self._changes.left(writes[place].base, bytes(after[key_of(own)].raw))
        return results
