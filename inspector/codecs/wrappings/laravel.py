"""Laravel's encrypter: JSON of `iv`, `value` and `mac` around a sealed session; recognised, so that nobody edits that as data."""

from __future__ import annotations

from collections.abc import Collection

from inspector.codecs._api import Attempt, CodecError
from inspector.core.node import Kind, Node, member, text_of

_FIELDS = frozenset(("iv", "value", "mac"))
_MOST_FIELDS = _FIELDS | {"tag"}
_WORDS = "Encrypted by Laravel: iv, value and mac are its envelope, not data. It is not opened here, and so not edited."


def _is_envelope(names: Collection[str | None]) -> bool:
    """True for the names of an envelope's members; a session with more or other names isn't an envelope."""
    return set(names) >= _FIELDS and set(names) <= _MOST_FIELDS


def refuse_laravel(root: Node) -> None:
    """`CodecError` for an envelope, whatever it was wrapped in."""
    if root.kind is not Kind.OBJECT or not _is_envelope([entry.key for entry in root.entries]):
        return
    if all(text_of(member(root, name)) is not None for name in _FIELDS):
        raise CodecError(_WORDS, (Attempt("Laravel", _WORDS),))
