"""The cookie schemes that are known: one list, in the order in which a value is tried where no secret tells."""

from __future__ import annotations

from inspector.cookies.scheme import CookieScheme
from inspector.cookies.schemes.express import EXPRESS_SESSION
from inspector.cookies.schemes.fastify_session import FASTIFY_SESSION
from inspector.cookies.schemes.iron_session import IRON_SESSION
from inspector.cookies.schemes.itsdangerous import FLASK, STARLETTE
from inspector.cookies.schemes.jwt import SEALED_TOKEN, SIGNED_TOKEN
from inspector.cookies.schemes.keygrip import COOKIE_SESSION, KOA_SESSION
from inspector.cookies.schemes.react_router import REACT_ROUTER
from inspector.cookies.schemes.res_cookie import RES_COOKIE
from inspector.cookies.schemes.secure_session import SECURE_SESSION

SCHEMES: list[CookieScheme] = [
    RES_COOKIE, FASTIFY_SESSION, EXPRESS_SESSION, FLASK, STARLETTE, SIGNED_TOKEN, SEALED_TOKEN, IRON_SESSION, SECURE_SESSION,
    REACT_ROUTER, KOA_SESSION, COOKIE_SESSION,
]  # fmt: skip


def register_scheme(scheme: CookieScheme) -> None:
    """Add a scheme: it is tried before the ones that are there, whose forms are wide. `ValueError` for a name that is taken."""
    if find_scheme(scheme.name) is not None:
        raise ValueError(f"There is a cookie scheme named {scheme.name} already.")
    SCHEMES.insert(0, scheme)


def unregister_scheme(scheme: CookieScheme) -> None:
    """Take a scheme out again."""
    SCHEMES.remove(scheme)


def find_scheme(name: str) -> CookieScheme | None:
    """Return the scheme of that name."""
    return next((scheme for scheme in SCHEMES if scheme.name == name), None)
