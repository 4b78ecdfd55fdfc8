"""What Firefox's Storage panel copies of a cookie: `name:"value"`, its fields line by line below; and lines of `name: value` alone."""

from __future__ import annotations

import re

from inspector.cookies._api import Cookie
from inspector.cookies.pasted.header import read_pairs
from inspector.cookies.pasted.stored import StoredCookie, as_cookies

LABEL = "a cookie of Firefox's Storage panel"
_LINE = re.compile(r"\s*([^\s:\"=;](?:[^:\"=;\n]{0,80}[^\s:\"=;])?)\s*:\s*(?:\"(.*)\"|(\S.*?))?\s*,?\s*\Z")
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,200}\Z")
# A value without quotes is taken for one only where it looks like a session's.
_SIGNED = re.compile(r"(?:s(?::|%3a)|eyJ|Fe26|MTc|BAh7)\S+\Z", re.I)
_FIELDS = {
    "created": "", "creationtime": "", "lastaccessed": "", "updated": "", "size": "", "partitionkey": "", "partitioned": "",
    "domain": "domain", "host": "domain", "path": "path", "expires": "expires", "expires/max-age": "expires",
    "hostonly": "hostonly", "httponly": "httponly", "ishttponly": "httponly", "secure": "secure", "issecure": "secure",
    "samesite": "samesite", "value": "value",
}  # fmt: skip


def read(text: str) -> list[Cookie] | None:
    """Return each cookie with the fields below it."""
    entries: list[tuple[str, str, dict[str, str]]] = []
    has_fields = False
    for line in text.splitlines():
        found = _LINE.match(line)
        if found is None:
            if line.strip():
                return None
            continue
        name, quoted, plain = found[1], found[2], found[3] or ""
        field = _FIELDS.get(re.sub(r"\s", "", name.lower()))
        if field is not None and entries:
            has_fields = True
            entries[-1][2][field] = quoted if quoted is not None else plain
        elif _NAME.match(name) and (quoted is not None or _SIGNED.match(plain)):
            entries.append((name, quoted if quoted is not None else plain, {}))
        elif field is None:
            return None
    if not entries:
        return None
    if not has_fields:
        return [one for name, value, _ in entries for one in read_pairs(f"{name}={value}")]
    return as_cookies(_stored(*entry) for entry in entries)


def _stored(name: str, value: str, said: dict[str, str]) -> StoredCookie:
    return StoredCookie(
        name,
        said.get("value", value),
        said.get("domain", ""),
        said.get("path", ""),
        said.get("expires", ""),
        said.get("samesite", ""),
        is_host_only=said.get("hostonly", "true") == "true",
        is_http_only=said["httponly"] == "true" if "httponly" in said else None,
        is_secure=said["secure"] == "true" if "secure" in said else None,
    )
