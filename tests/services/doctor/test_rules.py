"""Each rule over a store that has the fault and over healthy ones: the right finding, and no other at or above medium."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import redis

from inspector.core.secret import Secret
from inspector.core.store_finding import StoreFinding, Weight
from inspector.frameworks import EXPRESS
from inspector.services.catalogue.catalogue import Catalogue
from inspector.services.catalogue.listing import read_list
from inspector.services.doctor.examine import Diagnosis, examine, known_rules
from inspector.services.doctor.gather import Examination
from inspector.services.sessions.open_session import DecodeContext
from store_adapters.clock import now_ms
from store_adapters.contract import CancelToken
from store_adapters.registry import open_store
from tests.services.doctor.stores import DAY_MS, HOUR_MS, Application, Made, change_each, iso, text

NUMBER = 300


def fill_redis(url: str, made: list[Made]) -> None:
    with redis.Redis.from_url(url) as client, client.pipeline(transaction=False) as pipe:
        for one in made:
            pipe.set(f"sess:{one.session_id}", text(one), pxat=one.ends_ms)
        pipe.execute()


def diagnose(
    url: str, asked: Examination = Examination(), secrets: tuple[Secret, ...] = (), at_ms: int | None = None
) -> Diagnosis:
    store = open_store(url)
    try:
        catalogue = Catalogue(store, DecodeContext(secrets=secrets))
        for _ in read_list(store, catalogue, CancelToken()):
            pass
        *_, last = examine(store, catalogue, CancelToken(), asked, at_ms or now_ms())
        assert isinstance(last, Diagnosis)
        return last
    finally:
        store.close()


def found_in(diagnosis: Diagnosis, *, at_least: Weight = Weight.MEDIUM) -> set[str]:
    return {one.id for one in diagnosis.findings if one.weight.reaches(at_least)}


def finding(diagnosis: Diagnosis, identity: str) -> StoreFinding:
    return next(one for one in diagnosis.findings if one.id == identity)


@dataclass(frozen=True)
class Fault:
    """What an application or somebody did to the sessions, and how many of them the rule must name."""

    identity: str
    made: Callable[[], list[Made]]
    count: int | None = None
    also: frozenset[str] = frozenset()  # what is true besides
    weight: Weight = Weight.HIGH


def visitors(**options: Any) -> list[Made]:
    return Application(**options).visitors(NUMBER)


def with_change(share: float, change: Callable[[Made], None]) -> Callable[[], list[Made]]:
    def made() -> list[Made]:
        sessions = visitors()
        change_each(share, change)(sessions)
        return sessions

    return made


def set_end(ends_ms: Callable[[Made], int | None]) -> Callable[[Made], None]:
    def change(one: Made) -> None:
        one.ends_ms = ends_ms(one)

    return change


def set_member(name: str, value: Any) -> Callable[[Made], None]:
    def change(one: Made) -> None:
        one.session[name] = value

    return change


def set_cookie(**attributes: Any) -> Callable[[Made], None]:
    def change(one: Made) -> None:
        one.session["cookie"].update(attributes)

    return change


def replace_session(session: Any) -> Callable[[Made], None]:
    def change(one: Made) -> None:
        one.session = session

    return change


def empty_ones(share: float) -> Callable[[], list[Made]]:
    def change(one: Made) -> None:
        one.session = {"cookie": one.session["cookie"]}

    return with_change(share, change)


def never_returned() -> list[Made]:
    application = Application(touched=False, cookie={"httpOnly": True, "path": "/", "secure": True})
    now = time.time() * 1000
    return [
        application.session(
            number, now - 600_000 - number * 1000, user={"id": number % 12, "username": f"u{number % 12}"}
        )
        for number in range(96)
    ]


def short_lived() -> list[Made]:
    application, now = Application(max_age_ms=36_000, touched=False), time.time() * 1000
    return [application.session(number, now, views=number) for number in range(300)]


def two_configurations() -> list[Made]:
    first = Application(touched=False).visitors(NUMBER)
    other = {"httpOnly": True, "path": "/", "domain": "example.com", "sameSite": "lax"}
    return first + Application(touched=False, cookie=other).visitors(60, first=NUMBER)


def many_logins() -> list[Made]:
    now = time.time() * 1000
    return visitors() + [
        Application().session(
            10_000 + number, now - 300_000, user={"id": f"x{number % 20}", "username": f"x{number % 20}"}
        )
        for number in range(240)
    ]


def clock_ahead(one: Made) -> None:
    one.session["cookie"]["expires"] = iso((one.ends_ms or 0) + 95_000)


HASH = "$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"

FAULTS = (
    Fault("no-expiry", with_change(0.05, set_end(lambda _one: None)), 15),
    Fault("no-expiry", with_change(0.01, set_end(lambda _one: None)), 3, weight=Weight.MEDIUM),
    Fault(
        "ttl-unit", with_change(0.5, set_end(lambda _one: int(time.time() * 1000) + 86_400_000 * 1000)), 150,
        frozenset(("store-outlives-cookie",)),
    ),
    Fault("max-age-unit", short_lived, 300),
    Fault(
        "store-outlives-cookie", with_change(0.1, set_end(lambda one: (one.ends_ms or 0) + 30 * DAY_MS)), 30,
        weight=Weight.MEDIUM,
    ),
    Fault(
        "store-ends-before-cookie", with_change(0.5, set_end(lambda one: int(time.time() * 1000) + HOUR_MS)), 150,
        weight=Weight.MEDIUM,
    ),
    Fault("application-clock", with_change(0.2, clock_ahead), 60, weight=Weight.MEDIUM),
    Fault("long-lifetime", lambda: visitors(max_age_ms=365 * DAY_MS), weight=Weight.LOW),
    Fault("empty-sessions", empty_ones(0.5), 150, weight=Weight.MEDIUM),
    Fault("empty-sessions", empty_ones(1), 300),
    Fault("cookie-never-returned", never_returned, 96),
    Fault("many-sessions-of-one-user", many_logins, 240, weight=Weight.MEDIUM),
    Fault("breaks-requests", with_change(0.05, replace_session({"cookie": None})), 15),
    Fault("breaks-requests", with_change(0.05, set_cookie(originalMaxAge="1d")), 15),
    Fault("unreadable", with_change(0.05, replace_session(b"\x80\x02}q\x01.")), 15),
    Fault("reserved-name", with_change(0.05, set_member("reload", True)), 15, weight=Weight.MEDIUM),
    Fault("reserved-name", with_change(0.05, set_member("__proto__", {"a": 1})), 15, weight=Weight.MEDIUM),
    Fault("huge-sessions", with_change(0.02, set_member("report", ["row" * 30] * 1500)), 6, weight=Weight.MEDIUM),
    Fault(
        "heavy-key", with_change(1, set_member("catalog", ["item" * 5] * 600)), weight=Weight.MEDIUM
    ),
    Fault("flash-piles-up", with_change(0.05, set_member("flash", {"info": ["saved"] * 25})), 15, weight=Weight.MEDIUM),
    Fault("password-inside", with_change(0.05, set_member("form", {"name": "x", "password": "hunter22"})), 15),
    Fault("password-hash-inside", with_change(0.05, set_member("account", {"id": 7, "hash": HASH})), 15),
    Fault("card-number-inside", with_change(0.05, set_member("payment", {"cardNumber": "4111 1111 1111 1111"})), 15),
    Fault("token-inside", with_change(0.05, set_member("oauth", {"access_token": "a" * 40})), 15, weight=Weight.LOW),
    Fault("two-configurations", two_configurations, 60, weight=Weight.MEDIUM),
    Fault("same-site-unknown", with_change(1, set_cookie(sameSite="Laxx")), 300),
    Fault("same-site-none-insecure", with_change(1, set_cookie(sameSite="none")), 300),
    Fault("script-readable-cookie", with_change(1, set_cookie(httpOnly=False)), 300, weight=Weight.MEDIUM),
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=[f"{one.identity}-{place}" for place, one in enumerate(FAULTS)])
def test_fault_is_found_and_nothing_else(fault: Fault, redis_url: str) -> None:
    fill_redis(redis_url, fault.made())
    diagnosis = diagnose(redis_url)
    assert fault.identity in {one.id for one in diagnosis.findings}
    found = finding(diagnosis, fault.identity)
    assert found.weight is fault.weight
    if fault.count is not None:
        assert found.count == fault.count
    assert found_in(diagnosis) - SERVER <= {fault.identity, *fault.also}
    if len(found.rows):
        assert 1 <= len(diagnosis.samples[found.id]) <= 3


SERVER = {"not-persistent", "flushed", "no-password"}
"""What is true of the server that the tests start."""


def _remember_me() -> list[Made]:
    return Application().visitors(200) + Application(max_age_ms=30 * DAY_MS).visitors(100, first=200)


def _browser_sessions() -> list[Made]:
    return visitors(max_age_ms=None)


def _with_csrf_and_cards() -> list[Made]:
    made = visitors()
    for one in made:
        one.session |= {
            "csrfToken": "eyx" * 12,
            "order": {"number": "4111111111111111"},
            "hashed": "5f4dcc3b5aa765d61d8327deb882cf99",
        }
    return made


def _passport() -> list[Made]:
    application, now = Application(), time.time() * 1000
    return [
        application.session(
            number, now - number * 20_000, passport={"user": f"{number // 2:024x}"} if number % 14 else {}
        )
        for number in range(300)
    ]


HEALTHY: dict[str, Callable[[], list[Made]]] = {
    "visitors": visitors,
    "short sessions of a bank": lambda: visitors(max_age_ms=900_000),
    "remember me": _remember_me,
    "browser sessions": _browser_sessions,
    "passport": _passport,
    "texts that look alike": _with_csrf_and_cards,
    "secure": lambda: visitors(cookie={"httpOnly": True, "path": "/", "secure": True, "sameSite": "none"}),
    "strict": lambda: visitors(cookie={"httpOnly": True, "path": "/app", "domain": "example.com", "sameSite": True}),
    "few": lambda: Application().visitors(4),
    "none": list,
}


@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_store_is_silent(name: str, redis_url: str) -> None:
    fill_redis(redis_url, HEALTHY[name]())
    diagnosis = diagnose(redis_url)
    assert found_in(diagnosis) - SERVER == set()
    assert len(diagnosis.passed) > 15


def test_rules_have_ids_of_their_own_and_each_outcome_is_told_once(redis_url: str) -> None:
    fill_redis(redis_url, visitors())
    diagnosis = diagnose(redis_url)
    outcomes = [*diagnosis.passed, *diagnosis.not_checked, *(one.id for one in diagnosis.findings)]
    assert len(outcomes) == len(set(outcomes))
    assert set(outcomes) <= set(known_rules())
    assert {rule.id for rule in EXPRESS.doctor} <= set(known_rules())


def test_not_secure_is_a_finding_in_production_only(redis_url: str) -> None:
    fill_redis(redis_url, visitors())
    assert "not-secure" not in found_in(diagnose(redis_url))
    assert "not-secure" in found_in(diagnose(redis_url, Examination(is_production=True)))


def test_own_secrets_are_checked_here(redis_url: str) -> None:
    made = visitors()
    made[3].session["debug"] = "our very own secret of 2026"
    fill_redis(redis_url, made)
    secrets = (Secret.from_text("keyboard cat"), Secret.from_text("our very own secret of 2026"))
    diagnosis = diagnose(redis_url, secrets=secrets)
    assert {"public-secret", "short-secret", "secret-in-store"} <= found_in(diagnosis)
    assert finding(diagnosis, "secret-in-store").count == 1
    assert "public-secret" in diagnose(redis_url).not_checked


def test_only_what_the_filter_lets_through_is_examined(redis_url: str) -> None:
    made = visitors()
    made[0].session["form"] = {"password": "hunter22"}
    fill_redis(redis_url, made)
    assert "password-inside" in found_in(diagnose(redis_url))
    diagnosis = diagnose(redis_url, Examination(wanted=()))
    assert diagnosis.examined == 0 and "password-inside" not in found_in(diagnosis)


def test_odd_records_beyond_those_that_are_judged_one_by_one_are_counted_too(redis_url: str) -> None:
    made = Application().visitors(2000)
    for one in made[:1500]:
        one.session = {"cookie": None, "n": one.session_id}
    for one in made[1500:1600]:
        one.session = {"n": 1}
    fill_redis(redis_url, made)
    assert finding(diagnose(redis_url), "breaks-requests").count == 1600


def test_user_with_few_rights_is_told_what_was_not_checked(redis_url: str) -> None:
    made = visitors()
    made[0].ends_ms = None
    fill_redis(redis_url, made)
    with redis.Redis.from_url(redis_url) as client:
        rights = ["+@read", "+scan", "+select", "+ping"]
        client.acl_setuser("reader", enabled=True, passwords=["+pw"], keys=["sess:*"], commands=rights, reset=True)
        try:
            diagnosis = diagnose(redis_url.replace("redis://", "redis://reader:pw@") + "?prefix=sess:")
        finally:
            client.acl_deluser("reader")
    assert "no-expiry" in {one.id for one in diagnosis.findings}
    refused = {"evicted", "memory-full", "disk-write-fails", "not-persistent", "no-password", "flushed"}
    assert refused <= diagnosis.not_checked.keys()
    assert not refused & {*diagnosis.passed, *found_in(diagnosis, at_least=Weight.LOW)}
    assert "not allowed to this user" in diagnosis.not_checked["evicted"]
