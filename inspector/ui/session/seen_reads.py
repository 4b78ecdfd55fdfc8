"""What the application did to a session while it was looked at, from one read of it to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inspector.core.display import localise_times
from inspector.core.finding import Finding
from inspector.core.merge import diff
from inspector.services.sessions.journal import JournalEntry
from inspector.services.sessions.open_session import OpenedSession
from inspector.services.sessions.save_session import describe_fields
from inspector.services.sessions.seen_changes import judge_reads
from inspector.services.sessions.shown_changes import ShownChange, show_changes
from store_adapters.record_form import ExpiryClock

_LIMIT = 200
_FIELDS = 10
_Place = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class SeenChange:
    """A change that the application made. `warning`: what it is a sign of, and the remedy, "" for nothing. `changes`: its
    fields before and after."""

    at_ms: int
    what: str
    warning: str = ""
    changes: tuple[ShownChange, ...] = ()


@dataclass(frozen=True, slots=True)
class TwoReads:
    """Two reads of a session that differ, and what was known before them."""

    before: OpenedSession
    now: OpenedSession
    clock: ExpiryClock
    older: OpenedSession | None
    was_gone: bool

    def compare(self) -> tuple[SeenChange, tuple[Finding, ...]]:
        """Return what changed, and the pitfalls that it is a sign of. For a lane: large records take their time."""
        before, now = self.before, self.now
        what = "its bytes"
        changes: tuple[ShownChange, ...] = ()
        if before.decoded is not None and now.decoded is not None:
            what = describe_fields(diff(before.decoded.root, now.decoded.root)) or "only the formatting"
            changes = show_changes(before.decoded.root, now.decoded.root)[:_FIELDS]
        signs = judge_reads(before, now, self.clock, older=self.older, was_gone=self.was_gone)
        words = localise_times(" ".join(f"{one.text} {one.remedy}" for one in signs))
        return SeenChange(now.raw.read_at_ms, what, words, changes), signs


class SeenReads:
    """Sets each read of the shown session beside the one before; keeps the changes of every session of this run."""

    def __init__(self) -> None:
        self._seen: dict[_Place, list[SeenChange]] = {}
        self._older: OpenedSession | None = None
        self._was_gone = False

    @property
    def was_gone(self) -> bool:
        """True when the session was not there at the last look."""
        return self._was_gone

    def begin(self) -> None:
        """Another session is shown from here on."""
        self._older, self._was_gone = None, False

    def note_gone(self) -> None:
        """The session was asked for and not there."""
        self._was_gone = True

    def changes(self, place: _Place) -> Sequence[SeenChange]:
        return self._seen.get(place, ())

    def take_up(
        self, before: OpenedSession, now: OpenedSession, clock: ExpiryClock, ours: Sequence[JournalEntry]
    ) -> TwoReads | None:
        """Return the two reads to compare; None where nothing changed, or what changed was written here."""
        older, was_gone = self._older, self._was_gone
        self._was_gone = False
        if before.raw.payload == now.raw.payload and not was_gone:
            return None
        self._older = before
        if any(one.after and one.after.payload == now.raw.payload for one in ours):
            self._older = None  # what is written here isn't a request of the application's
            return None
        return TwoReads(before, now, clock, older, was_gone)

    def keep(self, place: _Place, change: SeenChange) -> None:
        """Keep what a comparison has found for the history."""
        seen = self._seen.setdefault(place, [])
        seen.append(change)
        del seen[:-_LIMIT]
