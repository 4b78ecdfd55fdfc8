"""A browser's cookies by RFC 6265bis: what it stores of an answer, and what it sends with a request, in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from inspector.cookies._api import Cookie
from inspector.cookies.browser.request import SAFE_METHODS, BrowserRequest, Origin
from inspector.cookies.browser.set_cookie import (
    CookieRules,
    Refusal,
    Rule,
    SameSite,
    default_path,
    path_matches,
    read_rules,
    refusals_of_form,
    refuse_here,
)
from inspector.cookies.browser.sites import domain_matches, is_address, is_public_suffix, site_of

# Chrome sends a cookie without SameSite with a cross-site POST for so long (single sign-on that answers by form).
LAX_UNSAFE_MS = 120_000
# Chrome's limit, and Firefox's; the oldest goes.
MOST_PER_SITE = 180


class Withheld(Enum):
    """Why a stored cookie does not go with a request, in the order they are looked for."""

    HOST = "another host"
    PATH = "another path"
    EXPIRED = "expired"
    PLAIN_HTTP = "Secure over http"
    STRICT = "SameSite=Strict"
    LAX = "SameSite=Lax"
    PARTITION = "another partition"


@dataclass(frozen=True, slots=True)
class StoredCookie:
    """A cookie in the jar. Its identity is name, domain, path, being of one host alone, and partition."""

    cookie: Cookie
    rules: CookieRules
    domain: str
    path: str
    is_host_only: bool
    partition: str
    end_ms: int | None
    created_ms: int
    order: int
    """Its place among all creations; a replacement keeps the place of what it replaces."""
    set_by: int
    """Number of the exchange that set it, 0 for one that was only seen to be sent: its attributes are not known then."""

    @property
    def is_known(self) -> bool:
        return self.set_by > 0

    @property
    def identity(self) -> tuple[str, str, bool, str, str]:
        return self.cookie.name, self.domain, self.is_host_only, self.path, self.partition


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one Set-Cookie line: refused, stored, or (both None) an expired one that deletes what it replaced."""

    refusal: Refusal | None
    stored: StoredCookie | None
    replaced: StoredCookie | None


class BrowserJar:
    """The cookies of one browser, of every host."""

    def __init__(self) -> None:
        self._sites: dict[str, list[StoredCookie]] = {}
        self._count = 0

    def receive(
        self, cookie: Cookie, request: BrowserRequest, now_ms: int, *, set_by: int = 1, server_ms: int | None = None
    ) -> Outcome:
        """Store, refuse or delete by one Set-Cookie line in the answer to `request`."""
        candidate = self._candidate(cookie, request, now_ms, set_by, server_ms)
        form = refusals_of_form(cookie)
        refusal = (
            form[0] if form else refuse_here(candidate.rules, request) or self._refuse_over_secure(candidate, request)
        )
        if refusal is not None:
            return Outcome(refusal, None, None)
        replaced = next((one for one in self._beside(candidate.domain) if one.identity == candidate.identity), None)
        if replaced is not None:
            self.remove(replaced)
            candidate = replace(candidate, order=replaced.order, created_ms=replaced.created_ms)
        if candidate.end_ms is not None and candidate.end_ms <= now_ms:
            return Outcome(None, None, replaced)
        self._add(candidate)
        return Outcome(None, candidate, replaced)

    def _candidate(
        self, cookie: Cookie, request: BrowserRequest, now_ms: int, set_by: int, server_ms: int | None
    ) -> StoredCookie:
        self._count += 1
        rules = read_rules(cookie)
        is_whole = rules.domain == request.host and (is_address(request.host) or bool(is_public_suffix(request.host)))
        is_host_only = not rules.domain or is_whole
        return StoredCookie(
            cookie,
            rules,
            request.host if is_host_only else rules.domain,
            rules.path or default_path(request.path),
            is_host_only,
            request.top_site if rules.is_partitioned else "",
            rules.end_ms(now_ms, server_ms),
            now_ms,
            self._count,
            set_by,
        )

    def _refuse_over_secure(self, candidate: StoredCookie, request: BrowserRequest) -> Refusal | None:
        if request.is_trustworthy or candidate.rules.is_secure:
            return None
        for held in self.named(candidate.cookie.name, candidate.domain):
            overlaps = domain_matches(candidate.domain, held.domain) or domain_matches(held.domain, candidate.domain)
            if held.rules.is_secure and overlaps and path_matches(candidate.path, held.path):
                text = (
                    "Set over plain http while a Secure cookie of this name is held: browsers keep that one. Use https."
                )
                return Refusal(Rule.SECURE_HELD, text)
        return None

    def observe(self, cookie: Cookie, request: BrowserRequest, now_ms: int) -> StoredCookie:
        """Note a cookie that was sent though no answer set it: from before, from another tab, or a script's."""
        self._count += 1
        rules = read_rules(cookie)
        # Only what is certain is said of it: it was sent here.
        seen = StoredCookie(cookie, rules, request.host, "/", True, f"?{self._count}", None, now_ms, self._count, 0)
        self._add(seen)
        return seen

    def _add(self, stored: StoredCookie) -> None:
        site = self._sites.setdefault(site_of(stored.domain), [])
        site.append(stored)
        if len(site) > MOST_PER_SITE:
            site.remove(min(site, key=lambda one: one.order))

    def _beside(self, host: str) -> list[StoredCookie]:
        return self._sites.get(site_of(host), [])

    def remove(self, stored: StoredCookie) -> None:
        """Take a cookie out, by whatever the browser or the person did to it; one that is not in the jar is not a fault."""
        site = site_of(stored.domain)
        self._sites[site] = [one for one in self._beside(stored.domain) if one is not stored]

    def named(self, name: str, host: str) -> tuple[StoredCookie, ...]:
        """Return the cookies of a name that the host's site has, of whichever of its hosts, oldest first."""
        return tuple(sorted((one for one in self._beside(host) if one.cookie.name == name), key=lambda one: one.order))

    def send(self, request: BrowserRequest, now_ms: int) -> tuple[StoredCookie, ...]:
        """Return what the request carries, in the order of its header: longer paths first, then older cookies."""
        sent = [one for one in self._beside(request.host) if withheld(one, request, now_ms) is None]
        return in_header_order(sent)


