"""A store that somebody else wrote, by command line: in a process of its own that knows it by its installed package alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import redis

from inspector.services.sessions.decoder import IN_PROCESS_BYTES
from tests.frameworks import toy
from tests.plugins.conftest import SESSION_ID, install_package


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


class CommandLine:
    """Runs commands where a folder of packages is installed."""

    def __init__(self, packages: Path, home: Path) -> None:
        path = os.pathsep.join(filter(None, [str(packages), os.environ.get("PYTHONPATH", "")]))
        self._environment = {**os.environ, "PYTHONPATH": path, "SESSION_INSPECTOR_HOME": str(home), "APP": "s3cret"}

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        run = subprocess.run(
            [sys.executable, "-m", "inspector", *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            env=self._environment,
        )
        return run.returncode, run.stdout, run.stderr


def test_plugin_is_not_loaded_unless_asked_for(toy_package: Path, home: Path, toy_url: str) -> None:
    code, _, complaint = CommandLine(toy_package, home)("list", toy_url)
    assert code == 2
    assert "Unknown kind of store." in complaint


def test_toy_session_is_listed_decoded_judged_edited_moved_and_verified(
    toy_package: Path, home: Path, toy_url: str
) -> None:
    run = CommandLine(toy_package, home)
    row = json.loads(run("list", "--plugins", toy_url, "--json", "--filter", "user.role:user")[1])
    assert (row["id"], row["user"], row["format"]) == (SESSION_ID, "ada", "express JSON")
    shown = json.loads(run("--plugins", "show", toy_url, SESSION_ID, "--json")[1])
    assert shown["data"]["user"] == {"username": "ada", "role": "user"}
    counting = [one for one in shown["expiry"] if one["counts"]]
    assert [(one["name"], one["note"]) for one in counting] == [
        ("the room's clock", "The room throws it out then."),
    ]
    assert run("edit", "--plugins", toy_url, SESSION_ID, "--set", 'user.role="admin"')[0] == 0
    assert run("expire", "--plugins", toy_url, SESSION_ID, "--in", "2h")[0] == 0
    shown = json.loads(run("show", "--plugins", toy_url, SESSION_ID, "--json")[1])
    assert shown["data"]["user"]["role"] == "admin"
    assert abs(shown["ttl_ms"] - 7_200_000) < 60_000
    signed = run("sign", SESSION_ID, "--secret-env", "APP")[1].strip()
    code, answer, _ = run("verify", "--plugins", signed, "--store", toy_url, "--secret-env", "APP")
    assert code == 0, answer
    exported = run("export", "--plugins", toy_url)[1]
    assert json.loads(exported)["kind"] == "toy"
    assert run("delete", "--plugins", toy_url, SESSION_ID)[0] == 0
    assert run("list", "--plugins", toy_url)[:2] == (0, "")


def test_framework_of_others_is_loaded_and_judges_its_records(tmp_path: Path, home: Path, redis_url: str) -> None:
    source = Path(toy.__file__).read_text()
    toys = install_package(tmp_path, "toy_rules", source, "toy_rules:TOY", "session_inspector.frameworks")
    client = redis.Redis.from_url(redis_url)
    client.set("toy:bear", "toy\nwho=ada\ncolour=red")
    client.close()
    run = CommandLine(toys, home)
    shown = json.loads(run("show", "--plugins", f"{redis_url}?prefix=toy:", "bear", "--json")[1])
    assert (shown["data"]["colour"], shown["writer"]["name"]) == ("red", "Toy framework")
    assert run("edit", "--plugins", f"{redis_url}?prefix=toy:", "bear", "--set", 'colour="black"')[0] == 1


def test_large_record_of_a_format_of_others_is_read_by_the_decoder_too(
    tmp_path: Path, home: Path, redis_url: str
) -> None:
    source = Path(toy.__file__).read_text() + '\nprint("a plugin that prints")\n'
    toys = install_package(tmp_path, "toy_rules", source, "toy_rules:TOY", "session_inspector.frameworks")
    client = redis.Redis.from_url(redis_url)
    client.set("toy:bear", "toy\nwho=ada\ncolour=" + "red" * IN_PROCESS_BYTES)
    client.close()
    run = CommandLine(toys, home)
    code, answer, complaint = run("show", "--plugins", f"{redis_url}?prefix=toy:", "bear", "--json")
    assert code == 0, complaint
    shown = json.loads(answer.splitlines()[-1])
    assert (shown["data"]["who"], shown["writer"]["name"]) == ("ada", "Toy framework")
    assert len(shown["data"]["colour"]) == 3 * IN_PROCESS_BYTES


def test_framework_of_others_may_not_take_the_place_of_one_that_is_known(tmp_path: Path, home: Path) -> None:
    module = "from inspector.frameworks import EXPRESS\n"
    thief = install_package(tmp_path, "thief_rules", module, "thief_rules:EXPRESS", "session_inspector.frameworks")
    complaint = CommandLine(thief, home)("list", "--plugins", "memory:")[2]
    assert "not loaded. There is a framework named express-session already." in complaint


def test_plugin_that_fails_is_told_and_stops_nothing(tmp_path: Path, home: Path) -> None:
    broken = install_package(tmp_path, "broken_box", "raise RuntimeError('s3cret text')\n", "broken_box:KIND")
    code, answer, complaint = CommandLine(broken, home)("list", "--plugins", "memory:")
    assert (code, answer) == (0, "")
    assert complaint.splitlines()[-1].endswith("Plugin broken_box 1.2: not loaded. It raised RuntimeError.")
    assert "s3cret" not in complaint


def test_plugin_may_not_take_the_place_of_a_store_that_is_known(tmp_path: Path, home: Path) -> None:
    module = "import dataclasses\nfrom store_adapters.redis.kind import REDIS\nKIND = dataclasses.replace(REDIS, label='Mine')\n"
    thief = install_package(tmp_path, "thief_box", module, "thief_box:KIND")
    complaint = CommandLine(thief, home)("list", "--plugins", "memory:")[2]
    assert "not loaded. There is a kind of store with the name redis already." in complaint
