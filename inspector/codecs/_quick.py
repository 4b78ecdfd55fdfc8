"""The user of plain Express sessions and single members of records, by the thousand; whatever is odd is left to others.

msgspec reads only the members that are listed and skips the rest: four times as fast as a whole decode.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from inspector.codecs._document_text import MOST_BYTES, session_texts

_Present = tuple[Any, ...]
UserPath = tuple[str | int, ...]
CUT = 80
_BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _Reader:
    """Decodes the session text of records into one shape."""

    def __init__(self, kind: str, shape: type[msgspec.Struct]) -> None:
        self._decode: Callable[[bytes], Any] = msgspec.json.Decoder(shape).decode
        self._is_document = kind == "mongo"

    def read_all(self, payloads: Sequence[bytes]) -> Iterator[Any]:
        """Yield the struct of each; None for what has another shape, or is large."""
        decode, texts = self._decode, session_texts(payloads) if self._is_document else payloads
        for text in texts:
            if text is None or len(text) > MOST_BYTES:
                yield None
                continue
            try:
                session = decode(text)
            except _BROKEN:
                session = None
            yield session


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
    """Reads the user and role of records of one kind of store. `own_paths`: looked at before the usual ones."""

    def __init__(
        self, kind: str, own_paths: Sequence[UserPath], paths: Sequence[UserPath], role_paths: Sequence[UserPath]
    ) -> None:
        names = list(dict.fromkeys(str(path[0]) for path in (*own_paths, *paths, *role_paths)))
        has_own = bool(own_paths)
        kinds: dict[str, Any] = {"cookie": _Cookie | None, "user": _User | str | int | float | bool | list[Any] | None}
        if has_own:  # they may lead into the cookie, or deeper into the user
            kinds = {}
        fields = [(name, kinds.get(name, Any), UNSET) for name in ("user", "cookie")]
        fields += [
            (f"f{place}", Any, msgspec.field(default=UNSET, name=name))
            for place, name in enumerate(names)
            if name not in ("user", "cookie")
        ]
        shape = msgspec.defstruct("Session", fields, gc=False)
        self._names = [msgspec.structs.fields(shape)[place].encode_name for place in range(len(fields))]
        self._users = _grouped(self._names, (*own_paths, *paths))
        self._roles = _grouped(self._names, role_paths)
        self._texts = _Reader(kind, shape)

    def read_all(self, payloads: Sequence[bytes]) -> tuple[list[str], list[str], list[int]]:
        """Return the users, the roles ("" for none), and the places of what is no plain session with a cookie."""
        users: list[str] = []
        roles: list[str] = []
        odd: list[int] = []
        add_user, add_role = users.append, roles.append
        for place, session in enumerate(self._texts.read_all(payloads)):
            if session is None or session.cookie is UNSET:
                odd.append(place)
                add_user("")
                add_role("")
                continue
            user = session.user
            if type(user) is _User and type(user.username) is str and type(user.role) is str and user.username:
                # By far the commonest shape.
                add_user(user.username[:CUT])
                add_role(user.role[:CUT])
                continue
            found = msgspec.structs.astuple(session)
            if found.count(UNSET) == len(found) - 1:
                add_user("")
                add_role("")
                continue
            add_user(_pick(found, self._users))
            add_role(_pick(found, self._roles))
        return users, roles, odd


_Groups = tuple[tuple[int, tuple[tuple[str | int, ...], ...]], ...]


def _grouped(names: list[str], paths: Sequence[UserPath]) -> _Groups:
    """Return the paths by where their first key stands among `names`, in order; neighbours share a group."""
    groups: list[tuple[int, list[tuple[str | int, ...]]]] = []
    for path in paths:
        place = names.index(str(path[0]))
        if not groups or groups[-1][0] != place:
            groups.append((place, []))
        groups[-1][1].append(tuple(path[1:]))
    return tuple((place, tuple(rest)) for place, rest in groups)


def _pick(found: _Present, groups: _Groups) -> str:
    for place, rests in groups:
        value = found[place]
        if value is UNSET:
            continue
        if type(value) is _User:
            value = msgspec.structs.asdict(value)
        for rest in rests:
            text = text_at(value, rest)
            if text:
                return text
    return ""


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


_List = list[msgspec.Raw]
_Scalar = str | int | float | bool | None


class FieldReader:
    """Reads the field at a path of records of one kind of store and skips all else; `missing` stands for none there.

    Two keys deep at most: what lies deeper is looked up in the value found. `length` of a list is counted undecoded.
    """

    def __init__(self, kind: str, keys: Sequence[str], missing: object) -> None:
        self._missing = missing
        self._inner: type[msgspec.Struct] | None = None
        self._is_length = len(keys) > 1 and keys[1] == "length"
        value: Any = Any
        if self._is_length:
            value = _List | dict[str, msgspec.Raw] | _Scalar
        elif len(keys) > 1:
            field = ("f", Any, msgspec.field(default=UNSET, name=keys[1]))
            self._inner = msgspec.defstruct("Inner", [field], gc=False)
            value = self._inner | _List | _Scalar
        shape = msgspec.defstruct("Outer", [("f", value, msgspec.field(default=UNSET, name=keys[0]))], gc=False)
        self._texts = _Reader(kind, shape)

    def read_all(self, payloads: Sequence[bytes]) -> tuple[list[Any], list[int]]:
        """Return each one's field, and the places of what has to be decoded otherwise: no plain object, or one in which
        the first key leads to something that the second means otherwise in."""
        found: list[Any] = []
        odd: list[int] = []
        add, missing, inner, is_length = found.append, self._missing, self._inner, self._is_length
        for place, outer in enumerate(self._texts.read_all(payloads)):
            value = outer.f if outer is not None else UNSET
            if type(value) is inner:
                value = value.f  # type: ignore[attr-defined]
            elif is_length and type(value) is list:
                value = len(value)
            elif outer is None or ((inner is not None or is_length) and isinstance(value, list | str | dict)):
                odd.append(place)
            elif inner is not None or is_length:
                value = UNSET
            add(missing if value is UNSET else value)
        return found, odd
