"""`--json` is always valid JSON with numbers as they are stored, whatever a record or a cookie holds."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_commands import run


def strict(text: str) -> Any:
    """Read JSON as any other program does, numbers as they are spelled."""

    def refuse(name: str) -> Any:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(text, parse_constant=refuse, parse_float=str, parse_int=str)


def jwt(payload: str) -> str:
    def coded(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).decode().rstrip("=")

    head = ".".join(coded(part) for part in (b'{"alg":"HS256","typ":"JWT"}', payload.encode()))
    return f"{head}.{coded(hmac.digest(b'secret', head.encode(), hashlib.sha256))}"


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ('{"n":1e999,"id":9007199254740993,"x":1.10}', {"n": "1e999", "id": "9007199254740993", "x": "1.10"}),
        ('{"n":%s}' % ("9" * 4000), {"n": "9" * 4000}),
        ('{"s":"\\ud800",\n "a":1}', {"s": "\ud800", "a": "1"}),
    ],
    ids=["huge", "long", "surrogate"],
)
def test_cookie_s_numbers_are_printed_as_they_are_stored(
    capsys: pytest.CaptureFixture[str], payload: str, expected: object
) -> None:
    _, text, _ = run(capsys, "verify", f"token={jwt(payload)}", "--json")
    assert text.count("\n") == 1
    assert strict(text)["payload"] == expected


def test_record_s_numbers_are_printed_as_they_are_stored(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    store = f"file://{tmp_path}"
    (tmp_path / "abc.json").write_bytes(b'{"cookie":{"originalMaxAge":1e999},"n":1e999,"__lastAccess":1e999}')
    for command in (("show", store, "abc"), ("list", store), ("edit", store, "abc", "--set", "m=-1e999", "--no-check")):
        _, text, _ = run(capsys, *command, "--json")
        strict(text)
    assert strict(run(capsys, "show", store, "abc", "--json")[1])["data"]["m"] == "-1e999"


def test_lifetime_beyond_javascript_s_clock_is_refused_by_edit(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path, before = tmp_path / "abc.json", b'{"cookie":{"originalMaxAge":60000},"__lastAccess":1}'
    path.write_bytes(before)
    edit = ("edit", f"file://{tmp_path}", "abc", "--no-check", "--set")
    code, text, _ = run(capsys, *edit, "cookie.originalMaxAge=8640000000000000")
    assert (code, path.read_bytes()) == (1, before)
    assert "JavaScript's clock" in text
    code, _, errors = run(capsys, *edit, "cookie.originalMaxAge=300000000000000")
    assert code == 0
    assert "browsers do not understand it" in errors
