"""What every session store adapter promises: bytes in, bytes out, compare-and-set.

A record is bytes plus the version they were read at. There is no blind write: `replace`, `delete` and
`change_expiry` take the record as it was read and raise `RecordChanged` when the store holds something else,
`RecordMissing` when it holds nothing. No write but `change_expiry` changes the expiry; none but `create`
makes a record that was not there.

Adapters are synchronous and used from one thread at a time (one lane per connection). Two members may be
called from any thread at any time: `interrupt` and `CancelToken.cancel`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from store_adapters.errors import StoreError
from store_adapters.record_form import PLAIN_CLOCK, ExpiryClock, PayloadForm


@dataclass(frozen=True, slots=True)
class RecordRef:
    """Where a record is: the container (database number, collection, folder) and the store's own key.

    `key` is the whole key as the store spells it (Redis key with its prefix, `_id`, file name) in bytes.
    A MongoDB `_id` that isn't a string is kept as NUL + the BSON document `{"_id": …}`.
    """

    container: str
    key: bytes


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One record as it stood in the store at `read_at_ms`.

    `payload`: Redis value, file content, or the whole MongoDB document as BSON.
    `expires_at_ms`: the store's own truth (Redis TTL, MongoDB `expires`, `__lastAccess` + lifetime) in epoch
    milliseconds; None when the store never removes it.
    `changed_at_ms`: last change where the store tells (file time, `lastModified`), else None.
    `version`: opaque to all but the adapter which made it. `note`: what is to be told of the write that made it
    ("the connection broke, and it was read again"). `hidden_by`: why the application's library does not find the record
    whatever is in it ("expires is text, and connect-mongo compares dates."), "" where it does. `user`: who a column beside the
    session names, "" for nobody.
    """

    ref: RecordRef
    payload: bytes
    expires_at_ms: int | None
    read_at_ms: int
    changed_at_ms: int | None = None
    version: object = field(default=None, compare=False, repr=False)
    note: str = field(default="", compare=False)
    hidden_by: str = field(default="", compare=False)
    user: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Create:
    """A record to make where there is none, as by `SessionStore.create`."""

    ref: RecordRef
    payload: bytes
    expires_at_ms: int | None


@dataclass(frozen=True, slots=True)
class Replace:
    """A payload to put in place of `base.payload`, as by `SessionStore.replace`."""

    base: RawRecord
    payload: bytes


@dataclass(frozen=True, slots=True)
class Delete:
    """A record to remove while it is still `base`, as by `SessionStore.delete`."""

    base: RawRecord


@dataclass(frozen=True, slots=True)
class ChangeExpiry:
    """An expiry to set while the record is still `base`, and with `payload` that as well, as by `SessionStore.change_expiry`."""

    base: RawRecord
    expires_at_ms: int | None
    payload: bytes | None = None


