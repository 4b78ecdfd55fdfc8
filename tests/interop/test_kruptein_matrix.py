"""kruptein by itself, in every version, mode, container and encoding: what it wrote is edited here and read by it again."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from inspector.codecs import Decoded, SealedError, decode, encode, parse_json
from inspector.core.edits import SetValue, apply_edit
from inspector.core.field_path import find_path, parse_field_path
from inspector.core.secret import Secret
from tests.interop.apps import find_node
from tests.interop.matrix import SECRET
from tests.servers import die_with_parent

FOLDER = Path(__file__).parent / "matrix_node"
VERSIONS = (
    "2.0.10", "2.2.3", "3.0.0", "3.0.6", "3.0.8", "3.1.1", "3.1.3", "3.1.4", "3.1.7", "3.2.0", "3.3.0", "3.4.0",
)  # fmt: skip
CONTAINERS = (True, False)
FORMS = (
    *product(("aes-256-gcm", "aes-256-cbc"), ("base64", "hex", "binary", "base64url"), CONTAINERS, (False,)),
    *product(("aes-192-gcm", "aes-192-cbc", "aes-256-ctr"), ("base64",), CONTAINERS, (False,)),
    *product(("aes-256-ocb", "aes-256-cfb", "aes-256-ofb"), ("base64",), CONTAINERS, (False,)),
    *product(("aes-256-gcm", "aes-256-cbc"), ("base64",), CONTAINERS, (True,)),
)  # fmt: skip
NEIGHBOURS = ("2.0.10", "3.1.3", "3.1.4", "3.2.0")
"""Versions of the same era as one that is tried in every form: a third of the forms for these, for the time it takes."""
SESSION = {"cookie": {"originalMaxAge": None, "path": "/"}, "count": 1, "note": 'Zoë "🍪"'}
Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    process = subprocess.Popen(
        [find_node(), "--no-deprecation", "kruptein.js"],
        cwd=FOLDER,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        preexec_fn=die_with_parent,
    )
    assert process.stdin is not None and process.stdout is not None
    requests, answers = process.stdin, process.stdout
    assert answers.readline()

    def send(**line: Any) -> dict[str, Any]:
        requests.write(json.dumps({"secret": SECRET, **line}).encode() + b"\n")
        requests.flush()
        found: dict[str, Any] = json.loads(answers.readline())
        return found

    yield send
    process.kill()
    process.communicate(timeout=10)


def _open(stored: str) -> Decoded:
    return decode(stored.encode(), "redis", [Secret.from_text(SECRET)])


def _edit(decoded: Decoded) -> str:
    path = find_path(decoded.root, parse_field_path("count"))
    assert path is not None
    return encode(decoded, apply_edit(decoded.root, SetValue(path, parse_json("2")))[0]).decode()


def _session_of(answer: dict[str, Any]) -> Any:
    """Return what an application gets: kruptein stringifies once more, and 3.4 gives the value itself."""
    value = answer.get("value")
    while isinstance(value, str):
        value = json.loads(value)
    return value if value is not None else answer


@pytest.mark.parametrize("version", VERSIONS)
def test_written_by_kruptein_edited_here_read_by_kruptein(ask: Ask, version: str) -> None:
    for algorithm, encoding, use_asn1, use_scrypt in FORMS[::3] if version in NEIGHBOURS else FORMS:
        options = {"algorithm": algorithm, "encodeas": encoding, "use_asn1": use_asn1, "use_scrypt": use_scrypt}
        form = f"{version} {options}"
        stored = ask(version=version, options=options, op="set", text=json.dumps(SESSION))["value"]
        decoded = _open(stored)
        assert json.loads(decoded.source) == SESSION, form
        edited = _edit(decoded)
        assert _open(edited).label == decoded.label, form
        if version == "3.0.0" and not any(mode in algorithm for mode in ("gcm", "ocb")):
            continue  # it cannot read what it wrote itself
        answer = ask(version=version, options=options, op="get", text=edited)
        assert _session_of(answer) == SESSION | {"count": 2}, form


@pytest.mark.parametrize("version", ["3.1.7", "3.3.0"])
@pytest.mark.parametrize("algorithm", ["aes-256-gcm", "aes-256-cbc"])
def test_edit_is_read_though_kruptein_compares_a_length_by_chance(ask: Ask, version: str, algorithm: str) -> None:
    """3.1.5 to 3.3 refuse most of their own JSON records in `binary`: their HMAC must be as long in UTF-8 as the one of
    "[object Object]", and is so one time in twelve. What is written here always is."""
    options = {"algorithm": algorithm, "encodeas": "binary", "use_asn1": False}
    for _ in range(8):
        stored = ask(version=version, options=options, op="set", text=json.dumps(SESSION))["value"]
        answer = ask(version=version, options=options, op="get", text=_edit(_open(stored)))
        assert _session_of(answer) == SESSION | {"count": 2}


def test_cipher_that_is_not_known_here_stays_sealed(ask: Ask) -> None:
    """No part of the ciphertext is ever shown as a session to edit."""
    for use_asn1 in CONTAINERS:
        options = {"algorithm": "camellia-256-cbc", "use_asn1": use_asn1}
        stored = ask(version="3.3.0", options=options, op="set", text=json.dumps(SESSION))["value"]
        with pytest.raises(SealedError):
            _open(stored)
