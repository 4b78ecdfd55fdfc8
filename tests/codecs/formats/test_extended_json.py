"""Extended JSON of every BSON value: MongoDB's own library reads it as the same value, and reading it back gives the same bytes."""

from __future__ import annotations

import datetime
import struct
import uuid
from typing import Any

import bson
import pytest
from bson import json_util
from bson.codec_options import CodecOptions, DatetimeConversion
from hypothesis import given
from hypothesis import strategies as st

from inspector.codecs import CodecError, decode, encode, format_json, parse_like, parse_value
from inspector.codecs.formats.bson import read_elements, read_value, typed_node, write_value
from inspector.codecs.formats.decimal128 import decimal_bytes, decimal_text
from inspector.core.node import Node, object_node

OPTIONS: CodecOptions[dict[str, Any]] = CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_MS)
READING = json_util.JSONOptions(datetime_conversion=DatetimeConversion.DATETIME_MS, tz_aware=False)
NAMES = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=6)
OWN_NAMES = st.sampled_from(
    ["$date", "$oid", "$numberLong", "$literal", "$bson", "$regex", "$options", "$foo", "hex", "$code"]
)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
C_TEXTS = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=8)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**31), 2**31 - 1),
    st.integers(-(2**63), 2**63 - 1).map(bson.Int64),
    st.floats(),
    st.integers(-9, 9).map(float),
    TEXTS,
    st.builds(bson.Binary, st.binary(max_size=8), st.integers(0, 255)),
    st.integers(-(2**63), 2**63 - 1).map(bson.DatetimeMS),
    st.integers(-(10**12), 10**14).map(bson.DatetimeMS),
    st.binary(min_size=12, max_size=12).map(bson.ObjectId),
    st.builds(bson.Timestamp, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)),
    st.binary(min_size=16, max_size=16).map(bson.Decimal128.from_bid),
    st.decimals(places=2, allow_nan=False, allow_infinity=False, min_value=-999, max_value=999).map(bson.Decimal128),
    st.builds(bson.Regex, C_TEXTS, st.sampled_from(["", "i", "ims", "x"])),
    st.builds(bson.Code, TEXTS),
    st.builds(bson.Code, TEXTS, st.just({"x": bson.Int64(1), "$date": {"y": 1.0}})),
    st.sampled_from([bson.MinKey(), bson.MaxKey()]),
)
VALUES = st.recursive(
    SCALARS, lambda of: st.lists(of, max_size=4) | st.dictionaries(NAMES | OWN_NAMES, of, max_size=3), max_leaves=12
)
DOCUMENTS = st.dictionaries(NAMES | OWN_NAMES, VALUES, max_size=5)


def tree(document: bytes) -> Node:
    whole = struct.pack("<i", len(document) + 8) + b"\x03v\0" + document + b"\0"
    [element] = read_elements(whole)
    return read_value(whole, element)


def document_of(node: Node) -> bytes:
    return write_value(b"", node, use_spans=False)[1]


@given(DOCUMENTS, st.sampled_from([None, 2]))
def test_every_document_shown_and_read_back_has_the_same_bytes(fields: dict[str, Any], indent: int | None) -> None:
    document = bson.encode(fields)
    root = tree(document)
    text = format_json(root, indent, has_types=True)
    assert document_of(parse_value(text, None, has_types=True)) == document
    assert parse_like(text, root, has_types=True) == root


STANDARD = st.one_of(
    st.none() | st.booleans() | st.integers(-(2**31), 2**31 - 1) | TEXTS,
    st.integers(-(2**63), 2**63 - 1).map(bson.Int64),
    st.floats(allow_nan=False) | st.integers(-9, 9).map(float) | st.just(float("nan")),
    st.builds(bson.Binary, st.binary(max_size=8), st.sampled_from([0, 1, 2, 3, 4, 5, 6, 0x80, 0xFF])),
    st.integers(-(2**63), 2**63 - 1).map(bson.DatetimeMS) | st.integers(-(10**12), 10**14).map(bson.DatetimeMS),
    st.binary(min_size=12, max_size=12).map(bson.ObjectId),
    st.builds(bson.Timestamp, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)),
    st.decimals(places=2, allow_nan=False, allow_infinity=False, min_value=-999, max_value=999).map(bson.Decimal128),
    st.sampled_from(["NaN", "Infinity", "-Infinity", "1E+6000", "-0E-6176"]).map(bson.Decimal128),
    st.builds(bson.Regex, C_TEXTS, st.sampled_from(["", "i", "imsx"])),
    st.sampled_from([bson.MinKey(), bson.MaxKey()]),
)
CODES = st.builds(bson.Code, TEXTS) | st.builds(bson.Code, TEXTS, st.just({"x": bson.Int64(1)}))
"""What the specification has a form for. A date beyond Python's years is read by the library only as DatetimeMS."""


