"""Records that the real libraries wrote: read without loss, written back to the byte."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import bson
import pytest

from inspector.codecs import Codec, CodecError, Decoded, Fidelity, SealedError, decode, encode
from inspector.codecs.records.connect_mongo import ConnectMongoObject, ConnectMongoText
from inspector.codecs.records.express_json import ExpressJson, SessionFile
from inspector.core.edits import InsertEntry, RemoveEntry, SetValue, apply_edit
from inspector.core.node import Kind, Node, text_node, without_spans
from inspector.core.node import Path as NodePath
from inspector.core.secret import Secret

GOLDEN = Path(__file__).parent.parent.parent / "golden" / "express"
CODECS: dict[str, Codec] = {
    codec.name: codec for codec in (ExpressJson(), SessionFile(), ConnectMongoText(), ConnectMongoObject())
}


@dataclass(frozen=True, slots=True)
class Record:
    """A record as a library stored it, with the secret where the library encrypted it and the file holds that too."""

    kind: str
    case: str
    payload: bytes = field(repr=False)
    secrets: tuple[Secret, ...] = ()
    session_id: str = ""

    def decode(self, payload: bytes) -> Decoded:
        return decode(payload, self.kind, self.secrets, self.session_id)


def _rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (GOLDEN / name).read_text().splitlines()]


def _records(name: str, column: str, kind: str) -> list[Record]:
    return [
        Record(kind, f"{row['lib']} {row['version']} {row['case']}", base64.b64decode(row[column]))
        for row in _rows(name)
    ]


def _sealed_records() -> list[Record]:
    return [
        Record(
            row["kind"],
            f"{row['lib']} {row['version']} {row['case']} {row['kruptein'] or ''}",
            base64.b64decode(row["payload_base64"]),
            (Secret.from_text(row["secret"]),),
            row["session_id"],
        )
        for row in _rows("sealed.jsonl")
    ]


RECORDS = [
    *_records("redis.jsonl", "value_base64", "redis"),
    *_records("mongo.jsonl", "bson_base64", "mongo"),
    *_records("files.jsonl", "value_base64", "file"),
    *_sealed_records(),
]


def _read() -> tuple[list[tuple[Record, Decoded]], list[tuple[Record, CodecError]]]:
    read, refused = [], []
    for record in RECORDS:
        try:
            read.append((record, record.decode(record.payload)))
        except CodecError as error:
            refused.append((record, error))
    return read, refused


READ, REFUSED = _read()
EXACT = [(record, decoded) for record, decoded in READ if decoded.fidelity is Fidelity.EXACT]
# What an application indented: the layout stands in no tree, and what is not edited keeps it.
INDENTED = [(record, decoded) for record, decoded in EXACT if decoded.source.startswith(b"{\n")]
WRAPPED_ANEW = [(record, decoded) for record, decoded in READ if decoded.fidelity is not Fidelity.EXACT]


def _cases(pairs: list[tuple[Record, Decoded]]) -> list[Any]:
    return [pytest.param(record, decoded, id=f"{record.kind}-{record.case}") for record, decoded in pairs]


def _texts(node: Node, path: NodePath = ()) -> Iterator[tuple[NodePath, Node]]:
    """Yield each string in the tree that is not empty, and where it stands."""
    for position, entry in enumerate(node.entries):
        if entry.value.kind is Kind.STRING and entry.value.scalar:
            yield (*path, position), entry.value
        yield from _texts(entry.value, (*path, position))


def _put_text(decoded: Decoded, path: NodePath, node: Node, text: str) -> bytes:
    """Return the source (of a sub-document: the document) as it has to be when one string in it became `text`."""
    assert node.span is not None
    start, end = node.span
    if decoded.codec == ConnectMongoObject.name:  # the lengths around it change as well: as the driver writes them
        document = bson.decode(decoded.payload)
        place: Any = document["session"]
        *parents, last = path
        for position in parents:
            place = place[position] if isinstance(place, list) else list(place.values())[position]
        place[last if isinstance(place, list) else list(place)[last]] = text
        return bson.encode(document)
    return decoded.source[:start] + json.dumps(text).encode() + decoded.source[end:]


def test_every_record_is_read_but_those_whose_secret_is_not_given() -> None:
    assert len(READ) >= 190
    assert {type(error) for _record, error in REFUSED} == {SealedError}
    assert all(not record.secrets for record, _error in REFUSED)
    for _record, error in REFUSED:
        assert error.attempts
        assert all(attempt.reason for attempt in error.attempts)


def test_only_what_is_compressed_or_encrypted_takes_new_bytes() -> None:
    assert len(EXACT) >= 150
    assert len(INDENTED) == 2
    assert all("gzip" in decoded.label or "encrypted" in decoded.label for _record, decoded in WRAPPED_ANEW)


@pytest.mark.parametrize(("record", "decoded"), _cases(READ))
def test_unedited_record_is_written_as_the_same_bytes(record: Record, decoded: Decoded) -> None:
    assert encode(decoded, decoded.root) == record.payload
    assert encode(decoded, without_spans(decoded.root)) == record.payload


@pytest.mark.parametrize(("record", "decoded"), _cases([one for one in EXACT if one not in INDENTED]))
def test_record_written_from_its_tree_alone_has_the_same_bytes(record: Record, decoded: Decoded) -> None:
    """Past `encode`, which hands the stored bytes back where nothing was edited."""
    assert CODECS[decoded.codec].encode(decoded, without_spans(decoded.root)) == record.payload


@pytest.mark.parametrize(("record", "decoded"), _cases(WRAPPED_ANEW))
def test_text_inside_a_wrapping_written_from_its_tree_alone_has_the_same_bytes(
    record: Record, decoded: Decoded
) -> None:
    payload = CODECS[decoded.codec].encode(decoded, without_spans(decoded.root))
    assert payload != record.payload
    assert record.decode(payload).source == decoded.source


@pytest.mark.parametrize(("record", "decoded"), _cases(EXACT))
def test_edit_of_one_string_changes_its_own_bytes_alone(record: Record, decoded: Decoded) -> None:
    texts = list(islice(_texts(decoded.root), 20))  # connect-mongo 3.2 once stored each letter as a member
    assert texts
    for path, node in texts:
        edited, _ = apply_edit(decoded.root, SetValue(path, text_node("something else")))
        again = record.decode(encode(decoded, edited))
        assert again.source == _put_text(decoded, path, node, "something else")
        assert again.envelope == decoded.envelope
        restored, _ = apply_edit(again.root, SetValue(path, without_spans(node)))
        assert encode(again, restored) == record.payload


@pytest.mark.parametrize(("record", "decoded"), _cases(WRAPPED_ANEW))
def test_edit_inside_a_wrapping_changes_its_own_bytes_alone(record: Record, decoded: Decoded) -> None:
    path, node = next(_texts(decoded.root))
    edited, _ = apply_edit(decoded.root, SetValue(path, text_node("something else")))
    again = record.decode(encode(decoded, edited))
    assert again.source == _put_text(decoded, path, node, "something else")
    assert again.envelope == decoded.envelope


@pytest.mark.parametrize(("record", "decoded"), _cases(EXACT))
def test_adding_and_removing_a_field_gives_the_same_bytes_back(record: Record, decoded: Decoded) -> None:
    root = decoded.root
    added, _ = apply_edit(root, InsertEntry((), len(root.entries), "inspector", text_node("x")))
    payload = encode(decoded, added)
    assert payload != record.payload
    again = record.decode(payload)
    removed, _ = apply_edit(again.root, RemoveEntry((len(root.entries),)))
    assert encode(again, removed) == record.payload
