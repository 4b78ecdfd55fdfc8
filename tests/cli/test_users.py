"""`users` and `logout` on real stores: who is counted as one, what is ended, and that an undo brings it back as it was."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
import redis

from inspector.cli import main
from store_adapters.contract import RawRecord, RecordRef, Write, Written
from store_adapters.errors import RecordChanged, StoreError, StoreUnreachable
from store_adapters.redis.store import RedisStore
from tests.services.doctor.stores import Application, Made
from tests.services.doctor.test_rules import fill_redis


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    output = capsys.readouterr()
    return code, output.out, output.err


def people() -> list[Made]:
    """Ada with three sessions, one of which names her by e-mail alone; Bob with one; a visitor."""
    application = Application()
    now = time.time() * 1000
    ada = {"id": 42, "username": "ada", "email": "ada@example.com", "role": "admin"}
    return [
        application.session(1, now - 500_000, user=ada),
        application.session(2, now - 90_000, user={**ada, "id": "42"}),
        application.session(3, now - 700_000, email="ada@example.com"),
        application.session(4, now - 100_000, user={"id": 7, "username": "bob", "role": "user"}),
        application.session(5, now - 100_000, views=1),
    ]


@pytest.fixture
def store(redis_url: str) -> str:
    fill_redis(redis_url, people())
    return f"{redis_url}?prefix=sess:"


def test_users_are_listed_with_their_sessions(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _err = run(capsys, "users", store, "--json")
    ada, bob = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert set(ada) == {"user", "identities", "sessions", "last_seen", "roles", "ids"}
    assert (ada["user"], ada["sessions"], ada["roles"]) == ("42", 3, ["admin"])
    assert ada["identities"] == [["user.id", "42"], ["email", "ada@example.com"]]
    assert bob["identities"] == [["user.id", "7"], ["username", "bob"]]
    assert len(ada["ids"]) == 3 and ada["last_seen"].endswith("Z")
    assert (bob["user"], bob["sessions"]) == ("7", 1)


def test_users_without_any_is_exit_code_1(redis_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "users", redis_url)[0] == 1


def test_users_are_sorted_filtered_and_limited(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "users", store, "--sort", "seen", "--limit", "1")[1].startswith("42 ")
    assert run(capsys, "users", store, "--filter", "user.role:user")[1].startswith("7 ")


def test_logout_is_only_shown_until_it_is_confirmed(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "logout", store, "--user", "42")
    assert code == 2 and len(out.splitlines()) == 3 and "none was ended. Add --yes" in err
    assert run(capsys, "logout", store, "--user", "42", "--dry-run")[0] == 0
    assert len(run(capsys, "list", store)[1].splitlines()) == 5


def test_logout_ends_every_session_and_an_undo_brings_value_and_expiry_back(
    store: str, redis_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    undo = tmp_path / "undo.jsonl"
    with redis.Redis.from_url(redis_url) as client:
        before = {key: (client.get(key), client.pexpiretime(key)) for key in client.scan_iter()}
        code, out, _err = run(
            capsys, "logout", store, "--user", "ada@example.com", "--yes", "--watch", "1", "--undo", str(undo), "--json"
        )
        told = json.loads(out)
        assert code == 0
        assert told == {
            "user": "42", "planned": 3, "deleted": 3, "changed": 0, "gone": 0, "came_back": [], "undo": str(undo)
        }  # fmt: skip
        assert client.dbsize() == 2
        assert undo.stat().st_mode & 0o777 == 0o600
        assert run(capsys, "import", store, str(undo))[0] == 0
        after = {key: (client.get(key), client.pexpiretime(key)) for key in client.scan_iter()}
    assert {key: value for key, (value, _ends) in after.items()} == {
        key: value for key, (value, _ends) in before.items()
    }
    # A new key is given a time to live, which counts from when the command arrives.
    assert all(abs(ends - before[key][1]) < 1000 for key, (_value, ends) in after.items())


def test_session_that_a_request_in_flight_wrote_back_is_ended_again_and_kept_once(
    store: str, redis_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    undo = tmp_path / "undo.jsonl"
    [busy, *_others] = json.loads(run(capsys, "users", store, "--json")[1].splitlines()[0])["ids"]

    def write_back(value: bytes) -> None:
        with redis.Redis.from_url(redis_url) as application:
            while application.exists(f"sess:{busy}"):
                time.sleep(0.01)
            time.sleep(0.5)
            application.set(f"sess:{busy}", value, px=60_000)

    with redis.Redis.from_url(redis_url) as client:
        request = threading.Thread(target=write_back, args=[client.get(f"sess:{busy}")])
        request.start()
        code, out, err = run(
            capsys, "logout", store, "--user", "42", "--yes", "--watch", "3", "--again", "--undo", str(undo)
        )
        request.join()
        assert (code, err) == (1, "")
        assert f"{busy} came back" in out
        assert not client.exists(f"sess:{busy}")
    assert len(undo.read_text().splitlines()) == 3


def test_session_can_be_left(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    ids = json.loads(run(capsys, "users", store, "--json")[1].splitlines()[0])["ids"]
    code, out, _err = run(capsys, "logout", store, "--user", "42", "--except", ids[0], "--yes", "--watch", "0")
    assert (code, out.strip()) == (0, "2 of 2 sessions of 42 ended.")
    assert ids[0] in run(capsys, "list", store, "--json")[1]


def test_nobody_of_that_name_is_exit_code_1(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, _out, err = run(capsys, "logout", store, "--user", "eve", "--yes")
    assert code == 1 and "Nobody here is signed in as eve" in err


def test_name_of_several_users_is_not_guessed(redis_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    application = Application()
    fill_redis(
        redis_url,
        [application.session(number, 1e12 * 1.8, user={"id": number, "email": "team@example.com"}) for number in (1, 2)]
        + [application.session(3, 1e12 * 1.8, userId="1")],
    )
    store = f"{redis_url}?prefix=sess:"
    code, _out, err = run(capsys, "logout", store, "--user", "1", "--yes")
    assert code == 2 and "names 2 users" in err and "user.id=1" in err
    assert run(capsys, "logout", store, "--user", "1", "--by", "userId", "--yes", "--watch", "0")[0] == 0


def test_session_that_changed_while_it_was_ended_is_kept_once_and_newest(
    redis_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The application writes while a session is ended: the file has each once, as it was in the end."""
    fill_redis(redis_url, people())
    store, undo = f"{redis_url}?prefix=sess:", tmp_path / "undo.jsonl"
    write_many, calls = RedisStore.write_many, 0

    def meddle(self: RedisStore, writes: Sequence[Write]) -> list[Written]:
        nonlocal calls
        calls += 1
        if calls == 1:
            with redis.Redis.from_url(redis_url) as client:
                key = f"sess:{1:032x}"
                client.set(key, (client.get(key) or b"").replace(b'"role"', b'"newer":1,"role"'), keepttl=True)
        return write_many(self, writes)

    monkeypatch.setattr(RedisStore, "write_many", meddle)
    code, out, _err = run(
        capsys, "logout", store, "--user", "42", "--yes", "--watch", "0", "--undo", str(undo), "--json"
    )
    assert code == 0 and json.loads(out)["deleted"] == 3
    kept = [json.loads(line) for line in undo.read_text().splitlines()]
    assert sorted(one["id"] for one in kept) == [f"{number:032x}" for number in (1, 2, 3)]
    assert [("newer" in one["payload"]) for one in kept if one["id"] == f"{1:032x}"] == [True]


def test_server_that_goes_away_leaves_what_was_ended_in_the_file(
    redis_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill_redis(redis_url, people())
    undo = tmp_path / "undo.jsonl"
    write_many, read_many, has_written = RedisStore.write_many, RedisStore.read_many, False

    def write_some(self: RedisStore, writes: Sequence[Write]) -> list[Written]:
        nonlocal has_written
        has_written = True
        return [*write_many(self, writes[:2]), RecordChanged()]

    def read(self: RedisStore, refs: Sequence[RecordRef]) -> list[RawRecord | StoreError]:
        if has_written:
            raise StoreUnreachable("The server is gone.", "Try again.")
        return read_many(self, refs)

    monkeypatch.setattr(RedisStore, "write_many", write_some)
    monkeypatch.setattr(RedisStore, "read_many", read)
    store = f"{redis_url}?prefix=sess:"
    code, out, err = run(capsys, "logout", store, "--user", "42", "--yes", "--watch", "0", "--undo", str(undo))
    assert code == 4 and "2 of 3 sessions" in out and "The server is gone" in err
    assert len(undo.read_text().splitlines()) == 2
