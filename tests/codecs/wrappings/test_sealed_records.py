"""Records inside serializers and encryptions: opened with the secret, edited, and sealed again in the same way."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from pathlib import Path
from typing import Any

import bson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.codecs import CodecError, Decoded, Fidelity, SealedError, decode, encode, summarise
from inspector.core import ciphers
from inspector.core.edits import InsertEntry, apply_edit
from inspector.core.node import Kind, member, text_node
from inspector.core.secret import Secret
from inspector.frameworks.express.sealing import judge_layers
from store_adapters.record_form import PayloadForm

GOLDEN = Path(__file__).parent.parent.parent / "golden" / "express"
WRONG = Secret.from_text("not this one")


def _sealed_rows() -> list[Any]:
    return [
        pytest.param(row, id=f"{row['lib']} {row['version']} {row['case']} {row.get('kruptein') or ''}")
        for row in map(json.loads, (GOLDEN / "sealed.jsonl").read_text().splitlines())
    ]


def _open(row: dict[str, Any], *, wrong: bool = False, payload: bytes | None = None) -> Decoded:
    secrets = [WRONG] if wrong else [WRONG, Secret.from_text(row["secret"])]
    return decode(payload or base64.b64decode(row["payload_base64"]), row["kind"], secrets, row["session_id"])


@pytest.mark.parametrize("row", _sealed_rows())
def test_sealed_record_opens_with_its_secret_and_names_its_era(row: dict[str, Any]) -> None:
    decoded = _open(row)
    assert row["era"] in decoded.label
    assert member(decoded.root, "cookie") is not None
    if "field" in row:  # kruptein 3.4 cannot read what it wrote, so there is no word of the library
        assert json.loads(decoded.source)[row["field"]] == row["value"]


@pytest.mark.parametrize("row", _sealed_rows())
def test_edited_sealed_record_is_sealed_the_same_way(row: dict[str, Any]) -> None:
    decoded = _open(row)
    assert encode(decoded, decoded.root) == decoded.payload
    edited, _ = apply_edit(decoded.root, InsertEntry((), len(decoded.root.entries), "inspector", text_node("é")))
    again = _open(row, payload=encode(decoded, edited))
    assert (again.label, again.codec, again.fidelity) == (decoded.label, decoded.codec, Fidelity.EQUIVALENT)
    assert again.root == edited


@pytest.mark.parametrize("row", _sealed_rows())
def test_without_its_secret_it_says_what_is_known(row: dict[str, Any]) -> None:
    with pytest.raises(SealedError) as caught:
        _open(row, wrong=True)
    assert "ncrypted" in caught.value.known
    assert row["secret"] not in str(caught.value)
    assert summarise(base64.b64decode(row["payload_base64"]), row["kind"]).format.startswith("encrypted")


@pytest.mark.parametrize("row", _sealed_rows())
def test_trap_of_the_encryption_is_told_for_its_era_alone(row: dict[str, Any]) -> None:
    form = PayloadForm.DOCUMENT if row["kind"] == "mongo" else PayloadForm.TEXT
    found = judge_layers(_open(row), form)
    words = " ".join(f"{one.text} {one.remedy}" for one in found)
    version = str(row["kruptein"])
    if version.startswith("3.4") and row["kind"] == "mongo":
        assert "answer 500" in words
        assert "Delete the sessions of 3.4" in words
    elif version.startswith(("3.1", "3.3")):
        assert "after a restart" in words
        assert "Pin kruptein" in words
    else:
        assert found == ()


@pytest.mark.parametrize("row", _sealed_rows())
@given(data=st.data())
def test_damaged_sealed_record_raises_only_codec_errors(row: dict[str, Any], data: st.DataObject) -> None:
    payload = bytearray(base64.b64decode(row["payload_base64"]))
    for _ in range(data.draw(st.integers(1, 4))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(1, len(payload)))
    for damaged in (bytes(payload), bytes(payload[:cut])):
        try:
            # The quick way derives no slow key, so that thousands of tries stay quick.
            decode(damaged, row["kind"], [WRONG], row["session_id"], is_quick=True)
        except CodecError as error:
            assert error.attempts


@pytest.mark.parametrize(("size", "salt"), [(16, "connect-mongo:webcrypto-default-salt"), (12, "our own salt")])
def test_web_crypto_with_options_of_an_applications_own_is_opened(size: int, salt: str) -> None:
    key = ciphers.pbkdf2_key(Secret.from_text("squirrel"), salt.encode(), 1000, "sha256", 32)
    sealed = b"".join(
        (bytes(range(200, 200 + size)), *ciphers.seal_gcm(key, bytes(range(200, 200 + size)), SESSION, None))
    )
    payload = bson.encode({"_id": "x", "session": base64.b64encode(sealed).decode()})
    decoded = decode(payload, "mongo", [Secret.from_text(one) for one in (salt, "squirrel")])
    edited, _ = apply_edit(decoded.root, InsertEntry((), 2, "x", text_node("y")))
    again = base64.b64decode(bson.decode(encode(decoded, edited))["session"])
    assert len(again) - len(sealed) == len(b',"x":"y"')
    assert ciphers.open_gcm(key, again[:size], again[size:-16], again[-16:], None) == SESSION[:-1] + b',"x":"y"}'


SESSION = b'{"cookie":{"originalMaxAge":null,"expires":null,"httpOnly":true,"path":"/"},"name":"\xd0\x90"}'
WRAPPINGS = {
    "base64": base64.b64encode(SESSION),
    "base64url": base64.urlsafe_b64encode(SESSION + b" ").rstrip(b"="),
    "hex": SESSION.hex().encode(),
    "gzip": gzip.compress(SESSION, mtime=0),
    "zlib": zlib.compress(SESSION, 9),
    "base64, gzip": base64.b64encode(gzip.compress(SESSION)),
    "base64, zlib": base64.b64encode(zlib.compress(SESSION)),
    "hex, gzip": gzip.compress(SESSION).hex().encode(),
    "JSON in a JSON string": json.dumps(SESSION.decode(), ensure_ascii=False).encode(),
    "gzip, base64": gzip.compress(base64.b64encode(SESSION)),
}


@pytest.mark.parametrize("words", WRAPPINGS)
def test_serializer_is_peeled_and_put_back(words: str) -> None:
    decoded = decode(WRAPPINGS[words], "redis")
    assert decoded.label == f"express JSON, {words}"
    edited, _ = apply_edit(decoded.root, InsertEntry((), 1, "x", text_node("y")))
    again = decode(encode(decoded, edited), "redis")
    assert (again.root, again.label) == (edited, decoded.label)
    assert summarise(WRAPPINGS[words], "redis").format == decoded.label


def test_exact_wrapping_is_exact_and_compression_is_told() -> None:
    assert decode(WRAPPINGS["base64"], "redis").fidelity is Fidelity.EXACT
    assert decode(WRAPPINGS["base64, gzip"], "redis").reason


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_inflation_bomb_is_refused_with_words(pack: Any) -> None:
    bomb = pack(b" " * (16 * 1024 * 1024 + 1))
    for payload in (base64.b64encode(bomb), bomb):
        with pytest.raises(CodecError, match="unpacks to more than"):
            decode(payload, "redis")


def test_session_of_the_name_value_is_not_mistaken_for_a_wrapping() -> None:
    decoded = decode(b'{"type":"string","value":"plain words"}', "redis")
    assert (decoded.root.kind, decoded.layers) == (Kind.OBJECT, ())


@given(st.binary(max_size=300))
def test_any_bytes_raise_only_codec_errors(payload: bytes) -> None:
    for kind in ("redis", "file"):
        try:
            decoded = decode(payload, kind, [WRONG], "id", is_quick=True)
        except CodecError as error:
            assert error.attempts
        else:
            assert encode(decoded, decoded.root) == payload
