"""Paths, findings, expiry, display and secrets: small facts the rest stands on."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.codecs import parse_json
from inspector.core.display import escape_display, format_time, parse_time
from inspector.core.expiry import format_countdown, format_duration
from inspector.core.field_path import FieldPathError, format_keys, parse_field_path
from inspector.core.finding import Severity
from inspector.core.secret import Secret
from inspector.core.type_words import describe_moment, describe_type
from inspector.frameworks import EXPRESS, FASTIFY, KOA, OTHER, Framework, check_edit, examine, explain_expiry
from inspector.frameworks.express.findings import RESERVED_KEYS, judge_lifetime
from store_adapters.redis.kind import REDIS

GOOD = '{"cookie":{"originalMaxAge":86400000,"expires":"2026-11-24T22:29:03.114Z","httpOnly":true,"path":"/"},"user":{"id":1}}'
KEYS = st.lists(st.integers(0, 99) | st.text(max_size=8), min_size=1, max_size=5)


@given(KEYS)
def test_path_is_read_as_it_was_written(keys: list[str | int]) -> None:
    assert parse_field_path(format_keys(tuple(keys))) == tuple(keys)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("user.role", ("user", "role")),
        ("cart[1]", ("cart", 1)),
        ('["odd.key"]', ("odd.key",)),
        ('a["b c"][0].d', ("a", "b c", 0, "d")),
    ],
)
def test_paths_of_the_documentation(text: str, keys: tuple[str | int, ...]) -> None:
    assert parse_field_path(text) == keys


@pytest.mark.parametrize("text", ["", ".", "a.", "a..b", "a[", "a[x]", 'a["b]'])
def test_bad_path_says_so(text: str) -> None:
    with pytest.raises(FieldPathError):
        parse_field_path(text)


@given(st.text())
def test_shown_text_holds_no_control_character(text: str) -> None:
    hidden = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert not hidden & {unicodedata.category(character) for character in escape_display(text)}


def test_direction_marks_are_spelled_out() -> None:
    assert "\u202e" not in escape_display("user\u202egnp.exe")


@given(st.integers(0, 4_000_000_000_000))
def test_time_is_read_as_it_was_written(epoch_ms: int) -> None:
    assert parse_time(format_time(epoch_ms)) == epoch_ms


def test_secret_never_shows_itself() -> None:
    secret = Secret.from_text("keyboard cat", "current")
    assert "keyboard" not in repr(secret) + str(secret) + f"{secret}"
    assert secret.reveal() == b"keyboard cat"


def _refused(text: str, kind: str = "redis") -> list[str]:
    found = check_edit(parse_json(GOOD), parse_json(text), kind, EXPRESS)
    return [one.text for one in found if one.severity is Severity.REFUSED]


def test_good_record_has_no_finding_and_harmless_edit_is_not_refused() -> None:
    assert [one for one in examine(parse_json(GOOD), "redis", EXPRESS) if one.severity is not Severity.NOTE] == []
    assert _refused(GOOD.replace('"id":1', '"id":2')) == []


@pytest.mark.parametrize(
    "text",
    [
        '{"user":{"id":1}}',
        GOOD.replace("86400000", '"1 day"'),
        "[]",
        '"text"',
    ],
)
def test_what_breaks_the_application_is_refused(text: str) -> None:
    assert _refused(text)


@pytest.mark.parametrize("key", sorted(RESERVED_KEYS - {"__proto__"}))
def test_reserved_key_is_refused_or_warned_about(key: str) -> None:
    text = GOOD[:-1] + f',"{key}":1}}'
    assert check_edit(parse_json(GOOD), parse_json(text), "redis", EXPRESS)


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ('{"cookie":{"originalMaxAge":null,"expires":null,"path":"/"}}', "redis", "saveUninitialized"),
        (GOOD.replace('"path":"/"', '"path":"/admin"'), "redis", "Outside this path"),
        (GOOD.replace('"path":"/"', '"path":"/","expires":"soon"'), "redis", "stands more than once"),
        ('{"cookie":{"originalMaxAge":null,"expires":"soon","path":"/"},"a":1}', "redis", "isn't a date"),
        ('{"cookie":{},"a":1}', "redis", "cookie is empty"),
        ('{"cookie":{"sameSite":"sometimes"},"a":1}', "redis", "Set-Cookie silently fails"),
        ('{"cookie":{"sameSite":"none"},"a":1}', "redis", "browsers drop"),
        ('{"cookie":{"secure":true},"a":1}', "redis", "trust"),
        ('{"cookie":{"originalMaxAge":5000},"a":1}', "redis", "less than a minute"),
        ('{"cookie":{"originalMaxAge":null,"expires":"2026-11-24T00:10:48.079Z"},"a":1}', "redis", "default lifetime"),
        ('{"cookie":{"originalMaxAge":0},"a":1,"__lastAccess":1}', "file", "ttl option"),
        ('{"cookie":{"originalMaxAge":0},"a":1}', "redis", "ends with the next request"),
        ('{"cookie":{"secure":"auto"},"a":1}', "redis", "means true"),
        ('{"cookie":{"priority":"urgent"},"a":1}', "redis", "Set-Cookie silently fails"),
        ('{"cookie":{"path":"/;x"},"a":1}', "redis", "Set-Cookie silently fails"),
        ('{"cookie":{"domain":"exa mple;"},"a":1}', "redis", "Set-Cookie silently fails"),
        (GOOD, "file", "__lastAccess is missing"),
        (GOOD[:-1] + ',"__lastAccess":"1795476237854"}', "file", "isn't a number"),
        (GOOD[:-1] + ',"lastModified":"now"}', "mongo", "isn't a Date"),
        (GOOD[:-1] + ',"big":9007199254740993}', "redis", "9007199254740992"),
        ("null", "redis", "starts a new session"),
    ],
)
def test_pitfall_is_seen_at_its_field(text: str, kind: str, words: str) -> None:
    assert any(words in one.text + one.remedy for one in examine(parse_json(text), kind, EXPRESS))


def test_change_of_expires_alone_is_told_to_have_no_effect() -> None:
    old = '{"cookie":{"originalMaxAge":60000,"expires":"2030-01-01T00:00:00.000Z"},"a":1}'
    found = check_edit(parse_json(old), parse_json(old.replace("2030", "2031")), "redis", EXPRESS)
    assert ["no effect" in one.text for one in found] == [True]


def test_lifetime_beyond_the_cookies_is_told() -> None:
    root = parse_json('{"cookie":{"originalMaxAge":3600000},"a":1}')
    assert judge_lifetime(root, "redis", "", 3_600_000, 0) == []
    assert judge_lifetime(root, "redis", "", 86_400_000, 0)[0].path == (0, 0)


def test_lifetime_beyond_the_cookies_is_told_beside_a_cookie_that_was_never_sent() -> None:
    """Row 5 of the pitfalls and row 14 may both be true of one record."""
    text = '{"cookie":{"originalMaxAge":3600000,"expires":"1970-01-02T00:00:00.000Z","secure":true},"a":1}'
    found = judge_lifetime(parse_json(text), "redis", "", 86_400_000, 0)
    assert ["never sent" in one.text for one in found] == [True, False]
    assert ["keeps this session longer" in one.text for one in found] == [False, True]


def test_secure_session_that_nobody_came_back_with_is_told() -> None:
    text = '{"cookie":{"originalMaxAge":3600000,"expires":"1970-01-01T01:00:00.000Z","secure":%s},"a":1}'
    assert "never sent" in judge_lifetime(parse_json(text % "true"), "redis", "", 3_600_000, 0)[0].text
    # A touch moves the TTL alone: somebody did come back.
    assert judge_lifetime(parse_json(text % "true"), "redis", "", 3_660_000, 60_000) == []
    assert judge_lifetime(parse_json(text % "false"), "redis", "", 3_600_000, 0) == []


def test_other_libraries_have_rules_of_their_own() -> None:
    koa = parse_json('{"user":1,"_expire":1795479262370,"_maxAge":86400000}')
    assert examine(koa, "redis", KOA) == ()
    assert check_edit(koa, parse_json('{"user":1,"_expire":"x"}'), "redis", KOA)[0].severity is Severity.REFUSED
    assert [one.severity for one in examine(parse_json('{"cart":[]}'), "redis", FASTIFY)] == [Severity.NOTE]
    assert examine(parse_json('{"cart":[]}'), "redis", OTHER) == ()


def test_old_oddities_are_not_the_edits_fault() -> None:
    odd = '{"user":1,"id":2}'
    assert check_edit(parse_json(odd), parse_json(odd.replace("1", "3")), "redis", EXPRESS) == ()


def test_store_decides_when_a_session_ends() -> None:
    report = explain_expiry(EXPRESS, REDIS.clock, 60_000, parse_json(GOOD), None, 0)
    assert [one.name for one in report.sources if one.counts] == ["Redis TTL"]
    assert report.expires_at_ms == 60_000
    assert {"cookie.originalMaxAge", "cookie.expires"} <= {one.name for one in report.sources}


@pytest.mark.parametrize(
    ("text", "framework", "name"),
    [
        ('{"user":1,"_expire":50000,"_maxAge":86400000}', KOA, "_expire"),
        ('{"cookie":{"expires":"1970-01-01T00:00:50.000Z","originalMaxAge":5}}', FASTIFY, "cookie.expires"),
        (
            '{"cookie":{"expires":"1970-01-01T00:02:00.000Z","originalExpires":"1970-01-01T00:00:50.000Z"}}',
            FASTIFY,
            "cookie.originalExpires",
        ),
    ],
)
def test_end_that_the_library_reads_in_the_record_counts_where_it_comes_first(
    text: str, framework: Framework, name: str
) -> None:
    for store_ms, counts, ends in ((60_000, name, 50_000), (40_000, "Redis TTL", 40_000), (None, name, 50_000)):
        report = explain_expiry(framework, REDIS.clock, store_ms, parse_json(text), None, 0)
        assert [one.name for one in report.sources if one.counts] == [counts]
        assert name in [one.name for one in report.sources]
        assert report.expires_at_ms == ends


def test_cookie_expires_tells_when_the_record_was_last_saved() -> None:
    """A touch leaves it behind: how far tells of resave, which moves it at every request."""
    record = '{"cookie":{"originalMaxAge":%s,"expires":"2026-11-24T01:00:00.000Z"}}'
    midnight = 1_795_478_400_000
    for lifetime, words in (("3600000", "save, 20 m ago."), ("null", "save."), ("1e999", "save."), ("-1e999", "save.")):
        (note,) = [
            one.note
            for one in explain_expiry(
                EXPRESS, REDIS.clock, None, parse_json(record % lifetime), None, midnight + 1_200_000
            ).sources
            if one.name == "cookie.expires"
        ]
        assert f"from the last full {words}" in note


def test_durations_in_words() -> None:
    assert (format_duration(86_399_000), format_countdown(None, 0)) == ("23 h 59 m", "no expiry")
    assert format_countdown(0, 240_000) == "expired 4 m"


def test_dates_and_durations_are_named_beside_the_type() -> None:
    node = parse_json('{"maxAge":86400000,"at":"2026-11-24T22:29:03.114Z","n":5}')
    words = [describe_type(entry.value, entry.key, 0) for entry in node.entries]
    assert words[0] == "number · 1 d"
    assert words[1].startswith("date · in ")
    assert words[2] == "number"


def test_number_that_is_a_time_is_told_as_from_now_first() -> None:
    words = [
        describe_type(parse_json(text), "__lastAccess", 1_795_874_320_000) for text in ("1795874315329", "1795874315")
    ]
    assert words == ["number · 5 s ago, 2026-11-28T13:58:35.329Z", "number · 5 s ago, 2026-11-28T13:58:35.000Z"]
    assert describe_type(parse_json("1e999"), "__lastAccess", 0) == "number"


@pytest.mark.parametrize(
    ("away_s", "words"),
    [
        (0, "just now"),
        (-50, "50 s ago"),
        (86_300, "in 1 d"),
        (80_300, "in 22 h"),
        (5_000, "in 1 h"),
        (-3_000, "50 m ago"),
    ],
)
def test_moment_is_told_in_one_unit(away_s: int, words: str) -> None:
    assert describe_moment(away_s * 1000, 0) == words
