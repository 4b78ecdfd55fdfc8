"""The store's password on the command line: from a variable or a file, never needed as an argument, warned of as one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from inspector.cli import main
from inspector.services.settings.profiles import Environment, Profile, ProfileBook
from tests.servers import Server, missing, redis_binary, start_redis

PASSWORD = "tok-store-password/?#@:x"


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    binary = redis_binary()
    if binary is None:
        missing("redis-server")
    server = start_redis(str(binary), str(tmp_path_factory.mktemp("redis")))
    with redis.Redis(port=server.port) as client:
        client.set("sess:a", '{"cookie":{},"user":"ada"}')
        client.config_set("requirepass", PASSWORD)
    yield server
    server.stop()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SESSION_INSPECTOR_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("REDISCLI_AUTH", raising=False)
    return tmp_path / "home"


COMMANDS = (
    ("list", "STORE"), ("show", "STORE", "a"), ("edit", "STORE", "a", "--set", "n=1"), ("export", "STORE"),
    ("expire", "STORE", "a", "--in", "1h"), ("verify", "--store", "STORE", "connect.sid=a"),
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_every_command_takes_the_password_from_a_variable_or_a_file(
    locked: Server, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], command: tuple[str, ...],
) -> None:  # fmt: skip
    words = [locked.url if word == "STORE" else word for word in command]
    file = tmp_path / "password"
    file.write_text(PASSWORD + "\n")
    monkeypatch.setenv("THE_PASSWORD", PASSWORD)
    assert main(words) == 3
    assert "requires a password" in capsys.readouterr().err
    for given in (["--password-env", "THE_PASSWORD"], ["--password-file", str(file)]):
        assert main([*words, *given]) in (0, 1)
        assert capsys.readouterr().err == ""
    monkeypatch.setenv("REDISCLI_AUTH", PASSWORD)
    assert main(words) in (0, 1)
    assert capsys.readouterr().err == ""


def test_profile_takes_the_password_that_is_given(
    locked: Server, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ProfileBook(home).put(Profile(id="1", name="shop", url=locked.url, password_id="gone"))
    monkeypatch.setenv("THE_PASSWORD", PASSWORD)
    assert main(["list", "shop", "--json", "--password-env", "THE_PASSWORD"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == "a"


def test_password_in_an_argument_is_warned_of_and_not_quoted(
    locked: Server, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for store in (f"redis://:{PASSWORD}@127.0.0.1:{locked.port}", f"redis-cli -p {locked.port} -a '{PASSWORD}'"):
        assert main(["list", store]) == 0
        told = capsys.readouterr()
        assert "--password-env" in told.err
        assert "tok-store" not in told.err + told.out


def test_password_in_a_line_of_redis_cli_is_warned_of(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "redis-cli -h 127.0.0.1 -p 1 -a tok-short-password"]) == 3
    told = capsys.readouterr()
    assert "--password-env" in told.err


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (["--password-env", "NOT_SET_HERE"], 2),
        (["--password-file", "/no/such/file"], 3),
    ],
)
def test_source_that_is_not_there_is_named(
    home: Path, capsys: pytest.CaptureFixture[str], source: list[str], code: int
) -> None:
    assert main(["list", "redis://127.0.0.1:1", *source]) == code
    assert source[1] in capsys.readouterr().err


def test_demo_refuses_a_marked_store_under_another_spelling(
    locked: Server, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"redis://localhost:{locked.port}/2"
    ProfileBook(home).put(Profile(id="1", name="live", url=url, environment=Environment.PRODUCTION))
    monkeypatch.setenv("REDISCLI_AUTH", PASSWORD)
    assert main(["demo", "--store", f"redis://127.1:{locked.port}", "--port", "0"]) == 2
    assert "live is marked as production" in capsys.readouterr().err


def test_command_line_leaves_no_core_dump(home: Path) -> None:
    # The limit itself may be at 0 already, which nothing raises again: it is told that it is asked for.
    script = (
        "import resource; asked = []; resource.setrlimit = lambda *words: asked.append(words); "
        "from inspector.cli import main; main(['list', 'memory:']); print((resource.RLIMIT_CORE, (0, 0)) in asked)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("True")
