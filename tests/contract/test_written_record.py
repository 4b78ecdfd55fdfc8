"""What a write returns is what it wrote, at whichever moment the application writes or logs out.

The look after a save compares with it: a newer write of the application's in its place would hide an overwritten edit.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest

from store_adapters.contract import RawRecord, SessionStore
from store_adapters.errors import RecordChanged, RecordMissing
from store_adapters.options import Limits
from store_adapters.registry import open_store
from tests.contract.backends import Backend
from tests.contract.test_store_contract import in_one_hour, swap

_MOMENTS = range(1, 7)  # no adapter sends more packets for one write

_Act = Callable[[Backend], None]
_Write = Callable[[SessionStore, RawRecord, bytes], RawRecord]


def _overwrite(backend: Backend) -> None:
    backend.put("a", backend.payload("a", 9), in_one_hour())


def _destroy(backend: Backend) -> None:
    backend.drop("a")


def _replace(store: SessionStore, record: RawRecord, payload: bytes) -> RawRecord:
    return store.replace(record, payload)


def _expire(store: SessionStore, record: RawRecord, payload: bytes) -> RawRecord:
    return store.change_expiry(record, in_one_hour(), payload)


@pytest.mark.parametrize(("act", "write"), [(_overwrite, _replace), (_destroy, _replace), (_overwrite, _expire)])
def test_write_returns_what_it_wrote_whenever_the_application_acts(backend: Backend, act: _Act, write: _Write) -> None:
    sent: list[str] = []
    moment = 0

    def hear(words: str) -> None:
        sent.append(words)
        if len(sent) == moment:
            # Where our transaction is under way the application waits, and gives up.
            with contextlib.suppress(Exception):
                act(backend)

    with contextlib.closing(open_store(backend.url, limits=Limits(on_command=hear))) as store:
        for wanted_moment in _MOMENTS:
            moment = 0
            backend.put("a", backend.payload("a", 1), in_one_hour())
            record = store.read(store.ref_for("a"))
            wanted = swap(backend, record)
            sent.clear()
            moment = wanted_moment
            try:
                after = write(store, record, wanted)
            except (RecordChanged, RecordMissing):
                assert backend.raw("a") != wanted, f"written, and said not to be, before {sent[-1]}"
            else:
                assert b'"n":2' in after.payload, f"the application's write was taken for ours, before {sent[-1]}"
