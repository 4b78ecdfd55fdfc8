"""What is wrong or odd in a session record and what an edit would break; knows no store connection.

The rules are those of the real libraries (express-session, connect-redis, connect-mongo, session-file-store).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from inspector.core.node import Node, Path


class Severity(Enum):
    REFUSED = "refused"  # an edit that must not be saved: the application would break
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """`text` says what happens, `remedy` what to do; `path` is the node it is about (in the examined tree)."""

    severity: Severity
    path: Path
    text: str
    remedy: str = ""


def examine(root: Node, kind: str) -> tuple[Finding, ...]:
    """Return what is odd in a stored session of a "redis", "mongo", "file" or "memory" store; never REFUSED."""
    raise NotImplementedError


def check_edit(before: Node | None, after: Node, kind: str) -> tuple[Finding, ...]:
    """Return what saving `after` in place of `before` (None: a new record) would break (REFUSED) or risk (WARNING).

    Only what the edit brings in is judged: an oddity that was there before is not the edit's.
    """
    raise NotImplementedError
