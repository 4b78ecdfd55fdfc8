"""Records that the real libraries wrote: read without loss, written back to the byte."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from inspector.codecs import CodecError, Decoded, Fidelity, decode, encode
from inspector.core.edits import InsertEntry, RemoveEntry, SetValue, apply_edit
from inspector.core.node import Kind, Node, text_node

GOLDEN = Path(__file__).parent.parent.parent / "golden" / "express"


def _rows(name: str, field: str, kind: str) -> list[tuple[str, str, bytes]]:
    rows = [json.loads(line) for line in (GOLDEN / name).read_text().splitlines()]
    return [(kind, f"{row['lib']} {row['version']} {row['case']}", base64.b64decode(row[field])) for row in rows]


ROWS = [
    *_rows("redis.jsonl", "value_base64", "redis"),
    *_rows("mongo.jsonl", "bson_base64", "mongo"),
    *_rows("files.jsonl", "value_base64", "file"),
]


def _decoded() -> list[tuple[str, str, Decoded]]:
    found = []
    for kind, case, payload in ROWS:
        try:
            found.append((kind, case, decode(payload, kind)))
        except CodecError:
            continue
    return found


# A record that connect-mongo encrypted is JSON text of a string: it is shown, and there is no field to add.
DECODED = [one for one in _decoded() if one[2].root.kind is Kind.OBJECT]
IDS = [f"{kind}-{case}" for kind, case, _ in DECODED]


def test_nearly_all_plain_records_are_decoded() -> None:
    by_kind = {kind: sum(1 for one, _, _ in DECODED if one == kind) for kind in ("redis", "mongo", "file")}
    assert by_kind["redis"] >= 70
    assert by_kind["mongo"] >= 40
    assert by_kind["file"] >= 8


@pytest.mark.parametrize(("kind", "case", "payload"), ROWS, ids=[f"{kind}-{case}" for kind, case, _ in ROWS])
def test_undecodable_records_say_what_was_tried(kind: str, case: str, payload: bytes) -> None:
    try:
        decode(payload, kind)
    except CodecError as error:
        assert error.attempts
        assert all(attempt.reason for attempt in error.attempts)


@pytest.mark.parametrize(("kind", "case", "decoded"), DECODED, ids=IDS)
def test_unedited_record_is_written_as_the_same_bytes(kind: str, case: str, decoded: Decoded) -> None:
    assert encode(decoded, decoded.root) == decoded.payload


@pytest.mark.parametrize(("kind", "case", "decoded"), DECODED, ids=IDS)
def test_adding_and_removing_a_field_gives_the_same_text_back(kind: str, case: str, decoded: Decoded) -> None:
    root = decoded.root
    added, _ = apply_edit(root, InsertEntry((), len(root.entries), "inspector", text_node("x")))
    payload = encode(decoded, added)
    assert payload != decoded.payload
    again = decode(payload, kind)
    removed, _ = apply_edit(again.root, RemoveEntry((len(root.entries),)))
    last = decode(encode(again, removed), kind)
    assert (last.source, last.fidelity) == (decoded.source, decoded.fidelity)
    if decoded.fidelity is Fidelity.EXACT:
        assert last.payload == decoded.payload


@pytest.mark.parametrize(("kind", "case", "decoded"), DECODED, ids=IDS)
def test_changing_a_string_and_back_gives_the_same_bytes(kind: str, case: str, decoded: Decoded) -> None:
    place = next((n for n, entry in enumerate(decoded.root.entries) if entry.value.kind is Kind.STRING), None)
    if place is None:
        return
    old = decoded.root.entries[place].value
    changed, _ = apply_edit(decoded.root, SetValue((place,), text_node("something else")))
    again = decode(encode(decoded, changed), kind)
    back, _ = apply_edit(again.root, SetValue((place,), Node(Kind.STRING, old.scalar)))
    meaning = decode(encode(again, back), kind).root
    assert meaning == decoded.root
