"""The short ways to what the list shows of a document come to the same as the tree, on whole and on damaged documents."""

from __future__ import annotations

import datetime
import struct
from typing import Any

import bson
from hypothesis import given
from hypothesis import strategies as st

from inspector.codecs._api import CodecError
from inspector.codecs.formats.bson import read_elements, read_value
from inspector.codecs.formats.plain_bson import plain_document
from inspector.codecs.listing.document_text import session_text, session_texts
from inspector.codecs.listing.summary import plain_of

NAMES = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=6)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.text(st.characters(codec="utf-8"), max_size=12),
    st.binary(max_size=8),
    st.datetimes(min_value=datetime.datetime(1800, 1, 1)),
    st.just(bson.ObjectId("64b7f0c2a1b2c3d4e5f60718")),
    st.builds(bson.Timestamp, st.integers(0, 2**31), st.integers(0, 9)),
)
VALUES = st.recursive(SCALARS, lambda of: st.one_of(st.lists(of, max_size=4), st.dictionaries(NAMES, of, max_size=4)))
CUTS = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), max_size=2)


def damaged(data: bytes, cuts: list[tuple[int, int]]) -> bytes:
    found = bytearray(data)
    for place, byte in cuts:
        found[4 + place % max(1, len(found) - 4)] = byte
    return bytes(found)


def by_tree(document: bytes) -> Any:
    """Return what the tree comes to, None for what it refuses."""
    whole = struct.pack("<i", len(document) + 15) + b"\x03session\0" + document + b"\0"
    data = struct.pack("<i", len(whole)) + whole[4:]
    try:
        [element] = read_elements(data)
        return plain_of(read_value(data, element))
    except (CodecError, ValueError):
        return None


@given(st.dictionaries(NAMES, VALUES, max_size=5), CUTS)
def test_plain_values_are_those_of_the_tree(fields: dict[str, Any], cuts: list[tuple[int, int]]) -> None:
    document = damaged(bson.encode(fields), cuts)
    found = plain_document(document, 0, len(document))
    assert found is None or repr(found) == repr(by_tree(document))
    if not cuts:
        assert found is not None


HEADS = st.lists(
    st.sampled_from(["_id", "expires", "lastModified", "session", "n", "other"]), unique=True, min_size=1, max_size=6
)


@given(st.lists(st.tuples(HEADS, st.text("ab\0{}é", max_size=40), st.integers(0, 40), CUTS), max_size=8))
def test_texts_found_by_their_place_are_those_found_by_walking(
    rows: list[tuple[list[str], str, int, list[tuple[int, int]]]],
) -> None:
    documents = []
    for names, text, id_size, cuts in rows:
        values = {
            "_id": "i" * id_size, "expires": datetime.datetime(2030, 1, 1), "lastModified": datetime.datetime(2026, 1, 1),
            "session": text, "n": 5, "other": "\x02session\0",
        }  # fmt: skip
        documents.append(damaged(bson.encode({name: values[name] for name in names}), cuts))
    assert session_texts(documents) == [session_text(document) for document in documents]
