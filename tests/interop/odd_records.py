"""Records as bugs, other tools and people leave them, and the real applications that are asked for each."""

from __future__ import annotations

import contextlib
import datetime
import http.client
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bson import Decimal128, Int64

from inspector.core.secret import Secret
from inspector.core.verdict import Effect
from inspector.services.cookies.signed_cookie import signed_cookie_value
from tests.interop.apps import NODE_FOLDER, find_node
from tests.servers import die_with_parent

SECRET = "odd records"
FUTURE = "2099-01-01T00:00:00.000Z"
COOKIE = f'{{"originalMaxAge":3600000,"expires":"{FUTURE}","httpOnly":true,"path":"/"}}'


def _cookie(cookie: str) -> bytes:
    return f'{{"cookie":{cookie},"user":"ada"}}'.encode()


TEXTS: dict[str, bytes] = {
    "plain": _cookie(COOKIE),
    "null": b"null", "zero": b"0", "minus zero": b"-0.0", "number": b"7", "false": b"false", "true": b"true", "empty text": b'""',
    "text": b'"abc"', "array": b"[]", "array of objects": b'[{"cookie":{}}]', "empty object": b"{}", "no cookie": b'{"user":"ada"}',
    "empty": b"", "blank": b" \n", "a word": b"session", "cut off": _cookie(COOKIE)[:-1], "NaN": b'{"cookie":{},"a":NaN}',
    "byte-order mark": b"\xef\xbb\xbf" + _cookie(COOKIE), "white space around": b" \r\n\t" + _cookie(COOKIE) + b"\n ",
    "no-break space": b"\xc2\xa0" + _cookie(COOKIE), "text behind": _cookie(COOKIE) + b"{}", "comma at the end": b'{"cookie":{},}',
    "pretty": json.dumps(json.loads(_cookie(COOKIE)), indent=2).encode(),
    "stringified twice": json.dumps(_cookie(COOKIE).decode()).encode(),
    "cookie null": _cookie("null"), "cookie text": _cookie('"x"'), "cookie empty text": _cookie('""'), "cookie number": _cookie("5"),
    "cookie zero": _cookie("0"), "cookie true": _cookie("true"), "cookie false": _cookie("false"), "cookie array": _cookie("[]"),
    "cookie list": _cookie('["a",1]'), "cookie empty": _cookie("{}"), "first cookie good": b'{"cookie":{},"cookie":null}',
    "last cookie good": b'{"cookie":null,"cookie":{}}', "Cookie": f'{{"Cookie":{COOKIE}}}'.encode(),
    "maxAge text": _cookie('{"maxAge":"1"}'), "maxAge number": _cookie('{"maxAge":60000}'), "maxAge empty": _cookie('{"maxAge":""}'),
    "maxAge object": _cookie('{"maxAge":{}}'), "originalMaxAge text": _cookie('{"originalMaxAge":"3600000"}'),
    "originalMaxAge null": _cookie('{"originalMaxAge":null}'), "originalMaxAge false": _cookie('{"originalMaxAge":false}'),
    "originalMaxAge empty text": _cookie('{"originalMaxAge":""}'), "originalMaxAge zero": _cookie('{"originalMaxAge":0}'),
    "originalMaxAge twice": _cookie('{"originalMaxAge":"x","originalMaxAge":3600000}'),
    "expires text": _cookie('{"originalMaxAge":3600000,"expires":"soon"}'),
    "expires null": _cookie('{"originalMaxAge":3600000,"expires":null}'),
    "expires number": _cookie('{"originalMaxAge":3600000,"expires":4000000000000}'), "expires array": _cookie('{"expires":[1]}'),
    "expires object": _cookie('{"originalMaxAge":3600000,"expires":{"$date":1}}'), "sameSite number": _cookie('{"sameSite":5}'),
    "reserved names": _cookie(COOKIE)[:-1] + b',"id":1,"save":2,"__proto__":{"a":1}}',
    "large number": _cookie(COOKIE)[:-1] + b',"n":9007199254740993}', "lone surrogate": _cookie(COOKIE)[:-1] + b',"n":"\\ud800"}',
    "deep": _cookie(COOKIE)[:-1] + b',"n":' + b"[" * 300 + b"]" * 300 + b"}",
    "control character": _cookie(COOKIE)[:-1] + b',"n":"\x01"}',
    "single quotes": b"{'cookie':{}}", "null character": _cookie(COOKIE) + b"\0",
    "lastModified text": _cookie(COOKIE)[:-1] + b',"lastModified":"x"}',
}  # fmt: skip
HANGING: dict[str, bytes] = {
    "originalMaxAge true": _cookie('{"originalMaxAge":true}'), "originalMaxAge array": _cookie('{"originalMaxAge":[]}'),
    "originalMaxAge object": _cookie('{"originalMaxAge":{}}'),
}  # fmt: skip
NOT_UTF8: dict[str, bytes] = {
    "Latin-1 inside": _cookie(COOKIE)[:-1] + b',"n":"Zo\xeb"}',
    "half a character at the end": _cookie(COOKIE) + b"\xc3",
    "random bytes": b"\xff\xfe\x00\x01\xf0",
}


def _last_access(value: str, max_age: str = "3600000") -> bytes:
    return f'{{"cookie":{{"originalMaxAge":{max_age}}},"__lastAccess":{value}}}'.encode()


