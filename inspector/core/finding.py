"""One thing that is wrong or odd in a record."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from inspector.core.node import Kind, Node, Path


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


def article(node: Node) -> str:
    """Return what a value is, in a sentence: "an array", "text"."""
    return {
        Kind.ARRAY: "an array", Kind.STRING: "text", Kind.NUMBER: "a number", Kind.BOOL: "true or false", Kind.NULL: "null",
        Kind.OBJECT: "an object", Kind.OTHER: "of another type",
    }[node.kind]  # fmt: skip
