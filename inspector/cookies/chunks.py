"""One value that its library spread over several cookies (`name.0`, `name.1` …), joined as that library joins them.

Each library numbers and joins in its own way, and forgives other things: what it would not read is named. Knows no signature.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from inspector.cookies._api import Chunks, Cookie

_NUMBERED = re.compile(r"(.+?)(__|\.|-)(\d{1,3})\Z", re.S)
_BASE64 = re.compile(r"[A-Za-z0-9+/=_-]+\Z")
_HEAD = re.compile(r"__chunked__(\d{1,3})\Z")
_SHORT = 0.9
"""A chunk of less than this part of the first one's length was the last one when it was written."""


@dataclass(frozen=True, slots=True)
class _Way:
    """How one library spreads a value over cookies. `names`: the whole names that are its own, which tell it by themselves."""

    library: str
    separator: str
    names: re.Pattern[str] | None = None
    begins: tuple[str, ...] = ()
    """What the first chunk begins with where no name tells."""
    is_whole_read: bool = True
    """An unchunked cookie of the same name is read instead of the chunks; else it is joined with them."""
    is_gap_an_end: bool = False
    is_sorted_as_text: bool = False


_AUTH_NAMES = re.compile(r"(?:__Secure-|__Host-)?(?:next-auth|authjs)\.session-token")
_WAYS = (
    _Way("Auth.js (next-auth)", ".", _AUTH_NAMES, is_whole_read=False),
    _Way("@supabase/ssr", ".", re.compile(r"sb-.+-auth-token"), ("base64-ey",), is_gap_an_end=True),
    _Way("better-auth", ".", re.compile(r".*\bsession_data")),
    _Way("Auth0's SDK", ".", re.compile(r"appSession")),
    _Way("nextjs-auth0", "__", re.compile(r"__session"), is_gap_an_end=True),
    _Way("iron-session", ".", None, ("Fe26.",), is_gap_an_end=True),
    _Way("the library", ".", None, ("ey",), is_gap_an_end=True),
)
_LITESTAR = _Way("Litestar", "-", is_whole_read=False, is_sorted_as_text=True)
_LITESTAR_BYTES = 4032
_H3 = _Way("h3", ".")


@dataclass(frozen=True, slots=True)
class _Group:
    """The cookies of one value: `numbers` and `places` (in the list of all) side by side; `whole`: the unchunked one's place."""

    way: _Way
    base: str
    numbers: tuple[int, ...]
    places: tuple[int, ...]
    whole: int | None
    first: int = 0
    count: int | None = None
    """How many there have to be, where that is told."""

    def name(self, number: int) -> str:
        return f"{self.base}{self.way.separator}{number}"


def join_chunks(cookies: Sequence[Cookie]) -> tuple[Cookie, ...]:
    """Return the cookies with those that are chunks of one value joined to one, which stands where the first of them stood."""
    taken: dict[int, Cookie | None] = {}
    for group in _groups(cookies):
        places = (*group.places, *(() if group.whole is None else (group.whole,)))
        if not taken.keys() & set(places):
            taken |= dict.fromkeys(places)
            taken[min(places)] = _join(cookies, group)
    kept = (taken.get(place, cookie) for place, cookie in enumerate(cookies))
    return tuple(cookie for cookie in kept if cookie is not None)


def split_chunks(cookies: Iterable[Cookie]) -> Iterator[Cookie]:
    """Yield the cookies as they stood in the header: of a joined one its parts."""
    for cookie in cookies:
        yield from cookie.chunks.parts if cookie.chunks is not None else (cookie,)


def _groups(cookies: Sequence[Cookie]) -> Iterator[_Group]:
    names = {(one.jar, one.origin, one.name): place for place, one in enumerate(cookies) if not one.shadowed}
    found: dict[tuple[int, str, str, str], dict[int, int]] = {}
    for (jar, origin, name), place in names.items():
        numbered = _NUMBERED.match(name)
        # A Set-Cookie line without a value takes a chunk away that is no longer used.
        if numbered is not None and cookies[place].raw:
            found.setdefault((jar, origin, numbered[1], numbered[2]), {})[int(numbered[3])] = place
    for (jar, origin, base, separator), places in found.items():
        whole = names.get((jar, origin, base))
        values = {number: cookies[place].value for number, place in sorted(places.items())}
        head = _HEAD.match(cookies[whole].value) if whole is not None and separator == _H3.separator else None
        if head is not None:
            yield _Group(_H3, base, tuple(values), tuple(places[one] for one in values), whole, 1, int(head[1]))
        elif (way := _way(base, separator, values)) is not None:
            numbers = sorted(places, key=str) if way.is_sorted_as_text else sorted(places)
            yield _Group(way, base, tuple(numbers), tuple(places[one] for one in numbers), whole)


