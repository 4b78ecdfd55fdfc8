"""Profiles and secrets on disk and off it; the filter line; watching a store."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.core.secret import Secret
from inspector.services.catalogue.catalogue import Catalogue
from inspector.services.catalogue.session_row import Column
from inspector.services.connection import connect, split_url
from inspector.services.filtering.parser import FilterError, parse_filter
from inspector.services.settings.profiles import Environment, Profile, ProfileBook, Settings
from inspector.services.settings.secrets import SecretStore
from store_adapters.clock import now_ms
from store_adapters.contract import CancelToken
from store_adapters.errors import BadStoreAddress
from store_adapters.registry import open_store

SHOP = Profile(id="1", name="shop", url="redis://localhost:6379/0", environment=Environment.PRODUCTION)


def test_profiles_and_settings_come_back(tmp_path: Path) -> None:
    book = ProfileBook(tmp_path)
    book.put(SHOP)
    book.change_settings(Settings(theme="dark"))
    again = ProfileBook(tmp_path)
    assert again.profiles == (SHOP,)
    assert again.settings.theme == "dark"
    assert again.find("shop") == again.find("1") == SHOP
    assert stat.S_IMODE((tmp_path / "profiles.json").stat().st_mode) == 0o600
    again.remove("1")
    assert ProfileBook(tmp_path).profiles == ()


def test_broken_file_is_kept_and_told_and_the_old_one_used(tmp_path: Path) -> None:
    book = ProfileBook(tmp_path)
    book.put(SHOP)
    book.put(Profile(id="2", name="other", url="memory:"))
    (tmp_path / "profiles.json").write_text("{half a file")
    again = ProfileBook(tmp_path)
    assert again.profiles == (SHOP,)
    assert len(again.troubles) == 1
    assert [path.read_text() for path in tmp_path.glob("*.broken-*")] == ["{half a file"]


def test_password_leaves_the_url(tmp_path: Path) -> None:
    url, password = split_url("redis://ann:p%40ss@localhost:6379/0?prefix=sess:")
    assert password is not None
    assert password.reveal() == b"p@ss"
    assert "p@ss" not in url
    assert "p%40ss" not in url


def test_bad_url_is_not_quoted_in_the_error() -> None:
    with pytest.raises(BadStoreAddress) as caught:
        split_url("redis://ann:hunter2@ho st:99999/0")
    assert "hunter2" not in str(caught.value)


def test_secrets_stay_in_memory_without_a_keyring(tmp_path: Path) -> None:
    secrets = SecretStore()
    secret_id = secrets.put(Secret(b"\x00\xffline\n", "odd"))
    assert secrets.is_persistent is False
    assert secrets.trouble
    found = secrets.get(secret_id)
    assert found is not None
    assert found.reveal() == b"\x00\xffline\n"
    secrets.remove(secret_id)
    assert secrets.get(secret_id) is None


def test_profile_opens_its_store_with_its_secrets() -> None:
    secrets = SecretStore(use_keyring=False)
    secret_id = secrets.put(Secret.from_text("cat", "current"))
    connection = connect(Profile(id="m", name="m", url="memory:profiles", secret_ids=(secret_id, "gone")), secrets)
    assert [secret.name for secret in connection.secrets] == ["current"]
    assert connection.info.product == "Memory"
    connection.store.close()


SESSIONS = {
    "s1": '{"cookie":{},"user":{"username":"ada","role":"admin"},"cart":["a","b","c"],"n":5}',
    "s2": '{"cookie":{},"user":{"username":"bob","role":"user"},"cart":[],"note":"hello world"}',
    "s3": '{"cookie":{}}',
}


@pytest.fixture
def catalogue(request: pytest.FixtureRequest) -> Catalogue:
    store = open_store(f"memory:{request.node.name}")
    lives = {"s1": 1_800_000, "s2": 86_400_000, "s3": None}
    for name, text in SESSIONS.items():
        life = lives[name]
        store.create(store.ref_for(name), text.encode(), now_ms() + life if life else None)
    found = Catalogue(store)
    for batch in store.list_records(CancelToken()):
        found.append(batch)
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "s1 s2 s3"),
        ("ada", "s1"),
        ("user.role:admin", "s1"),
        ("-user.role:admin", "s2 s3"),
        ("cart.length>2", "s1"),
        ("expires<1h", "s1"),
        ("expires:never", "s3"),
        ("size>60b", "s1 s2"),
        ('"hello world"', "s2"),
        ("user.username:ada OR user.username:bob", "s1 s2"),
        ("(ada OR bob) -cart.length>2", "s2"),
        ("n>4", "s1"),
        ("n:5", "s1"),
    ],
)
def test_filter_finds(catalogue: Catalogue, text: str, expected: str) -> None:
    positions = catalogue.select(parse_filter(text), Column.SESSION, descending=False, now_ms=now_ms())
    assert " ".join(catalogue.row(position).session_id for position in positions) == expected


@pytest.mark.parametrize("text", ["(ada", "ada)", '"open', "expires<soon", "size>big", "OR", "ada OR"])
def test_wrong_filter_says_where(text: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse_filter(text)
    assert 0 <= caught.value.position <= len(text)
    assert str(caught.value)


@given(st.text(max_size=40))
def test_any_filter_is_read_or_refused_with_words(text: str) -> None:
    try:
        parse_filter(text)
    except FilterError as error:
        assert str(error)
