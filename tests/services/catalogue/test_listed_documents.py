"""What the list shows of MongoDB documents read by the thousand is what it shows of each one read as a whole."""

from __future__ import annotations

import datetime
import json
from typing import Any

import bson
import pytest
from bson.code import Code
from bson.dbref import DBRef
from bson.int64 import Int64
from bson.regex import Regex
from hypothesis import example, given
from hypothesis import strategies as st

from inspector.codecs import CUT, ROLE_PATH, Summariser, plain_data
from inspector.codecs.listing.summary import summarise
from inspector.services.filtering.terms import find_field
from store_adapters.mongo.document import DocumentReader
from store_adapters.mongo.sessions import sessions_in

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**31), 2**31),
    st.builds(Int64, st.integers(0, 9)),
    st.floats(),
    st.sampled_from(["", "ann", "admin", "é", "x" * 90]),
    st.binary(max_size=3),
    st.datetimes(min_value=datetime.datetime(1800, 1, 1)),
    st.just(bson.ObjectId("64b7f0c2a1b2c3d4e5f60718")),
    st.just(Regex("a", "i")),
    st.just(Code("f()")),
    st.just(DBRef("users", 5)),
)
NAMES = st.sampled_from(["username", "name", "id", "_id", "role", "roles", "user", "x", "$ref", "é"])
VALUES = st.recursive(SCALARS, lambda of: st.one_of(st.lists(of, max_size=3), st.dictionaries(NAMES, of, max_size=4)))
MEMBERS = st.fixed_dictionaries(
    {},
    optional={
        "cookie": st.one_of(st.just({"path": "/"}), VALUES), "user": VALUES, "passport": VALUES, "username": VALUES,
        "role": VALUES, "userId": VALUES, "hmac": VALUES, "cart": VALUES,
    },
)  # fmt: skip
CUTS = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=2)
SWAPS = st.sampled_from([b"", b"\x02\x0e", b"\x0a\x06", b"\x00\xff"])
"""Two types that the driver reads as another, symbol and undefined; and names in a list that are no UTF-8."""
OWN_PATHS = st.sampled_from([(), (("cookie", "path"),), (("user", "x"), ("cart", 0, "name"))])

TAIL = bson.encode({"_id": "i", "session": '{"cookie":{},"user":{"username":"u"}}', "at": None})


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    session: Any = draw(MEMBERS)
    if draw(st.integers(0, 3)) == 0:
        session = draw(
            st.sampled_from(['{"cookie":{},"user":{"username":"u","role":""},"role":"r"}', "{", '{"cookie":1}'])
        )
    data = bytearray(
        bson.encode(
            {"_id": "i" * draw(st.sampled_from([4, 4, 4, 5])), "n": 1, "session": session, "at": None, "e": True}
        )
    )
    swap = draw(SWAPS)
    if swap == b"\x00\xff":
        data = bytearray(bytes(data).replace(b"\x020\0", b"\x02\xff\0"))
    elif swap:
        for name in (b"username", b"role", b"user", b"name", b"0"):
            data = bytearray(bytes(data).replace(swap[:1] + name + b"\0", swap[1:] + name + b"\0"))
    for place, byte in draw(CUTS):
        data[4 + place % (len(data) - 4)] = byte
    return bytes(data)


def shown_together(found: list[bytes], own_paths: Any = ()) -> tuple[list[bytes], list[tuple[str, str, str]]]:
    """Return the payloads that are listed, and the format, user and role shown of each, as a `Catalogue` comes to them."""
    columns = DocumentReader("_id", "expires").read_stream(b"".join(found))
    sessions = sessions_in(columns.payloads, columns.places)
    summariser = Summariser("mongo", own_paths)
    users, roles, odd = summariser.plain_users(columns.payloads, sessions)
    shown = []
    for place, (payload, session) in enumerate(zip(columns.payloads, sessions, strict=True)):
        if place in odd:
            whole = summariser.whole(payload, "", is_quick=True)
            shown.append((whole.format, whole.user, whole.role))
        else:
            label = summariser.object_format if type(session) is dict else summariser.plain_format
            shown.append((label, users[place], roles[place]))
    return [*columns.payloads], shown


