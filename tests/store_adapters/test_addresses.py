"""Addresses as clouds, clients and people write them: understood, or answered with the option or the way to write it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pymongo.common import URI_OPTIONS_VALIDATOR_MAP

from inspector.services.connection import split_url
from inspector.services.settings.profiles import Profile, ProfileBook
from store_adapters.address import format_address, parse_address
from store_adapters.errors import BadStoreAddress
from store_adapters.known_kinds import scheme_named

HERE = os.getcwd()
HOME = os.path.expanduser("~")
UNDERSTOOD = {
    # What was copied: the address without its password, and the password.
    "mongodb+srv://u:p@c.ab.mongodb.net/?retryWrites=true&w=majority&appName=Cluster0": (
        "mongodb+srv://u@c.ab.mongodb.net/?retryWrites=true&w=majority&appName=Cluster0", "p"),
    "mongodb://acc:oaOyTl==@h:1/?ssl=true&retrywrites=false&maxIdleTimeMS=120000&appName=@acc@": (
        "mongodb://acc@h:1/?ssl=true&retryWrites=false&maxIdleTimeMS=120000&appName=%40acc%40", "oaOyTl=="),
    "mongodb://h/app?AUTHSOURCE=admin;readpreference=nearest": (
        "mongodb://h/app?authSource=admin&readPreference=nearest", ""),
    "mongodb://alice:12345/abc@host/db": ("mongodb://alice@host/db", "12345/abc"),
    "mongodb://%2Ftmp%2Fmongodb-27017.sock/app": ("mongodb://%2Ftmp%2Fmongodb-27017.sock/app", ""),
    'mongosh "mongodb+srv://c.ab.mongodb.net/app" --apiVersion 1 --username bob -p pw': (
        "mongodb+srv://bob@c.ab.mongodb.net/app", "pw"),
    "mongosh --host rs0/h1:27017,h2 --port 27018 --tls shop": (
        "mongodb://h1:27017,h2:27018/shop?tls=true&replicaSet=rs0", ""),
    "redis://127.0.0.1:6391?family=0": ("redis://127.0.0.1:6391/?family=0", ""),
    "redis://carl:a/b?c#d@127.0.0.1:6391/0": ("redis://carl@127.0.0.1:6391/0", "a/b?c#d"),
    "redis://carl:p@ss:w@[::1]:6391/0": ("redis://carl@[::1]:6391/0", "p@ss:w"),
    "rediss://:pw@h:6392?ssl_cert_reqs=CERT_NONE": ("rediss://h:6392/?ssl_cert_reqs=none", "pw"),
    "redis://h/0?tls=true&rejectUnauthorized=false": ("rediss://h/0?ssl_cert_reqs=none", ""),
    "redis://h?username=ann&password=a%2Fb": ("redis://ann@h", "a/b"),
    "redis://%2Frun%2Fr.sock/2": ("unix:///run/r.sock?db=2", ""),
    "unix://alice:PASS/WORD@/run/r.sock": ("unix://alice@/run/r.sock", "PASS/WORD"),
    "shop.redis.cache.windows.net:6380,password=abc+d/e=,ssl=True,abortConnect=False": (
        "rediss://shop.redis.cache.windows.net:6380", "abc+d/e="),
    "redis-cli -u redis://pw@h:6379/1": ("redis://h:6379/1", "pw"),
    "redis-cli --tls -u redis://default:pw@x.upstash.io:6379": ("rediss://default@x.upstash.io:6379", "pw"),
    "$ REDISCLI_AUTH=foo redis-cli -h h -p 6380 -n 2 keys '*'": ("redis://h:6380/?db=2", "foo"),
    "REDIS_URL='rediss://:pw@h:6380'": ("rediss://h:6380", "pw"),
    "const c = createClient({ url: 'redis://:pw@h:6380' });": ("redis://h:6380", "pw"),
    "tcp://h:6379?auth=pw&database=2": ("redis://h:6379/?db=2", "pw"),
    "redis://[fe80::1%25eth0]:6379/1": ("redis://[fe80::1%25eth0]:6379/1", ""),
    "localhost:6379": ("redis://localhost:6379", ""),
    "db.internal:27017/app": ("mongodb://db.internal:27017/app", ""),
    "/srv/app/sessions": ("file:///srv/app/sessions", ""),
    "/run/redis/r.sock": ("unix:///run/redis/r.sock", ""),
    "~/x.sqlite3": (f"sqlite://{HOME}/x.sqlite3", ""),
    "./sessions": (f"file://{HERE}/sessions", ""),
    "file:sessions?ttl=60": (f"file://{HERE}/sessions?ttl=60", ""),
    "file:///~/sessions": (f"file://{HOME}/sessions", ""),
    "file://localhost/srv/s": ("file:///srv/s", ""),
}  # fmt: skip


@pytest.mark.parametrize("copied", UNDERSTOOD)
def test_address_is_understood_as_it_was_copied(copied: str) -> None:
    url, password = split_url(copied)
    assert (url, "" if password is None else password.reveal().decode()) == UNDERSTOOD[copied]
    assert format_address(parse_address(url)) == url


REFUSED = {
    "mongodb://h/?noSuchThing=hunter2": "noSuchThing",
    "mongodb://h/?tlsCertificateKeyFilePassword=hunter2": "tlsCertificateKeyFilePassword",
    "mongodb://h/?authMechanismProperties=AWS_SESSION_TOKEN:hunter2": "authMechanismProperties",
    "mongodb://h/?w=0": "w=0",
    "mongodb://u:hunter2@h/app.sessions": "collection=",
    "redis://h/?keyPrefix=hunter2": "keyPrefix",
    "redis://h/?ssl_password=hunter2": "ssl_password",
    "redis://h/?ssl_cert_reqs=none": "ssl_cert_reqs",
    "redis+sentinel://h:1/shop/0?sentinel_password=hunter2": "sentinel_password",
    "redis://u:hunter2@h/0?password=other": "two passwords",
    "redis://u:hunter2@h1:1,h2:2/0": "Sentinel",
    "mongodb://alice:12345/hunter2?x=1@host/db": "more than one way",
    "mongodb://h:1/db?appName=hunter2@corp": "more than one way",
    "redis://alice%3Ahunter2@host": "colon",
    "mongodb://alice%3Ahunter2%40host/db": "host",
    "unix://alice:x@/hunter2@/run/r.sock": "ambiguous",
    "unix://alice:hunter2": "path",
    "file://alice:hunter2@/srv": "password",
    "sqlite:///x.db;Password=hunter2": "password",
    "sqlite:///x.db?table=t;pwd=hunter2": "password",
    "Data Source=x;Password=hunter2": "scheme",
    "mongodb+srv://<db_user>:<db_password>@c.mongodb.net/": "<…>",
    "localhost:1234": "redis://",
    "redis-cli --fancy hunter2": "--fancy",
    "https://x.upstash.io": "REST",
    r"C:\srv\sessions": "Windows",
    r".\sessions": "Windows",
    r"file:\\host\sessions": "Windows",
    "file:///C:/srv/sessions": "Windows",
}


@pytest.mark.parametrize("url", REFUSED)
def test_what_cannot_be_is_named_and_never_quoted(url: str) -> None:
    with pytest.raises(BadStoreAddress) as caught:
        parse_address(url)
    assert REFUSED[url] in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_every_option_of_the_driver_has_its_name_in_any_case() -> None:
    known = {name.lower() for name in scheme_named("mongodb").options} | {"tlscertificatekeyfilepassword"}
    assert set(URI_OPTIONS_VALIDATOR_MAP) <= known


# A password of marked words between any characters: wherever it were kept, a marked word would stand there.
_PASSWORDS = st.lists(st.one_of(st.just("tok-mark"), st.text(max_size=6)), min_size=1, max_size=5).map("".join)
_SHAPES = st.sampled_from(
    [
        "redis://ann:{}@db.example:6379/0?prefix=sess:", "rediss://:{}@db.example", "redis://db.example/0?password={}",
        "redis+sentinel://ann:{}@one:26379,two/shop/0", "unix://ann:{}@/run/r.sock?db=1", "unix:///run/r.sock?password={}",
        "mongodb://ann:{}@one:27017,two:27018/app?replicaSet=rs&appName=@ann@", "mongodb+srv://ann:{}@c.example/?w=majority",
        "mongodb://ann:{}@db.example/app?tlsCertificateKeyFilePassword={}", "redis://db.example:6379?auth={}",
        "db.example:6379,password={},ssl=True", "redis-cli -h db.example -a '{}'", "redis-cli -u 'redis://{}@db.example:6379'",
        "mongosh --host db.example -u ann -p '{}'", "ann:{}@db.example:6379", "file://ann:{}@/srv/s", "sqlite:///x.db;pwd={}",
        "mongodb://db.example/?authMechanismProperties=AWS_SESSION_TOKEN:{}", "REDIS_URL=redis://:{}@db.example:6379/1",
    ]
)  # fmt: skip


@given(_SHAPES, _PASSWORDS, st.booleans())
@example("mongodb://ann:{}@one/app", "12345/tok-mark", False)
@example("mongodb://ann:{}@one/app", "12345/x?w=tok-mark", False)
@example("unix://ann:{}@/run/r.sock", "/tok-mark@/", False)
@example("file://ann:{}@/srv/s", "/", False)
@example("sqlite://ann:{}@/srv/s.db", "?x=/tok-mark", False)
def test_no_spelling_of_an_address_puts_its_password_into_the_profile(
    tmp_path_factory: pytest.TempPathFactory, shape: str, password: str, is_encoded: bool
) -> None:
    password = f"tok-mark{password}"
    assume("'" not in password or is_encoded)
    # Before a colon stands the user there, as redis-cli has it.
    assume(":" not in password or "'redis://{}@" not in shape or is_encoded)
    text = shape.replace("{}", quote(password, safe="") if is_encoded else password)
    folder = tmp_path_factory.mktemp("book")
    try:
        url, _password = split_url(text)
    except BadStoreAddress as error:
        assert "tok-mark" not in str(error)
        return
    ProfileBook(folder).put(Profile(id="1", name="one", url=url))
    assert b"tok-mark" not in (folder / "profiles.json").read_bytes()


_NAMES = st.from_regex(r"[A-Za-z0-9_.]{1,12}", fullmatch=True)


@given(st.sampled_from(["redis", "rediss", "mongodb", "redis+sentinel"]), _NAMES, st.text(min_size=1), _NAMES, _NAMES)
def test_encoded_address_comes_back_as_it_was(scheme: str, user: str, password: str, host: str, prefix: str) -> None:
    path = {"mongodb": "app", "redis+sentinel": "shop/1"}.get(scheme, "1")
    address = parse_address(f"{scheme}://{user}:{quote(password, safe='')}@{host}/{path}?prefix={prefix}")
    assert (address.user, address.password, address.hosts, address.path) == (user, password, (host,), path)
    assert parse_address(format_address(address, with_password=True)) == address


@given(st.text())
@example("~\0")
def test_any_text_is_read_or_refused_with_words(text: str) -> None:
    try:
        address = parse_address(text)
    except BadStoreAddress as error:
        assert re.search(r"[a-z]", str(error))
        return
    assert parse_address(format_address(address, with_password=True)) == address


def test_plain_path_is_made_absolute_where_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert parse_address("file:../x").path == f"{tmp_path}/../x"
