"""The frameworks and session libraries whose records are known: one list. How to add one: ARCHITECTURE.md."""

from __future__ import annotations

from inspector.codecs import Decoded, Fidelity, add_codec, remove_codec
from inspector.core.node import Node, object_node
from inspector.frameworks.expiry import explain_expiry, judge_end, judge_record
from inspector.frameworks.express import EXPRESS, OWN_SERIALIZER
from inspector.frameworks.fastify import FASTIFY
from inspector.frameworks.findings import check_edit, examine
from inspector.frameworks.framework import (
    UNKNOWN,
    UNKNOWN_ORIGIN,
    Certainty,
    ExpiryRules,
    Framework,
    Place,
    Recognition,
    RecordOrigin,
    Rules,
    StoredRecord,
    Words,
    judge_own_rules,
)
from inspector.frameworks.koa import KOA
from inspector.frameworks.tables import TABLE_FRAMEWORKS

__all__ = [
    "EXPRESS",
    "FASTIFY",
    "FRAMEWORKS",
    "KOA",
    "OTHER",
    "OWN_SERIALIZER",
    "PLUGINS",
    "UNKNOWN",
    "UNKNOWN_ORIGIN",
    "Certainty",
    "ExpiryRules",
    "Framework",
    "Place",
    "Recognition",
    "RecordOrigin",
    "Rules",
    "StoredRecord",
    "Words",
    "add_plugin",
    "check_edit",
    "examine",
    "explain_expiry",
    "find_framework",
    "judge_end",
    "judge_record",
    "move_quickly",
    "origin_of",
    "register",
    "unregister",
    "user_paths",
    "with_scheme",
    "write_new",
]

OTHER = Framework("another library", judge=judge_own_rules)
"""What a person may say of a store whose library is none of these: nothing is recognised as it, and it has no rules."""

PLUGINS = "session_inspector.frameworks"
"""The entry point group of other people's packages; loaded only where the person has switched that on."""
FRAMEWORKS: list[Framework] = [EXPRESS, FASTIFY, KOA, OWN_SERIALIZER, *TABLE_FRAMEWORKS, OTHER]


def register(framework: Framework) -> None:
    """Add a framework, whose records are recognised from now on. `ValueError` for a name that is taken."""
    if find_framework(framework.name) is not None or framework.name == UNKNOWN.name:
        raise ValueError(f"There is a framework named {framework.name} already.")
    for form in {place.form for place in framework.places}:
        for codec in framework.codecs:
            add_codec(form, codec)
    FRAMEWORKS.append(framework)


def unregister(framework: Framework) -> None:
    """Take a framework out again."""
    FRAMEWORKS.remove(framework)
    for codec in framework.codecs:
        remove_codec(codec)


def add_plugin(found: object) -> str:
    """Add what an entry point of `PLUGINS` names, a `Framework` or several, and return their titles. `ValueError` for anything else
    and for a name that is taken: then nothing is added."""
    given = found if isinstance(found, tuple) else (found,)
    frameworks = [one for one in given if isinstance(one, Framework)]
    if not frameworks or len(frameworks) < len(given):
        raise ValueError("Its entry point doesn't name a framework.")
    added: list[Framework] = []
    try:
        for framework in frameworks:
            register(framework)
            added.append(framework)
    except ValueError:
        for framework in added:
            unregister(framework)
        raise
    return ", ".join(framework.title for framework in frameworks)


def find_framework(name: str) -> Framework | None:
    """Return the framework of that name, as it stands in a profile; None for "" and what is not known."""
    return next((framework for framework in FRAMEWORKS if framework.name == name), None)


def with_scheme(scheme: str) -> Framework | None:
    """Return the framework whose cookies are of that scheme."""
    return next((framework for framework in FRAMEWORKS if scheme in framework.schemes), None)


def user_paths(told: Framework | None = None) -> tuple[tuple[str | int, ...], ...]:
    """Return where a framework keeps its user, or any of them where it is not told, beside the usual places."""
    chosen = FRAMEWORKS if told is None else [told]
    return tuple(path for framework in chosen for path in framework.user_paths)


def origin_of(record: StoredRecord, told: Framework | None = None) -> RecordOrigin:
    """Return what wrote a record: what a person told of its store, else the framework that is surest; of equals the first."""
    found = UNKNOWN_ORIGIN
    for framework in FRAMEWORKS:
        seen = framework.recognise(record)
        if seen is not None and (found is UNKNOWN_ORIGIN or seen.certainty.is_above(found.certainty)):
            found = RecordOrigin(framework, seen.name or framework.title, seen.certainty, seen.why)
    if told is None or told is found.framework:
        return found
    why = f"set for this store; the record looks like {found.name}"
    return RecordOrigin(told, told.title, Certainty.TOLD, why)


def write_new(framework: Framework, root: Node, like: Decoded | None) -> bytes | None:
    """Return a new record in the framework's own format, None where it has none. `like`: another record of the store. `CodecError`."""
    if not framework.codecs:
        return None
    codec = next((one for one in framework.codecs if like is not None and one.name == like.codec), framework.codecs[0])
    empty = Decoded(codec.name, codec.label, b"", object_node(), Fidelity.EXACT, b"")
    return codec.encode(like if like is not None and like.codec == codec.name else empty, root)


def move_quickly(payload: bytes, form: str, expires_at_ms: int | None, now_ms: int) -> bytes | None:
    """Return the payload with another end where a framework knows its own bytes at sight; None where that takes the tree."""
    moves = (framework.expiry.move_quickly for framework in FRAMEWORKS)
    return next((moved for move in moves if (moved := move(payload, form, expires_at_ms, now_ms)) is not None), None)
