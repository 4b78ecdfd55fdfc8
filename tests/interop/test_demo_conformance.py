"""The demo server beside the real express-session: the same generated requests, the same answers, records and lifetimes.

IDs are those of each side, compared by the order in which they came up; times may differ by two seconds.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, unquote, urlencode

import pytest

from inspector.cookies import sign, unsign
from inspector.core.display import parse_time
from inspector.core.secret import Secret
from inspector.demo.express_session import SessionOptions
from inspector.demo.server import DemoServer, DemoSettings
from inspector.demo.session_cookie import CookieOptions
from store_adapters.clock import now_ms
from store_adapters.errors import RecordMissing
from store_adapters.registry import open_store
from tests.interop.apps import NODE_FOLDER, find_node
from tests.servers import die_with_parent

SECRETS = ("conformance one", "conformance two")
SEED = 20261124
OPTIONS = 300 if os.environ.get("FAULTS_FULL") else 30  # how many sets of options, each with 40 requests to both
SLACK_MS = 2000
DAY_MS = 86_400_000
EXPIRES = re.compile(r"Expires=([^;]+)")
DATE = re.compile(r'"(\d{4}-\d\d-\d\dT[^"]+Z)"')
# The real setter of originalMaxAge loses a millisecond whenever the clock ticks inside it.
NUMBER = re.compile(r'"(?:__lastAccess|originalMaxAge)":(\d+(?:\.\d+)?)')
COOKIES = (
    "own",
    "own",
    "own",
    "own",
    "none",
    "tampered",
    "unsigned",
    "foreign",
    "second",
    "bad first",
    "plain",
    "quoted",
    "upper",
)
PROTOCOLS = ("", "", "http", "https", "https, http", " HTTPS ", "ws")
TURNS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("GET", "/", {}), ("GET", "/set", {}), ("GET", "/set?username=z%C3%B6e", {}), ("GET", "/get", {}), ("GET", "/delete", {}),
    ("GET", "/login", {}), ("POST", "/login", {"userId": "7", "username": "ada", "role": "admin"}),
    ("POST", "/login", {"userId": "x9", "username": "bob"}), ("POST", "/login", {"userId": ""}), ("GET", "/dashboard", {}),
    ("POST", "/add-to-cart", {"item": "a \"quoted\" thing"}), ("POST", "/add-to-cart", {}), ("GET", "/add-to-cart", {}),
    ("GET", "/cart", {}), ("GET", "/logout", {}), ("HEAD", "/set", {}), ("POST", "/set", {}), ("GET", "/nothing", {}),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Choice:
    """One set of options, for both sides."""

    node: dict[str, Any]
    demo: SessionOptions


def choose(rng: random.Random) -> Choice:
    secrets = list(SECRETS[: rng.choice((1, 2))])
    cookie: dict[str, Any] = {}
    own: dict[str, Any] = {}

    def pick(name: str, demo_name: str, values: tuple[Any, ...]) -> None:
        value = rng.choice(values)
        if value is not None:
            cookie[name] = own[demo_name] = value

    pick("maxAge", "max_age_ms", (None, None, 3_600_000, DAY_MS, 1500.5, 90_000))
    if "maxAge" not in cookie and rng.random() < 0.2:
        own["expires_at_ms"] = now_ms() + DAY_MS
        cookie["expires"] = own["expires_at_ms"]
    pick("secure", "secure", (None, None, None, True, False, "auto"))
    pick("sameSite", "same_site", (None, None, True, False, "lax", "strict", "none", "auto"))
    pick("httpOnly", "http_only", (None, None, False))
    pick("path", "path", (None, None, None, "/", "/cart", "/nowhere"))
    pick("domain", "domain", (None, None, None, "shop.example"))
    pick("priority", "priority", (None, None, "low", "high"))
    pick("partitioned", "partitioned", (None, None, True))
    common = {"resave": rng.random() < 0.4, "rolling": rng.random() < 0.4}
    uninitialized = rng.random() < 0.4
    unset: Literal["keep", "destroy"] = rng.choice(("keep", "destroy"))
    name, proxy = rng.choice(("connect.sid", "connect.sid", "sid", "__Host-sid")), rng.choice((None, True, False))
    node = {
        "secret": secrets,
        "name": name,
        "saveUninitialized": uninitialized,
        "unset": unset,
        "cookie": cookie,
        **common,
    }
    if proxy is not None:
        node["proxy"] = proxy
    demo = SessionOptions(
        tuple(Secret.from_text(one) for one in secrets), name, save_uninitialized=uninitialized, unset=unset, proxy=proxy,
        cookie=CookieOptions(**own), **common,
    )  # fmt: skip
    return Choice(node, demo)


@dataclass(frozen=True, slots=True)
class Seen:
    """What is to be equal, and the times (epoch ms) that may differ by a little."""

    words: object
    times: tuple[float, ...]

    def is_like(self, other: Seen) -> bool:
        is_near = len(self.times) == len(other.times) and all(
            abs(one - two) <= SLACK_MS for one, two in zip(self.times, other.times, strict=True)
        )
        return self.words == other.words and is_near


@dataclass
class Side:
    """One of the two servers with its browser: the cookie it holds and the IDs that came up, in order."""

    port: int
    name: str
    signed: str = ""
    ids: list[str] = field(default_factory=list)

    def ask(self, method: str, path: str, form: dict[str, str], header: str, protocol: str) -> Seen:
        """Return status, Location, and Set-Cookie with the ID replaced by its number and the time taken out."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        headers = {"Connection": "close"}
        if header:
            headers["Cookie"] = header
        if protocol:
            headers["X-Forwarded-Proto"] = protocol
        body = None
        if method == "POST":
            body, headers["Content-Type"] = urlencode(form), "application/x-www-form-urlencoded"
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        answer.read()
        lines = answer.headers.get_all("Set-Cookie") or []
        connection.close()
        assert len(lines) <= 1
        words, times = self._normalise(lines[0]) if lines else ("", ())
        return Seen((answer.status, answer.headers.get("Location", ""), words), times)

    def _normalise(self, line: str) -> tuple[str, tuple[float, ...]]:
        first, _, rest = line.partition(";")
        name, _, value = first.partition("=")
        self.signed = unquote(value)
        session_id = unsign(self.signed[2:], [Secret.from_text(one) for one in SECRETS])
        assert name == self.name
        assert session_id is not None
        if session_id not in self.ids:
            self.ids.append(session_id)
        found = EXPIRES.search(rest)
        if found is None:
            return f"{name}=S{self.ids.index(session_id)};{rest}", ()
        words = f"{name}=S{self.ids.index(session_id)};{rest.replace(found[1], '…')}"
        return words, (parsedate_to_datetime(found[1]).timestamp() * 1000,)

    def header(self, kind: str) -> str:
        """Return a Cookie header of that kind, made from the cookie this side's browser holds."""
        signed = self.signed or "s:" + sign("nobody", Secret.from_text(SECRETS[0]))
        session_id = signed[2:].rpartition(".")[0]
        coded = quote(signed, safe="-_.!~*'()")
        bad = quote(signed[:-5] + ("A" if signed[-5] != "A" else "B") + signed[-4:], safe="")
        foreign = quote("s:" + sign("k" * 32, Secret.from_text(SECRETS[0])), safe="")
        second = quote("s:" + sign(session_id, Secret.from_text(SECRETS[1])), safe="")
        values = {
            "none": "", "tampered": bad, "unsigned": session_id, "foreign": foreign, "second": second, "plain": signed,
            "quoted": f'"{coded}"', "upper": "S" + coded[1:], "own": coded,
        }  # fmt: skip
        if kind == "own" and not self.signed:
            return "theme=dark"
        if kind == "bad first":
            return f"{self.name}={bad}; {self.name}={coded}"
        return f"theme=dark; {self.name}={values[kind]}" if values[kind] else ""


