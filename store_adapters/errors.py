"""Everything that can go wrong with a session store, one class per fact.

An adapter turns every driver exception into one of these at its boundary. `str(error)` is a sentence that
is safe to show and to log: it never holds a secret, a stored value or a driver's own text.
"""

from __future__ import annotations


class StoreError(Exception):
    """Trouble with a store. `message` says what happened and to what, `remedy` what to do about it."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(f"{message} {remedy}".strip())
        self.message = message
        self.remedy = remedy


class BadStoreAddress(StoreError):
    """The store URL cannot be understood."""


class StoreUnreachable(StoreError):
    """Nothing answered in time, or the connection broke. What was asked for is not known to have happened."""


class NotConnected(StoreUnreachable):
    """No connection could be made: nothing was sent, so nothing of what was asked for has happened."""


class TimedOut(StoreUnreachable):
    """It was sent, and no answer came in time: it may still happen later."""


class StoreRefused(StoreError):
    """The server answered and said no: authentication, permissions, memory full, still loading."""


class TableUnclear(StoreRefused):
    """Which table holds the sessions, or what its columns mean, isn't clear: a look over the database's tables tells."""


class StoreReadOnly(StoreRefused):
    """The connection, the folder or the server (a replica) does not take writes."""


class RecordMissing(StoreError):
    """There is no such record: expired, destroyed, or never there."""


class RecordExists(StoreError):
    """A record that should be created is there already."""


class RecordChanged(StoreError):
    """The record is no longer what it was when it was read; nothing was written."""

    def __init__(
        self,
        message: str = "The session changed after it was read; nothing was written.",
        remedy: str = "Read it again.",
    ) -> None:
        super().__init__(message, remedy)


class RecordUnreadable(StoreError):
    """The record is there but cannot be read as a session: wrong type, no permission, too large."""


class RecordTooLarge(RecordUnreadable):
    """The record exceeds `Limits.max_record_bytes`. `size`: in bytes. `head`: its first bytes, to be looked at; like every
    stored value they stand in no text of the error."""

    def __init__(self, size: int, head: bytes) -> None:
        super().__init__(f"The record is {size:,} bytes, too large to open.", "No session is that large.")
        self.size = size
        self.head = head


class OutcomeUnknown(StoreError):
    """The connection broke during a write and a re-read could not tell whether it took effect."""


class Unsupported(StoreError):
    """This store cannot do what was asked; the capabilities say so beforehand."""


class Interrupted(StoreError):
    """Somebody called `interrupt()` or cancelled while the call was running."""
