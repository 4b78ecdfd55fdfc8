"""`doctor`, and what takes its findings as a filter: the JSON is a contract, the exit codes are for pipelines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inspector.cli import main
from tests.services.doctor.stores import Application, change_each
from tests.services.doctor.test_other_stores import fill_folder
from tests.services.doctor.test_rules import fill_redis, set_end

_FIELDS = {"id", "severity", "count", "of", "percent", "title", "text", "fixes", "filter", "samples", "chart", "links"}


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    output = capsys.readouterr()
    return code, output.out, output.err


@pytest.fixture
def healthy(tmp_path: Path) -> str:
    return fill_folder(tmp_path, Application().visitors(60))


@pytest.fixture
def endless(redis_url: str) -> str:
    """120 sessions, 12 of which have lost their TTL."""
    made = Application().visitors(120)
    change_each(0.1, set_end(lambda _one: None))(made)
    fill_redis(redis_url, made)
    return f"{redis_url}?prefix=sess:"


def test_clean_store_is_exit_code_0(healthy: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _err = run(capsys, "doctor", healthy)
    assert code == 0 and "60 sessions examined" in out and "passed: " in out


def test_finding_is_exit_code_1_and_its_json_is_the_contract(endless: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _err = run(capsys, "doctor", endless, "--json", "--only", "no-expiry,empty-sessions,short-secret")
    told = json.loads(out)
    assert code == 1
    assert set(told) == {"store", "kind", "examined", "seconds", "findings", "passed", "not_checked"}
    [found] = told["findings"]
    assert set(found) == _FIELDS
    assert (found["id"], found["severity"], found["count"], found["of"], found["percent"]) == (
        "no-expiry",
        "high",
        12,
        120,
        10.0,
    )
    assert found["title"] == "12 of 120 sessions never expire"
    assert found["filter"] == "finding:no-expiry"
    assert len(found["samples"]) == 3
    assert {"for": "connect-redis", "line": "new RedisStore({client, disableTTL: false})"} in found["fixes"]
    assert told["passed"] == ["empty-sessions"]
    assert told["not_checked"] == [{"id": "short-secret", "why": "No secret of this store is known here."}]


def test_severity_that_fails_is_chosen(healthy: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(healthy.removeprefix("file://")).chmod(0o755)
    assert run(capsys, "doctor", healthy)[0] == 0
    assert run(capsys, "doctor", healthy, "--fail-on", "low")[0] == 1
    assert run(capsys, "doctor", healthy, "--fail-on", "low", "--skip", "folder-readable")[0] == 0


def test_markdown_cuts_the_session_ids(endless: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _err = run(capsys, "doctor", endless, "--markdown", "--only", "no-expiry")
    assert code == 1 and out.startswith("# Session store: ")
    assert "## high: 12 of 120 sessions never expire (`no-expiry`)" in out
    assert "`00000000…`" in out and "0" * 20 not in out


def test_check_that_there_is_not_is_named(healthy: str, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (("doctor", healthy, "--only", "no-such"), ("list", healthy, "--filter", "finding:no-such")):
        code, _out, err = run(capsys, *arguments)
        assert code == 2 and "no check named no-such" in err and "no-expiry" in err


def test_store_that_does_not_answer_is_exit_code_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "doctor", f"file://{tmp_path / 'nowhere'}")[0] == 3


def test_finding_is_a_filter_of_list_and_export(endless: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _err = run(capsys, "list", endless, "--filter", "finding:no-expiry", "--json")
    listed = [json.loads(line) for line in out.splitlines()]
    assert code == 0 and len(listed) == 12 and {one["expires_at"] for one in listed} == {None}
    code, out, _err = run(capsys, "export", endless, "--filter", "finding:no-expiry")
    assert code == 0 and len(out.splitlines()) == 12
    assert len(run(capsys, "list", endless, "--filter", "-finding:no-expiry")[1].splitlines()) == 108


def test_finding_is_repaired_by_its_own_line(endless: str, capsys: pytest.CaptureFixture[str]) -> None:
    many = ("expire", endless, "--filter", "finding:no-expiry", "--in", "24h")
    code, out, err = run(capsys, *many)
    assert code == 2 and "12 sessions match and none was changed. Add --yes" in err and "… and 2 more" in out
    assert run(capsys, "doctor", endless, "--only", "no-expiry")[0] == 1
    code, out, _err = run(capsys, *many, "--yes")
    assert (code, out.strip()) == (0, "12 of 12 sessions changed.")
    assert run(capsys, "doctor", endless, "--only", "no-expiry")[0] == 0


def test_all_that_match_are_deleted_and_no_other(endless: str, capsys: pytest.CaptureFixture[str]) -> None:
    many = ("delete", endless, "--filter", "finding:no-expiry")
    code, out, _err = run(capsys, *many, "--dry-run", "--json")
    assert code == 0 and len(out.splitlines()) == 10
    code, out, _err = run(capsys, *many, "--yes", "--json")
    assert code == 0 and json.loads(out) == {"matched": 12, "done": 12, "gone": 0, "changed": 0, "failed": 0}
    assert len(run(capsys, "list", endless)[1].splitlines()) == 108


def test_one_session_or_a_filter_is_wanted(endless: str, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (
        ("delete", endless),
        ("delete", endless, "a", "--filter", "is:expired"),
        ("expire", endless, "--never"),
    ):
        code, _out, err = run(capsys, *arguments)
        assert code == 2 and "--filter TERMS for all that match" in err