@dataclass(frozen=True, slots=True)
class Pair:
    """Both sides on stores of the same kind, ready for any options."""

    node_port: int
    node_place: dict[str, Any]
    node_url: str
    demo_url: str

    def configure(self, choice: Choice) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.node_port, timeout=10)
        body = json.dumps({"options": choice.node, "place": self.node_place})
        connection.request("POST", "/__options", body, {"Content-Type": "application/json"})
        assert connection.getresponse().status == 200
        connection.close()


_SQL = {
    "postgres": ("connect-pg-simple", "10", "session"),
    "mariadb": ("express-mysql-session", "3", "sessions"),
}


@pytest.fixture(params=["redis", "file", *_SQL])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    url = request.getfixturevalue(f"{request.param}_url" if request.param in _SQL else "redis_url")
    library, version, table = _SQL.get(request.param, ("", "", ""))
    process = subprocess.Popen(
        [find_node(), "conformance.js", json.dumps({"url": url, "library": library, "version": version})],
        cwd=NODE_FOLDER,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        preexec_fn=die_with_parent,
    )
    assert process.stdout is not None
    port = int(process.stdout.readline().split()[1])
    if request.param == "redis":
        yield Pair(port, {"prefix": "node:"}, f"{url}?prefix=node:", f"{url}?prefix=demo:")
    elif request.param in _SQL:
        yield Pair(port, {"library": library}, f"{url}?table={table}", f"{url}?table=demo")
    else:
        (tmp_path / "node").mkdir()
        (tmp_path / "demo").mkdir()
        yield Pair(port, {"folder": f"{tmp_path}/node"}, f"file://{tmp_path}/node", f"file://{tmp_path}/demo")
    process.kill()
    process.communicate(timeout=10)


