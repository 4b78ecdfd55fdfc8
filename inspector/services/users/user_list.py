"""Who has how many sessions, by the identities that sessions name. Source: insight.md section 2."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from inspector.core.store_facts import NEVER, StoreFacts
from inspector.services.catalogue.catalogue import Catalogue
from inspector.services.doctor.gather import Examination, Gatherer, Pace
from store_adapters.contract import CancelToken, SessionStore


@dataclass(slots=True)
class User:
    """One user. `identities`: where it stands and its text, the strong one first; `last_seen_ms`: of the newest session, 0 unknown;
    `rows`: positions in the list."""

    name: str
    identities: list[tuple[str, str]]
    rows: list[int] = field(default_factory=list)
    last_seen_ms: int = 0
    roles: Counter[str] = field(default_factory=Counter)

    @property
    def filter(self) -> str:
        """The filter line that shows the user's sessions."""
        terms = [_term(path, value) for path, value in self.identities]
        return " OR ".join(terms)

    def is_named(self, text: str, path: str = "") -> bool:
        """True where one of the identities has this text, at this path where one is given."""
        return any(value == text and path in ("", place) for place, value in self.identities)


@dataclass(frozen=True, slots=True)
class UserList:
    """All users, by the code of `StoreFacts.users`; only living sessions count."""

    users: Mapping[int, User]

    def find(self, text: str, path: str = "") -> list[User]:
        """Return the users who go by this text: more than one where an e-mail stands under several IDs."""
        return [user for user in self.users.values() if user.is_named(text, path)]


def list_users(
    store: SessionStore, catalogue: Catalogue, cancel: CancelToken, asked: Examination, now_ms: int
) -> Iterator[Pace | UserList]:
    """Yield how far it is, and at the end the users of a store that is listed already; nothing more where it was cancelled."""
    gatherer = Gatherer(store, catalogue, asked, now_ms)
    yield from gatherer.run(cancel)
    if not cancel.is_cancelled:
        yield users_of(gatherer.facts, catalogue)


def users_of(facts: StoreFacts, catalogue: Catalogue) -> UserList:
    """Return the users whose sessions the facts tell."""
    users: dict[int, User] = {}
    roles, codes = catalogue.columns.format_roles, facts.format_codes
    for row in facts.living():
        code = facts.users[row]
        if code < 0:
            continue
        user = users.get(code)
        if user is None:
            user = users[code] = User(facts.user_names[code], [])
        user.rows.append(row)
        user.last_seen_ms = max(user.last_seen_ms, last_seen_ms(facts, row))
        if role := roles[codes[row]][1]:
            user.roles[role] += 1
    for code, user in users.items():
        user.identities = [(facts.user_paths[code], facts.user_names[code]), *facts.user_aliases.get(code, ())]
    for code, joined in enumerate(facts.user_of):
        identity = (facts.user_paths[code], facts.user_names[code])
        if joined in users and identity not in users[joined].identities:
            users[joined].identities.append(identity)
    return UserList(users)


def last_seen_ms(facts: StoreFacts, row: int) -> int:
    """Return when a session was used last: each request puts its end a whole lifetime ahead. 0 where nothing tells."""
    if facts.max_age[row] > 0 and facts.ends[row] < NEVER:
        return int(facts.ends[row] - facts.max_age[row])
    return facts.changed[row]


def _term(path: str, value: str) -> str:
    """Return a filter term for an identity; a weak one stands in several places, all of which the list's own column knows."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{"user" if path in _LISTED else path}:"{escaped}"'


_LISTED = frozenset(("user", "email", "username", "login", "user.email", "user.username"))
