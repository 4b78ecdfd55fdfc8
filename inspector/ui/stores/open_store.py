"""One store in the window: its lanes, its connection, its loading and its live changes.

Four lanes with a connection each, so that looking up, editing, listing, following and bulk acts never wait for one another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from inspector.services.catalogue.catalogue import Catalogue
from inspector.services.catalogue.large_rows import settle
from inspector.services.catalogue.listing import Progress, read_in_steps
from inspector.services.catalogue.text_column import MemoryLimit
from inspector.services.catalogue.watch import follow_changes
from inspector.services.connection import Connection, connect
from inspector.services.sessions.open_session import PLAIN, DecodeContext
from inspector.services.settings.profiles import Profile
from inspector.ui.base.context import Context
from inspector.ui.base.jobs import Job
from inspector.ui.base.trouble import Trouble, describe_trouble
from inspector.ui.stores.store_beat import StoreBeat
from inspector.ui.stores.store_health import StoreHealth, StoreState
from inspector.ui.stores.store_lanes import StoreLanes
from store_adapters.contract import CancelToken, Look, RawRecord, SessionStore
from store_adapters.errors import StoreUnreachable

__all__ = ["OpenStore", "StoreState"]

_T = TypeVar("_T")
_RECONNECT_MS = 3000


class OpenStore(QObject):
    """A profile's store as the window sees it."""

    state_changed = Signal()
    progress_changed = Signal()
    rows_changed = Signal()
    looked = Signal()  # through the whole store, where that is how Live follows it: see `look`
    sessions_changed = Signal(object)  # frozenset[bytes]: keys that changed while Live is on

    def __init__(self, profile: Profile, context: Context, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.profile = profile
        self.state = StoreState.CLOSED
        self.trouble: Trouble | None = None
        self.progress = Progress()
        self.connection: Connection | None = None
        self.health = StoreHealth(self)
        self.health.changed.connect(self.state_changed)
        self._context = context
        self._lanes = StoreLanes(profile.name, lambda: connect(profile, context.secrets, log=context.commands).store)
        self._load_job: Job | None = None
        self._settle_job: Job | None = None
        self._live_job: Job | None = None
        self._bulk_job: Job | None = None
        self._beat_job: Job | None = None
        self._connect_job: Job | None = None
        self._may_come_back = False
        self._beat = StoreBeat(self.ping, self)
        self._wants_live = False
        self._is_catching_up = False
        self.look: Look | None = None
        self.followed_key: bytes | None = None
        self._kept: Catalogue | None = None
        self._had_sessions = False

    @property
    def catalogue(self) -> Catalogue | None:
        return self.connection.catalogue if self.connection else None

    @property
    def is_emptied(self) -> bool:
        """True when sessions were listed here and none is left of them."""
        catalogue = self.catalogue
        return catalogue is not None and not len(catalogue) and (self._had_sessions or catalogue.total > 0)

    @property
    def reading(self) -> DecodeContext:
        """How this store's records are read; plainly while it is not open."""
        return self.connection.reading if self.connection else PLAIN

    @property
    def can_write(self) -> bool:
        return self.connection is not None and self.connection.can_write

    @property
    def write_refusal(self) -> str:
        """Why nothing can be written; "" where it can."""
        return self.connection.write_refusal if self.connection is not None else ""

    @property
    def is_silent(self) -> bool:
        """True when the store is open and does not answer."""
        return self.state is StoreState.OPEN and self.health.is_silent

    @property
    def state_words(self) -> str:
        """Its state, and when it last answered."""
        words = "not answering" if self.is_silent else self.state.value
        return f"{words}, last answer {self.health.last_answer}" if self.health.last_answer else words

    @property
    def is_live(self) -> bool:
        return self._wants_live

    def open(self) -> None:
        """Connect and read the list; does nothing while open or connecting."""
        if self.state in (StoreState.CONNECTING, StoreState.OPEN):
            return
        self._set_state(StoreState.CONNECTING)
        self._connect(self._failed)
        self._beat.start()

    def reconnect(self) -> None:
        """Reconnect; what the list shows stays until it is read again."""
        if self.state in (StoreState.CLOSED, StoreState.FAILED):
            self.open()
        elif self.state is StoreState.OPEN and (self._connect_job is None or self._connect_job.is_finished):
            self._lanes.interrupt("list")  # it waits in vain; a write is never cut off
            self._connect(self._not_reconnected)

    def ping(self) -> None:
        """Ask whether the store answers, unless a listing finds out anyway; connect to one that came back."""
        jobs = (self._load_job, self._settle_job, self._beat_job, self._connect_job)
        if any(job is not None and not job.is_finished for job in jobs):
            return
        if self.state is StoreState.FAILED and self._may_come_back:
            self._connect(self._failed, is_quiet=True)
        elif self.state is StoreState.OPEN and self.health.is_silent:
            self._connect(self._not_reconnected, is_quiet=True)
        elif self.state is StoreState.OPEN:
            self._beat_job = self._context.jobs.submit(
                self._lanes["list"],
                lambda: self._lanes.store("list").ping(),
                owner=self,
                done=lambda _: self.health.note_answer(),
                failed=self.health.note_failure,
            )

    def _connect(self, failed: Callable[[Exception], None], *, is_quiet: bool = False) -> None:
        self._kept = self.catalogue or self._kept
        settings = self._context.book.settings
        limit = MemoryLimit(settings.list_memory_mb << 20, settings.list_drops)
        self._connect_job = self._context.jobs.submit(
            self._lanes["edit"],
            lambda: connect(self.profile, self._context.secrets, limit=limit, log=self._context.commands),
            owner=self,
            done=self._opened,
            failed=failed,
        )
        if not is_quiet:
            self.health.begin_wait("Connecting", self._connect_job)

    def take_over(self, other: OpenStore) -> None:
        """Show at first, once open, what the list of the same store held when it was closed."""
        self._kept = other.catalogue or other._kept

    def run(
        self,
        work: Callable[[SessionStore], _T],
        *,
        owner: QObject,
        done: Callable[[_T], None],
        failed: Callable[[Exception], None],
        words: str = "Waiting for the store",
        can_stop: bool = False,
    ) -> Job:
        """Run `work(store)` on the edit lane. `words`: what a person waits for, who can stop it where it writes nothing."""
        connection = self.connection
        if connection is None:
            raise RuntimeError("the store isn't open")

        def answered(result: _T) -> None:
            self.health.note_answer()
            done(result)

        job = self._context.jobs.submit(
            self._lanes["edit"],
            lambda: work(connection.store),
            owner=owner,
            done=answered,
            failed=partial(self._told, failed),
        )
        self.health.begin_wait(words, job, connection.store.interrupt if can_stop else None)
        return job

    def _told(self, failed: Callable[[Exception], None], error: Exception) -> None:
        self.health.note_failure(error)
        failed(error)

    def stream(
        self,
        work: Callable[[SessionStore, CancelToken], Iterator[_T]],
        *,
        owner: QObject,
        item: Callable[[_T], None],
        done: Callable[[None], None],
        failed: Callable[[Exception], None],
    ) -> Job:
        """Run an iterator over the store on the bulk lane, with progress; one after the other."""
        if self.connection is None:
            raise RuntimeError("the store isn't open")
        self._bulk_job = self._context.jobs.stream(
            self._lanes["bulk"],
            lambda token: work(self._lanes.store("bulk"), token),
            owner=owner,
            item=item,
            done=done,
            failed=partial(self._told, failed),
        )
        return self._bulk_job

    def put_record(self, record: RawRecord) -> None:
        """Have the list show a record that was just written."""
        self._change_list(lambda catalogue: catalogue.update(record, record.read_at_ms))

    def drop_records(self, keys: Sequence[bytes]) -> None:
        """Take records out of the list that are gone."""
        self._change_list(lambda catalogue: [catalogue.remove(key) for key in keys])

    def _change_list(self, change: Callable[[Catalogue], object]) -> None:
        catalogue = self.catalogue
        if catalogue is not None:
            # On a lane: the catalogue may be locked by a listing for some milliseconds.
            self._context.jobs.submit(
                self._context.compute,
                lambda: change(catalogue),
                owner=self,
                done=lambda _: self.rows_changed.emit(),
                failed=self._read_failed,
            )

    def reload(self) -> None:
        """Read the list again; rows that are gone disappear at the end."""
        if self.state is StoreState.FAILED:
            self.open()
        if self.health.is_silent:
            self.reconnect()
            return
        if self.connection is None or self.state is not StoreState.OPEN:
            return
        self.stop_reading()
        self._had_sessions = self._had_sessions or self.connection.catalogue.total > 0
        if self.connection.catalogue.is_sparse:
            fresh = self.connection.catalogue.emptied()
            self.connection = replace(self.connection, catalogue=fresh)
        catalogue, is_gentle = self.connection.catalogue, self.profile.is_gentle
        self._set_progress(Progress(is_reading=True))
        self._load_job = self._context.jobs.stream(
            self._lanes["list"],
            lambda token: read_in_steps(self._lanes.store("list"), catalogue, token, is_gentle=is_gentle),
            owner=self,
            item=self._read_some,
            done=self._read_done,
            failed=partial(self._told, self._read_failed),
        )
        self.health.begin_wait("Reading the list", self._load_job, self.stop_reading)

    def _read_some(self, progress: Progress) -> None:
        self.health.note_answer()
        self._set_progress(progress)

    def stop_reading(self) -> None:
        if self._load_job is not None and not self._load_job.is_finished:
            self._load_job.cancel()
            self._lanes.interrupt("list")
            self._set_progress(Progress(self.progress.read, self.progress.total))
            self.rows_changed.emit()
        self._load_job = None
        if self._settle_job is not None:
            self._settle_job.cancel()
            self._settle_job = None

    def set_live(self, wanted: bool) -> None:
        """Follow the store's changes, or stop."""
        self._wants_live, self.look = wanted, None
        if self._live_job is not None:
            self._live_job.cancel()
            self._live_job = None
        self._is_catching_up = wanted
        if wanted and self.connection is not None:
            catalogue = self.connection.catalogue
            self._live_job = self._context.jobs.stream(
                self._lanes["live"],
                lambda token: follow_changes(self._lanes.store("live"), catalogue, token, lambda: self.followed_key),
                owner=self,
                item=self._followed,
                failed=partial(self._told, self._live_failed),
            )

    def close(self) -> None:
        """Stop everything; frees blocked sockets, waits for nothing."""
        self._wants_live = False
        self._beat.stop()
        for job in (self._load_job, self._settle_job, self._live_job, self._bulk_job):
            if job is not None:
                job.cancel()
        own = [self.connection.store] if self.connection is not None else []
        stores = [*self._lanes.stores, *own]
        for store in stores:
            store.interrupt()
        self._lanes.close()
        for store in stores:
            store.close()
        self._kept = self.catalogue or self._kept
        self.connection = None
        self.state = StoreState.CLOSED

    def join(self, timeout_s: float) -> bool:
        """Wait for the lanes to end; True when they all have."""
        return self._lanes.join(timeout_s)

    def _opened(self, connection: Connection) -> None:
        self._lanes.leave("list", "bulk", *(() if self._live_job is not None else ("live",)))
        if self.connection is not None:
            self._lanes["edit"].put(self.connection.store.close)
        kept = self._kept
        if kept is not None and kept.reading == connection.reading:
            # The list of last time is there at once, and then read again.
            kept.adopt(connection.store)
            connection = replace(connection, catalogue=kept)
        self.connection = connection
        self.trouble = None
        self.health.note_answer()
        self._set_state(StoreState.OPEN)
        self.rows_changed.emit()
        self.reload()
        if self._wants_live:
            self.set_live(True)

    def _failed(self, error: Exception) -> None:
        self.trouble = describe_trouble(error)
        self._may_come_back = isinstance(error, StoreUnreachable)
        self._set_state(StoreState.FAILED)

    def _not_reconnected(self, error: Exception) -> None:
        self.health.note_failure(error)
        if not isinstance(error, StoreUnreachable):
            self._failed(error)

    def _set_state(self, state: StoreState) -> None:
        self.state = state
        self.state_changed.emit()

    def _set_progress(self, progress: Progress) -> None:
        self.progress = progress
        self.progress_changed.emit()

    def _read_done(self, _: None) -> None:
        self.trouble = None
        self._set_progress(Progress(self.progress.read, self.progress.total, is_complete=True))
        self.rows_changed.emit()
        if self.connection is not None:
            catalogue = self.connection.catalogue
            self._settle_job = self._context.jobs.stream(
                self._lanes["list"],
                lambda token: settle(catalogue, self._lanes.store("list"), token, is_gentle=self.profile.is_gentle),
                owner=self,
                item=lambda _done: self.rows_changed.emit(),
                failed=partial(self._told, self._read_failed),
            )

    def _read_failed(self, error: Exception) -> None:
        self._lanes.forget("list")
        self.trouble = describe_trouble(error)
        self._set_progress(Progress(self.progress.read, self.progress.total))
        self.state_changed.emit()
        self.rows_changed.emit()

    def _followed(self, keys: tuple[bytes, ...] | Look | None) -> None:
        if isinstance(keys, Look):
            self.look = keys
            self.looked.emit()
            return
        if keys is None or self._is_catching_up:
            # What changed between the last listing and the beginning of the watch was seen by neither.
            self._is_catching_up = False
            self.reload()
        if keys is None:
            return
        if keys:
            self.health.note_answer()
            self.sessions_changed.emit(frozenset(keys))

    def _live_failed(self, error: Exception) -> None:
        self._lanes.forget("live")
        self.trouble = describe_trouble(error)
        self.state_changed.emit()
        QTimer.singleShot(_RECONNECT_MS, self, self._resume_live)

    def _resume_live(self) -> None:
        if self._wants_live and self.state is StoreState.OPEN:
            self.set_live(True)
