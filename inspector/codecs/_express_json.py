"""The plain JSON text of a session, as connect-redis 3 to 10 and session-file-store store it; knows no store.

Formats: express-session 1.19 (JSON.stringify of the session, `cookie` first), session-file-store 1.5 (the same with
`__lastAccess`, epoch milliseconds, at the end).
"""

from __future__ import annotations

from inspector.codecs._api import Attempt, CodecError, Decoded, Fidelity
from inspector.codecs._json import MAX_BYTES, JsonError, read_json, write_json
from inspector.core.node import Kind, Node, member


class ExpressJson:
    """JSON text which is the whole payload."""

    name = "express-json"
    label = "express JSON"

    def decode(self, payload: bytes, max_bytes: int = MAX_BYTES) -> Decoded:
        try:
            root = read_json(payload, max_bytes)
        except JsonError as error:
            raise CodecError(str(error), (Attempt(self.label, error.reason, error.offset),)) from None
        return Decoded(self.name, self._label(root), payload, root, Fidelity.EXACT, payload)

    def encode(self, decoded: Decoded, root: Node) -> bytes:
        return write_json(decoded.source, decoded.root, root)

    def _label(self, root: Node) -> str:
        return self.label if member(root, "cookie") is not None else "JSON"


class SessionFile(ExpressJson):
    """The content of a session-file-store file."""

    name = "session-file-store"
    label = "session-file-store JSON"

    def _label(self, root: Node) -> str:
        last_access = member(root, "__lastAccess")
        if last_access is None:
            return super()._label(root)
        return self.label if last_access.kind is Kind.NUMBER else f"{self.label}, odd __lastAccess"
