"""Which of two cookies with one name each library reads, asked of the library itself."""

from __future__ import annotations

from base64 import b64encode

import pytest
from flask import Flask, session
from itsdangerous import TimestampSigner
from starlette.requests import cookie_parser
from werkzeug.test import Client

from inspector.cookies import judge, read_cookies
from inspector.cookies.same_names import reader_of
from inspector.core.secret import Secret
from tests.interop.cookie_apps import LIBRARIES, CookieApps

NODE_LIBRARIES = [one for one in (*LIBRARIES, "fastify-session as express") if not one.startswith(("iron", "jw"))]


@pytest.mark.parametrize("library", NODE_LIBRARIES)
def test_library_under_node_reads_the_first(cookie_apps: CookieApps, library: str) -> None:
    first, second = cookie_apps.write(library, {"value": "first"}), cookie_apps.write(library, {"value": "second"})
    assert cookie_apps.read(library, f"{first}; {second}") == {"value": "first"}
    scheme = judge(read_cookies(f"Cookie: {first}")[0], [], 0).scheme
    reader = reader_of(scheme)
    assert reader is not None
    assert reader.is_first


def test_flask_reads_the_first() -> None:
    app = Flask("same names")
    app.secret_key = "same names, a secret"
    app.add_url_rule("/set/<value>", "set", view_func=lambda value: session.update(value=value) or "set")
    app.add_url_rule("/get", "get", view_func=lambda: session.get("value", ""))
    lines = [Client(app).get(f"/set/{value}").headers["Set-Cookie"] for value in ("first", "second")]
    header = "; ".join(line.partition(";")[0] for line in lines)
    assert Client(app, use_cookies=False).get("/get", headers={"Cookie": header}).text == "first"
    (first, _) = read_cookies(f"Cookie: {header}")
    reader = reader_of(judge(first, [Secret.from_text("same names, a secret")], 0).scheme)
    assert reader is not None
    assert (reader.label, reader.is_first) == ("Flask", True)


def test_starlette_reads_the_last() -> None:
    signer = TimestampSigner("same names, a secret")
    first, second = (signer.sign(b64encode(b'{"value": %d}' % number)).decode() for number in (1, 2))
    header = f"session={first}; session={second}"
    assert cookie_parser(header) == {"session": second}
    reader = reader_of(judge(read_cookies(f"Cookie: {header}")[0], [], 0).scheme)
    assert reader is not None
    assert (reader.label, reader.is_first) == ("Starlette", False)
