"""Traps of the encryption around a record; the rules of kruptein 3.1 to 3.4 and connect-mongo 4 to 6."""

from __future__ import annotations

from inspector.codecs import Decoded
from inspector.codecs.wrappings.kruptein import KrupteinLayer
from inspector.codecs.wrappings.layers import JsonStringLayer
from inspector.codecs.wrappings.session_file_crypto import SessionFileLayer
from inspector.core.finding import Finding, Severity
from store_adapters.record_form import PayloadForm

_PIN = "Pin kruptein in the application's lock file (3.0.8 is what connect-mongo 6 takes), and keep one version for one store."


_UNREADABLE_BASES = frozenset(("base64", "base64url"))
"""Encodings whose text of the IV and text of the content do not join to one that can be decoded."""


def judge_layers(decoded: Decoded, form: PayloadForm) -> tuple[Finding, ...]:
    """Return what an update of the encrypting library does to a record of this era, or a restart."""
    unreadable = unreadable_era(decoded, form)
    if unreadable is not None:
        return (unreadable,)
    if _era(decoded).startswith(("3.1 to", "3.1.3", "3.1.5")):
        words = (
            "Where kruptein 3.2 or 3.3 wrote this: they remember the first salt of their process, so after a restart they "
            "cannot read what has another."
        )
        return (Finding(Severity.NOTE, (), words, _PIN),)
    return ()


def unreadable_era(decoded: Decoded, form: PayloadForm) -> Finding | None:
    """Return that the library which wrote a record cannot read it, None where it can."""
    if form is not PayloadForm.DOCUMENT or not _era(decoded).startswith("3.4"):
        return None
    words = (
        "kruptein 3.4 wrote this, which connect-mongo 4 and 5 cannot read: they answer 500 to every request with it."
    )
    return Finding(Severity.WARNING, (), words, f"{_PIN} Delete the sessions of 3.4.")


def own_cipher(decoded: Decoded) -> str:
    """Return the `encryptEncoding` in which session-file-store up to 1.3 cannot read its own file, "" where it can."""
    for layer in decoded.layers:
        if isinstance(layer, SessionFileLayer) and layer.encoding in _UNREADABLE_BASES:
            return layer.encoding
    return ""


def was_stringified_twice(decoded: Decoded) -> bool:
    """True where the record is a JSON string, and the session's own text stands in it."""
    return bool(decoded.layers) and isinstance(decoded.layers[0], JsonStringLayer)


def _era(decoded: Decoded) -> str:
    return next((layer.era for layer in decoded.layers if isinstance(layer, KrupteinLayer)), "")