@given(st.lists(documents(), max_size=6), OWN_PATHS)
def test_what_is_shown_tells_who_may_have_a_role(found: list[bytes], own_paths: Any) -> None:
    summariser = Summariser("mongo", own_paths)
    columns = DocumentReader("_id", "expires").read_stream(b"".join(found))
    _users, roles, odd = summariser.plain_users(columns.payloads, sessions_in(columns.payloads, columns.places))
    for place in odd:
        roles[place] = summariser.whole(columns.payloads[place], "", is_quick=True).role
    stored = [find_field(plain_data(payload, "mongo"), ROLE_PATH) for payload in columns.payloads]
    assert summariser.has_role_lists or not any(isinstance(role, list) for role in stored)
    for role, shown in zip(stored, roles, strict=True):
        assert not isinstance(role, str) or role == "" or shown == role[:CUT]


def shown_alone(payload: bytes, own_paths: Any = ()) -> tuple[str, str, str]:
    whole = summarise(payload, "mongo", own_paths)
    return whole.format, whole.user, whole.role


# A name behind the session that is no UTF-8: the whole document is unreadable.
@example([TAIL, TAIL.replace(b"\nat\0", b"\n\x80t\0")], ())
@given(st.lists(documents(), max_size=6), OWN_PATHS)
def test_documents_read_together_show_what_each_shows_as_a_whole(found: list[bytes], own_paths: Any) -> None:
    payloads, shown = shown_together(found, own_paths)
    assert shown == [shown_alone(payload, own_paths) for payload in payloads]


def session_of(session: Any) -> bytes:
    return bson.encode({"_id": "s", "expires": datetime.datetime(2030, 1, 1), "session": session})


def nested(levels: int) -> Any:
    value: Any = {}
    for _ in range(levels):
        value = {"a": value}
    return value


HEAD: dict[str, Any] = {"cookie": {}}
ODD = {
    "symbol": session_of({**HEAD, "user": {"username": "ann"}}).replace(b"\x02username", b"\x0eusername"),
    "undefined": session_of({**HEAD, "user": None}).replace(b"\x0auser", b"\x06user"),
    "names in a list": session_of({**HEAD, "cart": ["a", "b"]}).replace(b"\x021\0", b"\x02\xff\0"),
    "deep": session_of({**HEAD, "x": nested(99)}),
    "too deep": session_of({**HEAD, "x": nested(100)}),
    "not UTF-8 in the cookie": session_of({"cookie": {"path": "/é"}}).replace("é".encode(), b"\xff\xff"),
    "wrong length in the cookie": session_of({"cookie": {"path": "/"}}).replace(b"path\0\x02", b"path\0\x09"),
    "a role that is empty": session_of(json.dumps({**HEAD, "user": {"username": "u", "role": ""}, "role": "r"})),
    "twice the same member": session_of({**HEAD, "user": "u1", "usex": "u2"}).replace(b"usex", b"user"),
    "a number with a point": session_of({**HEAD, "userId": 5.0}),
    "large": session_of({**HEAD, "user": "u", "x": ["y" * 99] * 1000}),
}


@pytest.mark.parametrize("document", ODD.values(), ids=ODD)
def test_odd_document_among_others_shows_what_it_shows_as_a_whole(document: bytes) -> None:
    plain = session_of({**HEAD, "user": {"username": "ann", "role": "admin"}})
    payloads, shown = shown_together([plain, plain, document, plain])
    assert payloads == [plain, plain, document, plain]
    expected = ("connect-mongo, sub-document", "ann", "admin")
    assert shown == [expected, expected, shown_alone(document), expected]
    assert shown_alone(plain) == expected
