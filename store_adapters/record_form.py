"""How a kind of store keeps a record: the form of its payload, and the clock that ends it. Values, for both sides to read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

PASSED_OVER_MS = 1
"""An expiry in a listing that isn't a time: the application's own query always passes over the record (`RawRecord.hidden_by`)."""


class PayloadForm(StrEnum):
    """What the bytes of a record are; which codecs read them follows from it. The values travel to the decoder's process."""

    TEXT = "text"  # what a session library's serializer wrote: JSON, perhaps wrapped
    VALUE = (
        "value"  # the same in a column of a JSON type, which the application's driver parses before its library sees it
    )
    DOCUMENT = "mongo"  # a whole BSON document that names its own `_id`, with the session in one of its fields
    FILE = "file"  # session-file-store's JSON, which holds the time of the last request as well

    def holds(self, other: PayloadForm) -> bool:
        """True where a record of the other form has the same bytes here."""
        return self is other or {self, other} == {PayloadForm.TEXT, PayloadForm.VALUE}

    @property
    def names_itself(self) -> bool:
        """True where the session ID stands in the record too, so that a copy under another ID has other bytes."""
        return self is PayloadForm.DOCUMENT


@dataclass(frozen=True, slots=True)
class ExpiryClock:
    """The clock by which a kind of store lets a record go, in words for people.

    `never` and `ends` say what happens without and with a time. `remedy`: what helps against a session that never ends.
    `field`: the record's own field in which the time stands, "" where it is beside the record; `unread` says what holds when
    that field is there and isn't a time. `{lifetime}` in `ends` stands for what the record's lifetime is taken from.
    `moves_alone`: a touch moves the clock and leaves the record's bytes as they are. `is_outlived`: the application accepts a record
    past its end, until something removes it. `revives`: a record that has ended can be given another end.
    """

    name: str = "store"
    ends: str = "The store removes it then."
    never: str = "The store keeps it until it is deleted."
    remedy: str = "Set cookie.maxAge in the application."
    field: str = ""
    unread: str = ""
    moves_alone: bool = False
    is_outlived: bool = False
    revives: bool = True


PLAIN_CLOCK = ExpiryClock()
"""Beside the record, with nothing particular to tell of it."""
