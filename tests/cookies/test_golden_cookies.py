"""Cookies which the real libraries made, and their verdicts."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from inspector.cookies import Status, judge, read_cookies
from inspector.core.secret import Secret

GOLDEN = Path(__file__).parent.parent / "golden" / "cookies"


def _rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (GOLDEN / name).read_text().splitlines()]


def _secrets(row: dict[str, Any]) -> list[Secret]:
    given = [one if isinstance(one, str) else base64.b64decode(one["base64"]) for one in row["secrets"]]
    return [Secret(one if isinstance(one, bytes) else one.encode()) for one in given]


EXPRESS = [row for row in _rows("express-session.jsonl") if row["valid"] is not None]
ITSDANGEROUS = _rows("itsdangerous.jsonl")
NEEDS_SETTINGS = {"flask-custom-sha256-salt", "starlette-maxage-none"}


@pytest.mark.parametrize("row", EXPRESS, ids=[row["case"] for row in EXPRESS])
def test_express_cookie_gets_the_verdict_of_express_session(row: dict[str, Any]) -> None:
    cookies = [one for one in read_cookies(f"Cookie: {row['cookie_header']}") if not one.shadowed]
    named = [one for one in cookies if one.name == row["cookie_name"]]
    verdicts = [judge(one, _secrets(row), 0) for one in named]
    assert [one.status is Status.VALID for one in verdicts] == ([row["valid"]] if named else [])
    if row["accepted"]:
        assert verdicts[0].session_id == row["sid"]


@pytest.mark.parametrize(
    "row", [row for row in EXPRESS if row["set_cookie"]], ids=[row["case"] for row in EXPRESS if row["set_cookie"]]
)
def test_set_cookie_line_is_read_as_the_cookie_of_its_name(row: dict[str, Any]) -> None:
    (cookie,) = read_cookies(row["set_cookie"])
    assert (cookie.origin, cookie.name) == ("set-cookie", row["cookie_name"])


@pytest.mark.parametrize("row", ITSDANGEROUS, ids=[row["id"] for row in ITSDANGEROUS])
def test_flask_and_starlette_cookies_get_their_librarys_verdict(row: dict[str, Any]) -> None:
    (cookie,) = read_cookies(f"Cookie: session={row['cookie_value']}")
    verdict = judge(cookie, _secrets(row), row["now"] * 1000)
    assert verdict.scheme == ("starlette" if row["framework"].startswith("starlette") else "flask")
    assert verdict.payload is not None
    assert (verdict.status is Status.VALID) == (row["valid"] and row["id"] not in NEEDS_SETTINGS)


def test_old_starlette_cookie_names_the_setting_that_decides() -> None:
    row = next(row for row in ITSDANGEROUS if row["id"] == "starlette-maxage-none")
    verdict = judge(read_cookies(f"session={row['cookie_value']}")[0], _secrets(row), row["now"] * 1000)
    assert verdict.secret_index == 0
    assert "max_age=None" in verdict.detail
