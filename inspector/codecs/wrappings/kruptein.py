"""Records encrypted by kruptein 2.0 to 3.4, as connect-mongo 4 to 6 and session-file-store from 1.4 use it.

Two containers: DER (a SEQUENCE of the OCTET STRINGs ct, hmac, iv, salt[, at, aad], then encoded as text) and JSON
(`{"hmac","ct","iv","salt","aad","at"}`, where 3.4 writes every field as text). What an era's HMAC covers, and how often its key is
stretched, tells which version wrote it. Writing keeps era, container, encoding and salt: kruptein 3.2 and 3.3 remember the first
salt they see in a process.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from hmac import compare_digest
from itertools import product

from inspector.codecs._api import CodecError, SealedError
from inspector.codecs._layer import OpeningKeys, Unwrapped, is_json_text
from inspector.codecs.formats.json import JsonError, json_text, read_json
from inspector.codecs.wrappings.der import read_octet_strings, write_octet_strings
from inspector.core import ciphers
from inspector.core.node import Kind, Node, member, text_of
from inspector.core.secret import Secret
from store_adapters.record_form import PayloadForm

_LIKELY_ERAS: dict[str, str] = {PayloadForm.DOCUMENT: "3.0 to 3.3", PayloadForm.FILE: "2.0 to 2.2"}
_OLD_ROUNDS, _NEW_ROUNDS = 15_000, 20_000
_KEY_SIZES = (32, 24, 16)
_AUTHENTICATED, _PLAIN = ("gcm", "ocb"), ("cbc", "ctr", "cfb", "ofb")
_MOST_TRIES = 1000
_FIELDS = ("hmac", "ct", "iv", "salt", "aad", "at")


@dataclass(frozen=True, slots=True)
class _Box:
    """A container taken apart. `ct`, `mac` and `aad` are what it holds: encoded text, or raw bytes (`is_raw`, 3.4)."""

    container: str  # "asn1" or "json"
    encoding: str
    is_raw: bool
    ct: bytes
    mac: bytes
    iv: bytes
    salt: bytes
    tag: bytes
    aad: bytes
    order: tuple[str, ...] = ()

    @property
    def is_authenticated(self) -> bool:
        return bool(self.tag)

    def bytes_of(self, value: bytes) -> bytes | None:
        return value if self.is_raw else ciphers.decode_text(value, self.encoding)


@dataclass(frozen=True, slots=True)
class _Key:
    """A derived key and how it came about. `rounds` is 0 for scrypt."""

    value: bytes = field(repr=False)
    rounds: int


@dataclass(frozen=True, slots=True)
class KrupteinLayer:
    """An opened record's era and parameters. `covers`: what the HMAC is over, "text", "text+salt+iv", "raw" or "" (unknown)."""

    box: _Box = field(repr=False)
    key: _Key = field(repr=False)
    mode: str
    hashing: str
    covers: str
    has_text_aad: bool
    secret_name: str
    form: str = ""

    is_exact = False

    @property
    def era(self) -> str:
        """Return the versions of kruptein that write such a record."""
        return _era(self.box, self.key.rounds, self.covers, self.hashing, self.form)

    @property
    def words(self) -> str:
        form = f"AES-{len(self.key.value) * 8}-{self.mode.upper()}, {self.hashing}"
        return f"encrypted by kruptein {self.era} ({form}, {_form(self.box)})"

    def wrap(self, inner: bytes) -> bytes:
        for _ in range(_MOST_TRIES):
            box = self._seal(inner)
            if self._is_read_by_its_writer(box):
                return _write_box(box)
        raise CodecError("No form of this record was found that its kruptein would read; nothing was written.")

    def _seal(self, inner: bytes) -> _Box:
        box, key = self.box, self.key.value
        iv, tag, aad = os.urandom(len(box.iv)), b"", b""
        if self.mode in _AUTHENTICATED:
            digest = ciphers.mac(os.urandom(128), inner, self.hashing)
            aad = digest if box.is_raw else ciphers.encode_text(digest, box.encoding)
            used = aad if self.has_text_aad or box.is_raw else digest
            seal = ciphers.seal_gcm if self.mode == "gcm" else ciphers.seal_ocb
            sealed, tag = seal(key, iv, inner, used)
        else:
            sealed = ciphers.seal_plain(self.mode, key, iv, inner)
        ct = sealed if box.is_raw else ciphers.encode_text(sealed, box.encoding)
        new = replace(box, ct=ct, iv=iv, tag=tag, aad=aad)
        digest = ciphers.mac(key, _covered(new, self.covers or "text+salt+iv"), self.hashing)
        return replace(new, mac=digest if box.is_raw else ciphers.encode_text(digest, box.encoding))

    def _is_read_by_its_writer(self, box: _Box) -> bool:
        """False for what kruptein 3.1.5 to 3.3 refuse. Reading JSON, they hash "[object Object]" for salt and IV, and ignore
        that it does not fit, unless the two HMACs differ in length, as UTF-8 text in `binary` does eleven times of twelve."""
        if box.container != "json" or box.is_raw or self.covers == "text":
            return True
        digest = ciphers.mac(self.key.value, box.ct + b"[object Object]" * 2, self.hashing)
        return len(ciphers.encode_text(digest, box.encoding)) == len(box.mac)


