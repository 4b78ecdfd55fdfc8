"""From stored text to the session's JSON through whatever is wrapped around it, and back.

Serializers seen in the field wrap the JSON in base64, hex, gzip, zlib or another JSON string; connect-mongo and
session-file-store can encrypt it. Layers are found from the bytes, innermost must be JSON, and each is written back as it was.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from inspector.codecs._api import Attempt, CodecError, Fidelity, TooLargeError
from inspector.codecs._layer import Layer, OpeningKeys, Unwrapped, Unwrapper
from inspector.codecs.formats.json import JsonError, json_text, read_json
from inspector.codecs.wrappings.connect_mongo_crypto import unwrap_connect_mongo_3, unwrap_web_crypto
from inspector.codecs.wrappings.kruptein import KrupteinLayer, unwrap_kruptein
from inspector.codecs.wrappings.laravel import refuse_laravel
from inspector.codecs.wrappings.session_file_crypto import unwrap_session_file
from inspector.core import ciphers
from inspector.core.node import Kind, Node, member, text_of

_MOST_LAYERS = 5
_TYPED = {"type", "value"}


# --- plain wrappings -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TextLayer:
    """Bytes as text: "base64", "base64url" or "hex"."""

    encoding: str
    is_padded: bool = True

    is_exact = True

    @property
    def words(self) -> str:
        return self.encoding

    def wrap(self, inner: bytes) -> bytes:
        text = ciphers.encode_text(inner, self.encoding)
        return text if self.is_padded else text.rstrip(b"=")


@dataclass(frozen=True, slots=True)
class JsonStringLayer:
    """JSON text inside a JSON string, as a value that was stringified twice."""

    is_exact = True
    words = "JSON in a JSON string"

    def wrap(self, inner: bytes) -> bytes:
        return json_text(inner.decode("utf-8")).encode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True)
class TypedValueLayer:
    """kruptein 3.4's `{"type":"string","value":…}` around what it encrypts; `before` and `after` are the bytes around it."""

    before: bytes
    after: bytes
    is_text: bool

    is_exact = True
    words = "kruptein's typed value"

    def wrap(self, inner: bytes) -> bytes:
        value = JsonStringLayer().wrap(inner) if self.is_text else inner
        return self.before + value + self.after


@dataclass(frozen=True, slots=True)
class DeflateLayer:
    """gzip or zlib, written again with zlib's usual effort and the same head."""

    name: str
    head: bytes

    is_exact = False

    @property
    def words(self) -> str:
        return self.name

    def wrap(self, inner: bytes) -> bytes:
        if self.name == "zlib":
            return zlib.compress(inner)
        packed = gzip.compress(inner, 6, mtime=0)
        # Flags, time and operating system as the application's zlib writes them.
        return self.head + packed[10:] if self.head[3] == 0 else packed


def _unwrap_string(outer: bytes, _keys: OpeningKeys, max_bytes: int) -> Unwrapped | None:
    if outer[:1] != b'"':
        return None
    try:
        text = text_of(read_json(outer, max_bytes))
    except JsonError:
        return None
    return (JsonStringLayer(), text.encode("utf-8", "replace")) if text is not None else None


def _unwrap_typed(outer: bytes, max_bytes: int) -> Unwrapped | None:
    """Open kruptein 3.4's typed value; the same fields in a session of an application's own aren't a wrapping."""
    try:
        root = read_json(outer, max_bytes)
    except JsonError:
        return None
    value = member(root, "value") if {entry.key for entry in root.entries} == _TYPED else None
    if value is None or value.span is None or len(root.entries) != 2:
        return None
    before, after, text = outer[: value.span[0]], outer[value.span[1] :], text_of(value)
    if text is not None:
        return TypedValueLayer(before, after, True), text.encode("utf-8", "replace")
    return TypedValueLayer(before, after, False), outer[value.span[0] : value.span[1]]


_MOST_UNPACKED = 16 * 1024 * 1024
"""A few kilobytes can unpack to anything: layers inside one another would each take that much again."""


def _unwrap_deflate(outer: bytes, _keys: OpeningKeys, max_bytes: int) -> Unwrapped | None:
    if outer[:3] == b"\x1f\x8b\x08":
        name, window = "gzip", 31
    elif len(outer) > 2 and outer[0] & 0x0F == 8 and int.from_bytes(outer[:2], "big") % 31 == 0:
        name, window = "zlib", 15
    else:
        return None
    max_bytes = min(max_bytes, _MOST_UNPACKED)
    machine = zlib.decompressobj(window)
    try:
        inner = machine.decompress(outer, max_bytes + 1)
    except zlib.error:
        raise _refused(name, f"It begins as {name} and is damaged.") from None
    if len(inner) > max_bytes:
        reason = f"It unpacks to more than {max_bytes // 1024:,} KB, too large for a tree."
        raise TooLargeError(reason, (Attempt(name, reason, is_limit=True),))
    if not machine.eof or machine.unused_data:
        raise _refused(name, f"The {name} data ends early or something follows it.")
    return DeflateLayer(name, outer[:10]), inner


