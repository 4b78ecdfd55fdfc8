"""Pasted text of every sort, the usual mistakes with secrets, and cookies made here that the libraries accept."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import flask
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from inspector.cookies import (
    Cookie,
    CookieError,
    Status,
    decode_value,
    edit_payload,
    encode_value,
    judge,
    read_cookies,
    resign,
    sign,
    signed_value,
    unsign,
    verify_express,
)
from inspector.core.secret import Secret
from store_adapters.clock import now_ms

SECRET = Secret.from_text("keyboard cat")
VALUE = signed_value("abc", SECRET)


@pytest.mark.parametrize(
    "text",
    [
        VALUE,
        f"connect.sid={VALUE}",
        f"Cookie: connect.sid={VALUE}",
        f"cookie: theme=dark; connect.sid={VALUE}",
        f"Set-Cookie: connect.sid={VALUE}; Path=/; HttpOnly",
        f"connect.sid={VALUE}; Path=/; Expires=Tue, 24 Nov 2026 22:29:03 GMT; HttpOnly",
        f'Cookie: connect.sid="{VALUE}"',
        f"GET / HTTP/1.1\nHost: x\nCookie: connect.sid={VALUE}\nAccept: */*",
        f"> Cookie: connect.sid={VALUE}",
        f"curl 'http://localhost:3000/get' -H 'Accept: */*' -H 'Cookie: theme=dark; connect.sid={VALUE}' --compressed",
        f"curl http://x/ -b 'connect.sid={VALUE}'",
        f"curl http://x/ \\\n  --cookie 'connect.sid={VALUE}' \\\n  --insecure",
        f"curl $'http://x/' -H $'Cookie: a=it\\'s; connect.sid={VALUE}'",
        f'curl "http://x/" ^\n  -H "Accept: */*" ^\n  -H "Cookie: connect.sid={VALUE}"',
        'curl ^"http://x/^" ^\n  -H ^"Cookie: connect.sid=' + VALUE.replace("%", "^%^") + '^" ^\n  --compressed',
        f"s:{sign('abc', SECRET)}",
        f"curl -sSH 'Cookie: connect.sid={VALUE}' http://x/",
        f"curl -kb'connect.sid={VALUE}' http://x/",
        f"-H 'Cookie: connect.sid={VALUE}'",
        f"  --header \"cookie: theme=dark; connect.sid={VALUE}\" \\\n  -H 'Accept: */*'",
        f"-b 'connect.sid={VALUE}'",
        f"--cookie=connect.sid={VALUE}",
        f"wget --header='Cookie: connect.sid={VALUE}' -O - http://x/",
        f'$ wget -q --no-check-certificate --header "cookie: connect.sid={VALUE}" http://x/',
        f"http GET localhost:3000/get 'Cookie:connect.sid={VALUE}'",
        f"https --session=me x.example/ Cookie:theme=dark\\;connect.sid={VALUE}",
        f'Invoke-WebRequest -Uri "http://x/" -Headers @{{"Cookie"="connect.sid={VALUE}"}}',
        f"curl http://x/ -Headers @{{ Cookie = 'connect.sid={VALUE}' }}",
        f'irm "http://x/" `\n-Headers @{{\n"Accept" = "`"text`""\n  "Cookie" = "q=`"1`"; connect.sid={VALUE}"\n}}',
        "$session = New-Object Microsoft.PowerShell.Commands.WebRequestSession\n"
        f'$session.Cookies.Add((New-Object System.Net.Cookie("connect.sid", "{VALUE}", "/", "x")))\n'
        'Invoke-WebRequest -UseBasicParsing -Uri "http://x/" -WebSession $session',
        'fetch("http://x/get", {\n  "headers": {\n    "accept": "*/*",\n'
        f'    "cookie": "theme=\\"dark\\"; connect.sid={VALUE}"\n  }},\n  "body": null,\n  "method": "GET"\n}});',
        f"await fetch(`http://x/`, {{ headers: {{ Cookie: 'connect.sid={VALUE}' }} }})",
        f"const h = new Headers([['cookie', `connect.sid={VALUE}`]])",
        f"requests.get('http://x/', cookies={{'theme': 'dark', 'connect.sid': '{VALUE}'}})",
        f'req.Header.Set("Cookie", "connect.sid={VALUE}")',
        f"document.cookie = 'connect.sid={VALUE}; path=/'",
        f"{{ host: 'x', cookie: 'connect.sid={VALUE}' }}",
        f'{{"set-cookie":["theme=dark; Path=/","connect.sid={VALUE}; Path=\\/; HttpOnly"]}}',
        f'Cookie: "connect.sid={VALUE}"',
    ],
)
def test_the_cookie_is_found_in_any_pasted_text(text: str) -> None:
    verdicts = [judge(cookie, [SECRET], 0) for cookie in read_cookies(text)]
    assert [one.session_id for one in verdicts if one.status is Status.VALID] == ["abc"]


@pytest.mark.parametrize(
    "text",
    [
        "wget --load-cookies jar.txt --header='Cookie: a=b' http://localhost:3000/cart",
        "wget -b -O out.html http://localhost:3000/cart --header 'Cookie: a=b'",
        "http -a me:x POST http://localhost:3000/cart 'Cookie:a=b' item=book",
        """fetch("http://localhost:3000/cart", {"headers": {"cookie": "a=b"}, "body": "{\\"cookie\\":1}"})""",
        "Invoke-WebRequest -Uri 'http://localhost:3000/cart' -Headers @{'Cookie'='a=b'}",
    ],
)
def test_url_stays_beside_the_cookie_of_any_command(text: str) -> None:
    assert [(one.name, one.raw, one.url) for one in read_cookies(text)] == [("a", "b", "http://localhost:3000/cart")]


def test_body_which_speaks_of_cookies_is_none() -> None:
    (cookie,) = read_cookies("""curl http://x/ -H 'Cookie: a=b' -d '{"cookie":"c=d"}'""")
    assert (cookie.name, cookie.raw) == ("a", "b")


