"""Every parser of the program as a function of bytes which lets out nothing but faults, with seeds of real bytes.

The documented errors are swallowed here; whatever else a parser raises is a finding. Used by `make fuzz` (atheris), by
`test_parsers.py` (hypothesis, and every hostile record), and by nothing else.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from inspector.codecs import (
    CodecError,
    decode,
    encode,
    format_json,
    parse_json,
    parse_like,
    plain_data,
    summarise,
)
from inspector.cookies import (
    CookieError,
    decode_value,
    edit_payload,
    judge,
    read_cookies,
    read_har,
    resign,
    split_header,
)
from inspector.core.display import cut_lines, escape_display, escape_json, escape_lines, is_hidden
from inspector.core.field_path import FieldPathError, format_keys, parse_field_path
from inspector.core.secret import Secret
from inspector.frameworks import EXPRESS, StoredRecord, examine, explain_expiry, judge_record, origin_of
from inspector.services.connection import split_url
from inspector.services.cookies.har_report import follow_session
from inspector.services.cookies.verify_cookie import inspect_cookies
from inspector.services.filtering.parser import FilterError, parse_filter
from inspector.services.settings.profiles import ProfileBook
from store_adapters.errors import StoreError
from store_adapters.known_kinds import kind_named

GOLDEN = Path(__file__).parent.parent / "golden"
SECRETS = (Secret.from_text("keyboard cat"), Secret.from_text("squirrel"))
NOW_MS = 1_796_000_000_000
_MAX_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Target:
    """`run` raises only for a finding."""

    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...]


def _text(data: bytes) -> str:
    return (
        data.decode("utf-8", "surrogatepass" if b"\xed" in data else "replace")
        if _is_text(data)
        else data.decode("latin-1")
    )


def _is_text(data: bytes) -> bool:
    try:
        data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


def _record(kind: str, wrap: Callable[[bytes], bytes] = bytes) -> Callable[[bytes], None]:
    known = kind_named(kind)
    assert known is not None
    capabilities = known.capabilities()

    def run(data: bytes) -> None:
        payload = wrap(data)
        assert summarise(payload, kind, (), SECRETS).format
        plain_data(payload, kind)
        record = StoredRecord(kind, b"sess:k", payload, read_at_ms=NOW_MS, form=capabilities.form)
        assert judge_record(EXPRESS, record).effect
        assert origin_of(record).name
        try:
            decoded = decode(payload, kind, SECRETS, "k" * 32, max_bytes=_MAX_BYTES, is_quick=True)
        except CodecError as error:
            assert error.attempts
            return
        record = replace(record, decoded=decoded)
        framework = origin_of(record).framework
        for one in {framework, EXPRESS}:
            examine(decoded.root, kind, one)
            one.rules.record(record)
            assert judge_record(one, record).effect
        explain_expiry(EXPRESS, capabilities.clock, None, decoded.root, decoded.envelope, NOW_MS)
        assert encode(decoded, decoded.root) == payload

    return run


def _json(data: bytes) -> None:
    try:
        root = parse_json(_text(data))
    except CodecError:
        return
    assert parse_json(escape_json(format_json(root))) == root
    assert parse_like(format_json(root), root) == root


def _cookies(data: bytes) -> None:
    try:
        cookies = read_cookies(_text(data))
    except CookieError:
        return
    for cookie in cookies[:20]:
        verdict = judge(cookie, SECRETS, NOW_MS)
        try:
            resign(cookie, verdict, SECRETS[0])
            edit_payload(cookie, verdict, '{"a":1}', SECRETS[0], NOW_MS)
        except CookieError:
            pass


def _pasted(before: str) -> Callable[[bytes], None]:
    def run(data: bytes) -> None:
        with contextlib.suppress(CookieError):
            inspect_cookies(before + _text(data), SECRETS, None, now_ms=NOW_MS)

    return run


def _header(data: bytes) -> None:
    text = _text(data)
    split_header(text)
    decode_value(text)


def _har(data: bytes) -> None:
    with contextlib.suppress(CookieError):
        follow_session(read_har(data), SECRETS)


def _address(data: bytes) -> None:
    with contextlib.suppress(StoreError):
        split_url(_text(data))


def _filter(data: bytes) -> None:
    with contextlib.suppress(FilterError):
        parse_filter(_text(data))


def _field(data: bytes) -> None:
    try:
        keys = parse_field_path(_text(data))
    except FieldPathError:
        return
    assert parse_field_path(format_keys(keys)) == keys


def _profiles(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name in ("profiles.json", "settings.json"):
            (Path(folder) / name).write_bytes(data)
        book = ProfileBook(Path(folder))
        assert book.settings is not None and isinstance(book.profiles, tuple)


def _display(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    for shown in (escape_display(text), escape_lines(text), escape_json(text)):
        assert not any(is_hidden(char) for char in shown if char not in "\n" and char >= "\x7f")
    assert max(map(len, cut_lines(text).split("\n"))) <= 2000


def _rows(path: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (GOLDEN / path).read_text().splitlines()]


def _golden(path: str, field: str, *kinds: str) -> tuple[bytes, ...]:
    rows = [row for row in _rows(path) if not kinds or row.get("kind", "") in kinds]
    return tuple(base64.b64decode(str(row[field])) for row in rows)


def _cookie_seeds() -> tuple[bytes, ...]:
    rows = (
        _rows("cookies/express-session.jsonl")
        + _rows("cookies/node-libraries.jsonl")
        + _rows("cookies/itsdangerous.jsonl")
    )
    found = [row.get("set_cookie") or row.get("cookie_header") or f"session={row.get('cookie_value')}" for row in rows]
    return tuple(str(text).encode() for text in found)


_JSON_SEEDS = _golden("express/redis.jsonl", "value_base64")
_HAR_SEED = json.dumps({"log": {"version": "1.2", "entries": [{
    "startedDateTime": "2026-11-24T12:00:00Z",
    "request": {"method": "GET", "url": "https://shop.example/a", "headers": [{"name": "Cookie", "value": "connect.sid=s%3Aa.b"}]},
    "response": {"status": 200, "headers": [{"name": "Set-Cookie", "value": "connect.sid=s%3Aa.b; Path=/"}]},
}]}}).encode()  # fmt: skip
_URL_SEEDS = (
    b"redis://user:pa@ss@localhost:6379/2?prefix=sess:", b"rediss+sentinel://a,b:26379/main", b"mongodb://h:27017/db?collection=s",
    b"mongodb+srv://u:p@h/db", b"file:///tmp/sessions", b"sqlite:///tmp/x.db?table=sessions", b"memory:", b"redis://[::1]:1/0",
)  # fmt: skip
_FILTER_SEEDS = (
    b'user.role:admin cart.length>2 -"a b"', b"expires<2h size>1KB", b"(a OR b) NOT c", b"a.b[0].c=1 is:expired", b"user:*",
    b"format:json",
)  # fmt: skip
_PROFILE_SEED = json.dumps(
    [{"id": "a", "name": "shop", "url": "redis://x", "environment": "production", "secret_ids": ["s"]}]
)

TARGETS: dict[str, Target] = {
    "json": Target(_json, (*_JSON_SEEDS[:40], b'{"a":1e-7,"b":"\\ud800"}')),
    "redis-record": Target(
        _record("redis"), (*_JSON_SEEDS, *_golden("express/sealed.jsonl", "payload_base64", "redis"))
    ),
    "file-record": Target(
        _record("file"),
        _golden("express/files.jsonl", "value_base64") + _golden("express/sealed.jsonl", "payload_base64", "file"),
    ),
    "mongo-record": Target(
        _record("mongo"),
        _golden("express/mongo.jsonl", "bson_base64") + _golden("express/sealed.jsonl", "payload_base64", "mongo"),
    ),
    "sqlite-record": Target(_record("sqlite"), _JSON_SEEDS[:20]),
    "gzip-layer": Target(_record("redis", lambda data: gzip.compress(data, mtime=0)), _JSON_SEEDS[:20]),
    "base64-zlib-layer": Target(_record("redis", lambda data: base64.b64encode(zlib.compress(data))), _JSON_SEEDS[:20]),
    "base64-layer": Target(_record("redis", base64.b64encode), _JSON_SEEDS[:20]),
    "string-layer": Target(
        _record("redis", lambda data: json.dumps(data.decode("latin-1")).encode()), _JSON_SEEDS[:20]
    ),
    "cookies": Target(_cookies, _cookie_seeds()),
    "header": Target(_header, _cookie_seeds()),
    "pasted": Target(_pasted(""), _cookie_seeds()),
    "curl": Target(
        _pasted("curl "),
        (
            b"'https://shop.example/' -H 'Cookie: connect.sid=s%3Aa.b' --compressed",
            b"-b a=b $'\\x41' x",
            b"-sSH 'cookie: a=b' --url x",
        ),
    ),
    "command": Target(
        _pasted(""),
        (
            b"wget -qO- --header='Cookie: connect.sid=s%3Aa.b' http://x/",
            b"http GET x 'Cookie:a=b' a:=1",
            b"-H 'Cookie: a=b' \\\n -b c=d",
            b'curl ^"http://x/^" ^\n -H ^"Cookie: a=b^"',
        ),
    ),
    "code": Target(
        _pasted(""),
        (
            b'fetch("http://x/", {"headers": {"cookie": "a=\\"b\\"; connect.sid=s%3Aa.b"}})',
            b"requests.get(u, cookies={'a': 'b', 'c': 'd'})",
            b'Invoke-WebRequest -Uri "http://x/" -Headers @{"Cookie"="a=`"b`"; c=d"}',
            b'$s.Cookies.Add((New-Object Net.Cookie("a", "b", "/")))',
            b'{"set-cookie":["a=b; Path=/","c=\\u0041; Secure"]}',
            b"h.Set('Cookie', `a=b`)",
        ),
    ),
    "pasted-data": Target(
        _pasted(""),
        (
            b'[{"name":"connect.sid","value":"s%3Aa.b","domain":".x","path":"/","expirationDate":1893456000.5,"httpOnly":true}]',
            b'{"cookies":["a=b","c=d"],"multiValueHeaders":{"Cookie":["a=b; c=d"]},"statusCode":200}',
            b"[Object: null prototype] { a: 'b', 'connect.sid': 's:a.b', c: [ 'd=e; Path=/' ] }",
            b"[{'name': 'a', 'value': 'b', 'expiry': 1893456000, 'secure': True}]",
            b"cookies = {\n 'a': 'b' }; addCookies([{name: `a`, value: 'b' + 'c'}]); new Cookie('a', 'b')",
        ),
    ),
    "pasted-rows": Target(
        _pasted(""),
        (
            b"# Netscape HTTP Cookie File\n#HttpOnly_x\tTRUE\t/\tFALSE\t1893456000\ta\tb\n",
            b'#LWP-Cookies-2.0\nSet-Cookie3: a="b"; path="/"; domain=x; expires="2030-01-01 00:00:00Z"; version=0',
            "Name\tValue\tDomain\tPath\na\tb\tx\t/\tSession\t94 B\t✓\t\tLax".encode(),
            b'a:"b"\nCreated:"Mon"\nPath:"/"\nHttpOnly:true\nExpires / Max-Age:"Session"',
            b"<RequestsCookieJar[<Cookie a=b for x/>]> Cookie(version=0, name='a', value='b', rest={'HttpOnly': None})",
        ),
    ),
    "pasted-lines": Target(
        _pasted(""),
        (
            b"$ curl -v x -b a=b\n> GET / HTTP/1.1\n> Cookie: a=b\n< HTTP/1.1 200 OK\n< Set-Cookie: c=d; Path=/,e=f\n",
            b"curl 'x' -b 'a=b' ;\ncurl 'y' -b 'c=d' | jq .",
            b'curl "x" -H "Cookie: a=s^%^3A" ^ --compressed',
            b"cookie:\na=b\nset-cookie:\n- c=d;\n    Path=/\n",
            b"  express-session set-cookie a=b; Path=/ +3ms\n",
            b'1.2.3.4 - - [x] "GET / HTTP/1.1" 200 2 "-" "a=b; c=d"',
            b"eyJhIjogMX0=.aw4OQw.x",
        ),
    ),
    "har": Target(_har, (_HAR_SEED,)),
    "store-url": Target(_address, _URL_SEEDS),
    "filter": Target(_filter, _FILTER_SEEDS),
    "field-path": Target(_field, (b"user.roles[0].name", b'a["b.c"][3]', b"")),
    "profile-file": Target(_profiles, (_PROFILE_SEED.encode(), b'{"theme":"dark","last_store":"a"}')),
    "display": Target(
        _display,
        (
            b"q\x7f",
            "a\u202eb\u200b\x1b[31m\u0301\ud800".encode("utf-8", "surrogatepass"),
        ),
    ),
}
