"""No secret leaves the program: unique tokens go through the main job, and are looked for everywhere else.

As password, cookie secret, session ID and value, through the window and the command line, errors and a crash included. Looked
through: settings, standard error, arguments and environments of the processes and their children, what a crash leaves.
"""

from __future__ import annotations

import ast
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from inspector.cookies import signed_value
from inspector.core.secret import Secret
from inspector.services.connection import split_url
from inspector.services.settings.profiles import Profile, ProfileBook
from tests.servers import ROOT, Server, missing, redis_binary, start_redis

PASSWORD, SECRET, SESSION, VALUE = (f"zq{kind}{secrets.token_hex(8)}" for kind in ("pass", "key", "sid", "val"))
TOKENS = tuple(text.encode() for text in (PASSWORD, SECRET, SESSION, VALUE))


@dataclass
class Scene:
    """A Redis with a password, one session, and a program folder that knows it as `shop`."""

    server: Server
    home: Path
    environment: dict[str, str]


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    import redis

    binary = redis_binary()
    if binary is None:
        missing("redis-server")
    folder = tmp_path / "redis"
    folder.mkdir()
    server = start_redis(str(binary), str(folder))
    with redis.Redis(port=server.port) as client:
        payload = f'{{"cookie":{{"originalMaxAge":60000}},"token":"{VALUE}","user":{{"name":"{VALUE}"}}}}'
        client.set(f"sess:{SESSION}", payload, ex=3600)
        client.config_set("requirepass", PASSWORD)
    environment = {
        **os.environ,
        "SESSION_INSPECTOR_HOME": str(tmp_path / "home"),
        "PYTHON_KEYRING_BACKEND": "tests.faults.window.vault_keyring.VaultKeyring",
        "VAULT_PATH": str(tmp_path / "vault.json"),
        "SERVER_PID": str(server.process.pid),
        "PYTHONPATH": str(ROOT),
    }
    monkeypatch.setenv("VAULT_PATH", environment["VAULT_PATH"])
    from inspector.services.settings.secrets import SecretStore
    from tests.faults.window.vault_keyring import VaultKeyring

    monkeypatch.setattr("keyring.get_keyring", VaultKeyring)
    keeper = SecretStore()
    url, password = split_url(f"redis://:{PASSWORD}@127.0.0.1:{server.port}/0")
    assert password is not None
    ids = keeper.put(password), keeper.put(Secret.from_text(SECRET, "current"))
    ProfileBook(tmp_path / "home").put(
        Profile(id="shop", name="shop", url=url, password_id=ids[0], secret_ids=(ids[1],))
    )
    yield Scene(server, tmp_path / "home", environment)
    server.stop()


def find(data: bytes) -> list[bytes]:
    return [token for token in TOKENS if token in data]


def search_folder(folder: Path) -> list[tuple[str, bytes]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return [(path.name, token) for path in files for token in find(path.read_bytes())]


def family_of(pid: int) -> list[int]:
    """Return a process and all that came from it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [one for child in (task / "children").read_text().split() for one in family_of(int(child))]
    return found


def search_processes(pid: int) -> list[tuple[str, bytes]]:
    places = [Path(f"/proc/{one}/{what}") for one in family_of(pid) for what in ("cmdline", "environ")]
    return [(str(place), token) for place in places for token in find(place.read_bytes())]


def test_window_lets_no_secret_out_from_listing_to_crash(scene: Scene) -> None:
    cookie = signed_value(SESSION, Secret.from_text(SECRET))
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.window.secrets_driver", "shop"],
        cwd=scene.home, env=scene.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        try:
            assert process.stdin and process.stdout and process.stderr
            process.stdin.write(f"{SESSION} {cookie} {VALUE}\n".encode())
            process.stdin.flush()
            assert process.stdout.readline() == b"done\n"
            assert len(family_of(process.pid)) >= 1
            assert search_processes(process.pid) == []
            process.stdin.close()
            words = process.stderr.read()
            code = process.wait(10)
        finally:
            process.kill()
    assert code == -signal.SIGSEGV
    (crash,) = scene.home.rglob("crash.txt")
    assert b"Fatal Python error: Segmentation fault" in crash.read_bytes()
    assert b"KeyError" in words
    assert b"ValueError" in words
    assert find(words) == []
    assert search_folder(scene.home) == []
    assert list(scene.home.glob("unsaved/*.sealed")), "the edit that was not saved"
    assert list(scene.home.glob("core*")) == []


def run(scene: Scene, *words: str, text: str = "") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "inspector", *words],
        cwd=scene.home, env=scene.environment, input=text.encode(), capture_output=True, timeout=60,
    )  # fmt: skip


def test_command_line_lets_no_secret_onto_standard_error(scene: Scene) -> None:
    cookie = signed_value(SESSION, Secret.from_text(SECRET))
    answers = [
        run(scene, "list", "--log-commands", "shop"),
        run(scene, "show", "--log-commands", "shop", SESSION),
        run(scene, "edit", "--log-commands", "shop", SESSION, "--set", f'token="{VALUE}-more"'),
        run(scene, "verify", "--store", "shop", "-", text=f"Cookie: connect.sid={cookie}"),
    ]
    assert [answer.returncode for answer in answers] == [0, 0, 0, 0]
    assert VALUE.encode() in answers[1].stdout
    assert b"EVAL (compare-and-set script)" in answers[2].stderr
    refused = [
        run(scene, "list", f"redis://:{PASSWORD}x@127.0.0.1:{scene.server.port}/0"),
        run(scene, "edit", "shop", SESSION, "--set", f"token={VALUE}"),
        run(scene, "show", "shop", SESSION + "gone"),
    ]
    scene.server.process.kill()
    scene.server.process.wait()
    refused.append(run(scene, "list", "--log-commands", "shop"))
    assert [answer.returncode for answer in refused] == [3, 2, 1, 3]
    assert [find(answer.stderr) for answer in [*answers, *refused]] == [[]] * 8
    assert search_folder(scene.home) == []


def test_f49_signatures_are_compared_in_constant_time_only() -> None:
    """No `==` between what was made and what was given, in any module that makes a signature or a MAC."""
    suspects = []
    for path in sorted((ROOT / "inspector" / "cookies").glob("_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Compare) and any(isinstance(one, ast.Eq | ast.NotEq) for one in node.ops):
                names = {
                    one.func.attr for one in ast.walk(node) if isinstance(one, ast.Call) and hasattr(one.func, "attr")
                }
                if names & {"digest", "hexdigest", "sign", "get_signature", "sign_id"}:
                    suspects.append(f"{path.name}:{node.lineno}")
    assert suspects == []


@pytest.mark.parametrize("wrong", ["not the secret", "", "x" * 1_000_000])
def test_f49_wrong_empty_and_huge_secrets_judge_a_cookie_as_not_signed_by_them(wrong: str) -> None:
    from inspector.cookies import Status, judge, read_cookies

    cookie = read_cookies(f"Cookie: connect.sid={signed_value(SESSION, Secret.from_text(SECRET))}")[0]
    verdict = judge(cookie, [Secret.from_text(wrong, "wrong")], 0)
    assert verdict.status is Status.INVALID
    assert wrong[:40] not in repr(verdict) or not wrong
    rotated = judge(cookie, [Secret.from_text(wrong, "wrong"), Secret.from_text(SECRET, "older")], 0)
    assert rotated.status is Status.VALID
    assert SECRET not in repr(rotated)
