"""The options of curl, wget and HTTPie that carry cookies, in a command that was split into words; runs nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_HEADER = re.compile(r"cookie\s*:\s*(.*)\Z", re.I | re.S)
# Flags of one letter before the option that takes a value, as in -sSH.
_JOINED = re.compile(r"-[#0-9aBfgGiIjJklLnNOpqRsSvVZ]*([Hb])(.*)\Z", re.S)
_METHOD = re.compile(r"[A-Z]+\Z")
# Options whose value isn't a URL; others are flags or carry their value with them.
_WITH_VALUE = frozenset(
    {"-X", "--request", "-d", "--data", "--data-raw", "--data-binary", "--data-urlencode", "--data-ascii", "--json"}
    | {"-A", "--user-agent", "-e", "--referer", "-u", "--user", "-o", "--output", "-x", "--proxy", "-m", "--max-time"}
    | {"--connect-timeout", "-F", "--form", "-T", "--upload-file", "-c", "--cookie-jar", "--resolve", "--cacert"}
    | {"--cert", "--key", "-w", "--write-out", "--retry", "-E"}
)
_WITH_VALUE_WGET = frozenset(
    {
        "-O",
        "--output-document",
        "-o",
        "-U",
        "--user-agent",
        "-P",
        "-t",
        "-T",
        "--post-data",
        "--body-data",
        "--method",
        "--referer",
    }
    | {"--load-cookies", "--save-cookies", "--user", "--password", "--tries", "--timeout", "--directory-prefix"}
)
_WITH_VALUE_HTTPIE = frozenset(
    {"-a", "--auth", "-A", "--auth-type", "-o", "--output", "-p", "--print", "--session", "--verify"}
)


@dataclass(frozen=True, slots=True)
class CurlCommand:
    """What a command says of cookies: the texts of its Cookie headers and `-b` options, and its URL. `tool`: "curl", "wget" …"""

    tool: str
    url: str
    cookies: tuple[str, ...]


def read_words(tool: str, words: list[str]) -> CurlCommand:
    """Take the words behind the tool's name apart; without a tool they are options of curl's."""
    read = {"": _read_curl, "curl": _read_curl, "wget": _read_wget}.get(tool, _read_httpie)
    url, cookies = read(words)
    return CurlCommand(tool or "curl", url, tuple(cookies))


def _read_curl(words: list[str]) -> tuple[str, list[str]]:
    url, cookies = "", []
    for name, value in _options(words, _WITH_VALUE | {"-H", "--header", "-b", "--cookie", "--url"}):
        if name in ("", "--url"):
            url = url or value
        elif name in ("-b", "--cookie"):
            # Without an equals sign -b names a file.
            cookies += [value] if "=" in value else []
        elif name in ("-H", "--header"):
            cookies += _cookie_of(value)
    return url, cookies


def _read_wget(words: list[str]) -> tuple[str, list[str]]:
    url, cookies = "", []
    for name, value in _options(words, _WITH_VALUE_WGET | {"--header"}):
        if not name:
            url = url or value
        elif name == "--header":
            cookies += _cookie_of(value)
    return url, cookies


def _read_httpie(words: list[str]) -> tuple[str, list[str]]:
    url, cookies = "", []
    for name, value in _options(words, _WITH_VALUE_HTTPIE):
        found = [] if name else _cookie_of(value)
        cookies += found
        if not name and not found and not _METHOD.match(value):
            url = url or value
    return url, cookies


def _cookie_of(header: str) -> list[str]:
    found = _HEADER.match(header.strip())
    return [found[1]] if found else []


def _options(words: list[str], with_value: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield each option that has a value, and ("", word) for each word that isn't an option."""
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        name, value = _option(word, with_value)
        if name in with_value:
            if value is None:
                value = words[position] if position < len(words) else ""
                position += 1
            yield name, value
        elif not word.startswith("-"):
            yield "", word


def _option(word: str, with_value: frozenset[str]) -> tuple[str, str | None]:
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        return name, value if equals else None
    joined = _JOINED.match(word) if "-H" in with_value and word not in with_value else None
    if joined:
        return f"-{joined[1]}", joined[2] or None
    return word, None