Write = Create | Replace | Delete | ChangeExpiry
Written = RawRecord | StoreError | None
"""What became of one of many writes: the record as it was written, None for a deletion, or why it was not done."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A key that is listed but isn't a readable session record, and why ("a hash, not a string")."""

    key: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Some records of a listing, in columns of equal length (no object per record).

    `expires_at_ms[i]` and `changed_at_ms[i]` are None where unknown or never; `expires_at_ms[i]` may be `PASSED_OVER_MS`.
    `payloads[i]` holds at most the adapter's `list_payload_limit` bytes; `sizes[i]` is the true size. `read` counts the records
    so far, `total` is the store's estimate of all (None: unknown). `sessions`, where the store has it at hand: what stands in
    each record, the bytes of a text or an object's values as its driver reads them; None where one has to look. Worked out when
    asked.
    `may_repeat`: False where a key comes a second time only by chance, such as a record that was deleted and recreated.
    `users`: who a column beside each session names, "" for nobody; None where there is no such column.
    """

    keys: Sequence[bytes]
    payloads: Sequence[bytes]
    sizes: Sequence[int]
    expires_at_ms: Sequence[int | None]
    changed_at_ms: Sequence[int | None]
    skipped: Sequence[Skipped]
    read: int
    total: int | None
    sessions: Callable[[], Sequence[Any]] | None = None
    may_repeat: bool = True
    users: Sequence[str] | None = None


class ChangeKind(Enum):
    WRITTEN = "written"  # created or changed: read it again
    REMOVED = "removed"  # deleted or expired
    TOUCHED = "touched"  # only the expiry moved
    MOVED = "moved"  # the expiry moved: a touch, or a save that kept the length
    LOOKED = "looked"  # a store that tells of no changes was looked through: see `Change.look`
    RESET = "reset"  # anything may have changed: list again


@dataclass(frozen=True, slots=True)
class Look:
    """All `count` records were looked at, and are again every `every_s` seconds from the beginning of one look to the next."""

    count: int
    every_s: float


@dataclass(frozen=True, slots=True)
class Change:
    """Something happened to the record `key` at `seen_at_ms` (epoch milliseconds, this machine's clock)."""

    kind: ChangeKind
    key: bytes
    seen_at_ms: int
    look: Look | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """How many records there are; `exact` is False for a server's estimate."""

    number: int
    exact: bool


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """What the server says of itself. `product` is "Redis", "Valkey", "MongoDB", "Folder" or "Memory".

    `details` are label and text pairs to show (address, database, memory, eviction policy, free space …).
    `watch_method` says how `watch` follows changes ("keyspace notifications", "change stream", "polling …").
    `round_trip_ms` is the time of one small request.
    """

    product: str
    version: str
    address: str
    details: tuple[tuple[str, str], ...]
    watch_method: str
    round_trip_ms: float


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What a server says of itself that bears on the sessions in it; nothing of a session.

    `values` by name: whatever is not there, this kind of store doesn't have. `refused`: why the server would not say what it has
    ("this user may not ask for CONFIG").
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)


def clock_facts(asked_ms: int, server_ms: int, answered_ms: int) -> ServerFacts:
    """Return what a server's clock says, asked and answered at these times of ours: the same names for every kind of store."""
    middle_ms, round_trip_ms = (asked_ms + answered_ms) // 2, answered_ms - asked_ms
    return ServerFacts({"server_ms": server_ms, "asked_ms": middle_ms, "round_trip_ms": round_trip_ms})


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What this store can do; True where it can.

    `can_write`: False for a read-only connection; `write_refusal` then says why, where it is not a person's choice.
    `can_persist`: an expiry can be taken away altogether.
    `kind`: the `StoreKind`'s name, for exports and labels; never for behaviour above.
    `read_expiry`: where the expiry stands in the content (files), what reads it there; None where it stands beside the record.
    `library`: the session library whose layout this is, where the kind alone does not say ("connect-sqlite3").
    `form`: what the bytes of a record are. `clock`: by what it ends, in words.
    """

    kind: str
    can_write: bool = True
    can_persist: bool = True
    read_expiry: Callable[[bytes], int | None] | None = field(default=None, compare=False)
    write_refusal: str = ""
    library: str = ""
    form: PayloadForm = PayloadForm.TEXT
    clock: ExpiryClock = PLAIN_CLOCK

    @property
    def keeps_expiry_inside(self) -> bool:
        """True where the content alone says when a record ends: it moves and is restored with the content."""
        return self.read_expiry is not None


class Operation(Enum):
    REPLACE = "replace"
    DELETE = "delete"
    EXPIRE = "expire"
    CREATE = "create"


@dataclass(frozen=True, slots=True)
class PlannedWrite:
    """A write that was not made. `base`: what it compares with, None where many are meant; `payload`: what it puts there,
    None where that is not known yet; `expires_at_ms`: for EXPIRE, None for never; `with_payload`: EXPIRE changes
    the payload too."""

    operation: Operation
    ref: RecordRef
    base: RawRecord | None = None
    payload: bytes | None = None
    expires_at_ms: int | None = None
    with_payload: bool = False


class CancelToken:
    """A flag which any thread may raise to stop a listing or a watch."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        self._event.set()

    @property
    def is_cancelled(self) -> bool:
        return self._event.is_set()

    def wait(self, timeout_s: float) -> bool:
        """Sleep up to `timeout_s` seconds; True as soon as it is cancelled."""
        return self._event.wait(timeout_s)


