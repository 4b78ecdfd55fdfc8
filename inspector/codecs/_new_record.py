"""The bytes of a record that was not there before, as the application's library would write it."""

from __future__ import annotations

from inspector.codecs._api import Decoded
from inspector.codecs._registry import has_bson_types
from inspector.codecs.formats.bson import date_node, write_value
from inspector.codecs.formats.extended_json import with_types
from inspector.codecs.formats.json import json_bytes
from inspector.codecs.wrappings.layers import close_text
from inspector.codecs.wrappings.session_file_crypto import SessionFileLayer
from inspector.core.node import Node, object_node, text_node, without_spans
from store_adapters.record_form import PayloadForm


def new_payload(
    root: Node, form: PayloadForm, *, like: Decoded | None, session_id: str, expires_at_ms: int | None
) -> bytes:
    """Return the bytes of a new record with the tree `root` for a store of that form.

    `like`: a record of the same store, whose form (text or sub-document, serializer, encryption) is taken; where that has
    BSON's types, `root` is Extended JSON. `CodecError`.
    """
    root = without_spans(root)
    if like is not None and has_bson_types(like):
        root = with_types(root)
    return _payload(root, form, like, session_id, expires_at_ms)


def copy_payload(decoded: Decoded, form: PayloadForm, *, session_id: str, expires_at_ms: int | None) -> bytes:
    """Return the bytes of the same session under another ID, in the same form."""
    return _payload(without_spans(decoded.root), form, decoded, session_id, expires_at_ms)


def _payload(root: Node, form: PayloadForm, like: Decoded | None, session_id: str, expires_at_ms: int | None) -> bytes:
    layers = [
        layer.under(session_id) if isinstance(layer, SessionFileLayer) else layer
        for layer in (like.layers if like else ())
    ]
    if form is not PayloadForm.DOCUMENT:
        return close_text(json_bytes(root), layers)
    as_document = like is not None and has_bson_types(like)
    session = root if as_document else text_node(close_text(json_bytes(root), layers).decode("utf-8"))
    fields: list[tuple[str, Node]] = [("_id", text_node(session_id))]
    if expires_at_ms is not None:
        fields.append(("expires", date_node(expires_at_ms)))
    return write_value(b"", object_node(*fields, ("session", session)))[1]
