"""What is wrong or odd in a session record and what an edit would break; knows no store connection."""

from __future__ import annotations

from itertools import zip_longest

from inspector.core.express_findings import judge_change, judge_express
from inspector.core.far_dates import judge_far_dates
from inspector.core.field_path import format_field_path
from inspector.core.finding import Finding, Severity
from inspector.core.node import Kind, Node, Path
from inspector.core.other_findings import judge_fastify, judge_koa
from inspector.core.writer import Family

_MAX_SAFE = 2**53 - 1
_MOST = 50


def examine(root: Node, kind: str, family: Family = Family.EXPRESS) -> tuple[Finding, ...]:
    """Return what is odd in a stored session of a store of that kind, by its library's rules; never REFUSED."""
    return tuple(
        Finding(Severity.WARNING, found.path, found.text, found.remedy) if found.severity is Severity.REFUSED else found
        for found in _judge(root, kind, family)
    )


def check_edit(before: Node | None, after: Node, kind: str, family: Family = Family.EXPRESS) -> tuple[Finding, ...]:
    """Return what saving `after` in place of `before` (None: a new record) would break (REFUSED) or risk (WARNING).

    Only what the edit brings in is judged: an oddity that was there before is not the edit's.
    """
    old: set[tuple[str, str]] = set()
    changes: list[Finding] = []
    if before is not None:
        old = {(format_field_path(before, found.path), found.text) for found in _judge(before, kind, family, after)}
        changes = judge_change(before, after) if family is Family.EXPRESS else []
    new = [
        one for one in _judge(after, kind, family, before) if (format_field_path(after, one.path), one.text) not in old
    ]
    return (*new, *changes)


def _judge(root: Node, kind: str, family: Family, other: Node | None = None) -> list[Finding]:
    """Return what is odd in a tree; of values, only in those that `other`, the tree before or after an edit, does not share."""
    if family is Family.EXPRESS:
        return judge_express(root, kind) + judge_far_dates(root) + _judge_values(root, other)
    if root.kind is not Kind.OBJECT:
        return []
    match family:
        case Family.FASTIFY:
            return judge_fastify(root) + judge_far_dates(root) + _judge_values(root, other)
        case Family.KOA:
            return judge_koa(root) + judge_far_dates(root) + _judge_values(root, other)
        case _:
            return _judge_values(root, other)


def _judge_values(root: Node, other: Node | None) -> list[Finding]:
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
