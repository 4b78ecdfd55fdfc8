"""What an application does when a request asks for a session whose record is this one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from inspector.core.node import Path


class Effect(Enum):
    FOUND = "found"
    NEW_SESSION = "new session"  # the record is passed over, as if it were not there
    ERROR = "error 500"
    DELETED = "deleted, error 500"  # the store deletes the record and the request fails
    HANGS = "hangs"  # the request is never answered
    CRASH = "crash"  # the application's process ends
    UNKNOWN = "unknown"  # sealed, beyond what is read here, or of a library whose rules are not known


@dataclass(frozen=True, slots=True)
class RecordVerdict:
    """`text`: what the application does and why, "" where it simply finds the session. `remedy`: what to do about it.
    `path`: the node that decides. `is_over`: the session has ended, and its record only still stands."""

    effect: Effect
    text: str = ""
    remedy: str = ""
    path: Path = ()
    is_over: bool = False

    @property
    def is_refused(self) -> bool:
        """True where the application certainly does not open the session."""
        return self.effect not in (Effect.FOUND, Effect.UNKNOWN)


FOUND = RecordVerdict(Effect.FOUND)
