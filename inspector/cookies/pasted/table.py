"""Rows of a browser's table of cookies (Chrome's and Edge's Application, Safari's and Firefox's Storage), columns between tabs."""

from __future__ import annotations

import re

from inspector.cookies._api import Cookie
from inspector.cookies.pasted.header import read_pairs
from inspector.cookies.pasted.stored import StoredCookie, as_cookies

LABEL = "rows of a browser's cookie table"
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z:]{1,200}\Z")
_GAP = re.compile(r"\t| {2,}")
_SAME_SITE = re.compile(r"(?:Lax|Strict|None)\Z", re.I)
_SET = frozenset({"✓", "✔", "true", "yes", "x"})
_CHROME = ("name", "value", "domain", "path", "expires", "size", "httponly", "secure")
# Safari says "94 B", and has the two flags the other way round.
_SAFARI = (*_CHROME[:6], "secure", "httponly")
_TITLES = re.compile(r"\s*name(?:\t| {2,})\s*value\b", re.I)
_LEAST = 4
_MOST_ROWS = 5000


def read(text: str) -> list[Cookie] | None:
    """Return the cookies of the rows; the order of the columns is the title row's where there is one, else the browsers'."""
    rows = [line for line in text.splitlines() if line.strip()]
    if not any("\t" in row or _GAP.search(row.strip()) for row in rows):
        return None
    rows = rows[:_MOST_ROWS]  # far more than are taken
    titles: tuple[str, ...] = ()
    if _TITLES.match(rows[0]):
        titles = tuple(_title(cell) for cell in _GAP.split(rows[0].strip()))
        rows = rows[1:]
    cells = [_cells(row) for row in rows]
    if not titles and all(len(row) in (2, 3) and _NAME.match(row[0]) and " " not in row[1] for row in cells):
        return [one for row in cells for one in read_pairs(f"{row[0]}={row[1]}")]
    stored = [_stored(row, titles) for row in cells if _NAME.match(row[0]) and len(row) >= (2 if titles else _LEAST)]
    found = [one for one in stored if titles or one.path.startswith("/")]
    if not found:
        return [] if titles else None
    return as_cookies(found)


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in (row.strip(" ").split("\t") if "\t" in row else _GAP.split(row.strip()))]


def _title(cell: str) -> str:
    word = re.sub(r"[^a-z]", "", cell.lower())
    return "expires" if word.startswith("expires") else word


def _stored(row: list[str], titles: tuple[str, ...]) -> StoredCookie:
    names = titles or (_SAFARI if len(row) > 5 and row[5].endswith("B") else _CHROME)
    said = dict(zip(names, row, strict=False))
    same_site = said.get("samesite") or next((cell for cell in row[6:] if _SAME_SITE.match(cell)), "")
    domain = said.get("domain", "")
    has_flags = bool(titles) or len(row) > len(_CHROME) - 2
    return StoredCookie(
        said.get("name", ""),
        said.get("value", ""),
        domain,
        said.get("path", ""),
        said.get("expires", ""),
        same_site,
        is_host_only=not domain.startswith("."),
        is_http_only=said.get("httponly", "").lower() in _SET if has_flags and "httponly" in names else None,
        is_secure=said.get("secure", "").lower() in _SET if has_flags and "secure" in names else None,
    )
