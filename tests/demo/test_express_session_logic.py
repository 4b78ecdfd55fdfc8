"""The middleware against what express-session 1.19.0 did in 898 combinations of options, cookie and page.

Golden: tests/golden/express/logic.jsonl, recorded from express-session 1.19.0 under Node 20.20.2.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inspector.cookies import encode_value, sign
from inspector.core.secret import Secret
from inspector.demo.express_session import (
    IncomingRequest,
    Session,
    SessionFault,
    SessionOptions,
    SessionRequest,
)
from inspector.demo.session_cookie import CookieOptions
from store_adapters.application.javascript_json import parse

GOLDEN = Path(__file__).parent.parent / "golden" / "express" / "logic.jsonl"
ROWS = [json.loads(line) for line in GOLDEN.read_text().splitlines()]
NEW, OLD, FOREIGN = Secret.from_text("new"), Secret.from_text("old"), Secret.from_text("foreign")
NOW_MS = 1_790_000_000_000


class RecordingStore:
    """A dictionary that never expires and notes each call as the golden file spells it."""

    marks_session = False

    def __init__(self) -> None:
        self.records: dict[str, bytes] = {}
        self.ops: list[list[str]] = []

    def get(self, session_id: str, now_ms: int) -> bytes | None:
        self.ops.append(["get", session_id])
        return self.records.get(session_id)

    def set(self, session_id: str, record: bytes, now_ms: int) -> None:
        session = parse(record)
        assert isinstance(session, dict)
        members = [f"n={session['n']}" if key == "n" else key for key in session]
        self.ops.append(["set", session_id, ",".join(members)])
        self.records[session_id] = record

    def touch(self, session_id: str, record: bytes, now_ms: int) -> None:
        self.ops.append(["touch", session_id])

    def destroy(self, session_id: str) -> None:
        self.ops.append(["destroy", session_id])
        self.records.pop(session_id, None)

    def close(self) -> None: ...


def _modify(session: Session) -> None:
    session.data["n"] = 2


def _set_same_value(session: Session) -> None:
    if "n" in session.data:
        session.data["n"] = session.data["n"]


def _modify_revert(session: Session) -> None:
    before = session.data.get("n")
    session.data["n"] = 99
    if before is None:
        del session.data["n"]
    else:
        session.data["n"] = before


def _cookie_max_age(session: Session) -> None:
    session.cookie.max_age = 3_600_000


def _cookie_max_age_and_modify(session: Session) -> None:
    _cookie_max_age(session)
    _modify(session)


def _regenerate_modify(session: Session) -> None:
    session.regenerate().data["n"] = 3


def _regenerate_save(session: Session) -> None:
    fresh = session.regenerate()
    fresh.data["n"] = 3
    fresh.save()


def _modify_save(session: Session) -> None:
    _modify(session)
    session.save()


def _modify_save_modify(session: Session) -> None:
    _modify_save(session)
    session.data["n"] = 4


def _modify_reload(session: Session) -> None:
    _modify(session)
    session.reload()


def _delete_all_keys(session: Session) -> None:
    for key in [key for key in session.data if key != "cookie"]:
        del session.data[key]


ACTIONS: dict[str, Callable[[Session], object]] = {
    "noop": lambda session: None,
    "modify": _modify,
    "set_same_value": _set_same_value,
    "modify_revert": _modify_revert,
    "cookie_maxage_only": _cookie_max_age,
    "cookie_maxage_and_modify": _cookie_max_age_and_modify,
    "regenerate": lambda session: session.regenerate(),
    "regenerate_modify": _regenerate_modify,
    "regenerate_save": _regenerate_save,
    "destroy": lambda session: session.destroy(),
    "save_unmodified": lambda session: session.save(),
    "modify_save": _modify_save,
    "modify_save_modify": _modify_save_modify,
    "reload": lambda session: session.reload(),
    "modify_reload": _modify_reload,
    "touch_method": lambda session: session.touch(),
    "delete_all_keys": _delete_all_keys,
}


def _incoming_cookie(kind: str) -> str:
    secret = {"valid": NEW, "valid_no_record": NEW, "valid_signed_old_secret": OLD, "bad_signature": FOREIGN}.get(kind)
    return f"connect.sid={encode_value('s:' + sign('S', secret))}" if secret else ""


def _replay(row: dict[str, Any]) -> dict[str, Any]:
    """Make the row's request and return what happened, in the golden file's words."""
    store = RecordingStore()
    if row["incoming"] in ("valid", "valid_signed_old_secret"):
        max_age = json.dumps(row["maxAge"])
        expires = "null" if row["maxAge"] is None else '"2026-09-21T14:13:20.000Z"'
        cookie = f'{{"originalMaxAge":{max_age},"expires":{expires},"httpOnly":true,"path":"/"}}'
        store.records["S"] = f'{{"cookie":{cookie},"n":1}}'.encode()
    options = SessionOptions(
        secrets=(NEW, OLD),
        resave=row["resave"],
        rolling=row["rolling"],
        save_uninitialized=row["saveUninitialized"],
        unset=row["unset"],
        cookie=CookieOptions(max_age_ms=row["maxAge"]),
    )
    names = iter(["N1", "N2"])
    incoming = IncomingRequest("/", _incoming_cookie(row["incoming"]))
    request = SessionRequest(options, store, incoming, lambda: NOW_MS, lambda: next(names))
    request.load()
    status = 200
    if row["action"] == "null":
        request.session = None
    else:
        assert request.session is not None
        try:
            ACTIONS[row["action"]](request.session)
        except SessionFault:
            status = 500
    line = request.finish_headers()
    request.end()
    records = {session_id: parse(record) for session_id, record in store.records.items()}
    return {
        "status": status,
        "ops": store.ops,
        "set_cookie_expires": None if line is None else "Expires=" in line,
        "records_after": {sid: record.get("n") for sid, record in records.items() if isinstance(record, dict)},
        "line": line,
    }


@pytest.mark.parametrize("number", range(0, len(ROWS), 50))
def test_fifty_recorded_requests_end_as_with_express_session(number: int) -> None:
    for row in ROWS[number : number + 50]:
        outcome = _replay(row)
        line = outcome.pop("line")
        assert outcome == {key: row[key] for key in outcome}, row
        expected_id = row["set_cookie_sid"]
        if expected_id is None:
            assert line is None, row
        else:
            value = encode_value("s:" + sign(expected_id, NEW))
            assert line.startswith(f"connect.sid={value}; Path=/"), row


def test_every_recorded_request_is_replayed() -> None:
    assert len(ROWS) == 898
