"""Runs one long act on a store at a time and shows it in the strip."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from inspector.ui.base.plain import tell
from inspector.ui.base.trouble import describe_trouble
from inspector.ui.bulk.bulk_strip import BulkStrip
from inspector.ui.stores.open_store import OpenStore
from store_adapters.contract import CancelToken, SessionStore

_T = TypeVar("_T")


class BulkRunner(QObject):
    """`changed` when an act begins or ends. `strip` goes to the bottom of the window."""

    changed = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._stop = CancelToken()
        self._store: OpenStore | None = None
        self.strip = BulkStrip()
        self.strip.stop_wanted.connect(lambda: self._stop.cancel())

    @property
    def is_running(self) -> bool:
        return self._store is not None

    def run(
        self,
        store: OpenStore,
        work: Callable[[SessionStore, CancelToken], Iterator[_T]],
        *,
        show: Callable[[_T], tuple[str, int, int]],
        done: Callable[[_T], None],
    ) -> None:
        """Run `work(adapter, stop)` on the store's bulk lane; `show` says (words, done, total) of each value it yields.

        `done` gets the last value, after Stop as well; trouble is told here.
        """
        if self._store is not None:
            tell(self._window, "Another bulk change is still running", "Wait for it to finish, or stop it.")
            return
        stop = self._stop = CancelToken()
        last: list[_T] = []

        def item(value: _T) -> None:
            last[:] = [value]
            self.strip.show_progress(*show(value))

        def end(_: None) -> None:
            self._end()
            if last:
                done(last[0])

        def fail(error: Exception) -> None:
            self._end()
            trouble = describe_trouble(error)
            self.strip.show_result(f"{trouble.text} {trouble.remedy}".strip(), can_undo=False)

        self._store = store
        self.strip.begin()
        self.strip.show_progress("Starting …", 0, 0)
        store.stream(lambda adapter, _token: work(adapter, stop), owner=self, item=item, done=end, failed=fail)
        self.changed.emit()

    def _end(self) -> None:
        self._store = None
        self.changed.emit()

    def forget(self, store: OpenStore) -> None:
        """The store is being closed: what ran on it has ended."""
        if self._store is store:
            self._end()
            self.strip.hide()
