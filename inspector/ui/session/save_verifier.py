"""After a save: is the edit still there? A running application may write an older copy of the session over it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, QTimer, Signal

from inspector.services.sessions.save_session import (
    FIRST_LOOK_MS,
    Persistence,
    PersistenceReport,
    SaveOutcome,
    verify_saved,
)
from inspector.ui.base.trouble import describe_trouble
from inspector.ui.stores.open_store import OpenStore

# A request that was slow, or the next of a page that polls, has ended by the second.
_LOOKS_MS = (FIRST_LOOK_MS, 5000)


_Place = tuple[OpenStore, bytes]


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """One of the looks after one save. `number`: from 0. `seen`: what was stored at the look before."""

    store: OpenStore
    key: bytes
    outcome: SaveOutcome
    number: int = 0
    seen: bytes = b""


class SaveVerifier(QObject):
    """Looks at each saved session twice. `told(store, key, report, number)`: what was found; `noted(words)`: why nothing was.

    A newer save, or any other write of ours to the session, ends it: it would be taken for the application's. `is_shown` is
    asked before the second look, which nobody waits for who has gone on to another session.
    """

    told = Signal(object, bytes, PersistenceReport, int)  # OpenStore, key, report, number of the look
    noted = Signal(str)

    def __init__(self, is_shown: Callable[[OpenStore, bytes], bool], parent: QObject) -> None:
        super().__init__(parent)
        self._is_shown = is_shown
        self._looks: dict[_Place, _Look] = {}

    def start(self, store: OpenStore, key: bytes, outcome: SaveOutcome) -> None:
        """Look after this save, and no longer after the one before of the same session."""
        self._wait(_Look(store, key, outcome), _LOOKS_MS[0])

    def cancel(self, store: OpenStore, key: bytes) -> None:
        """Look no more at this session."""
        self._looks.pop((store, key), None)

    @property
    def is_waiting(self) -> bool:
        return bool(self._looks)

    def _wait(self, look: _Look, milliseconds: int) -> None:
        self._looks[(look.store, look.key)] = look
        QTimer.singleShot(milliseconds, self, lambda: self._run(look))

    def _is_current(self, look: _Look) -> bool:
        return self._looks.get((look.store, look.key)) is look

    def _run(self, look: _Look) -> None:
        if not self._is_current(look):
            return  # written again meanwhile
        is_left = look.number > 0 and not self._is_shown(look.store, look.key)
        if is_left or look.store.connection is None:
            self.cancel(look.store, look.key)
            return
        look.store.run(
            lambda adapter: verify_saved(adapter, look.outcome),
            owner=self,
            done=lambda report: self._done(look, report),
            failed=lambda error: self._failed(look, error),
        )

    def _failed(self, look: _Look, error: Exception) -> None:
        if self._is_current(look):
            self.cancel(look.store, look.key)
            self.noted.emit(
                f"Saved, but it couldn't be read back to check that the edit is still there: {describe_trouble(error).text}"
            )

    def _done(self, look: _Look, report: PersistenceReport) -> None:
        if not self._is_current(look):
            return
        self.cancel(look.store, look.key)
        seen = report.record.raw.payload if report.record is not None else b""
        if report.state is Persistence.CHANGED and seen == look.seen:
            report = replace(report, state=Persistence.PERSISTED)  # and told at the look before
        if report.state in (Persistence.PERSISTED, Persistence.CHANGED) and look.number + 1 < len(_LOOKS_MS):
            following = replace(look, number=look.number + 1, seen=seen)
            self._wait(following, _LOOKS_MS[following.number] - _LOOKS_MS[look.number])
        self.told.emit(look.store, look.key, report, look.number)