@pytest.mark.parametrize("tool", ["curl", "wget", "http"])
def test_command_without_a_cookie_is_named(tool: str) -> None:
    with pytest.raises(CookieError, match=f"This {tool} command sends no cookie"):
        read_cookies(f"{tool} http://x/")


def test_url_of_a_curl_command_is_kept() -> None:
    (cookie,) = read_cookies(f"curl -X POST -d a=b 'http://localhost:3000/cart' -b 'connect.sid={VALUE}'")
    assert cookie.url == "http://localhost:3000/cart"


@pytest.mark.parametrize("text", ["", "   ", "hello world", "curl http://x/", "curl 'http://x/ -b a=b", "x" * 300_000])
def test_text_without_a_cookie_says_what_to_paste(text: str) -> None:
    with pytest.raises(CookieError) as caught:
        read_cookies(text)
    assert str(caught.value)


def test_first_of_two_equal_names_wins() -> None:
    first, second = read_cookies(f"Cookie: connect.sid=bad; connect.sid={VALUE}")
    assert (first.shadowed, second.shadowed) == (False, True)


def test_attributes_of_a_set_cookie_line_are_kept() -> None:
    (cookie,) = read_cookies("Set-Cookie: sid=x; Max-Age=60; HttpOnly; SameSite=Lax")
    assert [(one.name, one.value) for one in cookie.attributes] == [
        ("Max-Age", "60"), ("HttpOnly", None), ("SameSite", "Lax"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (b"keyboard cat\n", "without the line end"),
        (b'"keyboard cat"', "without the quotes"),
        (b" keyboard cat ", "without the spaces"),
        (b"keyboard%20cat", "percent-decoded"),
        (base64.b64encode(b"keyboard cat"), "base64-decoded"),
        (b"keyboard cat".hex().encode(), "hex-decoded"),
    ],
)
def test_usual_mistake_with_the_secret_is_named(given: bytes, words: str) -> None:
    verdict = judge(read_cookies(VALUE)[0], [Secret(given)], 0)
    assert verdict.status is Status.INVALID
    assert words in verdict.hint


def test_secret_given_without_its_line_end_is_named_too() -> None:
    value = signed_value("abc", Secret(b"keyboard cat\n"))
    assert "with a line end" in judge(read_cookies(value)[0], [SECRET], 0).hint


def test_no_secret_is_no_verdict_on_the_signature() -> None:
    verdict = judge(read_cookies(VALUE)[0], [], 0)
    assert (verdict.status, verdict.session_id) == (Status.UNVERIFIED, "abc")


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused_and_judged_without_a_fault(text: str) -> None:
    try:
        cookies = read_cookies(text)
    except CookieError:
        return
    for cookie in cookies:
        judge(cookie, [SECRET], 0)


@given(st.text(min_size=1, max_size=40), st.binary(max_size=40))
def test_what_is_signed_is_verified(session_id: str, key: bytes) -> None:
    secret = Secret(key)
    assert unsign(sign(session_id, secret), [secret]) == session_id
    assert unsign(sign(session_id, secret)[:-1], [secret]) is None


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_percent_encoding_is_taken_back(text: str) -> None:
    encoded = encode_value(text)
    assert decode_value(encoded)[0] == text or encoded == text


def _flask_app() -> flask.Flask:
    app = flask.Flask(__name__)
    app.secret_key = "flask secret"

    @app.get("/")
    def show() -> Any:
        return dict(flask.session)

    @app.get("/set")
    def put() -> str:
        flask.session["user"] = "ada"
        flask.session["cart"] = ("a", "b")
        flask.session["pad"] = "x" * 300
        return "set"

    return app


