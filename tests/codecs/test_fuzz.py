"""Damaged records of the real libraries: only the documented errors, and nothing that is read changes when written back.

`make fuzz` runs 100,000 mutations; the usual run a few.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.codecs import CodecError, decode, encode, plain_data, summarise
from inspector.core.secret import Secret
from inspector.frameworks import StoredRecord, examine, origin_of

GOLDEN = Path(__file__).parent.parent / "golden" / "express"
FIELDS = {
    "redis.jsonl": "value_base64",
    "mongo.jsonl": "bson_base64",
    "files.jsonl": "value_base64",
    "sealed.jsonl": "payload_base64",
}
SECRETS = [Secret.from_text("squirrel")]


def _samples() -> list[tuple[str, bytes]]:
    found = []
    for name, field in FIELDS.items():
        for row in map(json.loads, (GOLDEN / name).read_text().splitlines()):
            kind = row.get("kind") or {"redis.jsonl": "redis", "mongo.jsonl": "mongo", "files.jsonl": "file"}[name]
            found.append((kind, base64.b64decode(row[field])))
    return found


SAMPLES = _samples()
TOKENS = [
    b"",
    b"\0",
    b"\xff",
    b"{",
    b"}",
    b"[",
    b'"',
    b"\\u",
    b"\\ud800",
    b"9" * 40,
    b"1e999",
    b"-",
    b"null",
    b"H4sI",
    b"IV;",
    b"MII",
    b"30",
]


@pytest.mark.fuzz
@given(
    st.sampled_from(SAMPLES),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 6), st.sampled_from(TOKENS)), max_size=4),
)
def test_damaged_record_raises_only_codec_errors(sample: tuple[str, bytes], cuts: list[tuple[int, int, bytes]]) -> None:
    kind, payload = sample
    for place, length, token in cuts:
        start = place % (len(payload) + 1)
        payload = payload[:start] + token + payload[start + length :]
    assert summarise(payload, kind, (), SECRETS).format
    plain_data(payload, kind)
    try:
        decoded = decode(payload, kind, SECRETS, "k" * 32, is_quick=True)
    except CodecError as error:
        assert error.attempts
        return
    examine(decoded.root, kind, origin_of(StoredRecord(kind, payload=payload, decoded=decoded)).framework)
    assert encode(decoded, decoded.root) == payload