@given(st.lists(STANDARD | CODES, max_size=6))
def test_mongodbs_own_library_reads_the_same_values(values: list[Any]) -> None:
    document = bson.encode({"v": values})
    text = format_json(tree(document), has_types=True)
    assert "$bson" not in text
    assert bson.encode(json_util.loads(text, json_options=READING)) == document


@given(st.lists(STANDARD, max_size=6), st.sampled_from([json_util.JSONMode.CANONICAL, json_util.JSONMode.RELAXED]))
def test_what_mongodbs_own_library_writes_is_read(values: list[Any], mode: int) -> None:
    document = bson.encode({"v": values})
    options = json_util.JSONOptions(json_mode=mode, datetime_conversion=DatetimeConversion.DATETIME_MS)
    text = json_util.dumps({"v": values}, json_options=options)
    read = tree(document_of(parse_value(text, None, has_types=True)))
    assert parse_like(text, tree(document), has_types=True) == tree(document)
    assert mode == json_util.JSONMode.RELAXED or read == tree(document)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"$oid":"64b7f0c2a1b2c3d4e5f60718"}', bson.ObjectId("64b7f0c2a1b2c3d4e5f60718")),
        ('{"$date":"2026-11-24T23:29:03.114+01:00"}', bson.DatetimeMS(1795559343114)),
        ('{"$date":{"$numberLong":"253402300800000"}}', bson.DatetimeMS(253402300800000)),
        ('{"$date":-1}', bson.DatetimeMS(-1)),
        ('{"$binary":"AQI=","$type":"80"}', bson.Binary(b"\1\2", 0x80)),
        (
            '{"$uuid":"73ffd264-44b3-4c69-90e8-e7d1dfc035d4"}',
            bson.Binary(uuid.UUID("73ffd26444b34c6990e8e7d1dfc035d4").bytes, 4),
        ),
        ('{"$options":"i","$regex":"^a"}', bson.Regex("^a", "i")),
        ('{"subType":5}', {"subType": 5}),
        (
            '{"$literal":{"$date":{"$oid":"64b7f0c2a1b2c3d4e5f60718"}}}',
            {"$date": bson.ObjectId("64b7f0c2a1b2c3d4e5f60718")},
        ),
        ('{"$literal":{"$literal":{"a":1}}}', {"$literal": {"a": 1}}),
        ('{"$regex":"^a"}', {"$regex": "^a"}),
        ("9223372036854775807.0", 9223372036854775807.0),
        ('{"$numberDouble":"-0.0"}', -0.0),
        ('{"$symbol":"s"}', "s"),
        ('{"$undefined":true}', None),
    ],
)
def test_other_spellings_are_read(text: str, expected: object) -> None:
    found = bson.decode(document_of(parse_value(f'{{"v":{text}}}', None, has_types=True)), codec_options=OPTIONS)
    assert bson.encode(found) == bson.encode({"v": expected})


@pytest.mark.parametrize(
    "text",
    [
        '{"$oid":"64b7"}', '{"$oid":5}', '{"$oid":"64b7f0c2a1b2c3d4e5f60718","x":1}', '{"$date":"tomorrow"}', '{"$date":1.5}',
        '{"$date":{"$numberLong":"9223372036854775808"}}', '{"$numberInt":"2147483648"}', '{"$numberInt":5}',
        '{"$numberLong":"1e3"}', '{"$numberLong":"9223372036854775808"}', '{"$numberDouble":"1e999"}', '{"$numberDouble":"nan "}',
        '{"$numberDouble":"1_0"}', '{"$numberDecimal":"1e7000"}', '{"$numberDecimal":"x"}', '{"$numberDecimal":"%s"}' % ("1" * 35),
        '{"$binary":{"base64":"?","subType":"00"}}', '{"$binary":{"base64":"","subType":"100"}}', '{"$uuid":"x"}',
        '{"$timestamp":{"t":-1,"i":1}}', '{"$timestamp":{"t":4294967296,"i":1}}', '{"$minKey":2}', '{"$undefined":false}',
        '{"$regularExpression":{"pattern":"a"}}', '{"$code":"a","$scope":5}', '{"$dbPointer":{"$ref":"a","$id":5}}',
        '{"$date":"2026-11-24T22:29:03.114Z","$date":1}', '{"$literal":5}', '{"$literal":{},"x":1}',
        '{"$bson":"int9","hex":""}', "1e999",
    ],
)  # fmt: skip
def test_wrong_form_is_refused_where_it_stands(text: str) -> None:
    with pytest.raises(CodecError, match=r"^user\.x\[0\]: .*\$"):
        parse_value(f'{{"user":{{"x":[{text}]}}}}', None, has_types=True)


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "-0",
        "1.50",
        "1E+3",
        "0.0000001",
        "1E-7",
        "NaN",
        "Infinity",
        "-Infinity",
        "9" * 34,
        "1E+6144",
        "1E-6176",
        "0E+6111",
    ],
)
def test_decimals_are_those_of_mongodbs_own_library(text: str) -> None:
    assert decimal_bytes(text) == bson.Decimal128(text).bid
    assert decimal_text(bson.Decimal128(text).bid) == str(bson.Decimal128(text))


