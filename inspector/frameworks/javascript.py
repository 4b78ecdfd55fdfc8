"""What an application in JavaScript makes of a value, whatever its framework."""

from __future__ import annotations

from itertools import zip_longest

from inspector.core.finding import Finding, Severity
from inspector.core.node import Kind, Node, Path

_MAX_SAFE = 2**53 - 1
_MOST = 50


def judge_values(root: Node, other: Node | None = None) -> list[Finding]:
    """Return what JavaScript makes of numbers and names at any depth; of values, only of those that `other` does not share."""
    found: list[Finding] = []
    waiting: list[tuple[Node, Path, Node | None]] = [(root, (), other)]
    while waiting and len(found) < _MOST:
        node, path, across = waiting.pop()
        if node.kind is Kind.NUMBER and isinstance(node.scalar, str) and node.tag in ("", "int64"):
            found += _judge_number(node.scalar, path)
        elif node.kind is Kind.OBJECT:
            found += _judge_names(node, path)
        others = across.entries if across is not None else ()
        # Nearly all of a large record stands where it stood.
        moved = [
            (position, entry, there)
            for position, (entry, there) in enumerate(zip_longest(node.entries, others))
            if entry is not there
        ]
        shared = {id(there.value) for _position, _entry, there in moved if there is not None}
        for position, entry, _there in moved:
            if entry is None:
                break  # there were more before
            value = entry.value
            if id(value) not in shared and (value.entries or value.kind is Kind.NUMBER):
                waiting.append((value, (*path, position), others[position].value if position < len(others) else None))
    return found


def _judge_number(text: str, path: Path) -> list[Finding]:
    if not text.lstrip("-").isdigit() or abs(int(text[:400])) <= _MAX_SAFE:
        return []
    read = f"{float(text):.0f}" if len(text) < 300 else "Infinity"
    words = f"JavaScript cannot hold this number: the application reads {read}."
    return [Finding(Severity.WARNING, path, words, "Keep long IDs as text.")]


def _judge_names(node: Node, path: Path) -> list[Finding]:
    found: list[Finding] = []
    seen: set[str | None] = set()
    for position, entry in enumerate(node.entries):
        if entry.key in seen:
            words = f"The name {entry.key!r} stands more than once: the application sees the last one only."
            found.append(Finding(Severity.WARNING, (*path, position), words, "Remove the others."))
        seen.add(entry.key)
    return found