def test_flask_accepts_the_edited_cookie() -> None:
    app, secret = _flask_app(), Secret.from_text("flask secret")
    client = app.test_client()
    client.get("/set")
    issued = client.get_cookie("session")
    assert issued is not None
    cookie = read_cookies(f"session={issued.value}")[0]
    verdict = judge(cookie, [secret], now_ms() + 1000)
    assert (verdict.scheme, verdict.status) == ("flask", Status.VALID)
    payload = json.loads(verdict.payload or "")
    payload["user"] = "grace"
    value = edit_payload(cookie, verdict, json.dumps(payload), secret, now_ms())
    client.set_cookie("session", value)
    assert client.get("/").get_json()["user"] == "grace"
    again = resign(read_cookies(f"session={issued.value}")[0], verdict, Secret.from_text("other"))
    client.set_cookie("session", again)
    assert client.get("/").get_json() == {}


async def _ask(app: Starlette, path: str, cookie: str = "") -> tuple[str, bytes]:
    """Send one request to an ASGI application; return its Set-Cookie header and its body."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"", "scheme": "http",
        "http_version": "1.1", "server": ("127.0.0.1", 80), "headers": [(b"cookie", cookie.encode())],
    }  # fmt: skip
    await app(scope, receive, send)
    headers = dict(sent[0]["headers"])
    return headers.get(b"set-cookie", b"").decode(), b"".join(one.get("body", b"") for one in sent[1:])


def test_starlette_accepts_the_edited_cookie() -> None:
    async def show(request: Request) -> Response:
        return JSONResponse(dict(request.session))

    async def put(request: Request) -> Response:
        request.session["user"] = "ada"
        return JSONResponse({})

    app = Starlette(
        routes=[Route("/", show), Route("/set", put)], middleware=[Middleware(SessionMiddleware, secret_key="star")]
    )
    secret = Secret.from_text("star")
    line, _ = asyncio.run(_ask(app, "/set"))
    cookie = read_cookies(f"Set-Cookie: {line}")[0]
    verdict = judge(cookie, [secret], now_ms() + 1000)
    assert (verdict.scheme, verdict.status) == ("starlette", Status.VALID)
    value = edit_payload(cookie, verdict, '{"user": "grace"}', secret, now_ms())
    _, body = asyncio.run(_ask(app, "/", f"session={value}"))
    assert json.loads(body) == {"user": "grace"}


def test_data_that_is_no_json_object_is_not_signed() -> None:
    cookie = read_cookies("session=" + _flask_value())[0]
    verdict = judge(cookie, [], 0)
    for text in ("[1]", "{", "null"):
        with pytest.raises(CookieError):
            edit_payload(cookie, verdict, text, SECRET, 0)


def _flask_value() -> str:
    cookie = read_cookies("session=eyJhIjoxfQ.awTLcQ.xnfie_1PCeQF86Pfzve8iQFVRuY")[0]
    return edit_payload(cookie, judge(cookie, [], 0), '{"a":1}', SECRET, 0)


@given(
    st.lists(st.tuples(st.text(max_size=20), st.integers(0, 3), st.booleans()), max_size=8),
    st.lists(st.binary(max_size=80), max_size=3),
)
def test_verifying_many_says_what_verifying_each_does(cookies: list[tuple[str, int, bool]], keys: list[bytes]) -> None:
    secrets = [Secret(key) for key in keys]
    values = []
    for session_id, index, is_encoded in cookies:
        signed = "s:" + sign(session_id, secrets[index] if index < len(secrets) else Secret(b"another"))
        values.append(encode_value(signed) if is_encoded else signed)
    each = [judge(Cookie("connect.sid", raw, decode_value(raw)[0], "cookie"), secrets, 0) for raw in values]
    assert list(verify_express(values, secrets)) == [verdict.secret_index for verdict in each]


def test_lone_surrogate_in_a_pasted_cookie_is_left_as_it_is() -> None:
    assert [found.raw for found in read_cookies("connect.sid=s%3Aa\ud800b")] == ["s%3Aa\ud800b"]


@pytest.mark.parametrize(
    "text", ['document.cookie = "a=b; path=/; max-age=60"', "window.document.cookie='a=b; path=/; max-age=60';"]
)
def test_what_a_page_assigns_is_one_cookie_with_its_attributes(text: str) -> None:
    (cookie,) = read_cookies(text)
    assert (cookie.name, cookie.raw, cookie.origin) == ("a", "b", "set-cookie")
    assert [(one.name, one.value) for one in cookie.attributes] == [("path", "/"), ("max-age", "60")]
