"""The options of a store's address: which there are, how they are spelled, and what isn't allowed in one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from store_adapters.errors import BadStoreAddress
from store_adapters.known_kinds import scheme_named, unused_options

_NAME = re.compile(r"[A-Za-z][\w.\-]{0,40}")
_YES, _NO = frozenset({"true", "1", "yes", "on", "full"}), frozenset({"false", "0", "no", "off", "none"})

_LOGIN = frozenset({"username", "password"})
_SECRET = re.compile(r"pass(word|wd|phrase)?$|secret|token|credential|apikey|api_key|private", re.IGNORECASE)
_SECRET_PROPERTY = re.compile(r"session_token|password|secret", re.IGNORECASE)
_INSIDE = re.compile(
    r"(?:password|passwd|pwd|secret|token|api_?key)\s*=|[^/\s:@]*:[^/\s@]+@|//[^/\s]*:[^/\s]*@", re.IGNORECASE
)
_REMEDIES = {
    "keyprefix": "Write the whole prefix of the keys: prefix=app:sess:",
    "usenewurlparser": "It's a Node driver option with no effect here: leave it out.",
    "useunifiedtopology": "It's a Node driver option with no effect here: leave it out.",
    "sslvalidate": "Write tlsAllowInvalidCertificates=true to accept any certificate.",
    "mastername": "Sentinel has its own form of address: redis+sentinel://host:26379/mymaster/0",
    "sentinelmasterid": "Sentinel has its own form of address: redis+sentinel://host:26379/mymaster/0",
    "cluster": "Redis Cluster is not supported.",
}


@dataclass(slots=True)
class ReadOptions:
    """The query of an address, sorted. `values`: what is kept, by the name as we spell it; `user`, `password`: logins that stood
    among the options."""

    values: dict[str, str] = field(default_factory=dict)
    user: str = ""
    password: str = ""


def split_query(scheme: str, query: str) -> list[tuple[str, str]] | None:
    """Return the pairs of a query, decoded; None where one of them isn't a pair."""
    separator = ";" if scheme.startswith("mongodb") and "&" not in query else "&"
    pairs = [piece.partition("=") for piece in query.split(separator) if piece]
    if not all(equals and _NAME.fullmatch(name) for name, equals, _value in pairs):
        return None
    return [(name, unquote_plus(value, errors="surrogateescape")) for name, _equals, value in pairs]


def read_options(scheme: str, pairs: Iterable[tuple[str, str]]) -> ReadOptions:
    """Sort the options of an address; one that is refused is named. `BadStoreAddress`."""
    read = ReadOptions()
    known = scheme_named(scheme)
    spelled, aliases = {name.lower(): name for name in known.options}, known.option_aliases
    for given, value in pairs:
        name = aliases.get(given.lower(), given.lower())
        if name in _LOGIN and aliases:
            _note_login(read, name, value)
        elif name == "ssl" and "ssl" not in spelled and aliases:
            _read_switch(given, value)
        elif name in ("rejectunauthorized", "verifypeer", "skip_verify", "insecureskipverify") and scheme == "rediss":
            is_checked = _read_switch(given, value) is (name in ("rejectunauthorized", "verifypeer"))
            _keep(read, given, "ssl_cert_reqs", "required" if is_checked else "none")
        elif name.lower() in spelled:
            name = spelled[name.lower()]
            _keep(read, given, name, _checked(scheme, name, given, value))
        else:
            raise _unknown(scheme, given)
    return read


def switched_tls(pairs: Iterable[tuple[str, str]]) -> bool | None:
    """Return what `tls=` or `ssl=` asks of Redis; None where neither stands there. `BadStoreAddress`."""
    asked = [_read_switch(name, value) for name, value in pairs if name.lower() in ("tls", "ssl")]
    return asked[-1] if asked else None


def refuse_secret(text: str) -> None:
    """Refuse a part of an address, which is kept in a file, when a login seems to stand in it. `BadStoreAddress`."""
    if _INSIDE.search(text):
        raise secret_in_address()


def secret_in_address() -> BadStoreAddress:
    """Return the refusal of an address with a password where none is looked for."""
    return BadStoreAddress(
        "There seems to be a password in a part of the address that is kept readable.",
        "Write it as scheme://user:password@host, with @ as %40, / as %2F, ? as %3F, # as %23 and : as %3A inside it.",
    )


def _keep(read: ReadOptions, given: str, name: str, value: str) -> None:
    if read.values.setdefault(name, value) != value:
        raise BadStoreAddress(f"The address has the option {given} twice.", "Give it once.")


def _note_login(read: ReadOptions, name: str, value: str) -> None:
    before = read.user if name == "username" else read.password
    if before and before != value:
        raise BadStoreAddress(f"The address has the option {name} twice.", "Give it once.")
    if name == "username":
        read.user = value
    else:
        read.password = value


def _read_switch(given: str, value: str) -> bool:
    if value.lower() in _YES | _NO:
        return value.lower() in _YES
    raise BadStoreAddress(f"The option {given} must be true or false.", f"Write {given}=true or {given}=false.")


def _checked(scheme: str, name: str, given: str, value: str) -> str:
    """Return the value of an option as it is kept. `BadStoreAddress`."""
    if name == "ssl_cert_reqs":
        value = value.lower().removeprefix("cert_")
        if value not in ("none", "optional", "required"):
            raise BadStoreAddress(f"The option {given} must be none, optional or required.")
    if name == "ssl_check_hostname":
        value = "true" if _read_switch(given, value) else "false"
    if name == "family" and value not in ("0", "4", "6"):
        raise BadStoreAddress(f"The option {given} must be 0 (any), 4 or 6.", f"For example {given}=6")
    if name == "w" and value.strip() == "0":
        raise BadStoreAddress("With the option w=0 writes aren't confirmed.", "Remove it, or write w=majority.")
    if name == "authMechanismProperties" and _SECRET_PROPERTY.search(value):
        raise _secret(given)
    return value


def _unknown(scheme: str, given: str) -> BadStoreAddress:
    if _SECRET.search(given):
        return _secret(given)
    if given.lower().startswith("ssl") and scheme in ("redis", "unix"):
        return BadStoreAddress(f"The option {given} needs a TLS connection.", "Begin the address with rediss://")
    if remedy := _REMEDIES.get(given.lower()):
        return BadStoreAddress(f"The option {given} isn't recognised.", remedy)
    options = scheme_named(scheme).options
    known = options - set(unused_options(options))
    words = "Remove it." if len(known) > 12 else f"Known options: {', '.join(sorted(known)) or 'none'}."
    return BadStoreAddress(f"{scheme} stores don't have the option {given}.", words)


def _secret(given: str) -> BadStoreAddress:
    return BadStoreAddress(
        f"The option {given} holds a secret, and addresses are kept readable.",
        "Remove it; for a key file, use one without a passphrase.",
    )