class SessionStore(Protocol):
    """One open connection to one session store. Every method may raise `StoreError` and its children.

    Each call is bounded: 3 s per socket operation and an overall deadline (listing and watching: per step).
    """

    @property
    def capabilities(self) -> Capabilities: ...

    @property
    def label(self) -> str:
        """The address without credentials, to show."""
        ...

    def list_records(self, cancel: CancelToken) -> Iterator[Batch]:
        """Yield all records in batches, in the store's order; a key may come twice; ends early when cancelled.

        A connection lost on the way raises `StoreUnreachable`: a short listing is never passed off as complete.
        """
        ...

    def read(self, ref: RecordRef) -> RawRecord:
        """Return the record; `RecordMissing`, `RecordUnreadable`."""
        ...

    def create(self, ref: RecordRef, payload: bytes, expires_at_ms: int | None) -> RawRecord:
        """Store a new record; `RecordExists` if the key is taken. None: never expires."""
        ...

    def replace(self, base: RawRecord, payload: bytes) -> RawRecord:
        """Put `payload` in place of `base.payload`, keeping the expiry.

        `RecordChanged` when the payload is no longer `base.payload` (a moved expiry alone isn't a change),
        `RecordMissing` when it is gone, `OutcomeUnknown` when a broken connection leaves it open even after a
        re-read. MongoDB: only what differs between the two documents is `$set`.
        """
        ...

    def delete(self, base: RawRecord) -> None:
        """Remove the record if its payload is still `base.payload`; `RecordChanged`, `RecordMissing`."""
        ...

    def change_expiry(self, base: RawRecord, expires_at_ms: int | None, payload: bytes | None = None) -> RawRecord:
        """Set when the store lets the record go; None takes the expiry away (`Unsupported`).

        `payload` replaces `base.payload` in the same step: whatever ends this process, the record has both or neither.
        Compares like `replace`.
        """
        ...

    def read_many(self, refs: Sequence[RecordRef]) -> list[RawRecord | StoreError]:
        """Return for each the record, or the error that `read` would raise; in few round trips where the store can."""
        ...

    def write_many(self, writes: Sequence[Write]) -> list[Written]:
        """Do many writes, each by compare-and-set and none depending on another; a key at most once.

        Returns for each what became of it and raises for none, so that what was done is always known: after the
        connection broke, the rest carries its error and nothing of it was sent. Only `StoreReadOnly` is raised.
        """
        ...

    def preview(self, write: PlannedWrite) -> tuple[str, ...]:
        """Return what a write would send, one command a line, with sizes in place of values. Sends nothing.

        A store may raise what it knows that it would refuse with: `StoreRefused`.
        """
        ...

    def count(self) -> Count: ...

    def info(self) -> StoreInfo: ...

    def server_facts(self) -> ServerFacts:
        """Return what the server says of itself, asked in a few small requests; needs no right that listing does not need."""
        ...

    def ping(self) -> None:
        """Return when the store answers, else raise what a read would; one small request that needs no extra permission."""
        ...

    def watch(self, cancel: CancelToken) -> Iterator[Sequence[Change]]:
        """Yield what changed, in batches, until cancelled; an empty batch at least every second or so.

        Uses its own connection, so it can run in another thread alongside other calls.
        """
        ...

    def ref_for(self, session_id: str) -> RecordRef:
        """Return where a session ID's record would be. `BadStoreAddress` for an ID which this store cannot hold
        (a path separator, NUL, too long): a typed ID never becomes a path."""
        ...

    def session_id_of(self, key: bytes) -> str:
        """Return the session ID inside a key (prefix or extension removed; undecodable bytes as `\\udcXX`)."""
        ...

    def interrupt(self) -> None:
        """Make a blocked call of another thread raise `Interrupted` soon; harmless when nothing runs."""
        ...

    def close(self) -> None:
        """Give back everything; never blocks for long and never raises."""
        ...
