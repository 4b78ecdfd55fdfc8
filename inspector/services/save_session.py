"""Saving so that nothing of the application's is lost: review, merge, compare-and-set, retry, re-read.

Knows no window. Every function talks to the store and belongs on its lane.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from inspector.codecs import Decoded
from inspector.core.findings import Finding
from inspector.core.merge import Choice, FieldChange
from inspector.core.node import Node
from inspector.services.journal import Journal
from inspector.services.open_session import OpenedSession
from store_adapters.contract import RawRecord, SessionStore


@dataclass(frozen=True, slots=True)
class Review:
    """What a save would do, for a person to judge: the three columns "when opened", "now", "yours".

    `gone`: the record is no longer there; saving is refused. `changed_by_application`: it changed since it was opened.
    `findings`: REFUSED ones forbid saving. `expiry`: what happens to the expiry, in words.
    `command`: what would be sent to the store, values cut, for the preview.
    """

    opened: OpenedSession
    root: Node
    now: RawRecord | None
    now_decoded: Decoded | None
    changes: tuple[FieldChange, ...]
    findings: tuple[Finding, ...]
    gone: bool
    changed_by_application: bool
    expiry: str

    @property
    def conflicts(self) -> tuple[FieldChange, ...]:
        raise NotImplementedError

    @property
    def can_save(self) -> bool:
        """False when the record is gone, nothing was edited, or a finding refuses it; conflicts are settled by choices."""
        raise NotImplementedError


class SaveState(Enum):
    SAVED = "saved"
    UNCHANGED = "unchanged"  # nothing was edited: nothing was written
    CONFLICT = "conflict"  # both sides changed a field and no choice was made; nothing was written
    GONE = "gone"  # logged out or expired meanwhile; it was not brought back
    REFUSED = "refused"  # the application would break; nothing was written
    BUSY = "busy"  # the application changed it at every attempt; nothing was written
    UNKNOWN = "unknown"  # the connection broke and a re-read could not tell


@dataclass(frozen=True, slots=True)
class SaveOutcome:
    """What became of a save. `record`: as it stands after a SAVED. `review`: the newest one, for CONFLICT.
    `attempts`: compare-and-set rounds. `message`: one sentence to show."""

    state: SaveState
    message: str
    record: OpenedSession | None = None
    review: Review | None = None
    attempts: int = 0


def review_changes(store: SessionStore, opened: OpenedSession, root: Node) -> Review:
    """Read the record now and set it beside what was opened and the edited tree `root`. Writes nothing."""
    raise NotImplementedError


def save_session(
    store: SessionStore,
    opened: OpenedSession,
    root: Node,
    journal: Journal,
    choices: Mapping[str, Choice] | None = None,
    *,
    overwrite: bool = False,
    max_attempts: int = 10,
) -> SaveOutcome:
    """Write the edits in `root` over what the store holds now, merged by field, by compare-and-set.

    Reads, merges, writes against what was just read, and tries again up to `max_attempts` times when the application
    was faster. The expiry stays; a record that is gone is not recreated; no edit, no write. `overwrite` takes mine for
    every field (a real choice of the person's, still compare-and-set, still never recreating). The before-image goes
    to the journal. `StoreReadOnly`, `StoreUnreachable` and their like pass through when nothing was written.
    """
    raise NotImplementedError


class StickState(Enum):
    STUCK = "stuck"
    OVERWRITTEN = "overwritten"  # the application wrote an older copy over it
    CHANGED = "changed"  # the application changed other fields; the edits are there
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class StickReport:
    state: StickState
    message: str
    record: OpenedSession | None


def check_stuck(store: SessionStore, saved: OpenedSession, changes: tuple[FieldChange, ...]) -> StickReport:
    """Read again, a moment after a save, and say whether the edits in `changes` are still there."""
    raise NotImplementedError
