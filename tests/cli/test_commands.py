"""The command line on real stores: answers, JSON, exit codes; and that secrets and control characters stay inside."""

from __future__ import annotations

import argparse
import base64
import importlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from inspector.cli import main
from inspector.cli._arguments import make_parser
from inspector.services.settings.profiles import Profile, ProfileBook
from tests.servers import ROOT

DATA = '{"user":{"username":"ada","role":"user"},"cart":["a"]}'


@pytest.fixture(params=["redis", "mongo", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "file":
        return f"file://{tmp_path}"
    url: str = request.getfixturevalue(f"{request.param}_url")
    return f"{url}&collection=sessions" if request.param == "mongo" else f"{url}?prefix=sess:"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    output = capsys.readouterr()
    return code, output.out, output.err


def test_a_session_from_its_creation_to_its_end(capsys: pytest.CaptureFixture[str], store: str) -> None:
    assert run(capsys, "create", store, "abc", "--data", DATA) == (0, "abc\n", "")
    code, text, _ = run(capsys, "list", store, "--json", "--filter", "user.role:user")
    row = json.loads(text)
    assert code == 0
    assert list(row) == ["id", "key", "expires_at", "ttl_ms", "passed_over", "size", "format", "user"]
    assert (row["id"], row["user"]) == ("abc", "ada")
    assert run(capsys, "edit", store, "abc", "--set", 'user.role="admin"', "--set", "cart[1]=2", "--dry-run")[0] == 0
    shown = json.loads(run(capsys, "show", store, "abc", "--json")[1])
    assert shown["data"]["user"]["role"] == "user"
    assert {"fidelity", "data", "expiry", "warnings"} <= set(shown)
    assert [one["counts"] for one in shown["expiry"]].count(True) == 1
    code, text, _ = run(
        capsys,
        "edit",
        store,
        "abc",
        "--set",
        'user.role="admin"',
        "--set",
        "cart[1]=2",
        "--remove",
        "user.username",
        "--json",
    )
    assert (code, json.loads(text)["state"]) == (0, "saved")
    data = json.loads(run(capsys, "show", store, "abc", "--json")[1])["data"]
    assert (data["user"], data["cart"]) == ({"role": "admin"}, ["a", 2])
    assert run(capsys, "expire", store, "abc", "--in", "2h")[0] == 0
    shown = json.loads(run(capsys, "show", store, "abc", "--json")[1])
    assert abs(shown["ttl_ms"] - 7_200_000) < 5000
    assert shown["data"]["cookie"]["originalMaxAge"] == 7_200_000
    assert run(capsys, "delete", store, "abc")[0] == 0
    assert run(capsys, "show", store, "abc")[0] == 1
    assert run(capsys, "list", store) == (0, "", "")


def write_soon(folder: Path, payload: bytes) -> threading.Timer:
    """Write a session file while the edit waits, as a request that was in flight does."""
    timer = threading.Timer(0.3, (folder / "abc.json").write_bytes, [payload])
    timer.start()
    return timer


def test_edit_that_the_application_overwrites_is_told_and_exits_4(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    store, older = f"file://{tmp_path}", b'{"cookie":{},"role":"user","n":1}'
    for options, told in (((), "session-inspector: The application overwrote role"), (("--json",), "")):
        (tmp_path / "abc.json").write_bytes(older)
        request = write_soon(tmp_path, older)
        code, text, errors = run(capsys, "edit", store, "abc", "--set", 'role="admin"', *options)
        request.join()
        assert code == 4
        assert errors.startswith(told)
    answer = json.loads(text)
    assert (answer["state"], [change["field"] for change in answer["changes"]]) == ("overwritten", ["role"])
    assert "Save again" in answer["messages"][-1]


def test_edit_that_stayed_is_said_to_be_there_beside_what_the_application_wrote(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "abc.json").write_bytes(b'{"cookie":{},"role":"user","n":1}')
    request = write_soon(tmp_path, b'{"cookie":{},"role":"admin","n":2}')
    code, text, _ = run(capsys, "edit", f"file://{tmp_path}", "abc", "--set", 'role="admin"')
    request.join()
    assert (code, text.splitlines()[-1][:26]) == (0, "Saved and still there; the")
    code, text, _ = run(capsys, "edit", f"file://{tmp_path}", "abc", "--set", 'role="owner"')
    assert (code, text.splitlines()[-1]) == (0, "Saved, and still there.")


def test_session_that_ends_right_after_the_edit_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "abc.json").write_bytes(b'{"cookie":{},"role":"user"}')
    logout = threading.Timer(0.3, (tmp_path / "abc.json").unlink)
    logout.start()
    code, text, _ = run(capsys, "edit", f"file://{tmp_path}", "abc", "--set", "role=1", "--json")
    logout.join()
    assert (code, json.loads(text)["state"]) == (4, "gone since")


def test_edit_without_the_check_ends_at_once(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inspector.cli._commands.verify_saved", lambda *_: pytest.fail("it looked again"))
    (tmp_path / "abc.json").write_bytes(b'{"cookie":{},"role":"user"}')
    assert run(capsys, "edit", f"file://{tmp_path}", "abc", "--set", "role=1", "--no-check")[0] == 0


def test_raw_is_what_is_stored(capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> None:
    stored = b'{"cookie":{} , "x":"\\u0007"}'
    (tmp_path / "abc.json").write_bytes(stored)
    assert main(["show", f"file://{tmp_path}", "abc", "--raw"]) == 0
    assert capfdbinary.readouterr().out == stored


def test_list_opens_encrypted_records_with_the_secret(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = map(json.loads, (ROOT / "tests/golden/express/sealed.jsonl").read_text().splitlines())
    row = next(one for one in rows if one["lib"] == "session-file-store" and one["version"] == "1.5.0")
    (tmp_path / f"{row['session_id']}.json").write_bytes(base64.b64decode(row["payload_base64"]))
    monkeypatch.setenv("STORE_SECRET", row["secret"])
    code, text, _ = run(capsys, "list", f"file://{tmp_path}", "--json", "--secret-env", "STORE_SECRET")
    found = json.loads(text)
    assert code == 0
    assert row["era"] in found["format"]
    assert found["expires_at"] is not None
    assert json.loads(run(capsys, "list", f"file://{tmp_path}", "--json")[1])["expires_at"] is None


def test_control_characters_of_stored_text_are_spelled_out(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "abc.json").write_text('{"cookie":{},"user":{"username":"\\u001b[31mred\\u202e"}}')
    for arguments in (["list"], ["show"]):
        names = ["abc"] if arguments == ["show"] else []
        text = run(capsys, *arguments, f"file://{tmp_path}", *names)[1]
        assert "\x1b" not in text
        assert "\u202e" not in text


def test_help_names_every_kind_of_address(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--help"], ["list", "--help"]):
        with pytest.raises(SystemExit):
            main(arguments)
        words = " ".join(capsys.readouterr().out.split())
        assert [one for one in ("redis://", "mongodb://", "file://", "sqlite://", "memory:") if one not in words] == []


def test_exit_codes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    store = f"file://{tmp_path}"
    assert run(capsys, "show", store, "ghost")[0] == 1
    assert run(capsys, "list", "no-such-profile")[0] == 2
    assert run(capsys, "list", store, "--filter", "(")[0] == 2
    assert run(capsys, "edit", store, "ghost", "--set", "x")[0] == 1
    assert run(capsys, "list", "redis://127.0.0.1:1/0")[0] == 3
    run(capsys, "create", store, "abc")
    assert run(capsys, "edit", store, "abc", "--set", "x")[0] == 2
    assert run(capsys, "edit", store, "abc", "--set", 'cookie.originalMaxAge="x"')[0] == 1
    assert run(capsys, "expire", store, "abc", "--at", "2020-01-01T00:00:00Z")[0] == 2
    for wrong in (["nonsense"], ["demo", "--port", "70000"]):
        with pytest.raises(SystemExit) as caught:
            main(wrong)
        assert caught.value.code == 2


def test_cookie_given_with_a_new_session_takes_the_place_of_the_usual_one(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    store = f"file://{tmp_path}"
    data = '{"user":1,"cookie":{"originalMaxAge":null,"expires":null,"path":"/shop"}}'
    assert run(capsys, "create", store, "abc", "--data", data)[0] == 0
    raw = run(capsys, "show", store, "abc", "--raw")[1]
    assert raw.count('"cookie"') == 1
    assert json.loads(raw)["cookie"]["path"] == "/shop"


def test_bytes_that_are_no_text_are_judged_and_not_thrown_at_the_person() -> None:
    found = subprocess.run(
        [sys.executable, "-m", "inspector", "verify", "-"],
        cwd=ROOT,
        input=b"\xfa\xfb",
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "utf-8:strict"},
        check=False,
    )
    assert (found.returncode, found.stderr) == (1, b"")


def test_profile_stands_for_its_store_and_read_only_holds_for_the_demo_too(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "sessions"
    folder.mkdir()
    assert run(capsys, "create", f"file://{folder}", "abc")[0] == 0
    monkeypatch.setattr("inspector.cli._stores.default_folder", lambda: tmp_path)
    ProfileBook(tmp_path).put(Profile(id="p", name="my shop", url=f"file://{folder}", read_only=True))
    assert json.loads(run(capsys, "list", "my shop", "--json")[1])["id"] == "abc"
    assert run(capsys, "edit", "my shop", "abc", "--set", "a=1")[0] == 3
    code, _, words = run(capsys, "demo", "--port", "0", "--store", "my shop")
    assert (code, "read-only" in words) == (2, True)


def test_window_without_a_display_is_refused_with_words() -> None:
    hidden = {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"}
    env = {name: value for name, value in os.environ.items() if name not in hidden}
    found = subprocess.run(
        [sys.executable, "-m", "inspector"], cwd=ROOT, capture_output=True, text=True, env=env, check=False
    )
    assert found.returncode == 2
    assert "There's no display" in found.stderr
    assert "session-inspector --help" in found.stderr


def test_sign_and_verify(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: str
) -> None:
    monkeypatch.setenv("CURRENT", "current secret")
    old = tmp_path.parent / f"{tmp_path.name}-old"
    old.write_bytes(b"old secret\n")
    run(capsys, "create", store, "abc", "--data", DATA)
    value = run(capsys, "sign", "--secret-file", str(old), "abc")[1].strip()
    both = ("--secret-env", "CURRENT", "--secret-file", str(old))
    code, text, _ = run(capsys, "verify", *both, "--store", store, "--json", f"Cookie: theme=dark; connect.sid={value}")
    reports = [json.loads(line) for line in text.splitlines()]
    assert code == 0
    assert [one["status"] for one in reports] == ["unknown", "valid"]
    assert (reports[1]["secret"], reports[1]["session_id"], reports[1]["scheme"]) == (2, "abc", "express-session")
    assert [link["link"] for link in reports[1]["chain"]][-1] == "Attributes"
    code, text, error = run(capsys, "verify", "--secret-env", "CURRENT", value)
    assert code == 1
    assert "current secret" not in text + error
    assert run(capsys, "verify", "--secret-env", "NOT_SET", value)[0] == 2
    run(capsys, "delete", store, "abc")
    assert run(capsys, "verify", *both, "--store", store, value)[0] == 1


@pytest.mark.parametrize(("ends", "code"), [(4_000_000_000_000, 0), (1, 1)])
def test_verify_is_0_only_where_the_application_opens_the_session(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends: int, code: int
) -> None:
    monkeypatch.setenv("CURRENT", "current secret")
    (tmp_path / "odd.json").write_text(f'{{"cookie":{{"originalMaxAge":60000}},"__lastAccess":{ends}}}')
    (tmp_path / "broken.json").write_text('{"cookie":null}')
    url = f"file://{tmp_path}"
    value = run(capsys, "sign", "--secret-env", "CURRENT", "odd")[1].strip()
    assert run(capsys, "verify", "--secret-env", "CURRENT", "--store", url, value)[0] == code
    broken = run(capsys, "sign", "--secret-env", "CURRENT", "broken")[1].strip()
    assert run(capsys, "verify", "--secret-env", "CURRENT", "--store", url, broken)[0] == 1
    shown = json.loads(run(capsys, "show", url, "broken", "--json")[1])
    assert shown["application"]["effect"] == "error 500"
    assert shown["application"]["text"] in " ".join(shown["warnings"])


def _start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "inspector", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )


def test_demo_prints_its_address_and_ends_when_interrupted(tmp_path: Path) -> None:
    process = _start("demo", "--port", "0", "--store", f"file://{tmp_path}", "--json", "--visitors", "3")
    assert process.stdout is not None
    address = json.loads(process.stdout.readline())
    assert address["url"].startswith("http://127.0.0.1:")
    request = json.loads(process.stdout.readline())
    assert {"method", "path", "status", "session_id", "operations", "changes"} <= set(request)
    process.send_signal(signal.SIGINT)
    _output, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")


def test_demo_says_what_each_request_did_and_changed(tmp_path: Path) -> None:
    process = _start("demo", "--port", "0", "--store", f"file://{tmp_path}", "--visitors", "30")
    assert process.stdout is not None
    saving = next(line for line in process.stdout if "set-cookie" in line)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert " saved, set-cookie, " in saving
    assert "+ " in saving


def test_watch_prints_a_change(tmp_path: Path) -> None:
    store = f"file://{tmp_path}"
    process = _start("watch", store, "--json")
    assert process.stdout is not None
    try:
        for number in range(200):
            (tmp_path / f"s{number}.json").write_text('{"cookie":{}}')
            # The watch begins at its own time: write until it tells of one.
            if _has_output(process):
                break
        change = json.loads(process.stdout.readline())
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
    assert change["kind"] == "written"
    assert change["id"].startswith("s")


def _has_output(process: subprocess.Popen[str]) -> bool:
    import select

    return bool(process.stdout and select.select([process.stdout], [], [], 0.1)[0])


def test_listing_imports_no_window_and_no_other_driver(tmp_path: Path) -> None:
    script = (
        "import sys; from inspector.cli import main; main(['list', sys.argv[1]]);"
        "print([name for name in ('PySide6', 'pymongo', 'redis', 'werkzeug', 'keyring') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, f"file://{tmp_path}"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / f"s{number}.json").write_text('{"cookie":{},"pad":"' + "x" * 400 + '"}')
    process = _start("list", f"file://{tmp_path}", "--json")
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait(20) == 0
    assert errors == ""


def test_every_command_names_a_function_that_is_there() -> None:
    (parts,) = [action for action in make_parser()._actions if isinstance(action, argparse._SubParsersAction)]
    for name, part in parts.choices.items():
        module, _, function = part.get_default("act").partition(".")
        assert callable(getattr(importlib.import_module(f"inspector.cli.{module}"), function)), name


def test_times_are_local_for_a_person_and_utc_in_json(
    capsys: pytest.CaptureFixture[str], store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    run(capsys, "create", store, "abc", "--data", DATA)
    run(capsys, "expire", store, "abc", "--at", "2030-12-08T00:27:13Z")
    _, shown, commands = run(capsys, "show", store, "abc", "--log-commands")
    _, machine, _ = run(capsys, "show", store, "abc", "--json")
    monkeypatch.undo()
    time.tzset()
    sentences = [line for line in shown.splitlines() if line.startswith(("  * ", "    cookie"))]
    assert "2030-12-07 19:27:13 EST" in sentences[0]
    assert not [line for line in sentences if re.search(r"T\d\d:\d\d.*Z", line)]
    assert "2030-12-08T00:27:13.000Z" in str(json.loads(machine)["expires_at"])
    assert "EST" not in machine
    assert re.search(r"^> \d{4}-\d\d-\d\d \d\d:\d\d:\d\d E[SD]T ", commands)


def test_edit_of_an_ended_session_says_once_that_it_is_over(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "abc.json").write_text('{"cookie":{"originalMaxAge":60000,"path":"/"},"n":1,"__lastAccess":1}')
    code, said, _ = run(capsys, "edit", f"file://{tmp_path}", "abc", "--set", "n=2")
    assert (code, said.count("session is over"), said.count("still there")) == (0, 1, 1)


def test_help_names_every_kind_of_store(capsys: pytest.CaptureFixture[str]) -> None:
    words = make_parser().format_help()
    assert all(f"{name}:" in words for name in ("redis", "mongodb", "postgresql", "mysql", "file", "sqlite", "memory"))
