"""After a save: is the edit still there? A running application may write an older copy of the session over it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal

from inspector.core.merge import FieldChange
from inspector.services.sessions.open_session import OpenedSession
from inspector.services.sessions.save_session import StickReport, StickState, check_stuck
from inspector.ui.base.trouble import describe_trouble
from inspector.ui.stores.open_store import OpenStore

# A request that was in flight ends within the first; one that was slow, or the next of a page that polls, by the second.
_LOOKS_MS = (700, 5000)


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """One of the looks after one save. `number`: from 0."""

    store: OpenStore
    record: OpenedSession
    changes: tuple[FieldChange, ...]
    number: int


class StickCheck(QObject):
    """Looks at the last saved session twice. `told(report, number)`: what was found; `noted(words)`: why nothing was.

    A newer save, or any other write of ours to the session, ends it: it would be taken for the application's. `is_shown` is
    asked before the second look, which nobody waits for who has gone on to another session.
    """

    told = Signal(StickReport, int)
    noted = Signal(str)

    def __init__(self, is_shown: Callable[[OpenStore, bytes], bool], parent: QObject) -> None:
        super().__init__(parent)
        self._is_shown = is_shown
        self._look: _Look | None = None
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._run)

    def start(self, store: OpenStore, record: OpenedSession, changes: tuple[FieldChange, ...]) -> None:
        """Look after this save, and no longer after the one before."""
        self._wait(_Look(store, record, changes, 0), _LOOKS_MS[0])

    def cancel(self, store: OpenStore, key: bytes) -> None:
        """Look no more where this is the session."""
        look = self._look
        if look is not None and (look.store, look.record.raw.ref.key) == (store, key):
            self._look = None
            self._timer.stop()

    def _wait(self, look: _Look, milliseconds: int) -> None:
        self._look = look
        self._timer.start(milliseconds)

    def _run(self) -> None:
        look = self._look
        if look is None:
            return
        is_left = look.number > 0 and not self._is_shown(look.store, look.record.raw.ref.key)
        if is_left or look.store.connection is None:
            self._look = None
            return
        look.store.run(
            lambda adapter: check_stuck(adapter, look.record, look.changes),
            owner=self,
            done=lambda report: self._done(look, report),
            failed=lambda error: self.noted.emit(describe_trouble(error).text),
        )

    def _done(self, look: _Look, report: StickReport) -> None:
        if look is not self._look:
            return  # written again meanwhile
        self._look = None
        number = look.number
        if report.state in (StickState.STUCK, StickState.CHANGED) and number + 1 < len(_LOOKS_MS):
            assert report.record is not None
            following = _Look(look.store, report.record, look.changes, number + 1)
            self._wait(following, _LOOKS_MS[number + 1] - _LOOKS_MS[number])
        self.told.emit(report, number)
