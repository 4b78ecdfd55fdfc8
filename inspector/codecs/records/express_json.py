"""The JSON text of a session, as connect-redis 3 to 10, session-file-store and the SQLite stores keep it.

Formats: express-session 1.19 (JSON.stringify of the session, `cookie` first), session-file-store 1.5 (the same with
`__lastAccess`, epoch milliseconds, at the end). A serializer of the application or an encryption may be wrapped around it.
"""

from __future__ import annotations

from inspector.codecs._api import Attempt, CodecError, Decoded
from inspector.codecs._layer import OpeningKeys
from inspector.codecs.formats.json import MAX_BYTES, JsonError, write_json
from inspector.codecs.wrappings.layers import close_text, describe_layers, open_text
from inspector.core.node import Kind, Node, member

_NO_KEYS = OpeningKeys()


class ExpressJson:
    """JSON text which is the whole payload."""

    name = "express-json"
    label = "express JSON"
    has_bson_types = False

    def decode(self, payload: bytes, keys: OpeningKeys = _NO_KEYS, max_bytes: int = MAX_BYTES) -> Decoded:
        try:
            opened = open_text(payload, keys, max_bytes)
        except JsonError as error:
            raise CodecError(str(error), (Attempt(self.label, error.reason, error.offset, error.is_limit),)) from None
        fidelity, reason = opened.judge(payload)
        label = self._label(opened.root)
        if opened.layers:
            label = f"{label}, {describe_layers(opened.layers)}"
        return Decoded(
            self.name, label, payload, opened.root, fidelity, opened.source, None, reason, opened.layers, keys
        )

    def encode(self, decoded: Decoded, root: Node) -> bytes:
        return close_text(write_json(decoded.source, decoded.root, root), decoded.layers)

    def _label(self, root: Node) -> str:
        return self.label if member(root, "cookie") is not None else "JSON"


class SessionFile(ExpressJson):
    """The content of a session-file-store file."""

    name = "session-file-store"
    label = "session-file-store JSON"
    has_bson_types = False

    def _label(self, root: Node) -> str:
        last_access = member(root, "__lastAccess")
        if last_access is None:
            return super()._label(root)
        return self.label if last_access.kind is Kind.NUMBER else f"{self.label}, odd __lastAccess"
