"""The versions of the session stores that are still met in the field, each in a Node process of its own."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.interop.apps import find_node
from tests.servers import die_with_parent

FOLDER = Path(__file__).parent / "matrix_node"
SECRET = "S3cr3t!!Passw0rd"


@dataclass(frozen=True, slots=True)
class Variant:
    """One version and way of using it. `config` is what matrix.js takes; `label` must stand in what the inspector says of
    a record; `prefix` is before the session ID where it is stored."""

    name: str
    kind: str
    config: dict[str, Any]
    label: str
    prefix: str = ""
    is_sealed: bool = False
    library_reads: bool = True

    def __str__(self) -> str:
        return self.name


def _redis(version: str, client: str, name: str = "", **config: Any) -> Variant:
    label = config.pop("label", "express JSON")
    words = f"connect-redis {version} with {client}{' ' + name if name else ''}"
    prefix = config.get("options", {}).get("prefix", "sess:")
    return Variant(words, "redis", {"store": f"connect-redis-{version}", "client": client, **config}, label, prefix)


def _mongo(version: str, name: str, label: str, *, prefix: str = "", reads: bool = True, **config: Any) -> Variant:
    driver = {"3": "mongodb-3", "4": "mongodb-4", "5": "mongodb-5", "6": "mongodb"}[version]
    store = {"store": f"connect-mongo-{version}", "mongodb": driver, **config}
    is_sealed = "kruptein" in config or "web" in config or "secret" in config.get("options", {})
    return Variant(f"connect-mongo {version} {name}", "mongo", store, label, prefix, is_sealed, reads)


def _file(version: str, name: str, label: str, **config: Any) -> Variant:
    store = {"store": f"session-file-store-{version}", **config}
    is_sealed = "secret" in config.get("options", {})
    return Variant(f"session-file-store {version} {name}", "file", store, label, "", is_sealed)


_CRYPTO = {"crypto": {"secret": SECRET}}
_FILE_HEX = {"algorithm": "aes-256-gcm", "hashing": "sha256", "encodeas": "hex"}
_FILE_DER = {
    "algorithm": "aes-256-gcm",
    "hashing": "sha512",
    "encodeas": "base64",
    "use_asn1": True,
    "use_scrypt": True,
}
REDIS = (
    _redis("3", "redis-2"), _redis("4", "redis-3"), _redis("4", "ioredis"), _redis("5", "redis-3"), _redis("5", "ioredis"),
    _redis("6", "redis-3"), _redis("6", "redis-4", legacy=True), _redis("6", "ioredis"), _redis("7", "redis-4"),
    _redis("7", "ioredis"), _redis("8", "redis-4"), _redis("8", "ioredis"), _redis("9", "redis-5"), _redis("10", "redis-5"),
    _redis("10", "redis-5", "prefix", options={"prefix": "my[app]*:"}),
    _redis("10", "redis-5", "disableTTL", options={"disableTTL": True}),
    _redis("10", "redis-5", "base64", serializer="base64", label="express JSON, base64"),
    _redis("8", "ioredis", "gzip", serializer="gzip", label="express JSON, base64, gzip"),
    _redis("7", "redis-4", "pretty", serializer="pretty"),
    _redis("5", "redis-3", "stringified twice", serializer="twice", label="JSON in a JSON string"),
    *(_redis("10", "redis-5", f"express-session {one}", session=f"express-session-{one}") for one in ("15", "17", "18")),
)  # fmt: skip
MONGO = (
    *(_mongo(one, "text", "connect-mongo, JSON text") for one in "3456"),
    *(_mongo(one, "sub-document", "sub-document", options={"stringify": False}) for one in "3456"),
    _mongo("6", "touchAfter", "JSON text", options={"touchAfter": 3600}),
    _mongo("6", "timestamps", "JSON text", options={"timestamps": True}),
    _mongo("5", "base64", "connect-mongo, base64", serializer="base64"),
    _mongo("4", "transformId", "JSON text", prefix="app:", transform="app:"),
    _mongo("3", "secret", "connect-mongo 3", options={"secret": SECRET}),
    _mongo("3", "secret base64", "connect-mongo 3", options={"secret": SECRET, "encodeas": "base64", "hashing": "sha256"}),
    *(
        _mongo("5", f"kruptein {one}", era, kruptein=f"kruptein-{one}", options=_CRYPTO)
        for one, era in (
            ("3.0.0", "kruptein 3.0 "), ("3.0.6", "kruptein 3.0 "), ("3.0.8", "kruptein 3.0 "), ("3.1.1", "3.1.1"),
            ("3.1.3", "3.1.3 to 3.3"), ("3.1.4", "3.1.3 to 3.3"), ("3.1.7", "3.1.3 to 3.3"), ("3.2.0", "3.1.3 to 3.3"),
            ("3.3.0", "3.1.3 to 3.3"),
        )
    ),
    # What a fresh install gives: it writes, and cannot read what it wrote.
    _mongo("5", "kruptein 3.4.0", "kruptein 3.4", kruptein="kruptein-3.4.0", options=_CRYPTO, reads=False),
    _mongo("4", "kruptein hex", "hex", kruptein="kruptein-3.0.8", options={"crypto": {"secret": SECRET, "encodeas": "hex"}}),
    _mongo("5", "kruptein cbc", "CBC", kruptein="kruptein-3.1.7", options={"crypto": {"secret": SECRET, "algorithm": "aes-256-cbc"}}),
    _mongo("6", "kruptein", "kruptein 3.0 ", kruptein="kruptein-3.0.8", options=_CRYPTO),
    _mongo("6", "kruptein and stringify false", "kruptein 3.0 ", kruptein="kruptein-3.0.8", options={"stringify": False, **_CRYPTO}),
    _mongo("6", "web crypto", "web crypto", web={"secret": SECRET}),
    _mongo("6", "web crypto hex", "hex", web={"secret": SECRET, "encoding": "hex", "iterations": 1000}),
    _mongo("6", "web crypto cbc", "CBC", web={"secret": SECRET, "algorithm": "AES-CBC", "ivLength": 16}),
    Variant("connect-mongodb-session 5", "mongo", {"store": "connect-mongodb-session-5"}, "sub-document"),
)  # fmt: skip
FILES = (
    *(_file(one, "plain", "session-file-store JSON") for one in ("1.2", "1.3", "1.4", "1.5")),
    _file("1.5", "pretty", "session-file-store JSON", serializer="pretty"),
    _file("1.5", "base64", "base64", serializer="base64"),
    _file("1.5", "extension", "session-file-store JSON", options={"fileExtension": ".sess"}),
    _file("1.2", "secret", "1.3 or older", options={"secret": SECRET}),
    _file("1.3", "secret", "1.3 or older", options={"secret": SECRET}),
    _file("1.3", "secret bytes", "none", options={"secret": SECRET, "encryptEncoding": None}),
    _file("1.4", "secret", "kruptein 2", options={"secret": SECRET}),
    _file("1.5", "secret", "kruptein 2", options={"secret": SECRET}),
    _file("1.4", "secret, kruptein 2.0", "kruptein 2", kruptein="kruptein-2.0.10", options={"secret": SECRET}),
    _file("1.5", "secret hex", "hex", options={"secret": SECRET, "crypto": _FILE_HEX}),
    _file("1.5", "secret ASN.1", "ASN.1", options={"secret": SECRET, "crypto": _FILE_DER}),
)  # fmt: skip


class Library:
    """A real store of the variant under Node."""

    def __init__(self, variant: Variant, place: dict[str, Any]) -> None:
        self._variant = variant
        self._process = subprocess.Popen(
            [
                find_node(),
                "--no-deprecation",
                "matrix.js",
                json.dumps({"kind": variant.kind, **variant.config, **place}),
            ],
            cwd=FOLDER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=die_with_parent,
        )
        self._read()

    def set(self, sid: str, session: dict[str, Any]) -> None:
        self._ask(op="set", sid=sid, session=session)

    def get(self, sid: str) -> Any:
        return self._ask(op="get", sid=sid)

    def touch(self, sid: str) -> None:
        self._ask(op="touch", sid=sid)

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate(timeout=10)

    def _ask(self, **line: Any) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(line).encode() + b"\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.kill()
            _, errors = self._process.communicate()
            pytest.fail(f"{self._variant} ended: {errors.decode()[-800:]}")
        answer = json.loads(line)
        if "error" in answer:
            pytest.fail(f"{self._variant}: {answer['error']}")
        return answer["value"]
