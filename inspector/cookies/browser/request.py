"""The request that a cookie is judged for: where it went, and which site began it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from inspector.cookies.browser.sites import is_trustworthy

SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))


class Origin(Enum):
    SAME_SITE = "same-site"
    CROSS_SITE = "cross-site"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class BrowserRequest:
    """A request as the cookie rules see it. The defaults are those of a page that the person opened."""

    scheme: str
    host: str
    path: str
    method: str = "GET"
    origin: Origin = Origin.SAME_SITE
    """Whether the site that began it is the one it goes to."""
    initiator: str = ""
    """The host that began it, "" where the recording does not tell."""
    is_navigation: bool | None = True
    """Whether it loads the page itself; None where the recording does not tell."""
    is_cross_origin_fetch: bool = False
    """A fetch to another origin (also of the same site), which sends and keeps cookies only with credentials."""
    top_site: str = ""
    """The site of the page in the address bar, "" where the recording does not tell."""

    @property
    def is_trustworthy(self) -> bool:
        return is_trustworthy(self.scheme, self.host)

    @property
    def is_cross_subrequest(self) -> bool:
        """Whether another site's page made it, without going there: SameSite=Lax is kept back."""
        return self.origin is Origin.CROSS_SITE and self.is_navigation is not True
