"""Rules about what stands in any store: formats, sizes, and what should not be kept in a session. Source: insight.md 1.3."""

from __future__ import annotations

from collections import Counter

from inspector.core.display import escape_display, format_size
from inspector.core.store_facts import Mark, StoreFacts, StoreRule, enough
from inspector.core.store_finding import Chart, Fix, StoreFinding, Weight

_HUGE_BYTES, _HUGEST_BYTES, _TIMES_MEDIAN = 64 << 10, 1 << 20, 20
_HEAVY_BYTES = 8 << 10
_MANY_SESSIONS, _MOST_SESSIONS = 10, 50


def _command(line: str) -> Fix:
    return Fix("session-inspector", line)


def _unreadable(facts: StoreFacts) -> StoreFinding | None:
    rows = facts.rows()
    found = facts.where([row for bit in (Mark.UNREADABLE, Mark.OTHER_TYPE) for row in facts.rows(bit)])
    if not len(found):
        return None
    return StoreFinding(
        "unreadable",
        Weight.HIGH if len(found) >= 0.01 * len(rows) else Weight.MEDIUM,
        f"{len(found):,} {'record is' if len(found) == 1 else 'records are'} in no known format",
        "The application answers 500 for it, or drops it.",
        len(found),
        len(rows),
        (_command("session-inspector list STORE --filter finding:unreadable"),),
        found,
        links=("https://github.com/valery-barysok/session-file-store/issues/21",),
    )


def _mixed_formats(facts: StoreFacts) -> StoreFinding | None:
    codes, marks = facts.format_codes, facts.marks
    if len({_family(name) for name in facts.formats} - {""}) < 2:
        return None
    rows = [row for row in facts.living() if not marks[row] & (Mark.UNREADABLE | Mark.OTHER_TYPE | Mark.BREAKS)]
    names: Counter[str] = Counter()
    for code, number in Counter([codes[row] for row in rows]).items():
        names[_family(facts.formats[code])] += number
    names.pop("", None)
    if len(names) < 2:
        return None
    (commonest, _number), *others = names.most_common()
    count = sum(number for _name, number in others)
    other = {code for code, name in enumerate(facts.formats) if _family(name) not in ("", commonest)}
    found = facts.where([row for row in rows if codes[row] in other])
    return StoreFinding(
        "mixed-formats",
        Weight.HIGH,
        f"{count:,} of {len(rows):,} records have another format than the rest",
        f"Most are {commonest}; others are {', '.join(name for name, _number in others)}. "
        "An application that expects the one answers 500 for the other.",
        count,
        len(rows),
        (_command("session-inspector delete STORE --filter finding:mixed-formats"),),
        found,
        links=(
            "https://github.com/jdesboeufs/connect-mongo/issues/393",
            "https://github.com/jdesboeufs/connect-mongo/issues/410",
        ),
    )


def _family(name: str) -> str:
    """Return what one configuration of a library writes, "" for what tells nothing."""
    if name.startswith(("not read", "unreadable", "JSON")):
        return ""
    return "encrypted" if name.startswith("encrypted") else name


def _huge_sessions(facts: StoreFacts) -> StoreFinding | None:
    rows = facts.living()
    stored = facts.sizes
    sizes = Counter([stored[row] for row in rows])
    middle = _counted_median(sizes)
    limit = max(_HUGE_BYTES, _TIMES_MEDIAN * middle)
    largest = max(sizes, default=0)
    if largest <= limit:
        return None
    found = facts.where([row for row in rows if stored[row] > limit])
    return StoreFinding(
        "huge-sessions",
        Weight.HIGH if largest > _HUGEST_BYTES else Weight.MEDIUM,
        f"{len(found):,} {'session is' if len(found) == 1 else 'sessions are'} far larger than the rest",
        f"The largest is {format_size(largest)}, the median {format_size(middle)}. Every request reads and writes it whole.",
        len(found),
        len(rows),
        (Fix("application", "req.session.reportId = report.id  // not the report itself"),),
        found,
        _size_chart(sizes),
        links=("https://github.com/expressjs/session/issues/257",),
    )


def _counted_median(counts: Counter[int]) -> int:
    half, passed = counts.total() // 2, 0
    for value in sorted(counts):
        passed += counts[value]
        if passed > half:
            return value
    return 0


def _size_chart(sizes: Counter[int]) -> Chart:
    bars: Counter[int] = Counter()
    for size, number in sizes.items():
        bars[max(7, size.bit_length())] += number
    return Chart("bytes", tuple((float(1 << step - 1), float(1 << step), bars[step]) for step in sorted(bars)))


