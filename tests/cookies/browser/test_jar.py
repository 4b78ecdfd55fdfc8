"""A browser's cookie jar, held against the rules and the examples of RFC 6265bis."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.cookies import Cookie
from inspector.cookies.browser.jar import BrowserJar, Outcome, Withheld, withheld
from inspector.cookies.browser.request import BrowserRequest, Origin
from inspector.cookies.browser.set_cookie import Rule, default_path, read_rules
from inspector.cookies.browser.sites import is_loopback, is_one_site, is_public_suffix, site_of
from inspector.cookies.pasted.header import read_set_cookie

NOW_MS = 1_795_478_400_000
DAY_MS = 24 * 3600 * 1000


def page(url: str) -> BrowserRequest:
    address = urlsplit(url)
    return BrowserRequest(address.scheme, address.hostname or "", address.path or "/")


def fetched(url: str, initiator: str = "front.example.org") -> BrowserRequest:
    return replace(page(url), origin=Origin.CROSS_SITE, initiator=initiator, is_navigation=False)


def receive(jar: BrowserJar, line: str, request: BrowserRequest, now_ms: int = NOW_MS) -> Outcome:
    (cookie,) = read_set_cookie(line)
    return jar.receive(cookie, request, now_ms)


def header(jar: BrowserJar, request: BrowserRequest, now_ms: int = NOW_MS) -> str:
    return "; ".join(f"{one.cookie.name}={one.cookie.raw}" for one in jar.send(request, now_ms))


def test_examples_of_the_rfc() -> None:
    """Section 3.1 of RFC 6265 and of its successor, in order."""
    jar, site = BrowserJar(), page("https://site.example/")
    receive(jar, "SID=31d4d96e407aad42", site)
    assert header(jar, site) == "SID=31d4d96e407aad42"
    receive(jar, "SID=31d4d96e407aad42; Path=/; Domain=site.example", site)
    assert header(jar, page("https://www.site.example/")) == "SID=31d4d96e407aad42"
    jar = BrowserJar()
    receive(jar, "SID=31d4d96e407aad42; Path=/; Secure; HttpOnly", site)
    receive(jar, "lang=en-US; Path=/; Domain=site.example", site)
    assert header(jar, site) == "SID=31d4d96e407aad42; lang=en-US"
    receive(jar, "lang=; Expires=Sun, 06 Nov 1994 08:49:37 GMT; Path=/; Domain=site.example", site)
    assert header(jar, site) == "SID=31d4d96e407aad42"


@pytest.mark.parametrize(
    ("line", "request_", "rule"),
    [
        ("a=b; Secure", page("http://shop.example/"), Rule.PLAIN_HTTP),
        ("a=b; SameSite=None", page("https://shop.example/"), Rule.NONE_SECURE),
        ("a=b; Partitioned", page("https://shop.example/"), Rule.PARTITIONED),
        ("__Host-a=b; Path=/", page("https://shop.example/"), Rule.PREFIX),
        ("__Host-a=b; Secure", page("https://shop.example/"), Rule.PREFIX),
        ("__HOST-a=b; Secure; Path=/; Domain=shop.example", page("https://shop.example/"), Rule.PREFIX),
        ("__host-a=b; Secure; Path=/x", page("https://shop.example/"), Rule.PREFIX),
        ("__secure-a=b", page("https://shop.example/"), Rule.PREFIX),
        ("=__Secure-a=b; Secure", page("https://shop.example/"), Rule.PREFIX),
        ("__Host-a=b; Secure; Path=/", page("http://shop.example/"), Rule.PLAIN_HTTP),
        ("=", page("https://shop.example/"), Rule.EMPTY),
        ("a=b\x01c", page("https://shop.example/"), Rule.CONTROL),
        ("a=b; Path=/\x7f", page("https://shop.example/"), Rule.CONTROL),
        (f"a={'x' * 4096}", page("https://shop.example/"), Rule.SIZE),
        (f"a={'é' * 2048}", page("https://shop.example/"), Rule.SIZE),
        ("a=b; Domain=other.example", page("https://shop.example/"), Rule.DOMAIN),
        ("a=b; Domain=www.shop.example", page("https://shop.example/"), Rule.DOMAIN),
        ("a=b; Domain=op.example", page("https://shop.example/"), Rule.DOMAIN),
        ("a=b; Domain=..shop.example", page("https://shop.example/"), Rule.DOMAIN),
        ("a=b; Domain=0.0.1", page("http://127.0.0.1/"), Rule.DOMAIN),
        ("a=b; Domain=example", page("https://shop.example/"), Rule.PUBLIC_SUFFIX),
        ("a=b; Domain=vercel.app", page("https://shop.vercel.app/"), Rule.PUBLIC_SUFFIX),
        ("a=b; Domain=.co.uk", page("https://shop.co.uk/"), Rule.PUBLIC_SUFFIX),
        ("a=b", fetched("https://api.example/"), Rule.CROSS_SITE),
        ("a=b; SameSite=Lax", fetched("https://api.example/"), Rule.CROSS_SITE),
        ("a=b; SameSite=Strict; Secure", fetched("https://api.example/"), Rule.CROSS_SITE),
        ("a=b; SameSite=none of these; Secure", fetched("https://api.example/"), Rule.CROSS_SITE),
        ("a=b; SameSite=None; Secure; SameSite=Lax", fetched("https://api.example/"), Rule.CROSS_SITE),
    ],
)
def test_cookie_is_refused_by_the_rule(line: str, request_: BrowserRequest, rule: Rule) -> None:
    jar = BrowserJar()
    outcome = receive(jar, line, request_)
    assert outcome.refusal is not None
    assert outcome.refusal.rule is rule
    assert header(jar, request_) == ""


@pytest.mark.parametrize(
    ("line", "request_"),
    [
        ("a=b; Secure", page("http://localhost:3000/")),
        ("a=b; Secure", page("http://app.localhost/")),
        ("a=b; Secure", page("http://127.1.2.3/")),
        ("a=b; Secure", page("http://[::1]/")),
        ("a=b; Domain=localhost", page("http://localhost/")),
        ("a=b; Domain=127.0.0.1", page("http://127.0.0.1/")),
        ("a=b; Domain=github.io", page("https://github.io/")),
        ("a=b; Domain=.SHOP.example", page("https://shop.example/")),
        ("a=b; Domain=", page("https://shop.example/")),
        ("a=b; Path=nonsense", page("https://shop.example/")),
        ("__Host-a=b; Secure; Path=/", page("https://shop.example/x/y")),
        ("__Secure-a=b; Secure; Domain=shop.example", page("https://www.shop.example/")),
        (f"a={'x' * 4095}", page("https://shop.example/")),
        (f"a=b; Path=/{'x' * 1024}", page("https://shop.example/")),
        ("a=b\tc", page("https://shop.example/")),
        ("a=b; SameSite=None; Secure", fetched("https://api.example/")),
        ("a=b", replace(fetched("https://api.example/"), is_navigation=True)),
        ("a=b; Max-Age=0.5", page("https://shop.example/")),
        ("a=b; Max-Age=", page("https://shop.example/")),
        ("a=b; Expires=never", page("https://shop.example/")),
        ("a=b; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", page("https://shop.example/")),
    ],
)
def test_cookie_is_stored_and_sent_back(line: str, request_: BrowserRequest) -> None:
    jar = BrowserJar()
    outcome = receive(jar, line, request_)
    assert outcome.refusal is None
    assert header(jar, replace(request_, origin=Origin.SAME_SITE)) == line.partition(";")[0]


@pytest.mark.parametrize(
    ("line", "setter", "asker", "why"),
    [
        ("a=b", "https://shop.example/", "https://www.shop.example/", Withheld.HOST),
        ("a=b; Domain=shop.example", "https://www.shop.example/", "https://shop.example.evil/", Withheld.HOST),
        ("a=b; Domain=shop.example", "https://www.shop.example/", "https://myshop.example/", Withheld.HOST),
        ("a=b; Domain=github.io", "https://github.io/", "https://x.github.io/", Withheld.HOST),
        ("a=b; Path=/admin", "https://shop.example/", "https://shop.example/adminx", Withheld.PATH),
        ("a=b; Path=/admin/", "https://shop.example/", "https://shop.example/admin", Withheld.PATH),
        ("a=b", "https://shop.example/auth/login", "https://shop.example/", Withheld.PATH),
        ("a=b; Secure", "https://shop.example/", "http://shop.example/", Withheld.PLAIN_HTTP),
    ],
)
def test_stored_cookie_stays_where_it_belongs(line: str, setter: str, asker: str, why: Withheld) -> None:
    jar = BrowserJar()
    stored = receive(jar, line, page(setter)).stored
    assert stored is not None
    assert withheld(stored, page(asker), NOW_MS) is why
    assert header(jar, page(asker)) == ""


@pytest.mark.parametrize(
    ("line", "request_", "is_sent"),
    [
        ("a=b; SameSite=Strict", replace(fetched("https://s.example/"), is_navigation=True), False),
        ("a=b; SameSite=Lax", replace(fetched("https://s.example/"), is_navigation=True), True),
        ("a=b; SameSite=Lax", replace(fetched("https://s.example/"), is_navigation=True, method="POST"), False),
        ("a=b", replace(fetched("https://s.example/"), is_navigation=True, method="POST"), False),
        ("a=b", fetched("https://s.example/"), False),
        ("a=b; SameSite=None; Secure", fetched("https://s.example/"), True),
        ("a=b; SameSite=Strict", replace(page("https://s.example/"), is_navigation=False), True),
        ("a=b; SameSite=Strict", replace(fetched("https://s.example/"), origin=Origin.UNKNOWN), True),
    ],
)
def test_same_site_decides_over_cross_site_requests(line: str, request_: BrowserRequest, is_sent: bool) -> None:
    jar = BrowserJar()
    receive(jar, line, page("https://s.example/"))
    assert (header(jar, request_, NOW_MS + 121_000) != "") == is_sent


def test_cookie_without_same_site_goes_with_a_cross_site_post_for_two_minutes() -> None:
    jar = BrowserJar()
    request = replace(fetched("https://s.example/"), is_navigation=True, method="POST")
    receive(jar, "a=b", page("https://s.example/"))
    assert header(jar, request, NOW_MS + 119_999) == "a=b"
    assert header(jar, request, NOW_MS + 120_000) == ""


def test_longer_paths_come_first_then_older_cookies_though_renewed() -> None:
    jar, request = BrowserJar(), page("https://shop.example/admin/x")
    for line in ("sid=old; Path=/", "sid=domain; Path=/; Domain=shop.example", "sid=deep; Path=/admin"):
        receive(jar, line, request)
    receive(jar, "sid=renewed; Path=/", request)
    assert header(jar, request) == "sid=deep; sid=renewed; sid=domain"


def test_secure_cookie_is_not_overwritten_over_http() -> None:
    jar = BrowserJar()
    receive(jar, "a=good; Secure; Path=/; Domain=shop.example", page("https://shop.example/"))
    outcome = receive(jar, "a=evil; Path=/login", page("http://www.shop.example/"))
    assert outcome.refusal is not None
    assert outcome.refusal.rule is Rule.SECURE_HELD
    assert receive(jar, "a=other; Path=/", page("http://elsewhere.example/")).stored is not None


def test_deletion_needs_the_same_domain_and_path() -> None:
    jar, request = BrowserJar(), page("https://shop.example/")
    receive(jar, "a=b; Path=/; Domain=shop.example", request)
    assert receive(jar, "a=; Path=/; Max-Age=0", request).replaced is None
    assert header(jar, request) == "a=b"
    assert receive(jar, "a=; Path=/; Domain=shop.example; Max-Age=-1", request).replaced is not None
    assert header(jar, request) == ""


def test_lifetime_is_max_age_before_expires_and_400_days_at_most() -> None:
    jar, request = BrowserJar(), page("https://shop.example/")
    line = "a=b; Expires=Fri, 01 Jan 2027 00:00:00 GMT; Max-Age=60"
    outcome = receive(jar, line, request)
    assert outcome.stored is not None
    assert outcome.stored.end_ms == NOW_MS + 60_000
    assert header(jar, request, NOW_MS + 59_999) == "a=b"
    assert header(jar, request, NOW_MS + 60_000) == ""
    for long in ("Max-Age=999999999999999999999", "Expires=Fri, 31 Dec 9999 23:59:59 GMT"):
        stored = receive(jar, f"a=b; {long}", request).stored
        assert stored is not None
        assert stored.end_ms == NOW_MS + 400 * DAY_MS


def test_clock_of_the_server_does_not_end_a_cookie() -> None:
    (cookie,) = read_set_cookie("a=b; Expires=Mon, 01 Jan 2024 01:00:00 GMT")
    server_ms = 1_704_067_200_000  # Mon, 01 Jan 2024 00:00:00 GMT
    assert read_rules(cookie).end_ms(NOW_MS, server_ms) == NOW_MS + 3_600_000


def test_partitioned_cookie_stays_with_the_page_it_was_set_under() -> None:
    jar = BrowserJar()
    setter = replace(fetched("https://api.example/"), top_site="a.example")
    receive(jar, "a=b; Secure; SameSite=None; Partitioned", setter)
    assert header(jar, setter) == "a=b"
    assert header(jar, replace(setter, top_site="b.example")) == ""


def test_oldest_cookie_goes_where_a_site_has_too_many() -> None:
    jar, request = BrowserJar(), page("https://shop.example/")
    for number in range(181):
        receive(jar, f"c{number}=v", request)
    names = [one.cookie.name for one in jar.send(request, NOW_MS)]
    assert (len(names), names[0]) == (180, "c1")


@pytest.mark.parametrize(
    ("path", "expected"), [("", "/"), ("/", "/"), ("/a", "/"), ("/a/", "/a"), ("/a/b", "/a"), ("a/b", "/")]
)
def test_default_path_is_the_folder_of_the_request(path: str, expected: str) -> None:
    assert default_path(path) == expected


@pytest.mark.parametrize(
    ("host", "site"),
    [
        ("www.shop.example", "shop.example"), ("shop.example", "shop.example"), ("a.b.shop.co.uk", "shop.co.uk"),
        ("x.y.github.io", "y.github.io"), ("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("localhost", "localhost"),
        ("github.io", "github.io"),
    ],
)  # fmt: skip
def test_site_is_the_label_below_the_public_suffix(host: str, site: str) -> None:
    assert site_of(host) == site


def test_suffix_that_only_the_whole_list_knows_is_not_guessed() -> None:
    assert [is_public_suffix(one) for one in ("com", "co.uk", "shop.example", "co.zz")] == [True, True, False, None]
    assert is_one_site("a.co.zz", "b.co.zz") is None
    assert is_one_site("a.x.co.uk", "b.y.co.uk") is False
    assert is_one_site("a.shop.example", "b.shop.example") is True


HOSTS = st.sampled_from(
    [
        "shop.example",
        "www.shop.example",
        "a.www.shop.example",
        "myshop.example",
        "localhost",
        "app.localhost",
        "127.0.0.1",
        "x.github.io",
    ]
)
PATHS = st.sampled_from(["/", "/a", "/a/", "/a/b", "/ab"])
REQUESTS = st.builds(
    BrowserRequest,
    st.sampled_from(["http", "https"]),
    HOSTS,
    PATHS,
    st.sampled_from(["GET", "POST"]),
    st.sampled_from(Origin),
    st.just(""),
    st.sampled_from([True, False, None]),
)
ATTRIBUTES = st.lists(
    st.sampled_from(
        [
            "Secure", "HttpOnly", "Partitioned", "Path=/", "Path=/a", "Domain=shop.example", "Domain=www.shop.example",
            "Domain=localhost", "Domain=github.io", "SameSite=Lax", "SameSite=Strict", "SameSite=None", "Max-Age=60", "Max-Age=0",
        ]
    ),
    max_size=5,
)  # fmt: skip
LINES = st.builds(
    lambda name, attributes: "; ".join([f"{name}=v", *attributes]),
    st.sampled_from(["sid", "__Host-sid", "__Secure-sid"]),
    ATTRIBUTES,
)


@given(st.lists(st.tuples(LINES, REQUESTS), max_size=6), REQUESTS, st.integers(0, 120_000))
def test_jar_never_sends_a_cookie_where_it_may_not_go(
    received: list[tuple[str, BrowserRequest]], request: BrowserRequest, later_ms: int
) -> None:
    jar = BrowserJar()
    hosts: dict[Cookie, set[str]] = {}
    for line, setter in received:
        (cookie,) = read_set_cookie(line)
        hosts.setdefault(cookie, set()).add(setter.host)
        jar.receive(cookie, setter, NOW_MS)
    is_trusted = request.scheme == "https" or is_loopback(request.host)
    is_cross_subrequest = request.origin is Origin.CROSS_SITE and request.is_navigation is not True
    lengths = []
    for sent in jar.send(request, NOW_MS + later_ms):
        attributes = {one.name: one.value for one in sent.cookie.attributes}
        lengths.append(len(sent.path))
        assert is_trusted or "Secure" not in attributes
        assert "Domain" in attributes or request.host in hosts[sent.cookie]
        assert not sent.cookie.name.startswith("__Host-") or request.host in hosts[sent.cookie]
        assert not sent.cookie.name.startswith("__") or "Secure" in attributes
        assert not is_cross_subrequest or attributes.get("SameSite") == "None"
        assert not (request.origin is Origin.CROSS_SITE and attributes.get("SameSite") == "Strict")
        assert attributes.get("Max-Age") != "0"
        assert attributes.get("Max-Age") != "60" or later_ms < 60_000
        assert f"{request.path}/".startswith(f"{attributes.get('Path', '/')}".rstrip("/") + "/")
        assert not attributes.get("Domain") or f".{request.host}".endswith(f".{attributes['Domain']}")
    assert lengths == sorted(lengths, reverse=True)
