"""A session that Laravel sealed is no data to edit, in whatever store and wrapping it stands."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import bson
import pytest

from inspector.codecs import CodecError, decode, summarise
from inspector.core.secret import Secret

GOLDEN = Path(__file__).parents[2] / "golden" / "laravel" / "records.jsonl"
RECORDS = [base64.b64decode(json.loads(line)["value_base64"]) for line in GOLDEN.read_text().splitlines()]
TEXT_STORES = ("redis", "file", "sqlite", "memory")


def _wrapped(record: bytes) -> dict[str, bytes]:
    envelope = base64.b64decode(record)
    return {
        "as Laravel writes it": record,
        "decoded": envelope,
        "in base64 once more, as in a database": base64.b64encode(record),
        "as a JSON string": json.dumps(record.decode()).encode(),
        "decoded as a JSON string": json.dumps(envelope.decode()).encode(),
    }


@pytest.mark.parametrize("kind", TEXT_STORES)
@pytest.mark.parametrize("record", RECORDS, ids=["Laravel 8", "Laravel 12"])
def test_envelope_is_refused_in_every_wrapping(record: bytes, kind: str) -> None:
    for how, payload in _wrapped(record).items():
        with pytest.raises(CodecError, match="Encrypted by Laravel"):
            decode(payload, kind, [Secret.from_text("keyboard cat")])
        assert "Encrypted by Laravel" in summarise(payload, kind).format, how


@pytest.mark.parametrize("record", RECORDS, ids=["Laravel 8", "Laravel 12"])
def test_envelope_is_refused_in_a_document(record: bytes) -> None:
    envelope = json.loads(base64.b64decode(record))
    for session in (*(text.decode() for text in _wrapped(record).values()), envelope):
        payload = bson.encode({"_id": "a", "session": session})
        with pytest.raises(CodecError, match="Encrypted by Laravel"):
            decode(payload, "mongo")
        assert "Encrypted by Laravel" in summarise(payload, "mongo").format


@pytest.mark.parametrize(
    "session",
    [
        {"iv": "a", "value": "b", "mac": "c", "cookie": {}},
        {"iv": "a", "value": "b", "mac": "c", "user": 1},
        {"iv": 1, "value": "b", "mac": "c"},
        {"value": "b", "mac": "c"},
    ],
)
def test_session_with_members_of_these_names_stays_one(session: dict[str, object]) -> None:
    assert len(decode(json.dumps(session).encode(), "redis").root.entries) == len(session)
