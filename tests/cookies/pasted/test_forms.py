"""Every form that people paste, as its tool writes it: the session cookie is found with its value, jar and attributes."""

# ruff: noqa: E501  (what tools write has long lines)

from __future__ import annotations

import json

import pytest

from inspector.cookies import Cookie, CookieError, Status, judge, read_cookies, signed_value
from inspector.core.secret import Secret

SECRET = Secret.from_text("keyboard cat")
V = signed_value("nyrNaAIwMuP8IxIhZl-jEU1hUa2bkTuX", SECRET)
W = signed_value("0A8lBVd1Ll7OMYRkDoqq2n5dLeTNyrJW", SECRET)
EVENT = {
    "version": "2.0",
    "routeKey": "$default",
    "headers": {"host": "x"},
    "cookies": ["theme=dark", f"connect.sid={V}"],
}

FORMS = {
    "chrome header panel": f"accept:\n*/*\ncookie:\nconnect.sid={V}; _ga=GA1.1.9.9\nhost:\nlocalhost:3000",
    "chrome header panel without colons": f"Request Headers\nAccept\n*/*\nCookie\n_ga=GA1.1.9.9; connect.sid={V}\nHost\nlocalhost",
    "chrome panel of an answer": f"HTTP/1.1 200 OK\nX-Powered-By:\nExpress\nSet-Cookie:\nconnect.sid={V}; Path=/; HttpOnly",
    "firefox header panel": f"GET\n\thttp://localhost:3000/\n\t\nAccept\n\t*/*\nCookie\n\ttheme=dark; connect.sid={V}\nHost\n\tlocalhost",
    "safari header panel": f"Summary\nURL: http://localhost:3000/\n\nRequest\nGET / HTTP/1.1\nCookie: connect.sid={V}\nHost: localhost",
    "headers as table rows": f"Accept\t*/*\nCookie\tconnect.sid={V}; theme=dark\nHost\tlocalhost",
    "chrome application rows": f"connect.sid\t{V}\tlocalhost\t/\tSession\t94\t✓\t\tLax\t\t\tMedium\n_ga\tGA1.1.9.9\t.x.example\t/\t2027-08-31T16:31:16.123Z\t12\t\t\t\t\t\tMedium\n",
    "application rows with titles": f"Name\tValue\tDomain\tPath\tExpires / Max-Age\tSize\tHttpOnly\tSecure\tSameSite\nconnect.sid\t{V}\tlocalhost\t/\tSession\t94\t✓\t\tLax",
    "safari storage rows": f"connect.sid\t{V}\tlocalhost\t/\tSession\t94 B\t\t✓\tLax",
    "rows whose tabs are spaces": f"connect.sid   {V}   localhost   /   Session   94   ✓",
    "two columns": f"theme\tdark\nconnect.sid\t{V}",
    "firefox storage panel": f'connect.sid:"{V}"\nCreated:"Mon, 27 Jul 2026 16:31:16 GMT"\nDomain:"localhost"\nExpires / Max-Age:"Session"\nHostOnly:true\nHttpOnly:true\nLast Accessed:"Mon, 27 Jul 2026 16:31:16 GMT"\nPath:"/"\nSameSite:"Lax"\nSecure:false\nSize:91',
    "firefox storage panel, copied as JSON": json.dumps({"connect.sid": {"Created": "Mon, 27 Jul 2026 16:31:16 GMT", "Domain": "localhost", "Expires / Max-Age": "Session", "HostOnly": True, "HttpOnly": True, "Path": "/", "SameSite": "Lax", "Secure": False, "Size": 91, "value": V}}),
    "firefox network cookies": json.dumps({"Request Cookies": {"theme": "dark", "connect.sid": V}}),
    "firefox answer cookies": json.dumps({"Response cookies": {"connect.sid": {"httpOnly": True, "path": "/", "value": V}}}),
    "firefox headers, copied all": json.dumps({"Request Headers (400 B)": {"headers": [{"name": "Host", "value": "x"}, {"name": "Cookie", "value": f"connect.sid={V}"}]}}),
    "name and value lines": f"connect.sid: {V}",
    "request cookies as JSON": json.dumps({"theme": "dark", "connect.sid": V}, indent=2),
    "EditThisCookie": json.dumps([{"domain": "localhost", "expirationDate": 1893456000.5, "hostOnly": True, "httpOnly": True, "name": "connect.sid", "path": "/", "sameSite": "unspecified", "secure": False, "session": False, "storeId": "0", "value": V, "id": 1}]),
    "Cookie-Editor": json.dumps([{"name": "connect.sid", "value": V, "domain": "localhost", "hostOnly": True, "path": "/", "secure": False, "httpOnly": True, "sameSite": "no_restriction", "session": True, "firstPartyDomain": "", "partitionKey": None, "storeId": None}]),
    "Playwright state": json.dumps({"cookies": [{"name": "connect.sid", "value": V, "domain": "localhost", "path": "/", "expires": -1, "httpOnly": True, "secure": False, "sameSite": "Lax"}], "origins": []}),
    "Puppeteer": json.dumps([{"name": "connect.sid", "value": V, "domain": "localhost", "path": "/", "expires": 1893456000.123, "size": 94, "httpOnly": True, "secure": False, "session": False, "sameParty": False, "sourceScheme": "NonSecure"}]),
    "Selenium in Python": f"[{{'domain': 'localhost', 'expiry': 1893456000, 'httpOnly': True, 'name': 'connect.sid', 'path': '/', 'sameSite': 'Lax', 'secure': False, 'value': '{V}'}}]",
    "Cypress in the console": f"{{name: 'connect.sid', value: '{V}', path: '/', domain: 'localhost', secure: false, httpOnly: true, hostOnly: true, expiry: 1893456000, sameSite: 'lax'}}",
    "tough-cookie and Insomnia jars": json.dumps({"version": "tough-cookie@4.1.2", "cookies": [{"key": "connect.sid", "value": V, "domain": "localhost", "path": "/", "httpOnly": True, "hostOnly": True, "creation": "2026-07-27T16:31:16.000Z"}]}),
    "HTTPie session file": json.dumps({"__meta__": {"httpie": "3.2.2"}, "cookies": {"connect.sid": {"expires": None, "path": "/", "secure": False, "value": V}}, "headers": {}}),
    "HTTPie session file 3.1": json.dumps({"cookies": [{"name": "connect.sid", "value": V, "domain": "", "expires": None, "path": "/", "secure": False}], "headers": []}),
    "Postman request": json.dumps({"request": {"method": "GET", "header": [{"key": "Cookie", "value": f"connect.sid={V}"}], "url": {"raw": "http://x/"}}}),
    "cookies.txt of curl": f"# Netscape HTTP Cookie File\n# https://curl.se/docs/http-cookies.html\n# This file was generated by libcurl! Edit at your own risk.\n\n#HttpOnly_localhost\tFALSE\t/\tFALSE\t0\tconnect.sid\t{V}\nlocalhost\tFALSE\t/\tFALSE\t0\ttheme\tdark\n",
    "cookies.txt of wget": f"# HTTP Cookie File\n# Generated by Wget on 2026-07-27 16:31:16.\n# Edit at your own risk.\n\nlocalhost:3000\tFALSE\t/\tFALSE\t1893456000\tconnect.sid\t{V}\n",
    "cookies.txt with spaces": f"localhost   FALSE   /   FALSE   0   connect.sid   {V}",
    "libwww-perl": f'#LWP-Cookies-2.0\nSet-Cookie3: connect.sid="{V}"; path="/"; domain=localhost.local; path_spec; discard; HttpOnly=None; version=0',
    "Lambda v2 event": json.dumps(EVENT),
    "Lambda v2 answer": json.dumps({"statusCode": 200, "cookies": [f"connect.sid={V}; Path=/; HttpOnly"], "body": "{}"}),
    "API Gateway v1 event": json.dumps({"resource": "/", "headers": {"Cookie": f"connect.sid={V}"}, "multiValueHeaders": {"Cookie": [f"connect.sid={V}"]}}),
    "CloudFront event": json.dumps({"Records": [{"cf": {"request": {"headers": {"cookie": [{"key": "Cookie", "value": f"theme=dark; connect.sid={V}"}]}}}}]}),
    "CloudFront function": json.dumps({"request": {"cookies": {"connect.sid": {"value": V}, "theme": {"value": "dark"}}}}),
    "pino": json.dumps({"level": 30, "req": {"method": "GET", "headers": {"cookie": f"connect.sid={V}"}}}) + "\n" + json.dumps({"level": 30, "msg": "done"}),
    "express-session debug log": f"  express-session no SID sent, generating session +0ms\n  express-session set-cookie connect.sid={V}; Path=/; Expires=Thu, 20 Feb 2031 14:34:48 GMT; HttpOnly +3ms\n  express-session fetching nyr +25s",
    "express-session debug log in a file": f"Thu, 20 Feb 2031 14:34:48 GMT express-session set-cookie connect.sid={V}; Path=/; HttpOnly\nThu, 20 Feb 2031 14:34:48 GMT express-session split response",
    "express-session debug log in colour": f"\x1b[38;5;80;1mexpress-session \x1b[0mset-cookie connect.sid={V}; Path=/; HttpOnly \x1b[38;5;80m+3ms\x1b[0m",
    "supertest array": f"[ 'connect.sid={V}; Path=/; HttpOnly' ]",
    "supertest array of several lines": f"[\n  'theme=dark; Path=/',\n  'connect.sid={V}; Path=/; Expires=Thu, 20 Feb 2031 14:34:48 GMT; HttpOnly'\n]",
    "supertest headers": f"{{\n  'x-powered-by': 'Express',\n  'set-cookie': [\n    'connect.sid={V}; Path=/; HttpOnly'\n  ],\n  date: 'Mon, 27 Jul 2026 16:31:16 GMT',\n  connection: 'close'\n}}",
    "labelled array": f"res.headers['set-cookie']: [ 'connect.sid={V}; Path=/; HttpOnly' ]",
    "req.cookies in Node": f"[Object: null prototype] {{\n  theme: 'dark',\n  'connect.sid': '{V}'\n}}",
    "rawHeaders": f"[ 'Host', 'localhost:3000', 'Cookie', 'connect.sid={V}', 'Connection', 'close' ]",
    "document.cookie in the console": f"'theme=dark; connect.sid={V}'",
    "document.cookie in double quotes": f'> document.cookie\n< "theme=dark; connect.sid={V}"',
    "YAML cassette": f"interactions:\n- request:\n    headers:\n      Accept:\n      - '*/*'\n      Cookie:\n      - connect.sid={V}\n    uri: http://localhost/\n",
    "YAML list folded": f"headers:\n  Set-Cookie:\n    - theme=dark; Path=/\n    - connect.sid={V}; Path=/;\n      HttpOnly\n  Date: x\n",
    "YAML list in quotes": f'  set-cookie:\n  - "connect.sid={V}; Path=/"\n',
    "curl -v": f"$ curl -v http://localhost:3000/login\n*   Trying 127.0.0.1:3000...\n> GET /login HTTP/1.1\n> Host: localhost:3000\n>\n< HTTP/1.1 200 OK\n< Set-Cookie: connect.sid={V}; Path=/; HttpOnly\n< Date: Mon, 27 Jul 2026 16:31:16 GMT\n<\nok",
    "curl -i on a colleague's prompt": f"ada@box:~/shop$ curl -i localhost:3000\nHTTP/1.1 200 OK\nSet-Cookie: connect.sid={V}; Path=/; HttpOnly\n\nok",
    "curl on Windows": f'C:\\Users\\ada>curl -v http://localhost:3000/\n< HTTP/1.1 200 OK\n< Set-Cookie: connect.sid={V}; Path=/; HttpOnly\n',
    "curl output alone": f"*   Trying 127.0.0.1:3000...\n> GET / HTTP/1.1\n> Host: x\n> Cookie: connect.sid={V}\n>\n< HTTP/1.1 304 Not Modified\n",
    "curl --trace-ascii": f"=> Send header, 83 bytes (0x53)\n0000: GET / HTTP/1.1\n0010: Host: localhost:3000\n0026: Cookie: connect.sid={V}\n",
    "curl with its jar": f"$ curl -c - http://localhost:3000/\n# Netscape HTTP Cookie File\n#HttpOnly_localhost\tFALSE\t/\tFALSE\t0\tconnect.sid\t{V}\n",
    "curl in cmd, carets in one line": 'curl "http://localhost:3000/" -H "Cookie: connect.sid=' + V.replace("%", "^%^") + '; _ga=GA1.1.9.9" -H "Connection: keep-alive" --compressed',
    "curl in cmd, all carets in one line": 'curl ^"http://x/^" ^ -H ^"Accept: */*^" ^ -H ^"Cookie: connect.sid=' + V.replace("%", "^%^") + '^" ^ --compressed',
    "curl in cmd of 2016": 'curl "http://x/" -H "Cookie: connect.sid=' + V.replace("%", '"%"') + '" --compressed',
    "wget -S": f"--2026-07-27 16:31:16--  http://localhost:3000/\nHTTP request sent, awaiting response... \n  HTTP/1.1 200 OK\n  Set-Cookie: connect.sid={V}; Path=/; HttpOnly\n  Date: x\nLength: 2\n",
    "wget --debug": f"---request begin---\nGET / HTTP/1.1\nCookie: connect.sid={V}\nHost: localhost:3000\n\n---request end---\n",
    "HTTPie with its answer": f"$ http -v localhost:3000/\nGET / HTTP/1.1\nCookie: connect.sid={V}\nHost: localhost:3000\n\nHTTP/1.1 200 OK\n",
    "Burp": f"GET /account HTTP/2\r\nHost: shop.example\r\nCookie: theme=dark; connect.sid={V}\r\nAccept: */*\r\n\r\n",
    "Burp's curl": f"curl --path-as-is -i -s -k -X $'GET' \\\n    -H $'Host: x' \\\n    -b $'connect.sid={V}' \\\n    $'http://x/'",
    "mitmproxy": f"2026-07-27 16:31:16 GET http://localhost:3000/\n    Host:       localhost:3000\n    Cookie:     connect.sid={V}\n",
    "http.client's debug output": f"send: b'GET / HTTP/1.1\\r\\nHost: x\\r\\nCookie: connect.sid={V}\\r\\n\\r\\n'\nreply: 'HTTP/1.1 200 OK\\r\\n'",
    "http.client's answer": f"reply: 'HTTP/1.1 200 OK\\r\\n'\nheader: Set-Cookie: connect.sid={V}; Path=/; HttpOnly",
    "nginx log": f'127.0.0.1 - - [27/Jul/2026:16:31:16 +0000] "GET /?a=b HTTP/1.1" 200 2 "http://x/?c=d" "curl/7.88.1" "theme=dark; connect.sid={V}"',
    "morgan": f"GET / 200 theme=dark; connect.sid={V} - 1.234 ms",
    "logfmt": f'method=GET path=/ status=200 cookie="connect.sid={V}"',
    "requests jar": f"<RequestsCookieJar[<Cookie theme=dark for localhost.local/>, <Cookie connect.sid={V} for localhost.local/>]>",
    "httpx jar": f"<Cookies[<Cookie connect.sid={V} for localhost.local />]>",
    "http.cookiejar": f"Cookie(version=0, name='connect.sid', value='{V}', port=None, port_specified=False, domain='localhost.local', domain_specified=False, domain_initial_dot=False, path='/', path_specified=True, secure=False, expires=None, discard=True, comment=None, comment_url=None, rest={{'HttpOnly': None}}, rfc2109=False)",
    "SimpleCookie": f"<SimpleCookie: theme='dark' connect.sid='{V}'>",
    "curlconverter's Python": f"import requests\n\ncookies = {{\n    'connect.sid': '{V}',\n}}\n\nresponse = requests.get('http://x/', cookies=cookies)",
    "Playwright code": f"await context.addCookies([{{ name: 'connect.sid', value: '{V}', domain: 'localhost', path: '/' }}]);",
    "Selenium code": f"driver.get('http://x/')\ndriver.add_cookie({{'name': 'connect.sid', 'value': '{V}'}})",
    "Cypress code": f"cy.visit('/');\ncy.setCookie('connect.sid', '{V}');",
    "PHP's curl": f"curl_setopt($ch, CURLOPT_HTTPHEADER, ['Accept: */*', 'Cookie: connect.sid={V}']);",
    "PHP's CURLOPT_COOKIE": f"curl_setopt($ch, CURLOPT_COOKIE, 'connect.sid={V}');",
    "HAR text": json.dumps({"log": {"version": "1.2", "entries": [{"startedDateTime": "2026-07-27T16:31:16Z", "request": {"method": "GET", "url": "http://x/", "headers": [{"name": "Cookie", "value": f"connect.sid={V}"}], "cookies": []}, "response": {"status": 200, "headers": [], "cookies": []}}]}}),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_the_session_cookie_is_found_once(form: str) -> None:
    found = [one for one in read_cookies(FORMS[form]) if judge(one, [SECRET], 0).status is Status.VALID]
    assert [(one.name, judge(one, [SECRET], 0).session_id) for one in found] == [
        ("connect.sid", "nyrNaAIwMuP8IxIhZl-jEU1hUa2bkTuX")
    ]
    assert not found[0].shadowed


def _seen(text: str) -> list[tuple[int, str, str]]:
    return [(one.jar, one.name, one.raw) for one in read_cookies(text)]


def _attributes(text: str) -> dict[str, str | None]:
    return {one.name: one.value for one in _session(text).attributes}


def _session(text: str) -> Cookie:
    return next(one for one in read_cookies(text) if one.name == "connect.sid")


ATTRIBUTES: dict[str, dict[str, str | None]] = {
    "EditThisCookie": {"Path": "/", "Expires": "Tue, 01 Jan 2030 00:00:00 GMT", "HttpOnly": None},
    "Cookie-Editor": {"Path": "/", "SameSite": "None", "HttpOnly": None},
    "Playwright state": {"Path": "/", "SameSite": "Lax", "HttpOnly": None},
    "Selenium in Python": {
        "Path": "/",
        "Expires": "Tue, 01 Jan 2030 00:00:00 GMT",
        "SameSite": "Lax",
        "HttpOnly": None,
    },
    "chrome application rows": {"Path": "/", "SameSite": "Lax", "HttpOnly": None},
    "safari storage rows": {"Path": "/", "SameSite": "Lax", "HttpOnly": None},
    "firefox storage panel": {"Path": "/", "SameSite": "Lax", "HttpOnly": None},
    "cookies.txt of curl": {"Path": "/", "HttpOnly": None},
    "cookies.txt of wget": {"Path": "/", "Expires": "Tue, 01 Jan 2030 00:00:00 GMT"},
    "http.cookiejar": {"Path": "/", "HttpOnly": None},
    "curl -v": {"Path": "/", "HttpOnly": None},
    "supertest array": {"Path": "/", "HttpOnly": None},
    "express-session debug log": {"Path": "/", "Expires": "Thu, 20 Feb 2031 14:34:48 GMT", "HttpOnly": None},
    "YAML list folded": {"Path": "/", "HttpOnly": None},
}


@pytest.mark.parametrize("form", ATTRIBUTES)
def test_what_the_form_says_of_attributes_is_kept(form: str) -> None:
    assert _attributes(FORMS[form]) == ATTRIBUTES[form]
    assert _session(FORMS[form]).origin == "set-cookie"


def test_domain_is_an_attribute_only_where_the_cookie_goes_to_subdomains_too() -> None:
    row = "{}\t{}\t/\tFALSE\t0\tconnect.sid\ta"
    assert _attributes(row.format(".shop.example", "TRUE")) == {"Domain": ".shop.example", "Path": "/"}
    assert _attributes(row.format("shop.example", "FALSE")) == {"Path": "/"}


def test_flags_of_which_a_form_says_nothing_are_not_called_missing() -> None:
    assert _session(FORMS["cookies.txt of wget"]).unsaid == {"httponly"}
    assert _session(FORMS["cookies.txt of curl"]).unsaid == frozenset()
    assert _session(FORMS["requests jar"]).unsaid == {"httponly", "secure"}


@pytest.mark.parametrize(
    "text",
    [
        f"curl 'http://x/a' \\\n  -b 'connect.sid={V}' ;\ncurl 'http://x/b' \\\n  -b 'connect.sid={W}'",
        f"curl 'http://x/a' \\\n  -H 'Cookie: connect.sid={V}' &\ncurl 'http://x/b' \\\n  -H 'Cookie: connect.sid={W}'",
        f'curl ^"http://x/a^" ^\n  -b ^"connect.sid={V}^" &\ncurl ^"http://x/b^" ^\n  -b ^"connect.sid={W}^"'.replace(
            "%", "^%^"
        ),
        f"$ curl http://x/a -b 'connect.sid={V}'\nok\n$ curl http://x/b -b 'connect.sid={W}'\nok\n",
        f'fetch("http://x/a", {{"headers": {{"cookie": "connect.sid={V}"}}}}); ;\nfetch("http://x/b", {{"headers": {{"cookie": "connect.sid={W}"}}}});',
        f'$session = New-Object Microsoft.PowerShell.Commands.WebRequestSession\n$session.Cookies.Add((New-Object System.Net.Cookie("connect.sid", "{V}", "/", "x")))\nInvoke-WebRequest -UseBasicParsing -Uri "http://x/a" `\n-WebSession $session;\n$session = New-Object Microsoft.PowerShell.Commands.WebRequestSession\n$session.Cookies.Add((New-Object System.Net.Cookie("connect.sid", "{W}", "/", "x")))\nInvoke-WebRequest -UseBasicParsing -Uri "http://x/b" `\n-WebSession $session',
    ],
)
def test_copy_all_is_a_jar_for_each_request(text: str) -> None:
    first, second = read_cookies(text)
    assert (first.raw, second.raw) == (V, W)
    assert first.jar != second.jar
    assert (first.shadowed, second.shadowed) == (False, False)
    assert (first.url[:10], second.url[:10]) in {("http://x/a", "http://x/b")}


def test_requests_and_answers_of_a_transcript_are_jars() -> None:
    ask = "> GET / HTTP/1.1\n> Cookie: a={0}\n> Cookie: b={0}\n< HTTP/1.1 200 OK\n< Set-Cookie: a={0}x\n"
    seen = _seen(ask.format(1) + ask.format(2))
    assert [(name, raw) for _, name, raw in seen] == [
        ("a", "1"),
        ("b", "1"),
        ("a", "1x"),
        ("a", "2"),
        ("b", "2"),
        ("a", "2x"),
    ]
    assert len({jar for jar, _, _ in seen[:3]}) == len({jar for jar, _, _ in seen[3:]}) == 1
    assert not any(one.shadowed for one in read_cookies(ask.format(1) + ask.format(2)))


def test_signature_of_another_request_is_not_taken() -> None:
    text = "> GET / HTTP/1.1\n> Cookie: session=a\n> GET / HTTP/1.1\n> Cookie: session=b; session.sig=c"
    assert [one.signature for one in read_cookies(text) if not one.signs] == [None, "c"]


def test_cookie_that_curl_prints_as_it_sends_it_is_one() -> None:
    text = f"$ curl -v -b 'connect.sid={V}' http://x/\n> GET / HTTP/1.1\n> Cookie: connect.sid={V}\n< HTTP/1.1 200 OK\n< Set-Cookie: connect.sid={W}; Path=/"
    assert [(one.raw, one.origin) for one in read_cookies(text)] == [(V, "curl"), (W, "set-cookie")]


@pytest.mark.parametrize(
    "value",
    [
        "eyJ1c2VyX2lkIjogMTIzNDU2fQ==.aw4OQw.NXYVzJaaGd4lH-rfDeQf6XlxJX8",
        "eyJ1c2VyIjogImFkYSJ9=",
        "eyJhIjogMX0=.aw4OQw.NXYVzJaaGd4lH-rfDeQf6XlxJX8",
        "BAh7BkkiD3Nlc3Npb25faWQGOgZFVA==--0123456789012345678901234567890123456789",
        "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=",
        "2|1:0|10:1785169876|4:user|8:dGVzdA==|0123456789abcdef",
    ],
)
def test_padding_of_a_bare_value_is_no_equals_sign(value: str) -> None:
    assert _seen(value) == [(0, "", value)]


@pytest.mark.parametrize(
    ("text", "name", "raw"),
    [
        ("session=.eJwlzjEOwjAMRuG7eGZw7Nixe5kq", "session", ".eJwlzjEOwjAMRuG7eGZw7Nixe5kq"),
        ("my_long_session=.eJwl", "my_long_session", ".eJwl"),
        ("session=eyJhIjoxfQ==", "session", "eyJhIjoxfQ=="),
        ("connect.sid=", "connect.sid", ""),
        ("theme=", "theme", ""),
    ],
)
def test_name_before_an_equals_sign_stays_a_name(text: str, name: str, raw: str) -> None:
    assert _seen(text) == [(0, name, raw)]


@pytest.mark.parametrize(
    ("line", "names"),
    [
        (
            f"dismissBanner=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT,connect.sid={V}; Path=/; HttpOnly",
            ["connect.sid"],
        ),
        (f"theme=dark, connect.sid={V}; Path=/", ["connect.sid"]),
        (f"theme=dark; Path=/, lang=en; Path=/, connect.sid={V}; HttpOnly", ["lang", "connect.sid"]),
        (f"session=eyJhIjoxfQ==,connect.sid={V}; Path=/", ["connect.sid"]),
        (f"connect.sid={V}; Expires=Thu, 20 Feb 2031 14:34:48 GMT; Path=/", []),
        ("prefs=a=1,b=2; Path=/", []),
    ],
)
def test_cookies_folded_into_one_line_are_told_from_the_first(line: str, names: list[str]) -> None:
    found = read_cookies(f"Set-Cookie: {line}")
    assert [one.name for one in found if one.folded_into is not None] == names
    assert {one.folded_into for one in found[1:]} <= {found[0].name}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# Netscape HTTP Cookie File\n# https://curl.se/docs/http-cookies.html\n", "looks like cookies.txt"),
        ('{"cookies": [], "origins": []}', "looks like data"),
        (json.dumps({"version": "2.0", "headers": {"host": "x"}}), "looks like data"),
        (
            "  express-session no SID sent, generating session +0ms\n  express-session saving a +1ms",
            "looks like a debug log of express-session",
        ),
        ("Name\tValue\tDomain\tPath\n", "looks like rows of a browser's cookie table"),
        ("<RequestsCookieJar[]>", "looks like a cookie jar that Python printed"),
        ("Cookie: nonsense", "looks like HTTP headers"),
        ("cookie:\n", "looks like a browser's header panel"),
        ('127.0.0.1 - - [27/Jul/2026] "GET / HTTP/1.1" 200 2 "-" "curl/7"', "looks like a server's log"),
        ('Invoke-WebRequest -UseBasicParsing -Uri "http://x/"', "looks like a PowerShell command"),
        ('fetch("http://x/", {"credentials": "include"});', "Copy as fetch \\(Node.js\\)"),
        ("curl http://x/ -v\n> GET / HTTP/1.1\n< HTTP/1.1 200 OK", "This curl command sends no cookie"),
        ('{"log": {"entries": []}}', "no cookie in this archive"),
        ("What a fine day", "cookies.txt; cookies, headers or a HAR archive as JSON"),
    ],
)
def test_form_without_a_cookie_is_named(text: str, words: str) -> None:
    with pytest.raises(CookieError, match=words):
        read_cookies(text)


@pytest.mark.parametrize(
    "text",
    [
        "import redis\nr = redis.Redis()\nr.set('a', 'b')",
        "redis://localhost:6379/0\nmongodb://localhost/x",
        "<html><body class='a'>hello = world</body></html>",
    ],
)
def test_text_of_another_kind_is_not_made_a_cookie(text: str) -> None:
    with pytest.raises(CookieError, match="What can be pasted"):
        read_cookies(text)
