"""Cookies of frameworks that are not checked here are called what they look like, and nothing more is said of them."""

from __future__ import annotations

import pytest

from inspector.cookies import Status, judge, read_cookies
from inspector.core.secret import Secret
from tests.cookies.frameworks import SAMPLES, Sample

LOOKS = {
    "django": "Django", "laravel": "Laravel", "rails": "Rails", "rack/sinatra": "Rack", "litestar": "Litestar", "tornado": "Tornado",
    "h3 v1": "h3", "h3 v2": "h3", "nuxt-auth-utils": "h3", "hono": "Hono or better-auth", "AdonisJS 6": "AdonisJS",
    "AdonisJS 7": "AdonisJS", "@supabase/ssr": "Supabase",
}  # fmt: skip
UNCHECKED = [one for one in SAMPLES.values() if one.framework in LOOKS and one.is_valid]


@pytest.mark.parametrize("sample", UNCHECKED, ids=[one.id for one in UNCHECKED])
def test_cookie_of_a_framework_that_is_not_checked_is_named_and_no_more(sample: Sample) -> None:
    for verdict in (sample.judge(), sample.judge(Secret.from_text("another"))):
        assert (verdict.scheme, verdict.status) == ("", Status.UNKNOWN)
        assert verdict.looks_like == LOOKS[sample.framework]
        assert verdict.detail.startswith("It looks like ")
        assert verdict.detail.endswith("not checked here.")
        assert (verdict.session_id, verdict.payload, verdict.secret_index) == (None, None, None)


@pytest.mark.parametrize(
    ("sample", "words"),
    [
        ("dj42-sc-compressed", "signed_cookies session, compressed and signed"),
        ("dj42-sc-basic", "signed_cookies session, signed"),
        ("dj42-sc-pickle", "compressed and signed"),
        ("dj42-signed-cookie-api", "set_signed_cookie"),
        ("dj52-cache-core", "on the server"),
        ("rails61-signed-json", "a signed cookie of Rails"),
        ("rails72-encrypted-gcm-json", "an encrypted cookie of Rails 5.2 and newer"),
        ("rails72-encrypted-cbc-hmac", "an encrypted cookie of Rails before 5.2"),
        ("rack2-hmac-marshal", "Marshal"),
        ("rack2-hmac-json", "Rack::Session::Cookie"),
        ("racksession2-v1", "rack-session 2"),
        ("laravel12-session-cookie", "not data"),
    ],
)
def test_what_the_bytes_tell_is_in_the_words(sample: str, words: str) -> None:
    assert words in SAMPLES[sample].judge().detail


@pytest.mark.parametrize("sample", ["dj42-sc-basic", "dj42-sc-compressed", "dj42-sc-pickle", "dj52-sc-tampered"])
def test_signed_cookie_of_django_is_never_said_to_be_on_the_server(sample: str) -> None:
    assert "session is on the server" not in SAMPLES[sample].judge().detail


@pytest.mark.parametrize("sample", ["rack2-hmac-marshal", "rack2-hmac-json", "racksession2-v1"])
def test_rack_is_not_called_rails(sample: str) -> None:
    assert "Rails" not in SAMPLES[sample].judge().detail


def test_marshal_under_another_name_is_racks_or_an_old_railss() -> None:
    value = SAMPLES["rack2-hmac-marshal"].cookies[0].raw
    verdict = judge(read_cookies(f"_shop_session={value}")[0], (), 0)
    assert "Rack::Session::Cookie (Rack, Sinatra), or Rails before 4.1" in verdict.detail


@pytest.mark.parametrize("name", ["laravel_session", "session", "connect.sid", "sessionId", "koa.sess"])
@pytest.mark.parametrize("sample", ["laravel12-session-cookie", "laravel12-gcm", "laravel8-bad-mac"])
def test_envelope_of_laravel_is_no_data_under_any_name(sample: str, name: str) -> None:
    value = SAMPLES[sample].cookies[0].raw
    for header in (f"{name}={value}", f"{name}={value}; {name}.sig=W3NDvRWvhVfSQVyvRAIWcDONxSw"):
        cookie = next(one for one in read_cookies(f"Cookie: {header}") if not one.signs)
        verdict = judge(cookie, (Secret.from_text("one key"),), 0)
        assert (verdict.looks_like, verdict.payload, verdict.status) == ("Laravel", None, Status.UNKNOWN)


@pytest.mark.parametrize(
    ("cookie", "words"),
    [
        ("sessionid=hjrz9e7u8gqtzu0vxbwdt0wmlgqg9pg9", "Django's session ID"),
        ("PHPSESSID=9f2vqk1s1q9m1u7i0h3s8v2c4d", "PHP's session ID"),
        ("JSESSIONID=0123456789ABCDEF0123456789ABCDEF.node1", "Java"),
    ],
)
def test_opaque_id_under_its_usual_name_is_said_to_be_on_the_server(cookie: str, words: str) -> None:
    verdict = judge(read_cookies(f"Cookie: {cookie}")[0], (), 0)
    assert words in verdict.detail
    assert "on the server" in verdict.detail


@pytest.mark.parametrize("cookie", ["sessionid=Hello", "PHPSESSID=a", "JSESSIONID=x", "sessionid=.eJxrYJ0axwAB"])
def test_usual_name_alone_tells_nothing(cookie: str) -> None:
    verdict = judge(read_cookies(f"Cookie: {cookie}")[0], (), 0)
    assert (verdict.looks_like, verdict.detail) == ("", "This is not a session cookie of a scheme that is known here.")
