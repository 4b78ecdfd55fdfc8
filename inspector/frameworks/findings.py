"""What is wrong or odd in a session record and what an edit would break, by its framework's rules."""

from __future__ import annotations

from inspector.core.field_path import format_field_path
from inspector.core.finding import Finding, Severity
from inspector.core.node import Node
from inspector.frameworks.framework import Framework


def examine(root: Node, kind: str, framework: Framework) -> tuple[Finding, ...]:
    """Return what is odd in a stored session of a store of that kind, by its framework's rules; never REFUSED."""
    return tuple(
        Finding(Severity.WARNING, found.path, found.text, found.remedy) if found.severity is Severity.REFUSED else found
        for found in _judge(root, kind, framework)
    )


def check_edit(before: Node | None, after: Node, kind: str, framework: Framework) -> tuple[Finding, ...]:
    """Return what saving `after` in place of `before` (None: a new record) would break (REFUSED) or risk (WARNING).

    Only what the edit brings in is judged: an oddity that was there before is not the edit's.
    """
    old: set[tuple[str, str]] = set()
    changes: list[Finding] = []
    if before is not None:
        old = {(format_field_path(before, found.path), found.text) for found in _judge(before, kind, framework, after)}
        changes = framework.rules.edit(before, after)
    new = [
        one
        for one in _judge(after, kind, framework, before)
        if (format_field_path(after, one.path), one.text) not in old
    ]
    return (*new, *changes)


def _judge(root: Node, kind: str, framework: Framework, other: Node | None = None) -> list[Finding]:
    """Return what is odd in a tree; of values, only in those that `other`, the tree before or after an edit, does not share."""
    return framework.rules.tree(root, kind) + framework.rules.values(root, other)
