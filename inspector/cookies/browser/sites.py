"""Hosts as browsers compare them: public suffixes, sites, and what is trusted without https."""

from __future__ import annotations

import ipaddress

# Of the public suffix list, the ones that session cookies meet in practice. The whole list is 250 KB and changes every week.
_HOSTING = frozenset((
    "github.io", "gitlab.io", "herokuapp.com", "vercel.app", "now.sh", "netlify.app", "pages.dev", "workers.dev", "web.app",
    "firebaseapp.com", "appspot.com", "run.app", "a.run.app", "azurewebsites.net", "azurestaticapps.net", "cloudfront.net",
    "onrender.com", "fly.dev", "up.railway.app", "ngrok.io", "ngrok.app", "ngrok-free.app", "deno.dev", "surge.sh", "glitch.me",
    "repl.co", "amplifyapp.com", "trycloudflare.com", "blogspot.com",
))  # fmt: skip
_COUNTRIES = frozenset((
    "co.uk", "org.uk", "ac.uk", "gov.uk", "me.uk", "com.au", "net.au", "org.au", "co.nz", "org.nz", "co.jp", "ne.jp", "or.jp",
    "ac.jp", "com.br", "com.cn", "net.cn", "co.in", "co.za", "co.kr", "com.mx", "com.tr", "com.tw", "com.hk", "com.sg", "com.ar",
    "co.il", "co.id", "com.my", "com.ua", "com.pl", "com.co", "com.vn", "co.th", "com.ph", "com.pe", "com.eg", "com.ng", "co.ke",
))  # fmt: skip
_SUFFIXES = _HOSTING | _COUNTRIES
_SECURE = frozenset(("https", "wss"))


def canonical_host(host: str) -> str:
    """Return a host in lower case, in ASCII where it can be written so."""
    host = host.lower()
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host


def is_address(host: str) -> bool:
    """Return whether the host is an IP address, which has no domain."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Return whether Chrome and Firefox trust the host without https."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    return is_address(host) and ipaddress.ip_address(host).is_loopback


def is_trustworthy(scheme: str, host: str) -> bool:
    """Return whether Secure cookies travel there."""
    return scheme in _SECURE or is_loopback(host)


def is_public_suffix(domain: str) -> bool | None:
    """Return whether everybody may register a name below the domain; None where only the whole public suffix list tells."""
    if "." not in domain or domain in _SUFFIXES:
        return True
    first, _, last = domain.rpartition(".")
    return None if len(last) == 2 and len(first) <= 3 else False


def site_of(host: str) -> str:
    """Return the registrable domain: the label below the public suffix, and the suffix. A bare host or address is its own site."""
    labels = host.split(".")
    if is_address(host) or len(labels) < 2:
        return host
    for start in range(1, len(labels)):
        if is_public_suffix(".".join(labels[start:])):
            return ".".join(labels[start - 1 :])
    return host


def domain_matches(host: str, domain: str) -> bool:
    """Return whether a cookie of the domain belongs to the host (RFC 6265bis, section 5.1.3)."""
    return host == domain or (host.endswith(f".{domain}") and bool(domain) and not is_address(host))


def is_one_site(first: str, second: str) -> bool | None:
    """Return whether two hosts are one site; None where only the whole public suffix list tells."""
    if site_of(first) != site_of(second):
        return False
    return True if first == second or is_public_suffix(site_of(first)) is False or is_loopback(first) else None
