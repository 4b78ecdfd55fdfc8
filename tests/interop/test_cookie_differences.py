"""The other Node libraries and the verdicts here, side by side: on odd sessions, at every damage, around each end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote

import pytest

from inspector.codecs import Fidelity, decode, encode, parse_json
from inspector.cookies import CookieError, Status, edit_payload, judge, resign
from inspector.cookies.pasted.header import read_cookie_header
from inspector.core.edits import InsertEntry, apply_edit
from inspector.core.secret import Secret
from inspector.frameworks import FASTIFY, KOA, StoredRecord, check_edit, origin_of
from inspector.services.cookies.cookie_chain import LinkState
from inspector.services.cookies.verify_cookie import inspect_cookies
from inspector.services.sessions.journal import Journal
from inspector.services.sessions.manage_sessions import change_expiry
from inspector.services.sessions.open_session import open_session
from store_adapters.clock import now_ms
from store_adapters.registry import open_store
from tests.interop.cookie_apps import CURRENT, LIBRARIES, OLDER, STORED, CookieApps, session_cookie

OTHER = Secret.from_text("quite another secret, long enough for all of them")
SESSIONS: dict[str, dict[str, Any]] = {
    "odd texts": {
        "quotes": "\"'`\\", "controls": "\x00\x01\x1f\t\r\n\x7f", "pairs": "a=b; c=%41,%zz+d", "markup": "<b>&amp;</b>",
        "lines": "\u2028\u2029\ufeff\u202e", "half": "\ud83c and \udf6a", "base64": "eyJhIjoxfQ==", "empty": "", "spaces": "  ",
    },
    "unicode": {"Zoë": "Łódź, 東京, عربي", "🍪": "👩‍👩‍👧 e\u0301", "": "no name", "a.b[0]": "a path"},
    "nested": {"deep": json.loads('{"a":[' * 12 + "1" + "]}" * 12), "rows": [[], {}, [[]], [None, {"x": None}]]},
    "large": {"text": "abc é " * 200, "numbers": list(range(150))},
    "dates": {"at": {"$date": "2026-11-24T00:10:48.079Z"}, "old": {"$date": "0001-01-01T00:00:00.000Z"}},
    "numbers": {"float": 0.1, "small": 5e-324, "large": 1.7976931348623157e308, "safe": 2**53 - 1, "e": 1e21, "minus": -7},
    "empty": {"list": [], "object": {}, "text": "", "nothing": None, "no": False, "zero": 0},
}  # fmt: skip


def _stored(session: Any) -> Any:
    """Return the session as JSON keeps it."""
    if isinstance(session, dict):
        return session["$date"] if "$date" in session else {key: _stored(value) for key, value in session.items()}
    return session


def _own(payload: str | None) -> Any:
    """Return the application's members of a cookie's data, without the library's."""
    own = json.loads(payload or "null")
    return {key: value for key, value in own.items() if not (key.startswith("_") or key == "exp")}


@pytest.mark.parametrize("library", [one for one in LIBRARIES if one not in STORED])
def test_sessions_of_every_kind_are_read_here_and_again_there_after_an_edit(
    cookie_apps: CookieApps, library: str
) -> None:
    secrets = cookie_apps.secrets(library)
    for kind, session in SESSIONS.items():
        expected = _stored(session)
        header = cookie_apps.write(library, session)
        assert cookie_apps.read(library, header) == expected, kind
        cookie = session_cookie(header)
        verdict = judge(cookie, [OTHER, *secrets], now_ms())
        assert (verdict.scheme, verdict.status, verdict.secret_index) == (library.split()[0], Status.VALID, 1), kind
        assert _own(verdict.payload) == expected, kind
        edited = json.dumps(json.loads(verdict.payload or "") | {"added": "Zoë \ud83c"})
        value = edit_payload(cookie, verdict, edited, secrets[-1], now_ms())
        assert cookie_apps.read(library, f"{cookie.name}={value}") == expected | {"added": "Zoë \ud83c"}, kind
        again = resign(cookie, verdict, secrets[-1])
        assert cookie_apps.read(library, f"{cookie.name}={again}") == expected, kind


