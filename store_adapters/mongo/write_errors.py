"""What is said of a write to MongoDB that was not done, or of which it is not known."""

from __future__ import annotations

from store_adapters.errors import (
    NotConnected,
    OutcomeUnknown,
    RecordChanged,
    RecordMissing,
    StoreError,
    StoreUnreachable,
)

CHECKED = "The connection broke during the save; a re-read shows that it was saved."
UNCONFIRMED = "It is written, but not yet confirmed by the other servers: a failover now could still lose it."


class Unsettled(Exception):
    """The server did not say what became of a write. `is_written`: it said so, but not that it will last."""

    def __init__(self, error: StoreError, *, is_written: bool, is_late: bool) -> None:
        super().__init__(error.message)
        self.error, self.is_written, self.is_late = error, is_written, is_late


def nothing_written(error: StoreError) -> StoreError:
    """Return an error that says so."""
    if "othing was written" in f"{error.message} {error.remedy}":
        return error
    return type(error)(f"{error.message} Nothing was written.", error.remedy)


def as_it_was(error: StoreError) -> StoreError:
    """Return the error of a write that was not done, as a look has shown."""
    kind = StoreUnreachable if isinstance(error, NotConnected) else type(error)
    return kind(f"{error.message} A re-read shows that it's unchanged: nothing was written.", error.remedy)


def missing() -> RecordMissing:
    """Return the error of a write whose document is gone."""
    return RecordMissing("MongoDB has no such document.", "It was logged out, it expired, or it's elsewhere.")


def changed() -> RecordChanged:
    """Return the error of a write whose document is no longer what it was."""
    return RecordChanged()


def unknown(*, is_read: bool = False) -> OutcomeUnknown:
    """Return the error of a write that may have been done. `is_read`: it was looked at since, and was not done by then."""
    if is_read:
        return OutcomeUnknown(
            "The connection broke during the save; a re-read shows that it isn't saved so far, but the server may still save it.",
            "Refresh in a moment and check the session.",
        )
    return OutcomeUnknown(
        "The connection broke during the save, and the server can't be asked whether it was saved.",
        "When it answers again, refresh and check the session.",
    )
