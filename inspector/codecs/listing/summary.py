"""What a list shows of a record, worked out fast and without failing.

A generic JSON decode of the few hundred bytes of a session is enough here: nothing of it is ever written back.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec

from inspector.codecs._api import CodecError, Decoded, SealedError, Summary
from inspector.codecs._registry import decode
from inspector.codecs.formats.bson import read_elements, read_value
from inspector.codecs.formats.json import read_json
from inspector.codecs.formats.plain_bson import plain_document, plain_number
from inspector.codecs.listing.quick import QuickReader, UserPath, is_role_list, text_at
from inspector.core.node import Kind, Node
from inspector.core.secret import Secret
from store_adapters.record_form import PayloadForm

DEFAULT_USER_PATHS: tuple[UserPath, ...] = (
    ("user", "username"), ("user", "name"), ("user", "login"), ("user", "email"), ("user", "displayName"), ("user", "id"),
    ("user", "_id"), ("user", "sub"), ("user",), ("username",), ("userName",), ("login",), ("email",), ("passport", "user", "username"),
    ("passport", "user", "email"), ("passport", "user", "id"), ("passport", "user"), ("userId",), ("user_id",), ("userID",),
    ("uid",), ("account", "username"), ("account", "email"), ("account", "id"), ("profile", "username"),
    ("profile", "email"), ("profile", "name"), ("auth", "user", "username"), ("auth", "user"), ("auth", "username"),
    ("currentUser", "username"), ("currentUser",), ("sub",),
)  # fmt: skip
"""Where Express applications usually keep their user, the most telling first."""

ROLE_PATH: UserPath = ("user", "role")
"""Where a role is looked for first: a text there is the role of the summary."""
_ROLE_PATHS: tuple[UserPath, ...] = (
    ROLE_PATH, ("role",), ("passport", "user", "role"), ("account", "role"), ("profile", "role"), ("user", "roles", 0),
)  # fmt: skip
_SEALED_FIELDS = frozenset(("hmac", "ct", "iv"))
_FAST_LIMIT = 256 * 1024
NOT_READ = Summary("not read: large, open to see", "", "", False, 0)
"""Of a record that is too large to be read along with a list."""
_TEXT_LABEL, _OBJECT_LABEL = "connect-mongo, JSON text", "connect-mongo, sub-document"
_NO_SESSION = Summary("JSON, not a session", "", "", False, 0)
_decode = msgspec.json.Decoder().decode


def summarise(
    payload: bytes,
    form: str,
    user_paths: Sequence[UserPath] = (),
    secrets: Sequence[Secret] = (),
    session_id: str = "",
    *,
    is_quick: bool = True,
    max_bytes: int = _FAST_LIMIT,
) -> Summary:
    """Return what the list shows of a record whose payload has that `PayloadForm`; never raises.

    `user_paths` are looked at before the usual places. `secrets` open what is encrypted, and with `is_quick` only what
    needs no slow key of its own; the rest is called "encrypted …". `NOT_READ` above `max_bytes`.
    """
    try:
        value, label = (
            _mongo_value(payload, max_bytes)
            if form == PayloadForm.DOCUMENT
            else (_json_value(payload, max_bytes), _label(form))
        )
        if _is_plain(value):
            return _summary(value, label if "cookie" in value else "JSON", user_paths)
    except CodecError:
        pass
    try:
        decoded = decode(payload, form, secrets, session_id, max_bytes=max_bytes, is_quick=is_quick)
    except SealedError as error:
        return Summary(f"{error.known[0].lower()}{error.known[1:]}", "", "", False, 0)
    except CodecError as error:
        if error.is_limit or any(attempt.is_limit for attempt in error.attempts):
            return NOT_READ
        return Summary(f"unreadable: {error}", "", "", False, 0)
    return summarise_decoded(decoded, user_paths)


class Summariser:
    """Summarises the records of one store: plain sessions by the thousand, the others one by one. For one thread."""

    def __init__(self, form: str, user_paths: Sequence[UserPath] = (), secrets: Sequence[Secret] = ()) -> None:
        self._form, self._user_paths, self._secrets = form, user_paths, secrets
        self._quick = QuickReader(form, user_paths, DEFAULT_USER_PATHS, _ROLE_PATHS)
        self.plain_format = _TEXT_LABEL if form == PayloadForm.DOCUMENT else _label(form)
        self.object_format = _OBJECT_LABEL
        self._has_role_lists = False

    @property
    def has_role_lists(self) -> bool:
        """Some of what was summarised has a list at `ROLE_PATH`, which the role of its summary says nothing about."""
        return self._has_role_lists or self._quick.has_role_lists

    def plain_users(
        self, payloads: Sequence[bytes], sessions: Sequence[Any] | None = None
    ) -> tuple[list[str], list[str], list[int]]:
        """Return the users and roles of records in a `plain_format`, and the places of all others (for `whole`).

        `sessions`: what the store found in each, as in a `Batch`; an object's values have the `object_format`.
        """
        return self._quick.read_all(payloads, sessions)

    def whole(self, payload: bytes, session_id: str, *, is_quick: bool) -> Summary:
        """Return what `summarise` does."""
        summary = summarise(payload, self._form, self._user_paths, self._secrets, session_id, is_quick=is_quick)
        self._has_role_lists |= summary.has_role_list
        return summary


def summarise_decoded(decoded: Decoded, user_paths: Sequence[UserPath] = ()) -> Summary:
    """Return what the list shows of a record that was decoded already."""
    root = decoded.root
    if root.kind is not Kind.OBJECT:
        return _NO_SESSION
    # Of a large record, what no path leads to would be unfolded for nothing.
    looked_at = {path[0] for path in (*user_paths, *DEFAULT_USER_PATHS, *_ROLE_PATHS)}
    value = {str(entry.key): plain_of(entry.value) if entry.key in looked_at else None for entry in root.entries}
    summary = _summary(value, decoded.label, user_paths)
    return replace(summary, text=decoded.source) if decoded.layers else summary


def _summary(value: dict[str, Any], label: str, user_paths: Sequence[UserPath]) -> Summary:
    user = _first(value, (*user_paths, *DEFAULT_USER_PATHS))
    own = len(value) - ("cookie" in value) - ("__lastAccess" in value)
    role, is_list = _first(value, _ROLE_PATHS), is_role_list(value.get("user"))
    return Summary(label, user, role, bool(user), own, has_role_list=is_list)


def plain_data(payload: bytes, form: str) -> Any:
    """Return the session as plain Python values, for a filter to look into; None for what cannot be read."""
    value: Any = None
    with contextlib.suppress(CodecError):
        value = _mongo_value(payload)[0] if form == PayloadForm.DOCUMENT else _json_value(payload)
        if _is_plain(value):
            return value
    with contextlib.suppress(CodecError):
        decoded = decode(payload, form, max_bytes=_FAST_LIMIT, is_quick=True)
        if decoded.layers or value is None:
            return _json_value(decoded.source) if decoded.layers else plain_of(decoded.root)
    return value


def _is_plain(value: Any) -> bool:
    """True for a session as it is; an object of these few fields may be the outside of an encrypted one."""
    return isinstance(value, dict) and ("cookie" in value or not value.keys() & _SEALED_FIELDS)


def _label(form: str) -> str:
    return "session-file-store JSON" if form == PayloadForm.FILE else "express JSON"


def _json_value(payload: bytes, max_bytes: int = _FAST_LIMIT) -> Any:
    if len(payload) > max_bytes:
        raise CodecError("too large to be read for the list", is_limit=True)
    try:
        return _decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # msgspec refuses lone surrogates and huge numbers, which JavaScript writes and reads.
        return plain_of(read_json(payload, max_bytes))


def _mongo_value(payload: bytes, max_bytes: int = _FAST_LIMIT) -> tuple[Any, str]:
    for element in read_elements(payload):
        if element.name == "session":
            if element.code == 2:
                source = payload[element.value_start + 4 : element.value_end - 1]
                return _json_value(source, max_bytes), _TEXT_LABEL
            if element.code == 3:
                value = plain_document(payload, element.value_start, element.value_end)
                return value or plain_of(read_value(payload, element)), _OBJECT_LABEL
    raise CodecError("no session field")


def plain_of(node: Node) -> Any:
    match node.kind:
        case Kind.OBJECT:
            return {entry.key: plain_of(entry.value) for entry in node.entries}
        case Kind.ARRAY:
            return [plain_of(entry.value) for entry in node.entries]
        case Kind.NUMBER:
            return plain_number(str(node.scalar))
        case _:
            return node.scalar


def _first(value: dict[str, Any], paths: Sequence[UserPath]) -> str:
    return next((text for path in paths if (text := text_at(value, path))), "")
