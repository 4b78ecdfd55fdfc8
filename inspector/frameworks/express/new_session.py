"""What a new session of express-session looks like."""

from __future__ import annotations

from msgspec.structs import replace

from inspector.core.display import format_time
from inspector.core.node import FALSE, NULL, TRUE, Entry, Kind, Node, find_member, number_node, object_node, text_node
from store_adapters.record_form import PayloadForm


def new_session(max_age_ms: int | None, now_ms: int) -> Node:
    """Return `{"cookie": {…}}` as express-session would write it for a new session."""
    lives = max_age_ms is not None
    return object_node(
        (
            "cookie",
            object_node(
                ("originalMaxAge", number_node(max_age_ms) if max_age_ms is not None else NULL),
                ("expires", text_node(format_time(now_ms + max_age_ms)) if lives and max_age_ms is not None else NULL),
                ("secure", FALSE),
                ("httpOnly", TRUE),
                ("path", text_node("/")),
            ),
        )
    )


def complete_session(root: Node, form: PayloadForm, now_ms: int) -> Node:
    """Return a new session with what its store wants in it: session-file-store's `__lastAccess`."""
    return with_last_access(root, now_ms) if form is PayloadForm.FILE else root


def with_last_access(root: Node, now_ms: int) -> Node:
    """Return the session with session-file-store's `__lastAccess` set to `now_ms`, at its place or at the end."""
    position = find_member(root, "__lastAccess")
    if position is None:
        return replace(root, entries=(*root.entries, Entry("__lastAccess", number_node(now_ms))))
    entries = list(root.entries)
    entries[position] = replace(entries[position], value=number_node(now_ms))
    return Node(Kind.OBJECT, entries=tuple(entries), tag=root.tag, span=root.span)