def _damaged(header: str) -> Iterator[tuple[str, str]]:
    """Yield what happens to cookies on their way, each with a name."""
    name, value = header.split(";")[0].split("=", 1)
    rest = header[len(name) + 1 + len(value) :]
    step = max(1, len(value) // 60)
    for size in (*range(0, len(value), step), *range(len(value) - 5, len(value))):
        yield f"cut to {size}", f"{name}={value[:size]}{rest}"
    for place in (*range(0, len(value), step), *range(len(value) - 5, len(value))):
        for other in "Aw.":
            if value[place] != other:
                yield f"{other} at {place}", f"{name}={value[:place]}{other}{value[place + 1 :]}{rest}"
        yield f"without {place}", f"{name}={value[:place]}{value[place + 1 :]}{rest}"
    for added in ("=", "A", ".", "%20", "*", "~3", "AAAA"):
        yield f"{added} after it", f"{name}={value}{added}{rest}"
        yield f"{added} before it", f"{name}={added}{value}{rest}"
    yield "quoted", f'{name}="{value}"{rest}'
    yield "encoded once more", f"{name}={quote(value, safe='')}{rest}"
    yield "decoded", f"{name}={unquote(value)}{rest}"
    yield "lower case", f"{name}={value.lower()}{rest}"
    for place in range(len(rest)):
        yield f"signature cut at {place}", f"{name}={value}{rest[:place]}"
        for other in "Aw":
            if rest[place : place + 1] != other and place > rest.find("=") > 0:
                yield f"signature {other} at {place}", f"{name}={value}{rest[:place]}{other}{rest[place + 1 :]}"


TOLERANT = ("secure-session", "iron-session", "jwt", "jwe")
"""What they decode as base64, or read a number from, may have more around it than they write; here that is not called valid."""


@pytest.mark.parametrize("library", LIBRARIES)
def test_damaged_cookie_is_valid_here_only_where_the_library_reads_it(cookie_apps: CookieApps, library: str) -> None:
    header = cookie_apps.write(library, {"value": "Zoë"})
    secrets = cookie_apps.secrets(library)[:1]
    assert cookie_apps.read(library, header) == {"value": "Zoë"}
    differ = []
    for damage, damaged in _damaged(header):
        is_read = cookie_apps.read(library, damaged).get("value") is not None
        cookies = [one for one in read_cookie_header(damaged) if not one.signs]
        is_valid = any(judge(one, secrets, now_ms()).status is Status.VALID for one in cookies)
        if is_valid > is_read or (is_read > is_valid and not library.startswith(TOLERANT)):
            differ.append((damage, "read there" if is_read else "refused there"))
    # Quotes come off, or not, by the application's own reading of the header, or by the library's version.
    assert [one for one in differ if one[0] != "quoted"] == []


CUT = {
    "cookie-session": (-3, "the signature is cut off"), "koa-session": (-3, "the signature is cut off"),
    "koa-session store": (-3, "the signature is cut off"), "fastify-session": (-3, "signature is cut off"),
    "secure-session": (-3, "nonce after the semicolon is cut off"), "secure-session signed": (-3, "cut off"),
    "iron-session": (200, "cut off"), "jwt": (60, "cut off"), "jwe": (60, "cut off"),
}  # fmt: skip


@pytest.mark.parametrize("library", CUT)
def test_cookie_that_was_cut_off_is_told_as_cut_off(cookie_apps: CookieApps, library: str) -> None:
    size, words = CUT[library]
    header = cookie_apps.write(library, {"value": "Zoë"})
    cookie = session_cookie(header[:size])
    verdict = judge(cookie, cookie_apps.secrets(library), now_ms())
    assert (verdict.scheme, verdict.status) == (library.split()[0], Status.INVALID)
    assert words in f"{verdict.detail} {verdict.hint}"


ENDS = ("koa-session", "koa-session 5", "secure-session", "iron-session", "iron-session 6", "jwt", "jwe")
DAY_MS = 86_400_000


@pytest.mark.parametrize("library", ENDS)
def test_end_inside_a_cookie_comes_here_when_it_comes_there(cookie_apps: CookieApps, library: str) -> None:
    header = cookie_apps.write(library, {"value": "Zoë"})
    cookie, secrets = session_cookie(header), cookie_apps.secrets(library)
    ends = judge(cookie, secrets, now_ms()).expires_at_ms
    assert ends is not None
    skew_ms = 60_000 if library.startswith("iron") else 0
    try:
        for after_ms in (-DAY_MS, -5000, -1500, 1500, 5000, DAY_MS):
            ahead_ms = ends + skew_ms + after_ms - now_ms()
            cookie_apps.move_clock(ahead_ms)
            verdict = judge(cookie, secrets, now_ms() + ahead_ms)
            is_read = cookie_apps.read(library, header) == {"value": "Zoë"}
            assert (is_read, verdict.status is Status.VALID) == (after_ms < 0, after_ms < 0), after_ms
            assert after_ms < 0 or "expired" in verdict.detail
    finally:
        cookie_apps.move_clock(0)


@pytest.mark.parametrize("library", ["iron-session passwords", "iron-session 6 passwords"])
def test_password_that_was_rotated_opens_there_and_is_told_here(cookie_apps: CookieApps, library: str) -> None:
    """The applications' map is {1: older, 2: current}."""
    newest = session_cookie(cookie_apps.write(library, {"value": "Zoë"}))
    older = session_cookie(cookie_apps.write("iron-session", {"value": "Zoë"}))  # password 1, of its own text
    value = resign(older, judge(older, [CURRENT], now_ms()), OLDER)
    assert cookie_apps.read(library, f"app={value}") == {"value": "Zoë"}
    verdict = judge(session_cookie(f"app={value}"), [CURRENT, OLDER], now_ms())
    assert (verdict.status, verdict.secret_index) == (Status.VALID, 1)
    assert "stops working" in verdict.detail
    # The same password under the other number is another one to the library.
    moved = resign(newest, judge(newest, [CURRENT], now_ms()), OLDER)
    assert cookie_apps.read(library, f"app={moved}") == {}
    named = [Secret(CURRENT.reveal(), "2"), Secret(OLDER.reveal(), "1")]
    assert judge(session_cookie(f"app={moved}"), named, now_ms()).status is Status.INVALID


@pytest.mark.parametrize("odd", [{"exp": "soon"}, {"exp": True}, {"nbf": "1"}, {"exp": None}])
def test_time_that_is_no_number_is_refused_there_and_here(cookie_apps: CookieApps, odd: dict[str, Any]) -> None:
    cookie = session_cookie(cookie_apps.write("jwt", {"value": "Zoë"}))
    verdict = judge(cookie, [CURRENT], now_ms())
    value = edit_payload(cookie, verdict, json.dumps({"value": "Zoë"} | odd), CURRENT, now_ms())
    assert cookie_apps.read("jwt", f"token={value}") == {}
    again = judge(session_cookie(f"token={value}"), [CURRENT], now_ms())
    assert again.status is Status.INVALID
    assert "isn't a number" in again.detail


@pytest.mark.parametrize("text", ['{"a":NaN}', '{"a":-Infinity}', '{"a":1e999}', "[1]", "{", '{"a":1}}'])
def test_what_javascript_cannot_read_is_put_into_no_cookie(text: str) -> None:
    cookie = session_cookie("session=e30=; session.sig=x")
    with pytest.raises(CookieError, match="JSON object"):
        edit_payload(cookie, judge(cookie, [], 0), text, CURRENT, 0)


@pytest.mark.parametrize("library", STORED)
def test_record_of_every_kind_is_read_here_and_again_there_after_an_edit(cookie_apps: CookieApps, library: str) -> None:
    for kind, session in SESSIONS.items():
        expected = _stored(session)
        cookie_apps.ask(library, "/record?forget=1")
        header = cookie_apps.write(library, session)
        assert cookie_apps.read(library, header) == expected, kind
        stored = cookie_apps.ask(library, "/record")[0].encode()
        decoded = decode(stored, "redis")
        assert decoded.fidelity is Fidelity.EXACT, kind
        framework = origin_of(StoredRecord("redis", decoded=decoded)).framework
        assert framework is (KOA if library.startswith("koa") else FASTIFY), kind
        own = {key: value for key, value in json.loads(stored).items() if key not in ("cookie", "_expire", "_maxAge")}
        assert own == expected, kind
        root, _ = apply_edit(
            decoded.root, InsertEntry((), len(decoded.root.entries), "added", parse_json('"Zoë \\ud83c"'))
        )
        assert check_edit(decoded.root, root, "redis", framework) == (), kind
        cookie_apps.ask(library, f"/record?text={quote(encode(decoded, root))}")
        assert cookie_apps.read(library, header) == expected | {"added": "Zoë \ud83c"}, kind


@pytest.mark.parametrize("library", STORED)
def test_end_inside_a_record_is_told_and_moves_with_the_expiry(cookie_apps: CookieApps, library: str) -> None:
    """The store still has it, and the library starts a new session: what it reads in the record counts."""
    cookie_apps.ask(library, "/record?forget=1")
    header = cookie_apps.write(library, {"value": "Zoë"})
    payload = cookie_apps.ask(library, "/record")[0].encode()
    if library.startswith("fastify"):  # without maxAge, as here, it has no end
        ends = '{"expires":"2020-01-01T00:00:00.000Z","originalMaxAge":60000,'
        payload = payload.replace(b'{"expires":null,"originalMaxAge":null,', ends.encode())
    else:
        payload = payload.replace(b'"_expire":1', b'"_expire":')  # a digit less: in 1995
    cookie_apps.ask(library, f"/record?text={quote(payload)}")
    assert cookie_apps.read(library, header) == {}
    store = open_store(f"memory:{library}")
    session_id = judge(session_cookie(header), [CURRENT], 0).session_id or ""
    store.create(store.ref_for(session_id), payload, now_ms() + DAY_MS)
    (report,) = inspect_cookies(f"Cookie: {header}", [CURRENT], store, now_ms=now_ms())
    assert [link.state for link in report.chain if link.name == "Expiry"] == [LinkState.BROKEN]
    assert report.record is not None
    opened = open_session(store, report.record)
    assert any("starts a new session" in one.text for one in opened.findings)

    moved = change_expiry(store, opened, now_ms() + 2 * DAY_MS, Journal())
    assert not any("starts a new session" in one.text for one in moved.findings)
    cookie_apps.ask(library, "/record?forget=1")
    again = cookie_apps.write(library, {"value": "other"})
    cookie_apps.ask(library, f"/record?text={quote(moved.raw.payload)}")
    assert cookie_apps.read(library, again) == {"value": "Zoë"}
    try:
        cookie_apps.move_clock(2 * DAY_MS - 5000)
        assert cookie_apps.read(library, again) == {"value": "Zoë"}
    finally:
        cookie_apps.move_clock(0)
