"""Rules about the attributes that sessions carry for their cookie. Source: insight.md 1.3."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from inspector.core.store_facts import HOUR_MS, CookieSet, Mark, StoreFacts, StoreRule, enough
from inspector.core.store_finding import Fix, StoreFinding, Weight
from inspector.frameworks.express.doctor.fixes import cookie_line

_CODES = 1 << 20  # more attribute sets than there are
_KNOWN_SAME_SITE = frozenset(("strict", "lax", "none", "true", "false"))


def _with_cookie(facts: StoreFacts, test: Callable[[CookieSet], bool]) -> tuple[list[int], int]:
    """Return the living rows whose cookie's attributes pass the test, and how many have attributes at all."""
    codes = {code for code, cookie in enumerate(facts.cookies) if test(cookie)}
    living = facts.living(Mark.COOKIE)
    return [row for row in living if facts.cookie_codes[row] in codes], len(living)


def _same_site_unknown(facts: StoreFacts) -> StoreFinding | None:
    def is_unknown(cookie: CookieSet) -> bool:
        value = cookie.same_site
        return isinstance(value, str) and value.lower() not in _KNOWN_SAME_SITE

    rows, of = _with_cookie(facts, is_unknown)
    if not enough(len(rows), of, 0.01, 3):
        return None
    name = next(facts.cookies[facts.cookie_codes[row]].same_site for row in rows)
    return StoreFinding(
        "same-site-unknown",
        Weight.HIGH,
        f"{len(rows):,} sessions carry the unknown sameSite “{str(name)[:20]}”",
        "The next Set-Cookie fails without a word.",
        len(rows),
        of,
        (cookie_line("sameSite: 'lax'"),),
        facts.where(rows),
        links=("https://github.com/expressjs/express/issues/4159",),
    )


def _same_site_none_insecure(facts: StoreFacts) -> StoreFinding | None:
    def is_dropped(cookie: CookieSet) -> bool:
        return isinstance(cookie.same_site, str) and cookie.same_site.lower() == "none" and not cookie.secure

    rows, of = _with_cookie(facts, is_dropped)
    if not enough(len(rows), of, 0.01, 3):
        return None
    return StoreFinding(
        "same-site-none-insecure",
        Weight.HIGH,
        f"{len(rows):,} sessions have SameSite=None without Secure",
        "Browsers drop such a cookie.",
        len(rows),
        of,
        (cookie_line("sameSite: 'none', secure: true"),),
        facts.where(rows),
        links=("https://github.com/expressjs/session/issues/725",),
    )


def _script_readable_cookie(facts: StoreFacts) -> StoreFinding | None:
    rows, of = _with_cookie(facts, lambda cookie: cookie.http_only is False)
    if not enough(len(rows), of, 0.01, 3):
        return None
    return StoreFinding(
        "script-readable-cookie",
        Weight.MEDIUM,
        f"Scripts can read the cookie of {len(rows):,} sessions",
        "One script from elsewhere in a page, and the session is stolen.",
        len(rows),
        of,
        (cookie_line("httpOnly: true"),),
        facts.where(rows),
    )


def _not_secure(facts: StoreFacts) -> StoreFinding | None:
    if not facts.is_production:
        return None
    rows, of = _with_cookie(facts, lambda cookie: cookie.secure not in (True, "auto"))
    if not enough(len(rows), of, 0.01, 3):
        return None
    return StoreFinding(
        "not-secure",
        Weight.MEDIUM,
        f"The cookie of {len(rows):,} sessions is not Secure",
        "Unless a proxy adds it, the cookie also travels over plain http.",
        len(rows),
        of,
        (cookie_line("secure: 'auto'"), Fix("express", "app.set('trust proxy', 1)")),
        facts.where(rows),
        links=("https://github.com/Seneca-CDOT/telescope/issues/3792",),
    )


def _two_configurations(facts: StoreFacts) -> StoreFinding | None:
    """A deployment that changed them once stays silent, since the two are written in different hours; so does remember-me."""
    if len(facts.cookies) < 2:
        return None
    codes, ages, ends = facts.cookie_codes, facts.max_age, facts.cookie_ends
    rows = [row for row in facts.living(Mark.COOKIE) if codes[row] >= 0 and ages[row] > 0 and ends[row]]
    # The hour of the last save and the code in one number: a million of them are counted in C.
    written = Counter([int(ends[row] - ages[row]) // HOUR_MS * _CODES + codes[row] for row in rows])
    # `secure: 'auto'` is stored as what it came to, which differs from visitor to visitor.
    same_of = [(one.http_only, one.domain, one.path, str(one.same_site).lower()) for one in facts.cookies]
    hours: dict[int, Counter[tuple[object, ...]]] = {}
    total: Counter[tuple[object, ...]] = Counter()
    for key, count in written.items():
        hour, code = divmod(key, _CODES)
        hours.setdefault(hour, Counter())[same_of[code]] += count
        total[same_of[code]] += count
    if len(total) < 2:
        return None
    (first, _), (second, number) = total.most_common(2)
    writes = sum(total.values())
    both = [counts for counts in hours.values() if counts[first] and counts[second]]
    shared = sum(counts.total() for counts in both)
    is_mixed = all(sum(counts[one] for counts in both) >= 0.05 * shared for one in (first, second))
    if number < 0.05 * writes or shared < 0.5 * writes or not is_mixed or number < 3:
        return None
    return StoreFinding(
        "two-configurations",
        Weight.MEDIUM,
        "Two configurations write here at the same time",
        f"{number:,} of {writes:,} cookies have other attributes than the rest. Browsers keep two cookies of one name, "
        "and the older one wins.",
        number,
        writes,
        (
            cookie_line("path: '/', domain: undefined"),
            Fix("express-session", "session({name: 'sid2'})"),
        ),
        facts.where(rows, lambda row: same_of[codes[row]] == second),
        links=("https://github.com/expressjs/session/issues/1010", "https://github.com/expressjs/session/issues/881"),
    )


COOKIES = (
    StoreRule("same-site-unknown", _same_site_unknown),
    StoreRule("same-site-none-insecure", _same_site_none_insecure),
    StoreRule("script-readable-cookie", _script_readable_cookie),
    StoreRule("not-secure", _not_secure),
    StoreRule("two-configurations", _two_configurations),
)
