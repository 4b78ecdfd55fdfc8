"""Sessions in a folder, as session-file-store keeps them: one file each, session ID + extension.

Format: session-file-store 1.2 to 1.5. The files are its database: nothing here ever deletes or moves one unasked.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence

from store_adapters.address import format_address
from store_adapters.clock import now_ms
from store_adapters.command_words import file_preview, short_key, size_words
from store_adapters.contract import (
    Batch,
    CancelToken,
    Capabilities,
    Change,
    ChangeKind,
    Count,
    Operation,
    PlannedWrite,
    RawRecord,
    RecordRef,
    ServerFacts,
    StoreInfo,
)
from store_adapters.errors import (
    BadStoreAddress,
    RecordUnreadable,
    StoreRefused,
    StoreUnreachable,
    Unsupported,
)
from store_adapters.files.file_owner import tell_before
from store_adapters.files.folder import NOT_WRITABLE_HERE, TEMPORARY_SUFFIX, Folder
from store_adapters.files.folder_facts import folder_facts
from store_adapters.files.kind import FILES
from store_adapters.files.listing import FileListing
from store_adapters.files.session_file import expiry_of, move_expiry
from store_adapters.one_by_one import SequentialBatch
from store_adapters.options import Limits, StoreAddress
from store_adapters.portability import free_bytes, user_name

_DEFAULT_TTL_S = 3600.0


class FileStore(SequentialBatch):
    """A folder of session files."""

    def __init__(self, address: StoreAddress, limits: Limits) -> None:
        self._address = address
        self._limits = limits
        self._extension = os.fsencode(address.options.get("extension", ".json"))
        self._ttl_s = _parse_ttl(address.options.get("ttl", ""))
        self._folder = Folder(address.path)

    @classmethod
    def open(cls, address: StoreAddress, limits: Limits, *, read_only: bool = False) -> FileStore:
        """Open the folder; what a crash of this program left in it is swept away, unless `read_only`."""
        store = cls(address, limits)
        if not read_only:
            store.sweep()
        return store

    def sweep(self) -> int:
        """Remove the temporary files that a crash of this program has left; return how many."""
        return self._folder.sweep()

    def _read_expiry(self, content: bytes) -> int | None:
        return expiry_of(content, self._ttl_s)

    @property
    def capabilities(self) -> Capabilities:
        can_write = self._folder.can_write
        refusal = "" if can_write else NOT_WRITABLE_HERE
        return FILES.capabilities(write_refusal=refusal, read_expiry=self._read_expiry)

    @property
    def label(self) -> str:
        return format_address(self._address)

    def list_records(self, cancel: CancelToken) -> Iterator[Batch]:
        self._tell("read all files of the folder")
        names = (name for name in self._folder.names() if self._is_session(name))
        listing = FileListing(self._folder, self._limits, self._read_expiry)
        yield from listing.batches(names, cancel)

    def read(self, ref: RecordRef) -> RawRecord:
        self._tell(f"read {short_key(ref.key)}")
        return self._read(ref)

    def _read(self, ref: RecordRef) -> RawRecord:
        fact = self._folder.read(ref.key, self._limits.max_record_bytes)
        return RawRecord(
            ref, fact.content, expiry_of(fact.content, self._ttl_s), now_ms(), fact.mtime_ms, version=fact.identity
        )

    def create(self, ref: RecordRef, payload: bytes, expires_at_ms: int | None) -> RawRecord:
        if expires_at_ms is not None:
            moved = move_expiry(payload, self._ttl_s, expires_at_ms)
            payload = payload if moved is None else moved
        self._tell(f"create {short_key(ref.key)} {size_words(payload)}")
        note = self._folder.create(ref.key, payload)
        return self._written(ref, payload, note)

    def replace(self, base: RawRecord, payload: bytes) -> RawRecord:
        self._tell(f"compare and exchange {short_key(base.ref.key)} {size_words(payload)}")
        note = self._folder.replace(base.ref.key, base.payload, payload)
        return self._written(base.ref, payload, note)

    def _written(self, ref: RecordRef, payload: bytes, note: str) -> RawRecord:
        """Return what was written: a newer write of the application's is for the next read to tell."""
        at_ms = now_ms()
        return RawRecord(ref, payload, expiry_of(payload, self._ttl_s), at_ms, at_ms, note=note)

    def delete(self, base: RawRecord) -> None:
        self._tell(f"compare and unlink {short_key(base.ref.key)}")
        self._folder.remove(base.ref.key, base.payload)

    def change_expiry(self, base: RawRecord, expires_at_ms: int | None, payload: bytes | None = None) -> RawRecord:
        if expires_at_ms is None:
            raise Unsupported(
                "A session file can't be kept forever: the next request restarts its lifetime.",
                "Set a later time, or the store's ttl option in the application.",
            )
        if expires_at_ms <= now_ms():
            raise StoreRefused(
                "That time is in the past: the session would be reaped.", "Delete it instead if that's what you mean."
            )
        wanted = base.payload if payload is None else payload
        moved = move_expiry(wanted, self._ttl_s, expires_at_ms)
        if moved is None and expiry_of(wanted, self._ttl_s) is None and payload is not None:
            moved = payload  # sealed: only its codec could move the expiry inside, and has
        if moved is None:
            raise RecordUnreadable(
                "The file has no usable __lastAccess number, which session-file-store needs to work out the expiry.",
                "Edit the session and give it one.",
            )
        return self.replace(base, moved)

    def preview(self, write: PlannedWrite) -> tuple[str, ...]:
        if write.operation is not Operation.CREATE:
            return file_preview(write)
        owner = self._folder.owner_of_new(write.ref.key)
        told = tell_before(owner)
        return (
            *file_preview(write),
            f"give it to {user_name(owner.user)}, mode {owner.mode:o}",
            *((told,) if told else ()),
        )

    def _tell(self, words: str) -> None:
        if self._limits.on_command is not None:
            self._limits.on_command(words)

    def count(self) -> Count:
        return Count(sum(1 for name in self._folder.names() if self._is_session(name)), True)

    def ping(self) -> None:
        self._folder.check_there()

    def info(self) -> StoreInfo:
        started = time.perf_counter()
        number = self.count().number
        elapsed_ms = (time.perf_counter() - started) * 1000
        free = free_bytes(self._address.path)
        details = (
            ("Folder", self._address.path),
            ("Extension", os.fsdecode(self._extension) or "(none)"),
            ("Session files", f"{number:,}"),
            ("Default lifetime (ttl)", f"{self._ttl_s:g} s"),
            *((("Free space", f"{free >> 20:,} MB"),) if free is not None else ()),
        )
        return StoreInfo("Folder", "", self.label, details, "file events", elapsed_ms)

    def server_facts(self) -> ServerFacts:
        return folder_facts(self._address.path, os.fsdecode(self._extension))

    def watch(self, cancel: CancelToken) -> Iterator[Sequence[Change]]:
        from watchfiles import Change as FileEvent
        from watchfiles import watch

        stop = threading.Event()
        yield ()
        try:
            events = watch(
                self._address.path,
                stop_event=stop,
                debounce=200,
                step=50,
                rust_timeout=500,
                yield_on_timeout=True,
                recursive=False,
                watch_filter=None,
            )
            for found in events:
                if cancel.is_cancelled:
                    return
                seen_at_ms = now_ms()
                yield tuple(
                    Change(
                        ChangeKind.REMOVED if event is FileEvent.deleted else ChangeKind.WRITTEN,
                        os.fsencode(os.path.basename(path)),
                        seen_at_ms,
                    )
                    for event, path in found
                    if self._is_session(os.fsencode(os.path.basename(path)))
                )
        except FileNotFoundError:
            raise StoreUnreachable("The folder is gone.", "Check the path in the address.") from None
        finally:
            stop.set()

    def ref_for(self, session_id: str) -> RecordRef:
        try:
            name = session_id.encode("utf-8", "surrogateescape") + self._extension
        except UnicodeEncodeError:
            name = b""
        if (
            not session_id
            or not name
            or b"/" in name
            or b"\\" in name
            or b"\0" in name
            or session_id.startswith(".")
            or len(name) > 255
        ):
            raise BadStoreAddress("This session ID can't be used as a session file's name.", "Check what was pasted.")
        return RecordRef(self._address.path, name)

    def session_id_of(self, key: bytes) -> str:
        return os.fsdecode(key.removesuffix(self._extension))

    def interrupt(self) -> None:
        """Calls on a local folder end by themselves; a watch looks at its token twice a second."""

    def close(self) -> None:
        self._folder.close()

    def _is_session(self, name: bytes) -> bool:
        return name.endswith(self._extension) and not name.startswith(b".") and not name.endswith(TEMPORARY_SUFFIX)


def _parse_ttl(text: str) -> float:
    if not text:
        return _DEFAULT_TTL_S
    try:
        ttl_s = float(text)
    except ValueError:
        ttl_s = 0.0
    if not 0 < ttl_s < 1e12:
        raise BadStoreAddress("ttl is the store's default lifetime in seconds.", "For example ttl=3600.")
    return ttl_s