LAST_ACCESSES: dict[str, bytes] = {
    f"lastAccess {value} for {age}": _last_access(value, age)
    for value in ("5", "4000000000000", "null", "true", '""', '"5"', '"4000000000000"', '"soon"', "[]", "[5]", "{}", "1e999", "-1e999")
    for age in ("3600000", "null", "0", "-1", "1e999")
} | {
    "lastAccess with text": _last_access("5", '"3600000"'), "lastAccess with short text": _last_access("5", '"6"'),
    "lastAccess with true": _last_access("5", "true"), "lastAccess with an array": _last_access("5", "[]"),
}  # fmt: skip
_NOW = datetime.datetime.now(datetime.UTC)
_LATER, _EARLIER = _NOW + datetime.timedelta(days=9), _NOW - datetime.timedelta(days=9)
_TEXT = _cookie(COOKIE).decode()
_OBJECT: dict[str, Any] = {"cookie": {"originalMaxAge": 3600000, "expires": _LATER}, "user": "ada"}
DOCUMENTS: dict[str, dict[str, Any]] = {
    "expires missing": {"session": _TEXT}, "expires past": {"session": _TEXT, "expires": _EARLIER},
    "expires null": {"session": _TEXT, "expires": None}, "expires number": {"session": _TEXT, "expires": 4e12},
    "expires text": {"session": _TEXT, "expires": FUTURE}, "expires true": {"session": _TEXT, "expires": True},
    "expires object": {"session": _TEXT, "expires": {"$date": 1}}, "expires in an array": {"session": _TEXT, "expires": [_LATER]},
    "expires an empty array": {"session": _TEXT, "expires": []},
    "session missing": {"expires": _LATER}, "session null": {"session": None, "expires": _LATER},
    "session true": {"session": True, "expires": _LATER}, "session false": {"session": False, "expires": _LATER},
    "session number": {"session": 5, "expires": _LATER}, "other fields": {"session": _TEXT, "expires": _LATER, "note": 1},
    "lastModified text": {"session": _TEXT, "expires": _LATER, "lastModified": "x"},
}  # fmt: skip
_SESSIONS: dict[str, Any] = {
    "plain": _OBJECT, "cookie missing": {"user": 1}, "cookie null": {"cookie": None}, "cookie text": {"cookie": "x"},
    "cookie empty": {"cookie": {}}, "cookie array": {"cookie": [1]}, "cookie date": {"cookie": _LATER}, "empty": {}, "array": [],
    "originalMaxAge text": {"cookie": {"originalMaxAge": "5000"}}, "originalMaxAge double": {"cookie": {"originalMaxAge": 5000.5}},
    "originalMaxAge date": {"cookie": {"originalMaxAge": _LATER}},
    "originalMaxAge NaN": {"cookie": {"originalMaxAge": float("nan")}},
    "originalMaxAge Int64": {"cookie": {"originalMaxAge": Int64(5000)}},
    "originalMaxAge large Int64": {"cookie": {"originalMaxAge": Int64(2**60)}},
    "originalMaxAge decimal": {"cookie": {"originalMaxAge": Decimal128("5000")}},
    "maxAge date": {"cookie": {"maxAge": _LATER}}, "null": None, "false": False, "true": True, "number": 5,
    "lastModified text": {**_OBJECT, "lastModified": "x"},
}  # fmt: skip
SUB_DOCUMENTS = {name: {"session": session, "expires": _LATER} for name, session in _SESSIONS.items()}


@dataclass(slots=True)
class Application:
    """A real Express application; it is started again where a record ended it."""

    config: dict[str, Any]
    process: subprocess.Popen[bytes] | None = None
    port: int = 0

    def ask(self, sid: str) -> Effect:
        """Ask with the signed cookie of a session; return what became of it."""
        if self.process is None:
            self._start()
        cookie = f"connect.sid={signed_cookie_value(sid, Secret.from_text(SECRET))}"
        try:
            status, text = self._send("GET", f"/look/{sid}", headers={"Cookie": cookie})
            # A process that ends may still have answered.
            self._send("GET", "/alive")
        except ConnectionError:
            self.stop()
            return Effect.CRASH
        by_status = {299: Effect.HANGS, 500: Effect.ERROR}
        return by_status.get(status) or Effect(text)

    def _send(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def put(self, sid: str, text: bytes) -> None:
        """Put a text into the application's MemoryStore."""
        if self.process is None:
            self._start()
        assert self._send("POST", f"/put/{sid}", text, {"Content-Type": "text/plain"})[0] == 200

    def _start(self) -> None:
        self.process = subprocess.Popen(
            [find_node(), "--no-warnings", "records.js", json.dumps({"secret": SECRET, **self.config})],
            cwd=NODE_FOLDER,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode()
        assert line.startswith("port "), line
        self.port = int(line.split()[1])

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate(timeout=10)
            self.process = None


@contextlib.contextmanager
def running(opener: str, **config: Any) -> Iterator[Application]:
    """Run an application whose store `opener` (matrix_node/matrix.js, sqlite_node/sqlite.js) opens."""
    path = Path(__file__).parent / opener
    application = Application({"opener": str(path), **config})
    try:
        yield application
    finally:
        application.stop()
