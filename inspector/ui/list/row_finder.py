"""Finds which rows of a store's list are shown, in which order, on the compute lane.

It is told that rows came or changed, and decides when to look again: the longer a look takes, the seldomer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal

from inspector.services.catalogue.catalogue import Catalogue
from inspector.services.catalogue.session_row import Column
from inspector.services.catalogue.update_selection import reselect, rows_of
from inspector.services.filtering.parser import SessionFilter
from inspector.ui.base.context import Context
from inspector.ui.base.jobs import Job
from inspector.ui.stores.open_store import OpenStore

_GATHER_MS = 120
_FEW = 20_000
_SHARE, _CHANGED_SHARE = 3, 1  # times as long as the last look took, until the next one that nobody asked for
_GROWN = 1.5
_COUNTED_S = 2.0
_MANY_CHANGED = 5_000


@dataclass(frozen=True, slots=True)
class FoundRows:
    """The positions to show, and where the chosen positions are now."""

    catalogue: Catalogue
    positions: Sequence[int]
    chosen_rows: Sequence[int]
    took_s: float
    is_update: bool


class RowFinder(QObject):
    """`found` carries `FoundRows`, `counted` the `Overview` that follows, `failed` the error.

    `chosen`: the positions to keep track of, None to hold all still.
    """

    found = Signal(object)
    counted = Signal(object)
    failed = Signal(object)

    def __init__(self, context: Context, chosen: Callable[[], frozenset[int] | None], parent: QObject) -> None:
        super().__init__(parent)
        self._context = context
        self._chosen = chosen
        self._store: OpenStore | None = None
        self._filter: SessionFilter | None = None
        self._sort = (Column.CHANGED, True)
        self._job: Job | None = None
        self._last: FoundRows | None = None
        self._is_stale = True
        self._changed: set[bytes] = set()
        self._total = 0
        self._wants_again = False
        self._count_job: Job | None = None
        self._counted_at = 0.0
        self._count_timer = QTimer(self, singleShot=True)
        self._count_timer.timeout.connect(self._count)
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._look)

    def show_store(self, store: OpenStore | None) -> None:
        """Look at another store from now on."""
        if self._store is not None:
            self._store.rows_changed.disconnect(self.rows_came)
            self._store.sessions_changed.disconnect(self.rows_changed)
        self._store, self._last, self._total, self._is_stale = store, None, 0, True
        self._changed.clear()
        self._timer.stop()
        self._count_timer.stop()
        for job in (self._job, self._count_job):
            if job is not None:
                job.cancel()
        self._job = self._count_job = None
        if store is not None:
            store.rows_changed.connect(self.rows_came)
            store.sessions_changed.connect(self.rows_changed)

    def look_for(self, session_filter: SessionFilter | None, sort: tuple[Column, bool]) -> None:
        """Find the matching rows in this order (column, descending), now."""
        self._filter, self._sort, self._is_stale = session_filter, sort, True
        self._look()

    def rows_came(self) -> None:
        """Rows were read or went: look again soon."""
        self._is_stale = True
        catalogue = self._store.catalogue if self._store is not None else None
        if catalogue is None or self._store is None or self._chosen() is None:
            return
        if self._store.progress.is_reading:
            if not self._total:
                self._look()  # the first rows at once
                return
            # Rows that only come at the end are announced when there are half as many again.
            if catalogue.total < self._total * _GROWN:
                return
        self._look_soon(_SHARE)

    def rows_changed(self, keys: frozenset[bytes]) -> None:
        """These rows changed: put them in their places soon."""
        self._changed |= keys
        if self._chosen() is not None:
            self._look_soon(_CHANGED_SHARE)

    def _look_soon(self, share: int) -> None:
        if not self._timer.isActive():
            took_s = self._last.took_s if self._last is not None else 0.0
            self._timer.start(max(_GATHER_MS, round(took_s * 1000 * share)))

    def _look(self) -> None:
        store = self._store
        if store is None or store.catalogue is None:
            return
        if self._job is not None and not self._job.is_finished:
            self._wants_again = True
            return
        catalogue, chosen = store.catalogue, self._chosen() or frozenset()
        work = self._work(catalogue, chosen)
        self._total, self._wants_again, self._is_stale = catalogue.total, False, False
        self._changed = set()
        self._job = self._context.jobs.submit(
            self._context.compute, work, owner=self, done=self._show, failed=self.failed.emit
        )

    def _work(self, catalogue: Catalogue, chosen: frozenset[int]) -> Callable[[], FoundRows]:
        wanted, (column, descending), last = self._filter, self._sort, self._last
        now_ms = round(time.time() * 1000)
        keys = () if self._is_stale or len(self._changed) > _MANY_CHANGED else tuple(self._changed)

        def work() -> FoundRows:
            begun = time.monotonic()
            is_update = bool(keys) and last is not None and last.catalogue is catalogue
            if is_update and last is not None:
                changed = {place for key in keys if (place := catalogue.find(key)) is not None}
                positions = reselect(
                    catalogue, last.positions, changed, wanted, column, descending=descending, now_ms=now_ms
                )
            else:
                positions = catalogue.select(wanted, column, descending=descending, now_ms=now_ms)
            return FoundRows(catalogue, positions, rows_of(positions, chosen), time.monotonic() - begun, is_update)

        return work

    def _show(self, view: FoundRows) -> None:
        self._last = view
        if self._store is not None and view.catalogue is self._store.catalogue:
            self.found.emit(view)
            self._count_soon(view)
        if self._wants_again:
            self._look()

    def _count_soon(self, view: FoundRows) -> None:
        # While rows come, counting all of them each time would slow the reading: the first ones and the end are told.
        if self._store is None or (self._store.progress.is_reading and view.catalogue.total >= _FEW):
            return
        since_s = time.monotonic() - self._counted_at
        wait_s = max(0.0, _COUNTED_S - since_s) if view.is_update else 0.0
        if not wait_s or not self._count_timer.isActive():
            self._count_timer.start(round(wait_s * 1000))

    def _count(self) -> None:
        """Count what chips and plots show, on a lane of its own: the next rows do not wait for it."""
        catalogue = self._store.catalogue if self._store is not None else None
        if catalogue is not None:
            self._counted_at = time.monotonic()
            now_ms = round(time.time() * 1000)
            self._count_job = self._context.jobs.submit(
                self._context.counting,
                lambda: catalogue.overview(now_ms),
                owner=self,
                done=self.counted.emit,
                failed=self.failed.emit,
            )
