"""What a doctor asks of the sessions of JavaScript libraries, by the thousand: the cookie member, who is signed in, names that harm.

msgspec reads only these members and skips all else, of many records in one call; what is odd is None, for others to look at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, cast

import msgspec
from msgspec import UNSET

from inspector.codecs.listing.quick import BROKEN, SessionTexts

Missing = msgspec.UnsetType


class CookieFacts(msgspec.Struct, gc=False):
    """The cookie member as express-session writes it; `UNSET` for what is not there."""

    originalMaxAge: Any = UNSET  # noqa: N815 - as it is spelt
    expires: Any = UNSET
    maxAge: Any = UNSET  # noqa: N815
    httpOnly: Any = UNSET  # noqa: N815
    secure: Any = UNSET
    sameSite: Any = UNSET  # noqa: N815
    domain: Any = UNSET
    path: Any = UNSET


class SessionFacts(msgspec.Struct, gc=False):
    """The members of a session that rules look at; `UNSET` for what is not there."""

    cookie: CookieFacts | list[Any] | str | int | float | bool | Missing | None = UNSET
    passport: Any = UNSET
    user: Any = UNSET
    userId: Any = UNSET  # noqa: N815
    user_id: Any = UNSET
    userID: Any = UNSET  # noqa: N815
    uid: Any = UNSET
    account: Any = UNSET
    auth: Any = UNSET
    sub: Any = UNSET
    email: Any = UNSET
    username: Any = UNSET
    login: Any = UNSET
    isAdmin: Any = UNSET  # noqa: N815
    role: Any = UNSET
    flash: Any = UNSET


_decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class FactsReader:
    """Reads the sessions of records of one `PayloadForm`. `watched`: further top-level names, of which only matters whether they
    are there."""

    def __init__(self, form: str, watched: Iterable[str] = ()) -> None:
        fields = [
            (f"watched{place}", Any, msgspec.field(name=name, default=UNSET))
            for place, name in enumerate(sorted(watched))
        ]
        self._shape = msgspec.defstruct("WatchedSession", fields, bases=(SessionFacts,), gc=False)
        names = ["sub", "sub", *(name for name, _kind, _field in fields)]  # two at least, so that it returns a tuple
        self._watched = attrgetter(*names)
        self._none = (UNSET,) * len(fields)
        self._texts = SessionTexts(form, self._shape, self._shape)

    def read_all(self, payloads: Sequence[bytes]) -> Iterator[SessionFacts | None]:
        """Yield for each what stands in it, None for what isn't a plain session."""
        return chain.from_iterable(self._texts.read_parts(payloads))

    def read_texts(self, texts: Sequence[bytes | None]) -> Iterator[SessionFacts | None]:
        """Yield the same of texts that were unwrapped already."""
        return chain.from_iterable(self._texts.read_texts(texts))

    def read_value(self, value: object) -> SessionFacts | None:
        """Return what stands in a session of plain values, None where it isn't an object."""
        try:
            return cast(SessionFacts, msgspec.convert(value, self._shape))
        except msgspec.ValidationError:
            return None

    def has_watched(self, session: SessionFacts) -> bool:
        """True where one of the watched names is there."""
        return self._watched(session)[2:] != self._none


def member_sizes(text: bytes) -> Mapping[str, bytes] | None:
    """Return each top-level member of a JSON object as its own text, None for anything else."""
    try:
        return {name: bytes(raw) for name, raw in _decode_object(text).items()}
    except BROKEN:
        return None
