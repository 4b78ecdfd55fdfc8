"""What became of many writes to MongoDB whose answer did not come: each is looked at; knows no session format."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

from store_adapters.contract import ChangeExpiry, Delete, RawRecord, Replace, Written
from store_adapters.errors import OutcomeUnknown, RecordMissing, StoreError
from store_adapters.mongo.diff import is_same
from store_adapters.mongo.outcomes import Unsettled
from store_adapters.mongo.writer import MongoWriter
from store_adapters.one_by_one import untraced

_NO_ANSWER_S = 0.3  # a look that takes longer got none: the others would wait as long


class LookingWriter(MongoWriter):
    """A writer that can look at many after a break."""

    def _look_again(self, looks: Sequence[Callable[[], Written] | Written]) -> list[Written]:
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

    def _look_at(self, write: Replace | Delete | ChangeExpiry, unsettled: Unsettled, started: float) -> Written:
        try:
            return self._after_break(write.base, unsettled, started, partial(self._is_done, write), write.base)
        except RecordMissing:
            if isinstance(write, Delete):
                return None
            raise

    def _is_done(self, write: Replace | Delete | ChangeExpiry, now: RawRecord) -> bool:
        if isinstance(write, Replace):
            return is_same(now.payload, write.payload, self._names.moved)
        return isinstance(write, ChangeExpiry) and self._has_expiry(write, now)
