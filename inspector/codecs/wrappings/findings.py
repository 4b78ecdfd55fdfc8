"""Traps of the encryption around a record; the rules of kruptein 3.1 to 3.4 and connect-mongo 4 to 6; knows no store connection."""

from __future__ import annotations

from inspector.codecs._api import Decoded
from inspector.codecs.wrappings.kruptein import KrupteinLayer
from inspector.core.finding import Finding, Severity

_PIN = "Pin kruptein in the application's lock file (3.0.8 is what connect-mongo 6 takes), and keep one version for one store."


def judge_layers(decoded: Decoded, kind: str) -> tuple[Finding, ...]:
    """Return what an update of the encrypting library does to a record of this era, or a restart."""
    era = next((layer.era for layer in decoded.layers if isinstance(layer, KrupteinLayer)), "")
    if era.startswith("3.4") and kind == "mongo":
        words = "kruptein 3.4 wrote this, which connect-mongo 4 and 5 cannot read: they answer 500 to every request with it."
        return (Finding(Severity.WARNING, (), words, f"{_PIN} Delete the sessions of 3.4."),)
    if era.startswith(("3.1 to", "3.1.3", "3.1.5")):
        words = (
            "Where kruptein 3.2 or 3.3 wrote this: they remember the first salt of their process, so after a restart they "
            "cannot read what has another."
        )
        return (Finding(Severity.NOTE, (), words, _PIN),)
    return ()