def _way(base: str, separator: str, values: dict[int, str]) -> _Way | None:
    """Return which library made chunks with these names and values, None where they are cookies each of its own."""
    first = values.get(0, "")
    for way in _WAYS:
        if way.separator != separator:
            continue
        if way.names is not None and way.names.fullmatch(base):
            return way
        if way.begins and first.startswith(way.begins) and len(values) > 1:
            return way
    is_litestar = separator == _LITESTAR.separator and all(_BASE64.match(value) for value in values.values())
    is_full = any(len(value) == _LITESTAR_BYTES for value in values.values())
    return (
        _LITESTAR
        if is_litestar and (is_full or (0 in values and 1 in values and len(first) > len(values[1])))
        else None
    )


def _join(cookies: Sequence[Cookie], group: _Group) -> Cookie:
    parts = tuple(cookies[place] for place in group.places)
    whole = cookies[group.whole] if group.whole is not None else None
    if whole is not None and group.count is None and group.way.is_whole_read:
        names = _listed([part.name for part in parts])
        stale = f"{names} beside it {'is' if len(parts) == 1 else 'are'} stale"
        note = f"{stale}: {group.way.library} reads the whole cookie and not its chunks."
        return replace(whole, chunks=Chunks(group.way.library, (whole, *parts), note=note))
    fault, last = _fault(parts, group)
    if last is not None:
        parts = tuple(part for part, number in zip(parts, group.numbers, strict=True) if number <= last)
    if whole is not None and group.count is None:
        parts = (*parts, whole)
    model = parts[0] if parts else whole or cookies[0]
    joined, value = "".join(part.raw for part in parts), "".join(part.value for part in parts)
    chunks = Chunks(group.way.library, parts, fault, doubt=_doubt(parts, group) if not fault else "")
    return replace(model, name=group.base, raw=joined, value=value, chunks=chunks)


def _fault(parts: tuple[Cookie, ...], group: _Group) -> tuple[str, int | None]:
    """Return what keeps the library from reading its chunks, and the last number it joins where it does not join all."""
    way, numbers = group.way, set(group.numbers)
    end = group.first + group.count if group.count is not None else max(*numbers, group.first + 1) + 1
    missing = [number for number in range(group.first, end) if number not in numbers]
    if missing:
        names = _listed([group.name(number) for number in missing])
        verb = "is" if len(missing) == 1 else "are"
        words = f"{names} {verb} missing, without which {way.library} gets another value than was written."
        return words, missing[0] - 1 if way.is_gap_an_end and missing[0] > group.first else None
    if group.count is None and group.whole is not None:
        words = f"A whole {group.base}, which is stale, stands beside its chunks: {way.library} joins it with them, and nothing fits."
        return words, None
    if way.is_sorted_as_text and max(numbers) > 9:
        words = f"{way.library} sorts the names as text, {group.name(10)} before {group.name(2)}: it cannot read more than ten chunks."
        return words, None
    sizes = {number: len(part.raw) for number, part in zip(group.numbers, parts, strict=True)}
    ended = next((one for one in sorted(numbers)[:-1] if sizes[one] < _SHORT * sizes[group.first]), None)
    if ended is None:
        return "", None
    stale = _listed([group.name(one) for one in sorted(numbers) if one > ended])
    words = f"{group.name(ended)} is shorter than the first chunk, so it was the last one."
    return f"{words} {stale} is stale, left over from a longer value.", None


def _doubt(parts: tuple[Cookie, ...], group: _Group) -> str:
    """Return what may be wrong with chunks that do not open: the last of them is full, as if another had followed."""
    if len(parts) < 2 or group.count is not None or len(parts[-1].raw) != len(parts[0].raw):
        return ""
    return f"The last chunk is as long as the others: {group.name(max(group.numbers) + 1)} may be missing."


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