def unwrap_kruptein(outer: bytes, keys: OpeningKeys, max_bytes: int) -> Unwrapped | None:
    """Open a kruptein record; None for other bytes. `CodecError` says the era as far as it shows without the secret."""
    box = _read_box(outer, max_bytes)
    if box is None:
        return None
    known = f"Encrypted by kruptein {_likely_era(box, keys.form)} ({_form(box)}, {len(box.ct)} bytes)"
    for secret in () if keys.is_quick else keys.secrets:
        for key in _keys(box, secret):
            opened = _open(box, key, secret.name, keys.form)
            if opened is not None:
                return opened
    raise SealedError("kruptein", known, bool(keys.secrets))


# --- opening ---------------------------------------------------------------------------------------------------------


def _keys(box: _Box, secret: Secret) -> Iterator[_Key]:
    hashing = _hashing(box) or "sha512"
    rounds = (_NEW_ROUNDS,) if box.is_raw else (_OLD_ROUNDS, _NEW_ROUNDS)
    if box.container == "json":
        # session-file-store asks for scrypt by default.
        yield _Key(ciphers.scrypt_key(secret, box.salt, 32), 0)
    for count in rounds:
        yield _Key(ciphers.pbkdf2_key(secret, box.salt, count, hashing, 32), count)
    if box.container != "json":
        yield _Key(ciphers.scrypt_key(secret, box.salt, 32), 0)


def _open(box: _Box, key: _Key, secret_name: str, form: str) -> Unwrapped | None:
    hashing, stored, sealed = _hashing(box), box.bytes_of(box.mac), box.bytes_of(box.ct)
    if hashing is None or stored is None or sealed is None:
        return None
    for size in _KEY_SIZES:
        # The first bytes of a longer PBKDF2 or scrypt key are the shorter one.
        short = _Key(key.value[:size], key.rounds)
        covers = next(
            (
                one
                for one in (("raw",) if box.is_raw else ("text", "text+salt+iv"))
                if compare_digest(ciphers.mac(short.value, _covered(box, one), hashing), stored)
            ),
            "",
        )
        if not covers and not box.is_authenticated:
            # Versions 3.1.5 to 3.3.0 ignore a wrong HMAC, but without one nothing tells a wrong key from a right one.
            continue
        modes = product(_AUTHENTICATED, (True, False)) if box.is_authenticated else product(_PLAIN, (False,))
        for mode, has_text_aad in modes:
            plain = _decrypt(box, short.value, sealed, mode, has_text_aad)
            if plain is not None:
                return KrupteinLayer(box, short, mode, hashing, covers, has_text_aad, secret_name, form), plain
    return None


def _decrypt(box: _Box, key: bytes, sealed: bytes, mode: str, has_text_aad: bool) -> bytes | None:
    if mode in _PLAIN:
        plain = ciphers.open_plain(mode, key, box.iv, sealed)
        return plain if plain is not None and is_json_text(plain) else None
    aad = box.aad if has_text_aad else box.bytes_of(box.aad)
    if aad is None:
        return None
    open_sealed = ciphers.open_gcm if mode == "gcm" else ciphers.open_ocb
    return open_sealed(key, box.iv, sealed, box.tag, aad)


def _covered(box: _Box, covers: str) -> bytes:
    """Return what the HMAC is over; Node's `Buffer.toString()` replaces what isn't UTF-8."""
    if covers == "raw":
        return box.ct + box.salt + box.iv
    if covers == "text":
        return box.ct
    return box.ct + _lossy(box.salt) + _lossy(box.iv)


def _lossy(data: bytes) -> bytes:
    return data.decode("utf-8", "replace").encode("utf-8")


def _hashing(box: _Box) -> str | None:
    raw = box.bytes_of(box.mac)
    return ciphers.hash_of_size(len(raw)) if raw is not None else None


# --- eras ------------------------------------------------------------------------------------------------------------


def _era(box: _Box, rounds: int, covers: str, hashing: str, form: str) -> str:
    if box.is_raw:
        return "3.4"
    if rounds == _NEW_ROUNDS:
        return "3.1.3 to 3.3" if covers else "3.1.5 to 3.3 (its HMAC does not fit, which these versions ignore)"
    if covers == "text+salt+iv":
        return "3.1 to 3.3" if rounds == 0 else "3.1.1"
    # connect-mongo takes kruptein from 3.0 on, session-file-store no 3.
    if form == PayloadForm.FILE or (box.container == "json" and form != PayloadForm.DOCUMENT):
        return "2.0 to 2.2" if box.container == "json" else "2.1 to 2.2"
    if hashing == "sha384" and form != PayloadForm.DOCUMENT:
        return "3.0.7 to 3.0.9"
    return "3.0" if form == PayloadForm.DOCUMENT else "2.1 to 3.0"


