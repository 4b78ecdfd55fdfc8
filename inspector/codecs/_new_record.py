"""The bytes of a record that was not there before, as the application's library would write it; knows no store."""

from __future__ import annotations

from inspector.codecs._api import Decoded
from inspector.codecs.formats.bson import date_node, write_value
from inspector.codecs.formats.json import json_bytes
from inspector.codecs.wrappings.layers import close_text
from inspector.codecs.wrappings.session_file_crypto import SessionFileLayer
from inspector.core.node import Node, object_node, text_node, without_spans


def new_payload(root: Node, kind: str, *, like: Decoded | None, session_id: str, expires_at_ms: int | None) -> bytes:
    """Return the bytes of a new record with the tree `root` for a store of that kind.

    `like`: a record of the same store, whose form (text or sub-document, serializer, encryption) is taken.
    """
    return _payload(without_spans(root), kind, like, session_id, expires_at_ms)


def copy_payload(decoded: Decoded, kind: str, *, session_id: str, expires_at_ms: int | None) -> bytes:
    """Return the bytes of the same session under another ID, in the same form."""
    return _payload(without_spans(decoded.root), kind, decoded, session_id, expires_at_ms)


def _payload(root: Node, kind: str, like: Decoded | None, session_id: str, expires_at_ms: int | None) -> bytes:
    layers = [
        layer.under(session_id) if isinstance(layer, SessionFileLayer) else layer
        for layer in (like.layers if like else ())
    ]
    if kind != "mongo":
        return close_text(json_bytes(root), layers)
    as_document = like is not None and like.codec == "connect-mongo-object"
    session = root if as_document else text_node(close_text(json_bytes(root), layers).decode("utf-8"))
    fields: list[tuple[str, Node]] = [("_id", text_node(session_id))]
    if expires_at_ms is not None:
        fields.append(("expires", date_node(expires_at_ms)))
    return write_value(b"", object_node(*fields, ("session", session)))[1]
