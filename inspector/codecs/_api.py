"""What a decoded record is and what a codec promises."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from inspector.codecs._layer import Layer, OpeningKeys
from inspector.core.node import Node


class Fidelity(Enum):
    EXACT = "exact"  # encoding the unedited tree gives the same bytes
    EQUIVALENT = "equivalent"  # other bytes with the same meaning: editable, the formatting will change
    READ_ONLY = "read-only"  # neither: shown, never written


@dataclass(frozen=True, slots=True)
class Attempt:
    """One codec that was tried on bytes it could not read: its label, why not, and at which byte (None: unknown).
    `is_limit`: it met a limit of this program, which says nothing against the record."""

    label: str
    reason: str
    offset: int | None = None
    is_limit: bool = False


class CodecError(ValueError):
    """The bytes cannot be read, or the tree not be written, in this format. Holds no payload. `is_limit`: see `Attempt`."""

    def __init__(self, message: str, attempts: tuple[Attempt, ...] = (), *, is_limit: bool = False) -> None:
        super().__init__(message)
        self.attempts = attempts
        self.is_limit = is_limit or any(attempt.is_limit for attempt in attempts)


class TooLargeError(CodecError):
    """What is packed in the record is larger than `max_bytes`; with a larger one it may be read."""


class SealedError(CodecError):
    """The record is encrypted and no secret opens it. `known`: the era and form, as far as they show without one.

    `other_cause`: why the right secret may not open it either, for people.
    """

    def __init__(self, label: str, known: str, has_secrets: bool, other_cause: str = "") -> None:
        needed = "Give the store the secret which encrypts its records."
        if has_secrets:
            causes = f"another secret, {other_cause}," if other_cause else "another secret,"
            needed = f"None of the store's secrets opens it: {causes} or damaged."
        super().__init__(f"{known}. {needed}", (Attempt(label, f"{known}. {needed}"),))
        self.known = known


@dataclass(frozen=True, slots=True)
class Decoded:
    """A record read by a codec. `codec` is its stable name ("express-json", "connect-mongo-text",
    "connect-mongo-object", "session-file-store"), `label` the words for people ("express JSON").

    `root` is the session as the application sees it. `envelope`: the other top-level fields of a MongoDB document.
    `source`: the bytes that the spans in `root` point into. `reason`: why the fidelity is not EXACT.
    `layers`: what is wrapped around the text, the outermost first; `keys`: what opened them.
    """

    codec: str
    label: str
    payload: bytes = field(repr=False)
    root: Node = field(repr=False)
    fidelity: Fidelity
    source: bytes = field(repr=False)
    envelope: Node | None = field(default=None, repr=False)
    reason: str = ""
    layers: tuple[Layer, ...] = field(default=(), repr=False)
    keys: OpeningKeys = field(default=OpeningKeys(), repr=False)


class Codec(Protocol):
    """One format: bytes to a tree, and the edited tree back to bytes."""

    name: str
    label: str
    has_bson_types: bool
    """True where values have the types of BSON, and not only those of JSON."""

    def decode(self, payload: bytes, keys: OpeningKeys = ..., max_bytes: int = ...) -> Decoded:
        """Read the bytes; `CodecError` with one attempt when they are something else or larger than `max_bytes`."""
        ...

    def encode(self, decoded: Decoded, root: Node) -> bytes:
        """Return the payload with `root` in it; what is unedited keeps its bytes. `CodecError`."""
        ...


@dataclass(frozen=True, slots=True)
class Summary:
    """What the list shows of a record. `format`: the codec's label, or "unreadable: …", "not read: …", "encrypted …". `user`: who, ""
    unknown; `role`: a word beside it. `signed_in`: a user was found. `keys`: number of top-level members beside `cookie`.
    `text`: the session's text where it was wrapped in something, else empty. `has_role_list`: `user.role` is a list."""

    format: str
    user: str
    role: str
    signed_in: bool
    keys: int
    text: bytes = field(default=b"", repr=False)
    has_role_list: bool = False

    @property
    def is_known(self) -> bool:
        """False where nobody can say who is signed in."""
        return not self.format.startswith(("unreadable", "not read", "encrypted"))
