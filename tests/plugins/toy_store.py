"""A store that somebody else wrote: one file of JSON with rooms of sessions in it. Imports nothing of the inspector.

Everything there is to adding a kind of store is in this one file: its value `TOY`, and what opens it.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypedDict

from store_adapters.clock import now_ms
from store_adapters.contract import (
    Batch,
    CancelToken,
    Capabilities,
    Change,
    Count,
    PlannedWrite,
    RawRecord,
    RecordRef,
    StoreInfo,
)
from store_adapters.errors import (
    BadStoreAddress,
    RecordChanged,
    RecordExists,
    RecordMissing,
    StoreRefused,
    StoreUnreachable,
)
from store_adapters.kinds import Browse, FormField, Part, Place, Scheme, StoreKind
from store_adapters.one_by_one import SequentialBatch
from store_adapters.options import Limits, StoreAddress
from store_adapters.polling import Glance, describe_polling, poll_changes
from store_adapters.record_form import ExpiryClock

TOY = StoreKind(
    name="toy",
    label="Toy box",
    schemes=(
        Scheme(
            "toy",
            "toy:///srv/app/sessions.toy?room=lobby",
            f"{__name__}:ToyStore.open",
            Place.PATH,
            frozenset({"room"}),
        ),
    ),
    scheme_aliases={"toybox": "toy"},
    fields=(
        FormField("box", "Box", Part.PATH, "/srv/app/sessions.toy", browse=Browse.FILE, browse_title="Box of sessions"),
        FormField("room", "Room", Part.OPTION, "lobby", start="lobby"),
    ),
    clock=ExpiryClock(
        name="the room's clock",
        ends="The room throws it out then.",
        never="The room keeps it for good.",
        remedy="Wind the clock: set an expiry here.",
        moves_alone=True,
    ),
)
_writing = threading.Lock()


class _Stored(TypedDict):
    text: str
    ends: int | None
    changed: int


_Rooms = dict[str, dict[str, _Stored]]


class ToyStore(SequentialBatch):
    """The sessions of one room."""

    def __init__(self, address: StoreAddress, limits: Limits) -> None:
        self._path = Path(address.path)
        self._room = address.options.get("room", "lobby")
        self._limits = limits

    @classmethod
    def open(cls, address: StoreAddress, limits: Limits, *, read_only: bool = False) -> ToyStore:
        store = cls(address, limits)
        store._load()
        return store

    @property
    def capabilities(self) -> Capabilities:
        return TOY.capabilities()

    @property
    def label(self) -> str:
        return f"toy://{self._path}?room={self._room}"

    def list_records(self, cancel: CancelToken) -> Iterator[Batch]:
        found = self._living()
        payloads = [_bytes(record["text"]) for record in found.values()]
        if not cancel.is_cancelled:
            yield Batch(
                keys=[_bytes(sid) for sid in found],
                payloads=[payload[: self._limits.list_payload_bytes] for payload in payloads],
                sizes=[len(payload) for payload in payloads],
                expires_at_ms=[record["ends"] for record in found.values()],
                changed_at_ms=[record["changed"] for record in found.values()],
                skipped=(),
                read=len(found),
                total=len(found),
            )

    def read(self, ref: RecordRef) -> RawRecord:
        return self._record(ref, self._living())

    def create(self, ref: RecordRef, payload: bytes, expires_at_ms: int | None) -> RawRecord:
        with _writing:
            if _text(ref.key) in self._living():
                raise RecordExists("There is a session with this ID in the room already.", "Choose another ID.")
            return self._put(ref, payload, expires_at_ms)

    def replace(self, base: RawRecord, payload: bytes) -> RawRecord:
        with _writing:
            return self._put(base.ref, payload, self._compare(base).expires_at_ms)

    def delete(self, base: RawRecord) -> None:
        with _writing:
            self._compare(base)
            rooms = self._load()
            del rooms[self._room][_text(base.ref.key)]
            self._keep(rooms)

    def change_expiry(self, base: RawRecord, expires_at_ms: int | None, payload: bytes | None = None) -> RawRecord:
        with _writing:
            now = self._compare(base)
            if expires_at_ms is not None and expires_at_ms <= now_ms():
                raise StoreRefused("That moment is past.", "Delete the session if that is meant.")
            return self._put(base.ref, now.payload if payload is None else payload, expires_at_ms)

    def preview(self, write: PlannedWrite) -> tuple[str, ...]:
        return (f"{write.operation.value} one session of the room {self._room}",)

    def count(self) -> Count:
        return Count(len(self._living()), True)

    def info(self) -> StoreInfo:
        return StoreInfo(
            "Toy box", "1", self.label, (("Room", self._room),), describe_polling(self._limits.poll_s), 0.0
        )

    def ping(self) -> None:
        self._load()

    def watch(self, cancel: CancelToken) -> Iterator[Sequence[Change]]:
        yield from poll_changes(self._look, cancel, self._limits.poll_s)

    def ref_for(self, session_id: str) -> RecordRef:
        if not session_id or "\0" in session_id:
            raise BadStoreAddress("This cannot be a session ID.", "Paste the whole ID.")
        return RecordRef(self._room, _bytes(session_id))

    def session_id_of(self, key: bytes) -> str:
        return _text(key)

    def interrupt(self) -> None:
        """A file does not keep anybody waiting."""

    def close(self) -> None:
        """No file stays open."""

    def _look(self, _cancel: CancelToken) -> Iterator[Glance]:
        found = self._living()
        yield Glance(
            [_bytes(sid) for sid in found],
            [record["ends"] for record in found.values()],
            [hash(record["text"]) for record in found.values()],
        )

    def _load(self) -> _Rooms:
        try:
            rooms: _Rooms = json.loads(self._path.read_bytes() or b"{}")
        except FileNotFoundError:
            raise StoreUnreachable("There is no such box.", "Check the path.") from None
        return rooms

    def _living(self) -> dict[str, _Stored]:
        found = self._load().get(self._room, {})
        return {sid: record for sid, record in found.items() if record["ends"] is None or record["ends"] > now_ms()}

    def _record(self, ref: RecordRef, found: dict[str, _Stored]) -> RawRecord:
        stored = found.get(_text(ref.key))
        if stored is None:
            raise RecordMissing("There is no such session in the room.", "It was logged out, expired, or never there.")
        return RawRecord(ref, _bytes(stored["text"]), stored["ends"], now_ms(), stored["changed"])

    def _compare(self, base: RawRecord) -> RawRecord:
        now = self.read(base.ref)
        if now.payload != base.payload:
            raise RecordChanged()
        return now

    def _put(self, ref: RecordRef, payload: bytes, ends: int | None) -> RawRecord:
        rooms = self._load()
        stored = _Stored(text=_text(payload), ends=ends, changed=round(time.time() * 1000))
        rooms.setdefault(self._room, {})[_text(ref.key)] = stored
        self._keep(rooms)
        return self._record(ref, rooms[self._room])

    def _keep(self, rooms: _Rooms) -> None:
        beside = self._path.with_suffix(".new")
        beside.write_text(json.dumps(rooms))
        os.replace(beside, self._path)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