@given(st.binary(min_size=16, max_size=16))
def test_any_decimal_has_the_text_of_mongodbs_own_library(raw: bytes) -> None:
    assert decimal_text(raw).removeprefix("-") == str(bson.Decimal128.from_bid(raw)).removeprefix("-")


@pytest.mark.parametrize(
    ("tag", "raw"),
    [
        ("symbol", b"\2\0\0\0\xff\0"),
        ("double", b"\1\0\0\0\0\0\xf8\xff"),
        ("regex", b"\xff\0\0"),
        ("binary", b"\2\0\0\0\2ab"),
    ],
)
def test_value_without_a_form_of_its_own_keeps_its_bytes(tag: str, raw: bytes) -> None:
    node = object_node(("v", typed_node(tag, raw)))
    text = format_json(node, has_types=True)
    assert "$bson" in text
    assert parse_value(text, None, has_types=True) == node


OLD = {
    "oid": bson.ObjectId("64b7f0c2a1b2c3d4e5f60718"), "dec": bson.Decimal128("1.5"), "bin": b"ab", "re": bson.Regex("a"),
    "at": datetime.datetime(2026, 1, 1), "long": bson.Int64(5), "half": 0.5, "n": 5, "ts": bson.Timestamp(1, 2), "nan": float("nan"),
    "max": bson.MaxKey(), "text": "x",
}  # fmt: skip


@pytest.mark.parametrize(
    ("field", "text", "expected"),
    [
        ("oid", '"64B7F0C2A1B2C3D4E5F60719"', bson.ObjectId("64b7f0c2a1b2c3d4e5f60719")),
        ("oid", "null", None),
        ("dec", "2.50", bson.Decimal128("2.50")), ("dec", '"7"', bson.Decimal128("7")),
        ("at", '"2026-01-02T00:00:00Z"', bson.DatetimeMS(1767312000000)),
        ("long", "6", bson.Int64(6)), ("half", "6", 6.0), ("n", "6", 6), ("n", "0.5", 0.5), ("n", '"six"', "six"),
        ("n", "3000000000", 3e9),
        ("nan", "1", 1.0), ("text", '{"$oid":"64b7f0c2a1b2c3d4e5f60719"}', bson.ObjectId("64b7f0c2a1b2c3d4e5f60719")),
        ("oid", '{"$symbol":"s"}', "s"), ("bin", '{"$binary":{"base64":"AQI=","subType":"00"}}', b"\1\2"),
    ],
)  # fmt: skip
def test_value_keeps_the_type_of_what_it_replaces(field: str, text: str, expected: object) -> None:
    root = tree(bson.encode(OLD))
    typed = parse_like(format_json(root, has_types=True), root, has_types=True)
    assert typed == root
    old = next(entry.value for entry in root.entries if entry.key == field)
    new = parse_value(text, old, has_types=True)
    read = bson.decode(document_of(object_node(("v", new))), codec_options=OPTIONS)
    assert bson.encode(read) == bson.encode({"v": expected})


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("oid", '"hello"'), ("oid", "5"), ("oid", "{}"), ("oid", "true"), ("dec", '"x"'), ("dec", "[]"), ("bin", '"YWI="'),
        ("re", '"/b/"'),
        ("at", "1795559343114"), ("at", '"soon"'), ("long", "1.5"), ("long", "9223372036854775808"), ("half", "9007199254740993"),
        ("half", "1e999"), ("n", "1e999"), ("ts", "5"), ("max", "1"), ("nan", '"NaN"'),
    ],
)  # fmt: skip
def test_value_that_its_type_cannot_hold_is_refused_with_the_form_to_write(field: str, text: str) -> None:
    old = next(entry.value for entry in tree(bson.encode(OLD)).entries if entry.key == field)
    with pytest.raises(CodecError, match=r"write|written|is a number|cannot hold"):
        parse_value(text, old, has_types=True)


def test_item_that_moved_in_a_list_is_not_taken_for_another() -> None:
    root = tree(bson.encode({"l": [bson.ObjectId("64b7f0c2a1b2c3d4e5f60718"), "x"]}))
    typed = parse_like('{"l":["x",{"$oid":"64b7f0c2a1b2c3d4e5f60718"}]}', root, has_types=True)
    assert bson.decode(document_of(typed)) == {"l": ["x", bson.ObjectId("64b7f0c2a1b2c3d4e5f60718")]}


def test_json_store_keeps_such_names_as_they_are() -> None:
    payload = b'{"cookie":{},"at":{"$date":1},"l":{"$literal":{}}}'
    decoded = decode(payload, "redis")
    assert format_json(decoded.root, None).encode() == payload
    assert encode(
        decoded, parse_like('{"cookie":{},"at":{"$date":2},"l":{"$literal":{}}}', decoded.root)
    ) == payload.replace(b"1", b"2")
