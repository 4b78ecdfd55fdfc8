"""Many records are decoded in one call: none may show what stands in another, whatever their bytes are."""

from __future__ import annotations

import pytest

from inspector.codecs import Summariser

PLAIN = b'{"cookie":{"path":"/"},"user":{"username":"ann","role":"admin"}}'
BARE = b'{"cookie":{"path":"/"}}'
BROKEN_TOGETHER = {
    "one text over two records": (b'{"cookie":{},"user":{"username":"eve","x":[1', b"2]}}"),
    "two texts in one record": (PLAIN + b"," + PLAIN, b"", PLAIN),
    "two texts and a number in one record": (PLAIN + b",1," + PLAIN, b'{"cookie":{"x":[1', b"2]}}"),
    "a number": (b"5", PLAIN),
    "a list": (b"[", PLAIN, b"]"),
    "nothing": (b"",),
    "an end": (PLAIN + b"]", PLAIN),
    "null": (b"null", PLAIN),
    "deep": (b'{"cookie":{},"a":' + b"[" * 5000, PLAIN),
    "no UTF-8": (b'{"cookie":{},"user":{"username":"\xff"}}', PLAIN),
}


@pytest.mark.parametrize("records", BROKEN_TOGETHER.values(), ids=BROKEN_TOGETHER)
def test_a_record_is_read_alike_alone_and_among_others(records: tuple[bytes, ...]) -> None:
    summariser = Summariser("redis", (), ())
    many = [PLAIN, *records, BARE, PLAIN]
    users, roles, odd = summariser.plain_users(many)
    alone = [summariser.plain_users([payload]) for payload in many]
    assert users == [one[0][0] for one in alone]
    assert roles == [one[1][0] for one in alone]
    assert odd == [place for place, one in enumerate(alone) if one[2]]
    assert (users[0], roles[0], users[-1]) == ("ann", "admin", "ann")


def test_a_record_that_is_no_utf_8_is_odd_wherever_it_is_not() -> None:
    hidden = b'{"cookie":{},"\xff":1}'
    for many in ([hidden], [PLAIN, hidden]):
        assert Summariser("redis", (), ()).plain_users(many)[2] == [len(many) - 1]


def test_a_user_is_found_by_its_first_path_however_many_members_there_are() -> None:
    found = Summariser("redis", (), ()).plain_users(
        [
            b'{"cookie":{},"passport":{"user":"p1"}}',
            b'{"cookie":{},"passport":{"user":"p1"},"username":"first"}',
            b'{"cookie":{},"user":{"name":"","roles":["r"]},"role":"outer"}',
            b'{"cookie":null,"views":3}',
            b'{"userId":7}',
        ]
    )
    assert found == (["p1", "first", "", "", ""], ["", "", "outer", "", ""], [4])
