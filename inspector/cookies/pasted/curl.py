"""curl commands as Chrome's and Firefox's "Copy as cURL" write them, for a POSIX shell or cmd; wget, HTTPie; runs nothing.

A fragment of a command, such as `-H 'Cookie: …'`, is read as curl's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from inspector.cookies._api import CookieError

# An option needs what it is about: the ID in a cookie's bare value may begin with -H or -b, and its signature end with =.
_COMMAND = re.compile(
    r"\s*\$?\s*(?:(curl|wget|https?|xhs?)(?:\.exe)?(?=\s)"
    r"|(?=(?-i:-[Hb])(?:[\s'\"$^]|[^\s:=]+[:=][^=\s]|[^\s:=]+:\s)|--(?:header|cookie)[\s=]))",
    re.I,
)
_CMD = re.compile(r'\^"|\s\^\r?\n')
_HEADER = re.compile(r"cookie\s*:\s*(.*)\Z", re.I | re.S)
# Flags of one letter before the option that takes a value, as in -sSH.
_JOINED = re.compile(r"-[#0-9aBfgGiIjJklLnNOpqRsSvVZ]*([Hb])(.*)\Z", re.S)
_METHOD = re.compile(r"[A-Z]+\Z")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"', "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_CODE = re.compile(r"x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|([0-7]{1,3})")
# Options with a value which is no URL; others are flags or carry their value with them.
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


def is_command(text: str) -> bool:
    """True for a text which is a curl, wget or HTTPie command, or begins with curl's options for headers and cookies."""
    return _COMMAND.match(text) is not None


def read_command(text: str) -> CurlCommand:
    """Take a command apart. `CookieError` when its quotes do not close."""
    words = _split_cmd(text) if _CMD.search(text) else _split_posix(text)
    found = _COMMAND.match(text)
    tool = ((found[1] if found else "") or "").lower()
    if words[:1] == ["$"]:
        words = words[1:]
    read = {"": _read_curl, "curl": _read_curl, "wget": _read_wget}.get(tool, _read_httpie)
    url, cookies = read(words[1:] if tool else words)
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
    """Yield each option that has a value, and ("", word) for each word which is none."""
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


def _split_posix(text: str) -> list[str]:
    words: list[str] = []
    word: list[str] | None = None
    position = 0
    while position < len(text):
        char = text[position]
        if char.isspace():
            if word is not None:
                words.append("".join(word))
                word = None
            position += 1
            continue
        if char == "\\":
            following = text[position + 1 : position + 2]
            position += 2
            if following == "\r" and text[position : position + 1] == "\n":
                position += 1
            elif following != "\n":
                word = [*(word or []), following]
            continue
        word = word if word is not None else []
        if char == "'":
            part, position = _until(text, position + 1, "'")
        elif text.startswith("$'", position):
            part, position = _ansi_c(text, position + 2)
        elif char == '"':
            part, position = _double(text, position + 1)
        else:
            part, position = char, position + 1
        word.append(part)
    if word is not None:
        words.append("".join(word))
    return words


def _until(text: str, start: int, quote: str) -> tuple[str, int]:
    end = text.find(quote, start)
    if end < 0:
        raise CookieError("A quote in the command is not closed. Copy the whole command.")
    return text[start:end], end + 1


def _double(text: str, start: int) -> tuple[str, int]:
    parts: list[str] = []
    position = start
    while True:
        char = text[position : position + 1]
        if not char:
            raise CookieError("A quote in the command is not closed. Copy the whole command.")
        if char == '"':
            return "".join(parts), position + 1
        if char == "\\" and text[position + 1 : position + 2] in ("\\", '"', "$", "`", "\n"):
            parts.append("" if text[position + 1] == "\n" else text[position + 1])
            position += 2
            continue
        parts.append(char)
        position += 1


def _ansi_c(text: str, start: int) -> tuple[str, int]:
    parts: list[str] = []
    position = start
    while True:
        char = text[position : position + 1]
        if not char:
            raise CookieError("A quote in the command is not closed. Copy the whole command.")
        if char == "'":
            return "".join(parts), position + 1
        if char != "\\":
            parts.append(char)
            position += 1
            continue
        code = _CODE.match(text, position + 1)
        if code:
            number = int(code[4], 8) if code[4] else int(code[1] or code[2] or code[3], 16)
            parts.append(chr(number) if number <= 0x10FFFF else "\ufffd")
            position = code.end()
        else:
            following = text[position + 1 : position + 2]
            parts.append(_ESCAPES.get(following, "\\" + following))
            position += 2


def _split_cmd(text: str) -> list[str]:
    # In cmd a caret takes the meaning from the next character, a line end included.
    plain = re.sub(r"\^(\r?\n|.)", lambda found: "" if found[1].endswith("\n") else found[1], text, flags=re.S)
    words: list[str] = []
    word: list[str] | None = None
    is_quoted = False
    position = 0
    while position < len(plain):
        char = plain[position]
        if char == "\\" and plain[position + 1 : position + 2] in ('"', "\\") and is_quoted:
            word = [*(word or []), plain[position + 1]]
            position += 2
            continue
        position += 1
        if char == '"':
            is_quoted = not is_quoted
            word = word if word is not None else []
        elif char.isspace() and not is_quoted:
            if word is not None:
                words.append("".join(word))
                word = None
        else:
            word = word if word is not None else []
            word.append(char)
    if is_quoted:
        raise CookieError("A quote in the command is not closed. Copy the whole command.")
    if word is not None:
        words.append("".join(word))
    return words