def _likely_era(box: _Box, form: str) -> str:
    if box.is_raw:
        return "3.4"
    return _LIKELY_ERAS.get(form, "2.0 to 3.3")


def _form(box: _Box) -> str:
    return f"{'ASN.1' if box.container == 'asn1' else 'JSON'}, {box.encoding}"


# --- containers ------------------------------------------------------------------------------------------------------


def _read_box(outer: bytes, max_bytes: int) -> _Box | None:
    if outer.startswith(b'{"'):
        return _read_json_box(outer, max_bytes)
    for prefix, encoding in ((b"M", "base64"), (b"M", "base64url"), (b"30", "hex"), (b"0", "binary")):
        if outer.startswith(prefix):
            der = ciphers.decode_text(outer, encoding)
            box = _read_der_box(der, encoding) if der else None
            if box is not None:
                return box
    return None


def _read_der_box(der: bytes, encoding: str) -> _Box | None:
    try:
        values = read_octet_strings(der)
    except CodecError:
        return None
    if len(values) not in (4, 6) or not values[0] or len(values[3]) < 8:
        return None
    ct, mac, iv, salt, tag, aad = (*values, b"", b"")[:6]
    box = _Box("asn1", encoding, False, ct, mac, iv, salt, tag, aad)
    if _hashing(box) is not None and box.bytes_of(ct) is not None:
        return box
    raw = replace(box, is_raw=True)
    return raw if _hashing(raw) is not None else None


def _read_json_box(outer: bytes, max_bytes: int) -> _Box | None:
    if b'"hmac"' not in outer:  # spares a large session a second reading
        return None
    try:
        root = read_json(outer, max_bytes)
    except JsonError:
        return None
    names = tuple(entry.key for entry in root.entries)
    if not {"hmac", "ct", "iv", "salt"} <= set(names) or not set(names) <= set(_FIELDS):
        return None
    texts = {name: text.encode("utf-8", "replace") for name in names if name and (text := text_of(member(root, name)))}
    buffers = {name: data for name in names if name and (data := read_buffer(member(root, name))) is not None}
    encoding = ciphers.text_encoding(*texts.values())
    order = tuple(name or "" for name in names)
    if {"iv", "salt"} <= set(texts):
        return _raw_json_box(texts, encoding, order)
    if not ({"ct", "hmac"} <= set(texts) and {"iv", "salt"} <= set(buffers)):
        return None
    tag, aad = buffers.get("at", b""), texts.get("aad", b"")
    return _Box("json", encoding, False, texts["ct"], texts["hmac"], buffers["iv"], buffers["salt"], tag, aad, order)


def _raw_json_box(texts: dict[str, bytes], encoding: str, order: tuple[str, ...]) -> _Box | None:
    """Return the container of 3.4, where every field is text."""
    values = {name: ciphers.decode_text(text, encoding) for name, text in texts.items()}
    if set(values) != set(order) or None in values.values():
        return None
    ct, mac, iv, salt, tag, aad = (values.get(name) or b"" for name in ("ct", "hmac", "iv", "salt", "at", "aad"))
    box = _Box("json", encoding, True, ct, mac, iv, salt, tag, aad, order)
    return box if _hashing(box) is not None else None


def read_buffer(node: Node | None) -> bytes | None:
    """Return the bytes of a Buffer as JSON.stringify writes it: `{"type":"Buffer","data":[…]}`."""
    data = member(node, "data") if node is not None and node.kind is Kind.OBJECT else None
    if data is None or data.kind is not Kind.ARRAY:
        return None
    try:
        return bytes(int(str(entry.value.scalar)) for entry in data.entries)
    except ValueError:
        return None


def buffer_json(data: bytes) -> str:
    """Return a Buffer as JSON.stringify writes it."""
    return f'{{"type":"Buffer","data":[{",".join(map(str, data))}]}}'


def _write_box(box: _Box) -> bytes:
    if box.container == "asn1":
        values = [box.ct, box.mac, box.iv, box.salt]
        if box.tag or box.is_raw:
            values += [box.tag, box.aad]
        return ciphers.encode_text(write_octet_strings(values), box.encoding)
    if box.is_raw:
        raw = {"ct": box.ct, "hmac": box.mac, "iv": box.iv, "salt": box.salt, "at": box.tag, "aad": box.aad}
        texts = {name: json_text(ciphers.encode_text(value, box.encoding).decode()) for name, value in raw.items()}
        return ("{" + ",".join(f'"{name}":{texts[name]}' for name in box.order) + "}").encode()
    written = {
        "hmac": json_text(box.mac.decode()),
        "ct": json_text(box.ct.decode()),
        "iv": buffer_json(box.iv),
        "salt": buffer_json(box.salt),
        "aad": json_text(box.aad.decode()),
        "at": buffer_json(box.tag),
    }
    return ("{" + ",".join(f'"{name}":{written[name]}' for name in box.order) + "}").encode()
