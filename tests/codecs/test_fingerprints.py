"""What wrote a record, told from its bytes, on the records of the real libraries."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from inspector.codecs import SealedError, decode, fingerprint, fingerprint_sealed
from inspector.core.secret import Secret
from inspector.core.writer import Certainty, Family, Writer

GOLDEN = Path(__file__).parent.parent / "golden" / "express"
KOA = b'{"user":"ada","_expire":1795479262370,"_maxAge":86400000}'
FASTIFY = (
    b'{"cookie":{"expires":null,"originalMaxAge":null,"sameSite":null,"secure":false,"path":"/","httpOnly":true,'
    b'"domain":null},"cart":[]}'
)


def _rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (GOLDEN / name).read_text().splitlines()]


def _writer(payload: bytes, kind: str, secret: str = "", sid: str = "") -> Writer:
    return fingerprint(decode(payload, kind, [Secret.from_text(secret)] if secret else [], sid), kind)


@pytest.mark.parametrize(
    "row", [row for row in _rows("redis.jsonl") if b'"cookie"' in base64.b64decode(row["value_base64"])]
)
def test_records_of_express_session_in_redis(row: dict[str, Any]) -> None:
    writer = _writer(base64.b64decode(row["value_base64"]), "redis")
    expected = Family.FASTIFY if "fastify" in row["lib"] else Family.EXPRESS
    assert writer.family is expected


@pytest.mark.parametrize("row", _rows("sealed.jsonl"))
def test_sealed_records_name_the_version_that_wrote_them(row: dict[str, Any]) -> None:
    writer = _writer(base64.b64decode(row["payload_base64"]), row["kind"], row["secret"], row["session_id"])
    assert (writer.family, writer.certainty) == (Family.EXPRESS, Certainty.CERTAIN)
    # What kruptein alone encrypted is told by where it was found.
    by_place = {"file": "session-file-store", "redis": "serializer of its own"}
    store = by_place[row["kind"]] if row["lib"] == "kruptein" else row["lib"]
    assert store in writer.name


@pytest.mark.parametrize("row", _rows("sealed.jsonl"))
def test_sealed_records_tell_their_encryption_without_the_secret(row: dict[str, Any]) -> None:
    with pytest.raises(SealedError) as caught:
        decode(base64.b64decode(row["payload_base64"]), row["kind"])
    writer = fingerprint_sealed(caught.value, row["kind"])
    assert (writer.family, writer.certainty) == (Family.EXPRESS, Certainty.LIKELY)
    assert "ncrypted" in writer.why


@pytest.mark.parametrize("row", [row for row in _rows("mongo.jsonl") if row["case"].startswith("stringify:false")])
def test_sub_documents_tell_the_version_of_express_session(row: dict[str, Any]) -> None:
    decoded = decode(base64.b64decode(row["bson_base64"]), "mongo")
    writer = fingerprint(decoded, "mongo")
    assert (writer.family, writer.certainty) == (Family.EXPRESS, Certainty.LIKELY)
    # The library of that time took express-session as npm resolved it: connect-mongo 6 was run with 1.19.
    assert "1.1" in writer.name


def test_koa_and_fastify_are_told_from_express() -> None:
    assert (_writer(KOA, "redis").family, _writer(FASTIFY, "redis").family) == (Family.KOA, Family.FASTIFY)


@pytest.mark.parametrize("payload", [b"null", b"7", b"{}", b'{"cookie":3}', b'{"a":1}'])
def test_what_tells_nothing_is_called_unknown(payload: bytes) -> None:
    writer = _writer(payload, "redis")
    assert (writer.name, writer.certainty) == ("unknown", Certainty.POSSIBLE)


def test_serializer_that_wraps_the_session_is_no_broken_session() -> None:
    wrapped = b'{"wrapped":{"cookie":{"originalMaxAge":null,"expires":null,"httpOnly":true,"path":"/"},"n":1}}'
    assert _writer(wrapped, "redis").family is Family.OTHER
