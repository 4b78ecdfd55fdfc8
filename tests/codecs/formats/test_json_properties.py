"""What holds for any JSON: reading and writing is the identity, an edit moves only its own bytes, garbage is refused."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.codecs import CodecError, decode, encode, format_json, parse_json, parse_like, plain_data
from inspector.codecs.formats import bson as _bson
from inspector.codecs.formats import json as _json
from inspector.core.edits import InsertEntry, MoveEntry, RemoveEntry, RenameKey, SetValue, apply_edit
from inspector.core.node import Kind, Node, text_node

TEXTS = st.text(alphabet=st.characters(codec="utf-8"), max_size=12)
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=12
)
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=5)
SPACINGS = st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", "\t: ")])


def _bytes(value: Any, spacing: tuple[str, str], *, ascii_only: bool = False) -> bytes:
    return json.dumps(value, separators=spacing, ensure_ascii=ascii_only).encode()


@given(OBJECTS, SPACINGS, st.booleans())
def test_reading_and_writing_is_the_identity(value: Any, spacing: tuple[str, str], ascii_only: bool) -> None:
    payload = _bytes(value, spacing, ascii_only=ascii_only)
    decoded = decode(payload, "redis")
    assert encode(decoded, decoded.root) == payload
    assert plain_data(payload, "redis") == value


@given(OBJECTS, SPACINGS, TEXTS, VALUES)
def test_added_field_leaves_every_other_byte(value: Any, spacing: tuple[str, str], key: str, new: Any) -> None:
    payload = _bytes(value, spacing)
    decoded = decode(payload, "redis")
    root, _ = apply_edit(decoded.root, InsertEntry((), len(decoded.root.entries), key, parse_json(json.dumps(new))))
    written = encode(decoded, root)
    body = payload.rstrip()[:-1].rstrip(b" \t\n\r")
    assert written.startswith(body)
    assert len(decode(written, "redis").root.entries) == len(value) + 1


@given(OBJECTS.filter(bool), SPACINGS, st.data())
def test_changed_value_moves_only_its_own_bytes(value: Any, spacing: tuple[str, str], data: st.DataObject) -> None:
    payload = _bytes(value, spacing)
    decoded = decode(payload, "redis")
    place = data.draw(st.integers(0, len(value) - 1))
    span = decoded.root.entries[place].value.span
    assert span is not None
    root, _ = apply_edit(decoded.root, SetValue((place,), text_node("new")))
    expected = payload[: span[0]] + b'"new"' + payload[span[1] :]
    old = decoded.root.entries[place].value
    assert encode(decoded, root) == (payload if old == text_node("new") else expected)


@given(OBJECTS, st.data())
def test_edit_and_its_inverse_are_the_identity(value: Any, data: st.DataObject) -> None:
    payload = _bytes(value, (", ", ": "))
    decoded = decode(payload, "redis")
    root, inverses = decoded.root, []
    for _ in range(data.draw(st.integers(1, 5))):
        edit = data.draw(_edits(root))
        root, inverse = apply_edit(root, edit)
        inverses.append(inverse)
    for inverse in reversed(inverses):
        root, _ = apply_edit(root, inverse)
    assert root == decoded.root
    assert encode(decoded, root) == payload


def _edits(root: Node) -> st.SearchStrategy[Any]:
    count = len(root.entries)
    new = VALUES.map(lambda value: parse_json(json.dumps(value)))
    choices: list[st.SearchStrategy[Any]] = [
        st.builds(InsertEntry, st.just(()), st.integers(0, count), TEXTS, new),
    ]
    if count:
        places = st.integers(0, count - 1).map(lambda place: (place,))
        choices += [
            st.builds(SetValue, places, new),
            st.builds(RemoveEntry, places),
            st.builds(RenameKey, places, TEXTS),
            st.builds(MoveEntry, places, st.integers(0, count - 1)),
        ]
    return st.one_of(choices)


@given(OBJECTS, OBJECTS)
def test_text_typed_over_a_tree_means_what_was_typed(old: Any, new: Any) -> None:
    decoded = decode(_bytes(old, (",", ":")), "redis")
    typed = parse_like(json.dumps(new, indent=2), decoded.root)
    assert json.loads(encode(decoded, typed)) == new


@given(OBJECTS)
def test_shown_text_read_again_is_no_edit(value: Any) -> None:
    decoded = decode(_bytes(value, (",", ":")), "redis")
    assert parse_like(format_json(decoded.root), decoded.root) == decoded.root


@given(st.binary(max_size=200), st.sampled_from(["redis", "mongo", "file", "memory"]))
def test_garbage_raises_only_the_documented_error(payload: bytes, kind: str) -> None:
    try:
        decoded = decode(payload, kind)
    except CodecError as error:
        assert error.attempts
        return
    assert encode(decoded, decoded.root) == payload


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":2}', '{"n":1.10,"m":1E5,"k":-0}', '{"s":"\\ud800"}', '{"i":9007199254740993}', '{"":{"":[]}}',
        '{"u":"\\u0041\\/"}', ' {"b" : [ 1 , 2 ] } ', '{"__proto__":{"x":1}}',
    ],
)  # fmt: skip
def test_odd_spellings_survive_an_edit_beside_them(text: str) -> None:
    decoded = decode(text.encode(), "redis")
    root, _ = apply_edit(decoded.root, InsertEntry((), len(decoded.root.entries), "new", parse_json("1")))
    written = encode(decoded, root).decode()
    assert text.strip()[:-1].rstrip() in written
    again = decode(written.encode(), "redis")
    back, _ = apply_edit(again.root, RemoveEntry((len(again.root.entries) - 1,)))
    assert encode(again, back).decode() == text


def test_two_equal_keys_are_two_entries() -> None:
    root = decode(b'{"a":1,"a":2}', "redis").root
    assert [entry.key for entry in root.entries] == ["a", "a"]


def test_very_deep_and_very_large_records_are_refused_with_words() -> None:
    for payload in (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, b'{"a":"' + b"x" * (65 * 1024 * 1024) + b'"}'):
        with pytest.raises(CodecError) as caught:
            decode(payload, "redis")
        assert caught.value.attempts[0].reason


MOST = 20_000


def _bson_array(count: int, nested: int) -> bytes:
    """Return `{session: {a: [[1, …], …]}}`, `count` numbers in each of `nested` arrays."""

    def document(*elements: bytes) -> bytes:
        body = b"".join(elements)
        return struct.pack("<i", len(body) + 5) + body + b"\0"

    numbers = document(*(b"\x10%d\0\x01\0\0\0" % place for place in range(count)))
    arrays = document(*(b"\x04%d\0%s" % (place, numbers) for place in range(nested)))
    return document(b"\x03session\0" + document(b"\x04a\0" + arrays))


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("redis", b'{"a":[' + b"1," * MOST + b"1]}"),
        ("redis", b'{"a":[' + b"[1,1,1],".join([b""] * (MOST // 3)) + b"[1]]}"),
        ("mongo", _bson_array(MOST + 1, 1)),
        ("mongo", _bson_array(1000, 1 + MOST // 1000)),
        ("mongo", struct.pack("<i", 14 + 3 * MOST) + b"\x0ax\0" * (MOST + 3) + b"\0"),
    ],
    ids=["array", "arrays", "bson array", "bson arrays", "bson fields"],
)
def test_record_of_too_many_values_is_refused_with_their_number(
    monkeypatch: pytest.MonkeyPatch, kind: str, payload: bytes
) -> None:
    for module in (_json, _bson):
        monkeypatch.setattr(module, "MAX_NODES", MOST)
    with pytest.raises(CodecError, match="more than 20,000 values") as caught:
        decode(payload, kind)
    assert any(attempt.is_limit for attempt in caught.value.attempts)


def test_kinds_are_told_apart() -> None:
    root = decode(b'{"a":null,"b":true,"c":"x","d":1,"e":[],"f":{}}', "redis").root
    kinds = [entry.value.kind for entry in root.entries]
    assert kinds == [Kind.NULL, Kind.BOOL, Kind.STRING, Kind.NUMBER, Kind.ARRAY, Kind.OBJECT]
