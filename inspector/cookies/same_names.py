"""Which of several cookies with one name the library of a scheme reads by default."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads the Cookie header; `is_first`: whether the first of equal names counts, else the last."""

    label: str
    is_first: bool


# What is not here may read either: iron-session takes the first from a header, the last from Next.js's cookies().
_READERS = {
    "express-session": Reader("Express", True),
    "fastify-session": Reader("Fastify", True),
    "secure-session": Reader("Fastify", True),
    "cookie-session": Reader("cookie-session", True),
    "koa-session": Reader("Koa", True),
    "flask": Reader("Flask", True),
    "starlette": Reader("Starlette", False),
}


def reader_of(scheme: str) -> Reader | None:
    """Return who reads a scheme's cookie, None where that is not known."""
    return _READERS.get(scheme)
