"""A lifetime that JavaScript's clock cannot hold is refused, one that a cookie's date cannot say is warned of."""

from __future__ import annotations

import pytest

from inspector.codecs import date_node, parse_json
from inspector.core.edits import SetValue, apply_edit
from inspector.core.expiry import LATEST_MS
from inspector.core.finding import Severity
from inspector.frameworks import EXPRESS, KOA, check_edit

GOOD = '{"cookie":{"originalMaxAge":86400000,"expires":"2030-01-01T00:00:00.000Z","path":"/"},"__lastAccess":1795559343114}'


@pytest.mark.parametrize(
    ("old", "new", "severity"),
    [
        ("86400000", "8640000000000000", Severity.REFUSED),
        ("86400000", "1e999", Severity.REFUSED),
        ("86400000", "-1e300", Severity.REFUSED),
        ("86400000", "300000000000000", Severity.WARNING),
        ('"2030-01-01T00:00:00.000Z"', '"+012345-01-01T00:00:00.000Z"', Severity.WARNING),
        ('"2030-01-01T00:00:00.000Z"', '"+275761-01-01T00:00:00.000Z"', Severity.REFUSED),
        ("1795559343114", "9e15", Severity.REFUSED),
    ],
)
def test_far_date_is_told_of_by_what_it_does(old: str, new: str, severity: Severity) -> None:
    found = check_edit(parse_json(GOOD), parse_json(GOOD.replace(old, new)), "file", EXPRESS)
    assert severity in [one.severity for one in found if "goes past the year" in one.text]


@pytest.mark.parametrize("new", [str(LATEST_MS - 1_795_559_343_114), "31536000000", "null"])
def test_lifetime_that_both_can_say_is_not(new: str) -> None:
    found = check_edit(parse_json(GOOD), parse_json(GOOD.replace("86400000", new)), "redis", EXPRESS)
    assert [one for one in found if "goes past" in one.text] == []


def test_far_date_of_bson_and_of_koa_are_judged_as_well() -> None:
    before = parse_json(GOOD)
    after = apply_edit(before, SetValue((0, 1), date_node(9 * 10**15)))[0]
    assert Severity.REFUSED in [one.severity for one in check_edit(before, after, "mongo", EXPRESS)]
    koa = parse_json('{"user":1,"_expire":1795479262370,"_maxAge":1e17}')
    assert Severity.REFUSED in [one.severity for one in check_edit(None, koa, "redis", KOA)]