def _refused(label: str, reason: str) -> CodecError:
    return CodecError(reason, (Attempt(label, reason),))


def _unwrap_text(outer: bytes, _keys: OpeningKeys, max_bytes: int) -> Unwrapped | None:
    text = outer.strip()
    if len(text) < 8 or len(text) > 2 * max_bytes or text != outer:
        return None
    for encoding in ("hex", "base64", "base64url"):
        data = ciphers.decode_text(text, encoding)
        if not data:
            continue
        for layer in (TextLayer(encoding), TextLayer(encoding, False)):
            if layer.wrap(data) == text:
                return layer, data
    return None


_UNWRAPPERS: tuple[Unwrapper, ...] = (
    unwrap_kruptein, unwrap_connect_mongo_3, unwrap_session_file, _unwrap_deflate, _unwrap_string, _unwrap_text, unwrap_web_crypto,
)  # fmt: skip
"""The telling forms first: base64 could be anything, and random bytes are the last guess."""


# --- through all layers ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenedText:
    """The session's tree, the text its spans point into, and the layers around it, the outermost first."""

    root: Node
    source: bytes
    layers: tuple[Layer, ...]

    def judge(self, outer: bytes) -> tuple[Fidelity, str]:
        """Return how true a write of the unedited text would be to `outer`, and why it is not exact."""
        if not self.layers or (
            all(layer.is_exact for layer in self.layers) and close_text(self.source, self.layers) == outer
        ):
            return Fidelity.EXACT, ""
        return Fidelity.EQUIVALENT, f"Written again as it was read ({describe_layers(self.layers)}), in new bytes."


def open_text(outer: bytes, keys: OpeningKeys, max_bytes: int) -> OpenedText:
    """Read a session's JSON through its layers. `JsonError` for what isn't JSON in any known wrapping.

    `CodecError` for what is wrapped in a known way and cannot be opened: encrypted without the secret, damaged, too large.
    """
    opened = _open_text(outer, keys, max_bytes)
    refuse_laravel(opened.root)
    return opened


def _open_text(outer: bytes, keys: OpeningKeys, max_bytes: int) -> OpenedText:
    try:
        root = read_json(outer, max_bytes)
    except JsonError as error:
        if error.is_limit and len(outer) <= max_bytes:
            raise  # it is JSON so far, and so wrapped in nothing
        opened = _open_wrapped(outer, keys, max_bytes, ())
        if opened is None:
            raise error
        return opened
    if root.kind is Kind.OBJECT and member(root, "cookie") is not None:
        return OpenedText(root, outer, ())
    return _open_wrapped(outer, keys, max_bytes, ()) or OpenedText(root, outer, ())


def _open_wrapped(outer: bytes, keys: OpeningKeys, max_bytes: int, around: tuple[Layer, ...]) -> OpenedText | None:
    """Return what is inside a wrapping, None when there is none that leads to JSON."""
    if len(around) == _MOST_LAYERS:
        return None
    refusal: CodecError | None = None
    for unwrap in _UNWRAPPERS:
        try:
            unwrapped = unwrap(outer, keys, max_bytes)
            if unwrapped is None:
                continue
            layer, inner = unwrapped
            found = _open_inner(inner, keys, max_bytes, (*around, layer))
        except CodecError as error:
            refusal = refusal or error
            continue
        if found is not None:
            return found
    if refusal is not None:
        raise refusal
    return None


def _open_inner(inner: bytes, keys: OpeningKeys, max_bytes: int, layers: tuple[Layer, ...]) -> OpenedText | None:
    last = layers[-1]
    typed = _unwrap_typed(inner, max_bytes) if isinstance(last, KrupteinLayer) and last.box.is_raw else None
    if typed is not None:
        layers, inner = (*layers, typed[0]), typed[1]
    deeper = _open_wrapped(inner, keys, max_bytes, layers)
    if deeper is not None:
        return deeper
    try:
        root = read_json(inner, max_bytes)
    except JsonError:
        return None
    return OpenedText(root, inner, layers) if root.kind is Kind.OBJECT else None


def close_text(text: bytes, layers: Sequence[Layer]) -> bytes:
    """Return the text in its wrappings, written as they were. `CodecError`."""
    for layer in reversed(layers):
        text = layer.wrap(text)
    return text


def describe_layers(layers: Sequence[Layer]) -> str:
    """Return the layers in words, the outermost first, "" for none."""
    return ", ".join(
        layer.words for layer in layers if not isinstance(layer, TypedValueLayer | JsonStringLayer) or len(layers) == 1
    )