def _heavy_key(facts: StoreFacts) -> StoreFinding | None:
    tops = {name: number for name, number in facts.key_bytes.items() if "." not in name}
    total = sum(tops.values())
    if not facts.sampled or total < _HEAVY_BYTES * facts.sampled:
        return None
    name, number = max(tops.items(), key=lambda item: item[1])
    if number < total / 2:
        return None
    key = escape_display(name, 40)
    return StoreFinding(
        "heavy-key",
        Weight.MEDIUM,
        f"{key} is {100 * number / total:.0f} % of your sessions",
        f"{format_size(total // facts.sampled)} a session on average, read and written at each request. "
        "Keep it in a database or a cache.",
        facts.sampled,
        facts.sampled,
        (Fix("application", f"delete req.session.{key}  // keep an ID in its place"),),
        chart=Chart("bytes", tuple((0.0, float(size), size) for size in sorted(tops.values(), reverse=True)[:8])),
    )


def _inside(mark: int, identity: str, weight: Weight, what: str, text: str, fix: Fix, *links: str) -> StoreRule:
    def find(facts: StoreFacts) -> StoreFinding | None:
        found = facts.where(facts.rows(mark))
        if not len(found):
            return None
        holds = "session holds" if len(found) == 1 else "sessions hold"
        title = f"{len(found):,} {holds} {what}"
        return StoreFinding(identity, weight, title, text, len(found), facts.all_rows, (fix,), found, links=links)

    return StoreRule(identity, find)


def _many_sessions(facts: StoreFacts) -> StoreFinding | None:
    users = facts.users
    rows = [row for row in facts.living() if users[row] >= 0]
    sessions_of = Counter([users[row] for row in rows])
    many = {user for user, number in sessions_of.items() if number >= _MANY_SESSIONS}
    most = max(sessions_of.values(), default=0)
    is_common = enough(len(many), len(sessions_of), 0.05, 3)
    if not is_common and most < _MOST_SESSIONS:
        return None
    found = facts.where(rows, lambda row: facts.users[row] in many)
    bars = Counter(min(number, _MOST_SESSIONS) for number in sessions_of.values())
    return StoreFinding(
        "many-sessions-of-one-user",
        Weight.MEDIUM if is_common else Weight.LOW,
        f"{len(many):,} {'user has' if len(many) == 1 else 'users have'} ten sessions or more",
        f"The most are {most:,}: a login that does not stick, a script, or a shared account.",
        len(found),
        len(rows),
        (Fix("application", "await destroySessionsOf(user.id)  // before req.session.regenerate() at login"),),
        found,
        Chart("sessions", tuple((float(number), float(number + 1), bars[number]) for number in sorted(bars))),
        links=("https://github.com/expressjs/session/issues/832",),
    )


_OWN_ID = Fix("passport", "passport.serializeUser((user, done) => done(null, user.id))")

CONTENTS = (
    StoreRule("unreadable", _unreadable),
    StoreRule("mixed-formats", _mixed_formats),
    StoreRule("huge-sessions", _huge_sessions),
    StoreRule("heavy-key", _heavy_key),
    StoreRule("many-sessions-of-one-user", _many_sessions),
    _inside(
        Mark.PASSWORD, "password-inside", Weight.HIGH, "a password",
        "Whoever may read the store, or a backup of it, has it.", _OWN_ID,
        "https://github.com/ChrisSannar/code-explainer/issues/22",
    ),
    _inside(
        Mark.PASSWORD_HASH, "password-hash-inside", Weight.HIGH, "a password hash",
        "Whoever may read the store can work on it; so can whoever finds a backup.", _OWN_ID,
        "https://github.com/GitMetricsLab/github_tracker/issues/555",
    ),
    _inside(
        Mark.CARD, "card-number-inside", Weight.HIGH, "a payment card number",
        "It stands in the store, in its backups and in every copy.",
        Fix("application", "delete req.session.card  // keep the payment provider's token"),
    ),
    _inside(
        Mark.TOKEN, "token-inside", Weight.LOW, "tokens of other services",
        "Often meant. Whoever reads the store can use them; they are masked on screen.",
        Fix("application", "encrypt the store, or keep the tokens where only the server reads them"),
    ),
    _inside(
        Mark.SECRET, "secret-in-store", Weight.HIGH, "one of your secrets",
        "Whoever reads such a record can sign cookies.",
        Fix("openssl", "openssl rand -hex 32"),
    ),
)  # fmt: skip
