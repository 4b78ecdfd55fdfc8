"""What the application did to a session while it was looked at, from one read of it to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from inspector.core.display import localise_times
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

    def note(
        self, place: _Place, before: OpenedSession, now: OpenedSession, clock: ExpiryClock, ours: Sequence[JournalEntry]
    ) -> OpenedSession:
        """Return what was read with the pitfalls that its change is a sign of, which the history keeps."""
        older, was_gone = self._older, self._was_gone
        self._was_gone = False
        if before.raw.payload == now.raw.payload and not was_gone:
            return now
        self._older = before
        if any(one.after and one.after.payload == now.raw.payload for one in ours):
            self._older = None  # what is written here isn't a request of the application's
            return now
        what = "its bytes"
        changes: tuple[ShownChange, ...] = ()
        if before.decoded is not None and now.decoded is not None:
            what = describe_fields(diff(before.decoded.root, now.decoded.root)) or "only the formatting"
            changes = show_changes(before.decoded.root, now.decoded.root)[:_FIELDS]
        signs = judge_reads(before, now, clock, older=older, was_gone=was_gone)
        seen = self._seen.setdefault(place, [])
        seen.append(
            SeenChange(
                now.raw.read_at_ms, what, localise_times(" ".join(f"{one.text} {one.remedy}" for one in signs)), changes
            )
        )
        del seen[:-_LIMIT]
        return replace(now, findings=(*now.findings, *signs))
