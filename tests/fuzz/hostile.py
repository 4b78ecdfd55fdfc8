"""Records made to run code, to fill memory or to exhaust a stack in whoever decodes them carelessly; nothing here is run."""

from __future__ import annotations

import base64
import gzip
import json
import os
import pickle
import struct
import zlib
from collections.abc import Callable

OWNED = "SESSION_INSPECTOR_WAS_HERE"
DEEP = 100_000


class _Reduced:
    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return os.system, (f"touch {OWNED}",)


def deep_bson(levels: int) -> bytes:
    """Return `{session: {a: {a: …}}}`."""
    size, parts = 5 + 8 * levels, []
    for _ in range(levels):
        parts.append(struct.pack("<i", size) + b"\x03a\0")
        size -= 8
    inner = b"".join(parts) + struct.pack("<i", 5) + b"\0" + b"\0" * levels
    return struct.pack("<i", len(inner) + 14) + b"\x03session\0" + inner + b"\0"


def bson_binary(data: bytes) -> bytes:
    """Return `{session: Binary(data)}`."""
    body = b"\x05session\0" + struct.pack("<i", len(data)) + b"\0" + data
    return struct.pack("<i", len(body) + 5) + body + b"\0"


def bson_text(data: bytes) -> bytes:
    """Return `{session: "…"}`."""
    body = b"\x02session\0" + struct.pack("<i", len(data) + 1) + data + b"\0"
    return struct.pack("<i", len(body) + 5) + body + b"\0"


def cookie_bomb(megabytes: int) -> str:
    """Return the payload of a Flask or Django cookie that unpacks to that many megabytes of JSON."""
    machine = zlib.compressobj(9)
    packed = machine.compress(b'{"a":"')
    packed += b"".join(machine.compress(b"a" * (1 << 20)) for _ in range(megabytes))
    packed += machine.compress(b'"}') + machine.flush()
    return "." + base64.urlsafe_b64encode(packed).decode().rstrip("=")


_PICKLES = {f"pickle-{number}": pickle.dumps(_Reduced(), number) for number in range(6)}
_JAVA = b"\xac\xed\x00\x05sr\x00\x11java.util.HashSet\xbaD\x85\x95"
_JAVA += b"\x96\xb8\xb74\x03\x00\x00xpw\x0c\x00\x00\x00\x02?@\x00\x00\x00\x00\x00\x01x"

RECORDS: dict[str, bytes] = {
    **_PICKLES,
    **{f"base64-{name}": base64.b64encode(data) for name, data in _PICKLES.items()},
    "gzip-pickle": gzip.compress(_PICKLES["pickle-4"]),
    "pickle-text": f"cposix\nsystem\n(S'touch {OWNED}'\ntR.".encode(),
    "java": _JAVA,
    "java-base64": base64.b64encode(_JAVA),
    "php-object": b'user|O:8:"Exploder":1:{s:4:"file";s:11:"/etc/passwd";}',
    "php-custom": b'x|C:11:"ArrayObject":37:{x:i:0;a:0:{};m:a:0:{}}',
    "php-deep": b"a|" + b"a:1:{i:0;" * DEEP + b"N;" + b"}" * DEEP,
    "php-reference": b"a|a:2:{i:0;R:1;i:1;r:9;}",
    "msgpack-ext": b"\x82\xa1a\xc7\x05\x01hello\xa1b\xd6\xff\x00\x00\x00\x00",
    "msgpack-deep": b"\x91" * DEEP + b"\xc0",
    "msgpack-huge": b"\xdd\xff\xff\xff\xff" + b"\x91" * 100,
    "yaml": f'!!python/object/apply:os.system ["touch {OWNED}"]'.encode(),
    "yaml-laughs": b"a: &a [x,x]\nb: &b [*a,*a,*a]\nc: [*b,*b,*b]",
    "python": f"__import__('os').system('touch {OWNED}')".encode(),
    "javascript": b"require('child_process').exec('true')",
    "node-serialize": b'{"cookie":{},"rce":"_$$ND_FUNC$$_function(){require(\'child_process\').exec(\'true\')}()"}',
    "prototype": b'{"cookie":{},"__proto__":{"isAdmin":true},"constructor":{"prototype":{}}}',
    "mongo-operators": b'{"cookie":{},"$where":"sleep(1000)","a":{"$regex":"(a+)+$"}}',
    "json-deep-array": b"[" * DEEP,
    "json-deep-closed": b"[" * DEEP + b"]" * DEEP,
    "json-deep-object": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "json-long-number": b'{"cookie":{},"n":' + b"9" * 200_000 + b"}",
    "json-long-exponent": b'{"cookie":{},"n":1e' + b"9" * 5000 + b"}",
    "json-escapes": b'{"cookie":{},"s":"' + b"\\ud83d" * 40_000 + b'"}',
    "gzip-bomb": base64.b64encode(gzip.compress(b'{"cookie":"' + b"a" * (64 << 20) + b'"}')),
    "zlib-bomb": zlib.compress(b"0" * (64 << 20)),
    "zlib-in-zlib": zlib.compress(zlib.compress(b"0" * (64 << 20))),
    "base64-in-base64": base64.b64encode(base64.b64encode(base64.b64encode(base64.b64encode(b'{"cookie":{}}')))),
    "json-in-json": json.dumps(json.dumps(json.dumps({"cookie": {}}))).encode(),
    "bson-deep": deep_bson(30_000),
    "bson-code": b"\x1b\x00\x00\x00\x0dsession\x00\x06\x00\x00\x00a();\x00\x00\x00",
    "bson-pickle": bson_binary(_PICKLES["pickle-4"]),
    "bson-deep-text": bson_text(b"[" * DEEP),
    "bson-wrong-length": b"\xff\xff\xff\x7f\x02session\0",
    "bson-negative": b"\x80\x00\x00\x80\x02session\0\xff\xff\xff\xff\0",
    "empty": b"",
    "nul": b"\0" * 1000,
}
COOKIES: dict[str, str] = {
    "flask-bomb": f"session={cookie_bomb(100)}.aSRzWA.{'A' * 27}",
    "django-bomb": f"sessionid={cookie_bomb(100)}:1vN0dN:{'A' * 43}",
    "flask-pickle": f"session={base64.urlsafe_b64encode(_PICKLES['pickle-4']).decode().rstrip('=')}.aSRzWA.{'A' * 27}",
    "flask-deep": f"session={base64.urlsafe_b64encode(b'[' * DEEP).decode().rstrip('=')}.aSRzWA.{'A' * 27}",
    "jwt-deep": f"t=eyJhbGciOiJIUzI1NiJ9.{base64.urlsafe_b64encode(b'[' * DEEP).decode().rstrip('=')}.AAAA",
    "jwe-bomb": "t="
    "eyJhbGciOiJQQkVTMi1IUzI1NitBMTI4S1ciLCJlbmMiOiJBMTI4R0NNIiwicDJjIjoyMTQ3NDgzNjQ3LCJwMnMiOiJBQUFBIn0.AAAA.AAAA.AAAA.AAAA",
    "iron-rounds": f"s=Fe26.2**{'0' * 64}*AAAA*AAAA**{'0' * 64}*AAAA~2",
    "many": "; ".join(f"c{number}=v" for number in range(20_000)),
    "long": "connect.sid=s%3A" + "a" * 1_000_000 + ".b",
    "percent": "a=" + "%25" * 100_000,
}
