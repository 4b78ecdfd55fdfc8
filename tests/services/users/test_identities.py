"""Who a session belongs to, and which identities are one."""

from __future__ import annotations

from typing import Any

import pytest

from inspector.codecs import FactsReader, SessionFacts
from inspector.services.doctor.identities import Users, identify, names_one_of

_READER = FactsReader("text")


def facts(**members: Any) -> SessionFacts:
    found = _READER.read_value({"cookie": {}, **members})
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("members", "strong", "weak"),
    [
        ({"passport": {"user": {"id": 7, "email": "a@b"}}}, ("passport.user.id", "7"), None),
        ({"passport": {"user": "65a1"}, "user": {"id": 9}}, ("passport.user", "65a1"), None),
        ({"user": {"_id": "x1", "email": "a@b"}}, ("user._id", "x1"), ("user.email", "a@b")),
        ({"user": {"id": 42, "username": "ada"}}, ("user.id", "42"), ("user.username", "ada")),
        ({"userId": "42"}, ("userId", "42"), None),
        ({"auth": {"userId": 3}}, ("auth.userId", "3"), None),
        ({"account": {"id": "a"}}, ("account.id", "a"), None),
        ({"sub": "auth0|1"}, ("sub", "auth0|1"), None),
        ({"email": "a@b"}, None, ("email", "a@b")),
        ({"user": "ada"}, None, ("user", "ada")),
        ({"login": "ada"}, None, ("login", "ada")),
        ({"user": {"name": "Ada"}, "ip": "1.2.3.4"}, None, None),
        ({"user": {"id": True}}, None, None),
        ({}, None, None),
    ],
)
def test_first_identity_counts(members: dict[str, Any], strong: object, weak: object) -> None:
    assert identify(facts(**members)) == (strong, weak)


def joined(*sessions: SessionFacts) -> list[int]:
    users = Users()
    codes = [users.code(session) for session in sessions]
    of = users.joined()
    return [of[code] if code >= 0 else -1 for code in codes]


def test_number_and_its_text_are_one() -> None:
    assert joined(facts(user={"id": 42}), facts(user={"id": "42"})) == [0, 0]


def test_weak_identity_joins_the_strong_one_that_it_names() -> None:
    sessions = facts(email="a@b"), facts(user={"id": 1}, email="a@b"), facts(email="c@d"), facts()
    assert joined(*sessions) == [1, 1, 2, -1]


def test_email_is_one_wherever_it_stands_and_no_user_name() -> None:
    user = {"id": 1, "email": "a@b", "username": "ada"}
    assert joined(facts(user=user), facts(email="a@b"), facts(email="ada"), facts(username="a@b")) == [0, 0, 2, 3]


def test_other_strong_identity_is_never_theirs_whatever_the_email() -> None:
    theirs = [("user.id", "1"), ("email", "a@b")]
    assert names_one_of(facts(user={"id": 1}), theirs) and names_one_of(facts(user={"email": "a@b"}), theirs)
    assert not names_one_of(facts(user={"id": 2, "email": "a@b"}), theirs)
    assert not names_one_of(facts(username="a@b"), theirs)


def test_email_under_two_ids_joins_none() -> None:
    users = Users()
    for session in (facts(user={"id": 1}, email="a@b"), facts(user={"id": 2}, email="a@b"), facts(email="a@b")):
        users.code(session)
    assert users.joined() == [0, 1, 2]
    assert users.shared == {("email", "a@b")}
