"""Why a cookie did not go with a request of an HTTP archive, and how to repair it, in words."""

from __future__ import annotations

from inspector.cookies import Exchange
from inspector.cookies.browser.jar import StoredCookie, Withheld
from inspector.cookies.browser.request import SAFE_METHODS, Origin
from inspector.cookies.browser.set_cookie import CookieRules, SameSite
from inspector.core.display import escape_display

_WITHHELD = {
    Withheld.EXPIRED: "The cookie's lifetime was over, so the browser no longer sent it. Raise cookie.maxAge, or use rolling.",
    Withheld.PLAIN_HTTP: (
        "The cookie is Secure and this request is plain http: browsers don't send it. Use https throughout."
    ),
    Withheld.PARTITION: (
        "The cookie is Partitioned: it was set under another site's page, and stays with that one. "
        "Log in again under this page, or leave Partitioned out."
    ),
}


def describe_withheld(why: Withheld, held: StoredCookie, exchange: Exchange) -> str:
    """Say which rule kept a cookie from going with the request, and what to change."""
    host, path = escape_display(held.domain, 60), escape_display(held.path, 60)
    starter = escape_display(exchange.request.initiator, 60) or "another site"
    if why is Withheld.HOST and held.is_host_only:
        return (
            f"The cookie is for {host} alone, since request {held.set_by} set it without Domain: "
            f"{escape_display(exchange.host, 60)} does not get it. Set Domain to the domain both share."
        )
    if why is Withheld.HOST:
        return f"The cookie's Domain is {host}: {escape_display(exchange.host, 60)} does not get it."
    if why is Withheld.PATH:
        how = "" if held.rules.path else ", the folder of the request that set it, since it named no Path"
        return f"The cookie's Path is {path}{how}: browsers do not send it here. Set Path=/."
    if why is Withheld.STRICT:
        return (
            f"The cookie is SameSite=Strict and {starter} began this request: browsers keep it back. "
            "Use Lax for pages people link to, None with Secure for requests of other sites."
        )
    if why is Withheld.LAX:
        said = "has no SameSite, which means Lax," if held.rules.same_site is SameSite.DEFAULT else "is SameSite=Lax"
        return (
            f"The cookie {said} and this is a cross-site request from {starter} that isn't a plain visit: browsers don't send it. "
            "Set SameSite=None; Secure, or serve both from one site."
        )
    return _WITHHELD[why]


def describe_missing(held: StoredCookie, exchange: Exchange) -> str:
    """Say why a cookie that the rules let go may be missing."""
    request = exchange.request
    if held.rules.same_site is SameSite.STRICT and request.origin is Origin.UNKNOWN:
        return "The cookie is SameSite=Strict: it is not sent where another site led here. Use Lax for pages people link to."
    if (
        request.origin is Origin.CROSS_SITE
        and request.method not in SAFE_METHODS
        and held.rules.same_site is SameSite.DEFAULT
    ):
        # Chrome alone sends it for two minutes.
        return describe_withheld(Withheld.LAX, held, exchange)
    if request.is_cross_origin_fetch:
        more = (
            ""
            if exchange.allows_credentials
            else " The answer would have to allow it (Access-Control-Allow-Credentials)."
        )
        blocked = (
            " A browser that blocks third-party cookies doesn't send it either." if _is_third_party(exchange) else ""
        )
        return (
            "The browser did not send the cookie: a fetch to another origin carries it only with credentials: 'include' "
            f"(axios: withCredentials).{more}{blocked}"
        )
    if _is_third_party(exchange):
        return "The browser did not send the cookie to a third party: it blocks third-party cookies, or the cookie was deleted."
    return "The browser did not send the cookie: a request without credentials (fetch, CORS), another site's frame, or deleted."


def describe_stillborn(rules: CookieRules) -> str:
    """Say that a cookie with a session in it is over when it arrives."""
    if rules.max_age_s is not None:
        return "Its Max-Age is over at once, so the browser stores nothing, though a session is in it. Set a positive Max-Age."
    return (
        "Its Expires is past when it arrives, so the browser stores nothing, though a session is in it. "
        "Check the server's clock; cookie.maxAge is in milliseconds."
    )


def _is_third_party(exchange: Exchange) -> bool:
    return exchange.request.is_cross_subrequest


def describe_place(held: StoredCookie) -> str:
    """Return where a cookie belongs: `Domain=shop.example, Path=/`."""
    if not held.is_known:
        return "set before this archive, or by a script"
    host = f"host {held.domain} alone" if held.is_host_only else f"Domain={held.domain}"
    return f"{escape_display(host, 80)}, Path={escape_display(held.path, 60)}"