def in_header_order(cookies: Sequence[StoredCookie]) -> tuple[StoredCookie, ...]:
    return tuple(sorted(cookies, key=lambda one: (-len(one.path), one.order)))


def withheld(stored: StoredCookie, request: BrowserRequest, now_ms: int) -> Withheld | None:
    """Return the first rule that keeps a stored cookie from going with a request, None where it goes."""
    return next((why for why, holds in _CHECKS if holds(stored, request, now_ms)), None)


def _is_other_host(stored: StoredCookie, request: BrowserRequest, now_ms: int) -> bool:
    if stored.is_host_only:
        return stored.domain != request.host
    return not domain_matches(request.host, stored.domain)


def _is_expired(stored: StoredCookie, request: BrowserRequest, now_ms: int) -> bool:
    return stored.end_ms is not None and stored.end_ms <= now_ms


def _is_strict(stored: StoredCookie, request: BrowserRequest, now_ms: int) -> bool:
    return stored.rules.same_site is SameSite.STRICT and request.origin is Origin.CROSS_SITE


def _is_lax(stored: StoredCookie, request: BrowserRequest, now_ms: int) -> bool:
    same_site = stored.rules.same_site
    # Of a cookie that was only seen, the attributes are not known.
    if (
        not stored.is_known
        or same_site not in (SameSite.LAX, SameSite.DEFAULT)
        or request.origin is not Origin.CROSS_SITE
    ):
        return False
    if request.is_navigation is not True:
        return True
    is_fresh = same_site is SameSite.DEFAULT and now_ms - stored.created_ms < LAX_UNSAFE_MS
    return request.method.upper() not in SAFE_METHODS and not is_fresh


def _is_other_partition(stored: StoredCookie, request: BrowserRequest, now_ms: int) -> bool:
    return bool(stored.rules.is_partitioned and stored.partition and request.top_site) and (
        stored.partition != request.top_site
    )


_CHECKS: tuple[tuple[Withheld, Callable[[StoredCookie, BrowserRequest, int], bool]], ...] = (
    (Withheld.HOST, _is_other_host),
    (Withheld.PATH, lambda stored, request, now_ms: not path_matches(request.path, stored.path)),
    (Withheld.EXPIRED, _is_expired),
    (Withheld.PLAIN_HTTP, lambda stored, request, now_ms: stored.rules.is_secure and not request.is_trustworthy),
    (Withheld.STRICT, _is_strict),
    (Withheld.LAX, _is_lax),
    (Withheld.PARTITION, _is_other_partition),
)
