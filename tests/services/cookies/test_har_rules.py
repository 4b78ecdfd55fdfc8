"""What the browser's rules and the server's make of a session in an HTTP archive: the fault is told where it begins."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from itsdangerous import TimestampSigner

from inspector.cookies import read_har, sign, signed_value
from inspector.core.secret import Secret
from inspector.services.cookies.har_report import Event, HarReport, follow_session
from tests.services.cookies.test_har_report import Recorder

SECRET = Secret.from_text("har secret")
SITE = "https://shop.example/"
API = "https://api.example.com/"
CROSS = {"Origin": "https://front.example.org", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}


def sid(letter: str, name: str = "connect.sid") -> str:
    return f"{name}={signed_value(letter * 32, SECRET)}"


def follow(*exchanges: tuple[Any, ...], shape: str = "chrome") -> HarReport:
    """Follow exchanges of (url, sent, Set-Cookie lines, further arguments of `note`)."""
    recorder = Recorder(1, shape)
    for url, sent, lines, *more in exchanges:
        recorder.note(url, sent, lines, **(more[0] if more else {}))
    return follow_session(read_har(recorder.archive()), [SECRET])


def events(report: HarReport) -> list[Event]:
    return [row.event for row in report.rows]


# Two cookies of one name


@pytest.mark.parametrize("shape", ["chrome", "firefox"])
def test_second_cookie_of_a_name_is_told_where_it_is_set(shape: str) -> None:
    new = f"{sid('b')}; Domain=.shop.example; Path=/; HttpOnly"
    report = follow(
        (f"{SITE}login", sid("a"), [new], {"method": "POST"}),
        (SITE, f"{sid('a')}; {sid('b')}", []),
        shape=shape,
    )
    assert events(report) == [Event.DOUBLED, Event.DOUBLED]
    assert report.summary.startswith("Request 1, POST /login: The browser now holds two cookies named connect.sid")
    assert "Express reads the first, aaaaaaaaaa…, so this answer's session never arrives" in report.summary
    assert "From request 2 on" in report.summary
    assert [(row.sent, row.all_sent, row.is_stored) for row in report.rows] == [
        ("a" * 32, ("a" * 32,), True),
        ("a" * 32, ("a" * 32, "b" * 32), None),
    ]


def test_two_cookies_that_were_there_before_are_told_at_the_first_request() -> None:
    report = follow((SITE, f"{sid('a')}; {sid('b')}", []))
    assert events(report) == [Event.DOUBLED]
    assert "sent 2 cookies named connect.sid. Express reads the first, aaaaaaaaaa…" in report.summary


@pytest.mark.parametrize(
    ("second", "difference"),
    [("Domain=shop.example; Path=/", "whose Domain is another"), ("Path=/account", "whose Path is another")],
)
def test_cookies_that_the_archive_set_are_told_by_their_attributes(second: str, difference: str) -> None:
    report = follow(
        (SITE, "", [f"{sid('a')}; Path=/"]),
        (f"{SITE}account/login", sid("a"), [f"{sid('b')}; {second}"], {"method": "POST"}),
    )
    assert events(report) == [Event.SET, Event.DOUBLED]
    assert difference in report.summary
    assert "host shop.example alone, Path=/" in report.summary


def test_longer_path_is_read_first_though_it_is_newer() -> None:
    report = follow(
        (SITE, "", [f"{sid('a')}; Path=/"]),
        (f"{SITE}account", sid("a"), [f"{sid('b')}; Path=/account"]),
    )
    assert "Express reads the first, bbbbbbbbbb…, and the other one elsewhere" in report.summary


def test_session_that_is_set_anew_in_both_cookies_is_one_session() -> None:
    report = follow(
        (SITE, "", [f"{sid('a')}; Path=/"]),
        (SITE, sid("a"), [f"{sid('a')}; Path=/; Domain=shop.example"]),
    )
    assert events(report) == [Event.SET, Event.RENEWED]


def test_same_cookie_set_again_is_no_second_one() -> None:
    report = follow(
        (SITE, sid("a"), [f"{sid('b')}; Path=/"], {"method": "POST"}),
        (SITE, sid("b"), []),
    )
    assert events(report) == [Event.REPLACED, Event.KEPT]


def test_starlette_reads_the_last_of_one_name() -> None:
    signer = TimestampSigner("har secret")
    first, second = (signer.sign(b64encode(f'{{"user": "{name}"}}'.encode())).decode() for name in ("ada", "bob"))
    report = follow((SITE, f"session={first}; session={second}", []))
    assert "Starlette reads the last" in report.summary
    assert report.rows[0].sent == report.rows[0].all_sent[1]


# Stored or not


@pytest.mark.parametrize(
    ("name", "attributes", "url", "words"),
    [
        ("connect.sid", "Path=/; Secure", "http://shop.example/login", "Use https"),
        ("connect.sid", "Path=/; Domain=shop.example.org", f"{SITE}login", "not this host"),
        ("connect.sid", "Path=/; Domain=www.shop.example", f"{SITE}login", "not this host"),
        ("connect.sid", "Path=/; Domain=vercel.app", "https://my.vercel.app/login", "public suffix"),
        ("connect.sid", "Path=/; SameSite=None", f"{SITE}login", "Add Secure"),
        ("connect.sid", "Path=/; Partitioned", f"{SITE}login", "Add Secure"),
        ("__Host-sid", "Path=/; HttpOnly", f"{SITE}login", "demands Secure"),
        ("__host-sid", "Path=/; Secure; Domain=shop.example", f"{SITE}login", "no Domain"),
        ("__Host-sid", "Path=/app; Secure", f"{SITE}login", "Path=/"),
        ("__Secure-sid", "Path=/", f"{SITE}login", "demands Secure"),
    ],
)
def test_cookie_that_is_not_stored_is_the_headline(name: str, attributes: str, url: str, words: str) -> None:
    report = follow(
        (url, "", [f"{sid('a', name)}; {attributes}"], {"method": "POST"}),
        (url.replace("login", "me"), "", []),
    )
    assert events(report) == [Event.DROPPED, Event.LOST]
    assert report.summary.startswith("Request 1, POST /login: ")
    assert words in report.summary
    assert [row.is_stored for row in report.rows] == [False, None]
    assert "did not store the one of request 1" in report.rows[1].text


def test_cookie_is_stored_over_http_on_the_own_machine() -> None:
    report = follow(
        ("http://localhost:3000/login", "", [f"{sid('a')}; Path=/; Secure"]),
        ("http://localhost:3000/", sid("a"), []),
    )
    assert events(report) == [Event.SET, Event.KEPT]


@pytest.mark.parametrize(
    "exchange",
    [
        {"asked": CROSS},
        {"asked": {"Origin": "https://front.example.org"}},
        {"_initiator": {"type": "script", "stack": {"callFrames": [{"url": "https://front.example.org/a.js"}]}}},
        {"_initiator": {"type": "script", "url": "https://front.example.org/"}, "_resourceType": "xhr"},
        {"asked": {"Referer": "https://front.example.org/"}},
    ],
)
@pytest.mark.parametrize("same_site", ["", "; SameSite=Lax", "; SameSite=Strict"])
def test_cookie_of_a_cross_site_answer_is_stored_with_none_only(exchange: dict[str, Any], same_site: str) -> None:
    more = {"method": "POST", **exchange}
    report = follow(
        (f"{API}login", "", [f"{sid('a')}; Path=/; Secure{same_site}"], more), (f"{API}me", "", [], exchange)
    )
    assert events(report) == [Event.DROPPED, Event.LOST]
    assert "cross-site request from front.example.org" in report.summary
    assert "SameSite=None; Secure" in report.summary
    good = follow((f"{API}login", "", [f"{sid('a')}; Path=/; Secure; SameSite=None"], more))
    assert events(good) == [Event.SET]


@pytest.mark.parametrize(
    "exchange",
    [
        {"asked": {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}},
        {"asked": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}},
        {"asked": {"Origin": "https://www.example.com"}},
        {"asked": SAME_ORIGIN},
        {"asked": {"Referer": "https://mail.example.org/"}, "_resourceType": "document"},
        {"_initiator": "not Chrome's", "_resourceType": 3, "_fromCache": None},
        {},
    ],
)
def test_cookie_without_same_site_is_stored_on_visits_and_within_the_site(exchange: dict[str, Any]) -> None:
    assert events(follow((API, "", [f"{sid('a')}; Path=/"], exchange))) == [Event.SET]


def test_what_the_archive_says_was_sent_wins_over_the_rules() -> None:
    report = follow(
        ("http://shop.example/login", "", [f"{sid('a')}; Path=/; Secure"]),
        ("http://shop.example/", sid("a"), []),
    )
    assert events(report) == [Event.SET, Event.KEPT]
    assert "this client stored it; browsers that follow the current rules would not" in report.rows[0].text


# Sent or not


def test_lax_cookie_is_kept_back_from_a_cross_site_fetch() -> None:
    report = follow((API, "", [f"{sid('a')}; Path=/"]), (f"{API}me", "", [], {"asked": CROSS, "status": 401}))
    assert events(report) == [Event.SET, Event.LOST]
    assert "no SameSite, which means Lax" in report.summary


def test_strict_cookie_is_kept_back_from_a_link_and_comes_back_after_it() -> None:
    link = {"Referer": "https://mail.example.org/", "Upgrade-Insecure-Requests": "1"}
    strict = f"{sid('a')}; Path=/; SameSite=Strict"
    report = follow((SITE, "", [strict]), (SITE, "", [], {"asked": link}), (SITE, sid("a"), [], {"asked": SAME_ORIGIN}))
    assert events(report) == [Event.SET, Event.LOST, Event.KEPT]
    assert "mail.example.org began this request" in report.summary
    assert "before this archive" not in report.rows[2].text


def test_fetch_without_credentials_is_told_with_the_option_it_lacks() -> None:
    asked = {"Origin": "https://www.example.com", "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"}
    report = follow((API, "", [f"{sid('a')}; Path=/"]), (f"{API}me", "", [], {"asked": asked}))
    assert events(report) == [Event.SET, Event.LOST]
    assert "credentials: 'include'" in report.summary
    assert "Access-Control-Allow-Credentials" in report.summary


@pytest.mark.parametrize("path", ["", "; Path=/auth"])
def test_cookie_of_a_login_folder_is_missed_elsewhere(path: str) -> None:
    report = follow(
        (f"{SITE}auth/login", "", [f"{sid('a')}{path}"], {"method": "POST"}),
        (f"{SITE}style.css", "", []),
        (f"{SITE}dashboard", "", []),
    )
    assert events(report) == [Event.SET, Event.LOST]
    assert report.summary.startswith("Request 3, GET /dashboard: The cookie's Path is /auth")
    assert "Set Path=/." in report.summary


def test_host_only_cookie_is_missed_by_the_sister_host_that_refuses() -> None:
    report = follow(
        ("https://www.example.com/login", "", [f"{sid('a')}; Path=/"], {"method": "POST"}),
        (f"{API}me", "", [], {"status": 401, "asked": {"Origin": "https://www.example.com"}}),
    )
    assert events(report) == [Event.SET, Event.LOST]
    assert "for www.example.com alone" in report.summary


def test_request_outside_of_the_cookie_is_remarked_where_it_may_be_meant() -> None:
    report = follow((f"{SITE}admin", "", [f"{sid('a')}; Path=/admin"]), (f"{SITE}public", "", []))
    assert events(report) == [Event.SET]
    assert "No session was lost" in report.summary
    assert "Request 2 went without it: The cookie's Path is /admin" in report.summary


def test_sessions_of_two_sites_say_nothing_of_each_other() -> None:
    report = follow(
        (f"{SITE}login", "", [f"{sid('a')}; Path=/"], {"method": "POST"}),
        ("https://elsewhere.example/", "", [f"{sid('b')}; Path=/"], {"status": 401}),
        ("https://elsewhere.example/", sid("b"), []),
        (SITE, sid("a"), []),
    )
    assert events(report) == [Event.SET, Event.SET, Event.KEPT, Event.KEPT]


def test_domain_cookie_is_followed_to_the_sister_host() -> None:
    report = follow(
        ("https://www.example.com/", "", [f"{sid('a')}; Path=/; Domain=example.com"]),
        (API, sid("a"), []),
        (API, "", []),
    )
    assert events(report) == [Event.SET, Event.KEPT, Event.LOST]


def test_deletion_with_another_domain_deletes_nothing() -> None:
    gone = "connect.sid=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
    report = follow(
        (SITE, "", [f"{sid('a')}; Path=/; Domain=shop.example"]),
        (f"{SITE}logout", sid("a"), [gone], {"method": "POST"}),
        (SITE, sid("a"), []),
    )
    assert events(report) == [Event.SET, Event.UNDELETED, Event.KEPT]
    assert "deletes nothing" in report.summary
    assert "Domain=shop.example, Path=/" in report.summary


def test_deletion_of_a_cookie_from_before_the_archive_is_believed_until_it_is_sent_again() -> None:
    gone = "connect.sid=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
    logout = (f"{SITE}logout", sid("a"), [gone])
    assert events(follow(logout, (SITE, "", []))) == [Event.CLEARED]
    assert events(follow(logout, (SITE, sid("a"), []))) == [Event.UNDELETED, Event.KEPT]


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ("Max-Age=0", "Max-Age is over at once"),
        ("Max-Age=-1; Expires=Fri, 01 Jan 2027 00:00:00 GMT", "Max-Age is over at once"),
        ("Expires=Tue, 24 Nov 2026 12:00:00 GMT", "cookie.maxAge is in milliseconds"),
    ],
)
def test_session_whose_cookie_is_over_when_it_arrives_is_not_stored(attributes: str, words: str) -> None:
    report = follow((f"{SITE}login", "", [f"{sid('a')}; Path=/; {attributes}"]), (SITE, "", []))
    assert events(report) == [Event.DROPPED, Event.LOST]
    assert words in report.summary


def test_payment_page_that_posts_back_comes_without_the_lax_cookie() -> None:
    back = {
        "Origin": "https://pay.example.org", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    }  # fmt: skip
    report = follow(
        (SITE, "", [f"{sid('a')}; Path=/"]),
        (f"{SITE}paid", "", [f"{sid('b')}; Path=/"], {"method": "POST", "asked": back}),
    )
    assert events(report) == [Event.SET, Event.LOST]
    assert "began a new session" in report.summary
    assert "cross-site request from pay.example.org" in report.summary


def test_refused_signature_of_the_cookie_that_is_read_is_told_with_the_other_one() -> None:
    stale = f"connect.sid={signed_value('a' * 32, Secret.from_text('retired'))}"
    report = follow((SITE, f"{stale}; {sid('b')}", []))
    assert events(report) == [Event.DOUBLED]
    assert "signature" in report.summary


# Requests that carry no cookie by their nature


def test_request_that_began_before_the_answer_loses_nothing() -> None:
    report = follow(
        (SITE, "", [f"{sid('a')}; Path=/"], {"time": 2500}),
        (f"{SITE}early", "", []),
        (f"{SITE}late", "", []),
        (SITE, sid("a"), []),
    )
    assert [row.exchange.number for row in report.rows] == [1, 4]


@pytest.mark.parametrize(
    "exchange",
    [
        {
            "method": "OPTIONS",
            "asked": {"Access-Control-Request-Method": "POST", "Origin": "https://front.example.org"},
        },
        {"_fromCache": "disk"},
        {"status": 0},
    ],
)
def test_preflights_cached_answers_and_failed_requests_lose_nothing(exchange: dict[str, Any]) -> None:
    first = (SITE, "", [f"{sid('a')}; Path=/"])
    report = follow(first, (SITE, "", [], exchange), (SITE, sid("a"), []))
    assert events(report) == [Event.SET, Event.KEPT]


def test_answer_from_the_cache_sets_nothing() -> None:
    cached = (SITE, "", [f"{sid('b')}; Path=/"], {"_fromCache": "memory"})
    report = follow((SITE, "", [f"{sid('a')}; Path=/"]), cached, (SITE, sid("a"), []))
    assert events(report) == [Event.SET, Event.KEPT]


def test_cookie_that_a_script_changed_is_taken_as_it_was_sent() -> None:
    report = follow((SITE, "", [f"{sid('a')}; Path=/"]), (SITE, sid("b"), []), (SITE, sid("b"), []))
    assert events(report) == [Event.SET, Event.KEPT, Event.KEPT]


def test_wrong_clock_of_the_server_ends_no_cookie() -> None:
    line = f"{sid('a')}; Path=/; Expires=Tue, 24 Nov 2026 10:00:00 GMT"
    dated = {"answered": {"Date": "Tue, 24 Nov 2026 09:00:00 GMT"}}
    assert events(follow((SITE, "", [line], dated), (SITE, sid("a"), []))) == [Event.SET, Event.KEPT]


def test_redacted_archive_is_followed_by_the_custom_name() -> None:
    report = follow((SITE, "", ["connect.sid=REDACTED; Path=/; SameSite=None"]), (SITE, "", []))
    assert events(report) == [Event.DROPPED, Event.LOST]


def test_bad_signature_is_still_the_first_trouble() -> None:
    value = sign("a" * 32, Secret.from_text("another"))
    report = follow((SITE, f"connect.sid=s:{value}", []), (SITE, f"{sid('a')}; {sid('b')}", []))
    assert events(report) == [Event.REFUSED, Event.DOUBLED]
