"""What a wrapping around a session's JSON text is; knows none in particular."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from inspector.core.secret import Secret


@dataclass(frozen=True, slots=True)
class OpeningKeys:
    """What opens encrypted records: the store's secrets in order, the session ID, which some formats mix in, and the
    form of the payload (`PayloadForm`), as some are used with one form only. `is_quick`: skip what takes a slow key for each record."""

    secrets: tuple[Secret, ...] = field(default=(), repr=False)
    session_id: str = ""
    form: str = ""
    is_quick: bool = False


class Layer(Protocol):
    """One wrapping, with everything that writing the same wrapping again takes."""

    @property
    def words(self) -> str:
        """What it is, for people: "base64", "encrypted by kruptein 3.0.7 to 3.0.9"."""
        ...

    @property
    def is_exact(self) -> bool:
        """True when the same text always gives the same bytes (encryption takes a new IV, so it does not)."""
        ...

    def wrap(self, inner: bytes) -> bytes:
        """Return the wrapped text. `CodecError` when it cannot be wrapped."""
        ...


Unwrapped = tuple[Layer, bytes]
Unwrapper = Callable[[bytes, OpeningKeys, int], Unwrapped | None]
"""`unwrap(outer, keys, max_bytes)`: the layer and what was inside; None when the bytes are not of this form.
`CodecError` when they are and cannot be opened; its attempts say what is known and what is needed."""


def is_json_text(plain: bytes) -> bool:
    """True for what can be JSON by both its ends, and is UTF-8: what tells a right key where nothing is authenticated.

    The first block alone is the same in CTR, CFB and OFB mode.
    """
    ends = {b'"': b'"', b"{": b"}", b"[": b"]"}
    if plain[-1:] != ends.get(plain[:1]):
        return False
    try:
        plain.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
