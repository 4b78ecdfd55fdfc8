"""The user of plain Express sessions and single members of records, by the thousand; whatever is odd is left to others.

msgspec reads only the members that are listed and skips the rest, of many records in one call.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from operator import itemgetter
from types import NoneType
from typing import Any, TypedDict

import msgspec
from msgspec import UNSET

from inspector.codecs.listing.document_text import MOST_BYTES, session_text, session_texts
from inspector.core.node import MAX_DEPTH
from store_adapters.record_form import PayloadForm

UserPath = tuple[str | int, ...]
CUT = 80
_AT_ONCE = 64
_MAY_BE_DEEP = 7 * MAX_DEPTH
"""The fewest bytes of a BSON document with too many levels: type, empty name, length and end for each."""
BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_ODD = (*BROKEN, TypeError)  # or there is a None among them


class SessionTexts:
    """Decodes the session text of records into one shape."""

    def __init__(self, form: str, shape: type[Any], made: type[Any]) -> None:
        """`made`: the type of what is decoded into `shape`."""
        self._made = made
        self._decode: Callable[[bytes], Any] = msgspec.json.Decoder(shape).decode
        self._decode_row: Callable[[bytes], list[Any]] = msgspec.json.Decoder(list[shape | int]).decode  # type: ignore[valid-type]
        self._is_document = form == PayloadForm.DOCUMENT
        # A number that no stored text can know stands between each two, so that none can end in another's place.
        self._mark = secrets.randbits(62)
        self._between = b",%d," % self._mark

    def read_parts(self, payloads: Sequence[bytes]) -> Iterator[list[Any]]:
        """Yield what each decodes to, some at a time; None for what has another shape, or is large."""
        return self.read_texts(session_texts(payloads) if self._is_document else payloads)

    def read_texts(self, texts: Sequence[bytes | None]) -> Iterator[list[Any]]:
        """Yield what each decodes to, as `read_parts` does."""
        for first in range(0, len(texts), _AT_ONCE):
            some = texts[first : first + _AT_ONCE]
            yield self._read_at_once(some) or [*map(self._read_one, some)]

    def _read_at_once(self, texts: Sequence[bytes | None]) -> list[Any] | None:
        """Decode many texts as one list, in one call; None when one of them is odd."""
        try:
            joined = b"[%b]" % self._between.join(texts)  # type: ignore[arg-type]
            _check_text(joined)
            row = self._decode_row(joined) if len(joined) <= MOST_BYTES else []
        except _ODD:
            return None
        found, marks = row[::2], row[1::2]
        if (
            len(row) != 2 * len(texts) - 1
            or marks.count(self._mark) != len(marks)
            or {*map(type, found)} != {self._made}
        ):
            return None
        return found

    def _read_one(self, text: bytes | None) -> Any:
        if text is None or len(text) > MOST_BYTES:
            return None
        try:
            _check_text(text)
            return self._decode(text)
        except BROKEN:
            return None


def _check_text(text: bytes) -> None:
    """`UnicodeDecodeError` for what isn't UTF-8, unless msgspec skips it: it doesn't look at that."""
    if not text.isascii():
        text.decode()


class _Cookie(msgspec.Struct, gc=False):
    """That there is one is enough."""


class _User(msgspec.Struct, gc=False):
    """What the usual paths below `user` name."""

    username: Any = UNSET
    name: Any = UNSET
    login: Any = UNSET
    email: Any = UNSET
    displayName: Any = UNSET  # noqa: N815 - as applications spell it
    id: Any = UNSET
    _id: Any = UNSET
    sub: Any = UNSET
    role: Any = UNSET
    roles: Any = UNSET


class QuickReader:
    """Reads the user and role of records of one `PayloadForm`. `own_paths`: looked at before the usual ones."""

    def __init__(
        self, form: str, own_paths: Sequence[UserPath], paths: Sequence[UserPath], role_paths: Sequence[UserPath]
    ) -> None:
        names = list(dict.fromkeys(str(path[0]) for path in (*own_paths, *paths, *role_paths)))
        has_own = bool(own_paths)
        kinds: dict[str, Any] = {"cookie": _Cookie | None, "user": _User | str | int | float | bool | list[Any] | None}
        if has_own:  # they may lead into the cookie, or deeper into the user
            kinds = {}
        shape = TypedDict("Session", {name: kinds.get(name, Any) for name in ("user", "cookie", *names)}, total=False)  # type: ignore[misc]
        self._users = _grouped((*own_paths, *paths))
        self._roles = _grouped(role_paths)
        self._are_cookies_plain = not has_own
        self._texts = SessionTexts(form, shape, dict)
        self.has_role_lists = False
        """Among the users read were some whose `role` is a list, of which `roles` says nothing."""

    def read_all(
        self, payloads: Sequence[bytes], sessions: Sequence[Any] | None = None
    ) -> tuple[list[str], list[str], list[int]]:
        """Return the users, the roles ("" for none), and the places of what isn't a plain session with a cookie.

        `sessions`: what the store found in each, the bytes of a text or an object's values; None where one has to look.
        """
        if sessions is None:
            return self._read_parts(self._texts.read_parts(payloads))
        texts, kinds = list(sessions), {*map(type, sessions)}
        if kinds == {bytes}:
            return self._read_parts(self._texts.read_texts(texts))
        objects = [place for place, session in enumerate(texts) if type(session) is dict]
        if len(objects) == len(texts):
            return self._read_objects(payloads, texts)
        for place in objects:
            texts[place] = None
        if None in texts:
            for place, text in enumerate(texts):
                if text is None and sessions[place] is None:
                    texts[place] = session_text(payloads[place])
        users, roles, odd = self._read_parts(self._texts.read_texts(texts))
        if objects:
            found = self._read_objects([payloads[place] for place in objects], [sessions[place] for place in objects])
            for place, user, role in zip(objects, *found[:2], strict=True):
                users[place], roles[place] = user, role
            still_odd = {objects[place] for place in found[2]}
            odd = [place for place in odd if type(sessions[place]) is not dict or place in still_odd]
        return users, roles, odd

    def _read_objects(
        self, payloads: Sequence[bytes], sessions: Sequence[dict[str, Any]]
    ) -> tuple[list[str], list[str], list[int]]:
        users: list[str] = []
        roles: list[str] = []
        odd: list[int] = []
        add_user, add_role = users.append, roles.append
        for place, session in enumerate(sessions):
            name = role = ""
            user = session.get("user")
            if "cookie" not in session or (len(payloads[place]) > _MAY_BE_DEEP and _is_deep(session)):
                odd.append(place)
            elif type(user) is dict and self._are_cookies_plain and _has_name_and_role(user):
                name, role = user["username"][:CUT], user["role"][:CUT]
            else:
                self.has_role_lists |= is_role_list(user)
                try:
                    name, role = (
                        _pick(session, self._users, _plain_text_at),
                        _pick(session, self._roles, _plain_text_at),
                    )
                except TypeError:
                    name = role = ""
                    odd.append(place)
            add_user(name)
            add_role(role)
        return users, roles, odd

    def _read_parts(self, parts: Iterator[list[Any]]) -> tuple[list[str], list[str], list[int]]:
        users: list[str] = []
        roles: list[str] = []
        odd: list[int] = []
        add_user, add_role = users.append, roles.append
        for place, session in enumerate(chain.from_iterable(parts)):
            if session is None or "cookie" not in session:
                odd.append(place)
                add_user("")
                add_role("")
                continue
            user = session.get("user")
            if (
                type(user) is _User
                and type(name := user.username) is str
                and type(role := user.role) is str
                and name
                and role
            ):
                # By far the commonest shape.
                add_user(name)
                add_role(role)
            elif len(session) == 1 and self._are_cookies_plain:
                add_user("")
                add_role("")
            elif (
                len(session) == 2
                and self._are_cookies_plain
                and type(passport := session.get("passport")) is dict
                and type(name := passport.get("user")) is str
            ):
                # Passport keeps what serializeUser gave it, most often an ID.
                add_user(name)
                add_role("")
            else:
                self.has_role_lists |= type(user.role) is list if type(user) is _User else is_role_list(user)
                add_user(_pick(session, self._users))
                add_role(_pick(session, self._roles))
        return _cut(users), _cut(roles), odd


def _cut(texts: list[str]) -> list[str]:
    return [text[:CUT] for text in texts] if max(map(len, texts), default=0) > CUT else texts


_Rests = tuple[tuple[str | int, ...], ...]


@dataclass(frozen=True, slots=True)
class _Groups:
    """Paths by their first key, in order. `by_key` joins those of one key, for a record that has no other."""

    in_order: tuple[tuple[str, _Rests], ...]
    by_key: dict[str, _Rests]


def _grouped(paths: Sequence[UserPath]) -> _Groups:
    in_order = tuple((str(key), tuple(tuple(path[1:]) for path in some)) for key, some in groupby(paths, itemgetter(0)))
    by_key: dict[str, _Rests] = {}
    for key, rests in in_order:
        by_key[key] = by_key.get(key, ()) + rests
    return _Groups(in_order, by_key)


def text_at(value: Any, path: Sequence[str | int]) -> str:
    """Return the text or number at a path as text, cut to be listed; "" for anything else."""
    for key in path:
        if type(value) is dict:
            value = value.get(key)
        elif isinstance(value, list) and isinstance(key, int) and key < len(value):
            value = value[key]
        else:
            return ""
    if type(value) is str:
        return value[:CUT]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)[:CUT]
    return ""


_PLAIN = frozenset((str, int, bool, NoneType, dict, list))


def _plain_text_at(value: Any, path: tuple[str | int, ...]) -> str:
    """Return the `text_at` a path in an object as its driver reads it. `TypeError` where the driver's types tell it another
    way than ours: a date, an ID, a number with a point."""
    for key in path:
        if type(value) is dict:
            value = value.get(key)
        elif type(value) is list and isinstance(key, int) and key < len(value):
            value = value[key]
        elif type(value) in _PLAIN:
            return ""
        else:
            raise TypeError
    if type(value) not in _PLAIN:
        raise TypeError
    return text_at(value, ())


def is_role_list(user: Any) -> bool:
    """True for a user, as plain values, whose role is a list."""
    return isinstance(user, dict) and isinstance(user.get("role"), list)


def _has_name_and_role(user: dict[str, Any]) -> bool:
    name, role = user.get("username"), user.get("role")
    return type(name) is str and type(role) is str and name != "" != role


def _is_deep(session: dict[str, Any]) -> bool:
    """True for more levels than a tree may have."""
    level: list[Any] = [session]
    for _ in range(MAX_DEPTH):
        inner = chain.from_iterable(each.values() if type(each) is dict else each for each in level)
        level = [each for each in inner if type(each) is dict or type(each) is list]
        if not level:
            return False
    return True


def _pick(
    session: dict[str, Any], groups: _Groups, text_at: Callable[[Any, tuple[str | int, ...]], str] = text_at
) -> str:
    known = [key for key in session if key in groups.by_key]
    if not known:
        return ""
    for key, rests in groups.in_order if len(known) > 1 else ((known[0], groups.by_key[known[0]]),):
        value = session.get(key, UNSET)
        if type(value) is _User:
            value = msgspec.structs.asdict(value)
        for rest in rests if value is not UNSET else ():
            text = text_at(value, rest)
            if text:
                return text
    return ""


_List = list[msgspec.Raw]
_Scalar = str | int | float | bool | None


class FieldReader:
    """Reads the field at a path of records of one `PayloadForm` and skips all else; `missing` stands for none there.

    Two keys deep at most: what lies deeper is looked up in the value found. `length` of a list is counted undecoded.
    """

    def __init__(self, form: str, keys: Sequence[str], missing: object) -> None:
        self._missing = missing
        self._inner: type[msgspec.Struct] | None = None
        self._is_length = len(keys) > 1 and keys[1] == "length"
        value: Any = Any
        if self._is_length:
            value = _List | dict[str, msgspec.Raw] | _Scalar
        elif len(keys) > 1:
            field = ("f", Any, msgspec.field(default=missing, name=keys[1]))
            self._inner = msgspec.defstruct("Inner", [field], gc=False)
            value = self._inner | _List | _Scalar
        shape = msgspec.defstruct("Outer", [("f", value, msgspec.field(default=missing, name=keys[0]))], gc=False)
        self._texts = SessionTexts(form, shape, shape)
        self._decode_lines = msgspec.json.Decoder(shape).decode_lines

    def read_joined(self, texts: bytes, count: int) -> list[Any] | None:
        """Return the fields of `count` JSON objects one behind the other, each known to be whole on its own; None where one
        of them has to be looked at on its own."""
        try:
            _check_text(texts)
            values = [outer.f for outer in self._decode_lines(texts)]  # type: ignore[attr-defined]
        except _ODD:
            return None
        missing, inner = self._missing, list if self._is_length else self._inner
        if len(values) != count or (inner and not {inner, type(missing)}.issuperset(map(type, values))):
            return None
        if self._is_length:
            return [value if value is missing else len(value) for value in values]
        return values if inner is None else [value if value is missing else value.f for value in values]

    def read_all(self, payloads: Sequence[bytes]) -> tuple[list[Any], list[int]]:
        """Return each one's field, and the places of what has to be decoded otherwise: no plain object, or one in which
        the first key leads to something that the second means otherwise in."""
        found: list[Any] = []
        odd: list[int] = []
        add, missing, inner, is_length = found.append, self._missing, self._inner, self._is_length
        for place, outer in enumerate(chain.from_iterable(self._texts.read_parts(payloads))):
            value = outer.f if outer is not None else missing
            if type(value) is inner:
                value = value.f  # type: ignore[attr-defined]
            elif is_length and type(value) is list:
                value = len(value)
            elif outer is None or ((inner is not None or is_length) and isinstance(value, list | str | dict)):
                odd.append(place)
            elif inner is not None or is_length:
                value = missing
            add(value)
        return found, odd
