"""Who a session belongs to: the first identity found, and the weak ones that join a strong one. Source: insight.md section 2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET

from inspector.codecs import SessionFacts

Identity = tuple[str, str]
"""Where it stands, and its text; a number and its text are one."""
_AMBIGUOUS = -2
_LONGEST = 80
_INNER_IDS = (("id", "user.id"), ("_id", "user._id"), ("sub", "user.sub"), ("userId", "user.userId"))
_WEAK_KINDS = {
    "user.email": "email",
    "email": "email",
    "user.username": "username",
    "username": "username",
    "login": "username",
    "user": "username",
}
_PASSPORT_IDS = (("id", "passport.user.id"), ("_id", "passport.user._id"), ("sub", "passport.user.sub"))


def identify(session: SessionFacts) -> tuple[Identity | None, Identity | None]:
    """Return the strong identity of a session and the weak one, None for each that it hasn't."""
    user = session.user
    return _strong(session, user), _weak(session, user)


def names_one_of(session: SessionFacts, identities: Sequence[Identity]) -> bool:
    """True where a session is of somebody with these identities: by its strong one where it has one, else by the weak one."""
    strong, weak = identify(session)
    if strong is not None:
        return strong in identities
    return weak is not None and (weak in identities or _kind_of(weak) in identities)


def _strong(session: SessionFacts, user: Any) -> Identity | None:
    passport = session.passport
    if type(passport) is dict and (inner := passport.get("user")) is not None:
        if type(inner) is dict:
            if found := _first(inner, _PASSPORT_IDS):
                return found
        elif text := _text(inner):
            return "passport.user", text
    if type(user) is dict and (found := _first(user, _INNER_IDS)):
        return found
    for name, value in (
        ("userId", session.userId),
        ("user_id", session.user_id),
        ("userID", session.userID),
        ("uid", session.uid),
    ):
        if value is not UNSET and (text := _text(value)):
            return name, text
    for path, name, outer in (("account.id", "id", session.account), ("auth.userId", "userId", session.auth)):
        if type(outer) is dict and (text := _text(outer.get(name))):
            return path, text
    text = _text(session.sub) if session.sub is not UNSET else ""
    return ("sub", text) if text else None


def _weak(session: SessionFacts, user: Any) -> Identity | None:
    if type(user) is dict:
        if text := _text(user.get("email")):
            return "user.email", text
    elif type(user) is str and user:
        return "user", user[:_LONGEST]
    if session.email is not UNSET and (text := _text(session.email)):
        return "email", text
    if type(user) is dict and (text := _text(user.get("username"))):
        return "user.username", text
    for name, value in (("username", session.username), ("login", session.login)):
        if value is not UNSET and (text := _text(value)):
            return name, text
    return None


def _first(value: dict[str, Any], names: Sequence[tuple[str, str]]) -> Identity | None:
    for name, path in names:
        found = value.get(name)
        if found is not None and (text := _text(found)):
            return path, text
    return None


def _text(value: object) -> str:
    if type(value) is int:
        return str(value)
    if type(value) is str:
        return value if len(value) <= _LONGEST else value[:_LONGEST]
    if type(value) is float:
        return str(value)
    if type(value) is dict and len(value) == 1:  # an ObjectId as extended JSON
        [inner] = value.values()
        return inner[:_LONGEST] if type(inner) is str else ""
    return ""


class Users:
    """Gives each identity a code, and joins a weak one to the strong one that it names over the whole store.

    An e-mail is one wherever it stands, and so is a user name.
    """

    def __init__(self) -> None:
        self._codes: dict[Identity, int] = {}
        self._strong_of: dict[Identity, int] = {}  # by kind and text of the weak one
        self.identities: list[Identity] = []
        self.shared: set[Identity] = set()
        """Kind and text of weak identities that stand beside several strong ones: they join none of them."""

    def code(self, session: SessionFacts) -> int:
        """Return the code of whose session it is, -1 for nobody's."""
        user = session.user
        strong, weak = _strong(session, user), _weak(session, user)
        if strong is None:
            return -1 if weak is None else self._code_of(weak)
        code = self._code_of(strong)
        if weak is not None:
            kind = _kind_of(weak)
            known = self._strong_of.setdefault(kind, code)
            if known != code:
                self._strong_of[kind] = _AMBIGUOUS
                self.shared.add(kind)
        return code

    def own(self, path: str, text: str) -> int:
        """Return the code of what a person, or a column, names as the user."""
        return self._code_of((path, text)) if text else -1

    def joined(self) -> list[int]:
        """Return for each code the one that stands for it, once all sessions were seen."""
        joined = list(range(len(self.identities)))
        for code, identity in enumerate(self.identities):
            if identity[0] in _WEAK_KINDS and (strong := self._strong_of.get(_kind_of(identity), _AMBIGUOUS)) >= 0:
                joined[code] = strong
        return joined

    def aliases(self) -> dict[int, list[Identity]]:
        """Return for the code of a strong identity the weak ones that name nobody else."""
        found: dict[int, list[Identity]] = {}
        for alias, code in self._strong_of.items():
            if code >= 0:
                found.setdefault(code, []).append(alias)
        return found

    def _code_of(self, identity: Identity) -> int:
        code = self._codes.get(identity)
        if code is None:
            code = self._codes[identity] = len(self.identities)
            self.identities.append(identity)
        return code


def _kind_of(weak: Identity) -> Identity:
    return _WEAK_KINDS[weak[0]], weak[1]
