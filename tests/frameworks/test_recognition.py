"""What wrote a record, told from its bytes, on the records of the real libraries."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from inspector.codecs import SealedError, decode
from inspector.core.secret import Secret
from inspector.frameworks import EXPRESS, FASTIFY, KOA, OWN_SERIALIZER, Certainty, RecordOrigin, StoredRecord, origin_of

GOLDEN = Path(__file__).parent.parent / "golden" / "express"
KOA_RECORD = b'{"user":"ada","_expire":1795479262370,"_maxAge":86400000}'
FASTIFY_RECORD = (
    b'{"cookie":{"expires":null,"originalMaxAge":null,"sameSite":null,"secure":false,"path":"/","httpOnly":true,'
    b'"domain":null},"cart":[]}'
)


def _rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (GOLDEN / name).read_text().splitlines()]


def _origin(payload: bytes, kind: str, secret: str = "", sid: str = "") -> RecordOrigin:
    decoded = decode(payload, kind, [Secret.from_text(secret)] if secret else [], sid)
    return origin_of(StoredRecord(kind, payload=payload, decoded=decoded))


@pytest.mark.parametrize(
    "row", [row for row in _rows("redis.jsonl") if b'"cookie"' in base64.b64decode(row["value_base64"])]
)
def test_records_of_express_session_in_redis(row: dict[str, Any]) -> None:
    origin = _origin(base64.b64decode(row["value_base64"]), "redis")
    expected = FASTIFY if "fastify" in row["lib"] else EXPRESS
    assert origin.framework is expected


@pytest.mark.parametrize("row", _rows("sealed.jsonl"))
def test_sealed_records_name_the_version_that_wrote_them(row: dict[str, Any]) -> None:
    origin = _origin(base64.b64decode(row["payload_base64"]), row["kind"], row["secret"], row["session_id"])
    assert (origin.framework, origin.certainty) == (EXPRESS, Certainty.CERTAIN)
    # What kruptein alone encrypted is told by where it was found.
    by_place = {"file": "session-file-store", "redis": "custom serializer"}
    store = by_place[row["kind"]] if row["lib"] == "kruptein" else row["lib"]
    assert store in origin.name


@pytest.mark.parametrize("row", _rows("sealed.jsonl"))
def test_sealed_records_tell_their_encryption_without_the_secret(row: dict[str, Any]) -> None:
    with pytest.raises(SealedError) as caught:
        decode(base64.b64decode(row["payload_base64"]), row["kind"])
    origin = origin_of(StoredRecord(row["kind"], sealed=caught.value))
    assert (origin.framework, origin.certainty) == (EXPRESS, Certainty.LIKELY)
    assert "ncrypted" in origin.why


@pytest.mark.parametrize("row", [row for row in _rows("mongo.jsonl") if row["case"].startswith("stringify:false")])
def test_sub_documents_tell_the_version_of_express_session(row: dict[str, Any]) -> None:
    decoded = decode(base64.b64decode(row["bson_base64"]), "mongo")
    origin = origin_of(StoredRecord("mongo", decoded=decoded))
    assert (origin.framework, origin.certainty) == (EXPRESS, Certainty.LIKELY)
    # The library of that time took express-session as npm resolved it: connect-mongo 6 was run with 1.19.
    assert "1.1" in origin.name


def test_koa_and_fastify_are_told_from_express() -> None:
    assert (_origin(KOA_RECORD, "redis").framework, _origin(FASTIFY_RECORD, "redis").framework) == (KOA, FASTIFY)


@pytest.mark.parametrize("payload", [b"null", b"7", b"{}", b'{"cookie":3}', b'{"a":1}'])
def test_what_tells_nothing_is_called_unknown(payload: bytes) -> None:
    origin = _origin(payload, "redis")
    assert (origin.name, origin.certainty) == ("unknown", Certainty.POSSIBLE)


def test_serializer_that_wraps_the_session_is_no_broken_session() -> None:
    wrapped = b'{"wrapped":{"cookie":{"originalMaxAge":null,"expires":null,"httpOnly":true,"path":"/"},"n":1}}'
    assert _origin(wrapped, "redis").framework is OWN_SERIALIZER