def _record(url: str, session_id: str) -> Seen:
    """Return what the store holds of a session, without its times, and the times."""
    store = open_store(url)
    try:
        raw = store.read(store.ref_for(session_id))
    except RecordMissing:
        return Seen(None, ())
    finally:
        store.close()
    times: list[float] = [parse_time(text) or 0 for text in DATE.findall(raw.payload.decode())]
    times += [float(text) for text in NUMBER.findall(raw.payload.decode())]
    words = NUMBER.sub("…", DATE.sub("…", raw.payload.decode()))
    if raw.expires_at_ms is not None:
        times.append(raw.expires_at_ms)
    return Seen(words, tuple(times))


@pytest.mark.timeout(900)
def test_same_requests_get_the_same_answers_and_leave_the_same_records(pair: Pair) -> None:
    rng = random.Random(SEED)
    asked = 0
    rounds = OPTIONS if pair.node_url.startswith("redis") else OPTIONS // 3  # the rules are the same in every store
    for number in range(rounds):
        choice = choose(rng)
        pair.configure(choice)
        demo = DemoServer(DemoSettings(pair.demo_url, 0, choice.demo))
        demo.start()
        try:
            sides = Side(pair.node_port, choice.demo.name), Side(demo.port, choice.demo.name)
            for _ in range(40):
                method, path, form = rng.choice(TURNS)
                kind, protocol = rng.choice(COOKIES), rng.choice(PROTOCOLS)
                answers = [side.ask(method, path, form, side.header(kind), protocol) for side in sides]
                told = f"seed {SEED}, options {number} {choice.node}, {method} {path}, cookie {kind}, {protocol!r}"
                assert answers[0].is_like(answers[1]), f"{told}: {answers}"
                asked += 1
        finally:
            demo.stop()
        for node_id, demo_id in zip(sides[0].ids, sides[1].ids, strict=True):
            records = _record(pair.node_url, node_id), _record(pair.demo_url, demo_id)
            assert records[0].is_like(records[1]), f"seed {SEED}, options {number} {choice.node}: {records}"
    assert asked == rounds * 40
