"""Values of BSON's types on the command line, on a real MongoDB: Extended JSON in and out, and no type lost in silence."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import bson
import pymongo
import pytest
from bson import json_util
from bson.codec_options import CodecOptions, DatetimeConversion

from tests.cli.test_commands import run

MILLIS: CodecOptions[dict[str, Any]] = CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_MS)
READING = json_util.JSONOptions(datetime_conversion=DatetimeConversion.DATETIME_MS, tz_aware=False)
SESSION: dict[str, Any] = {
    "cookie": {"originalMaxAge": 3_600_000, "expires": None, "path": "/", "httpOnly": True},
    "oid": bson.ObjectId("64b7f0c2a1b2c3d4e5f60718"),
    "dec": bson.Decimal128("19.90"),
    "bin": bson.Binary(b"\x01\x02", 0x80),
    "re": bson.Regex("^a", "i"),
    "at": bson.DatetimeMS(1795559343114),
    "long": bson.Int64(5),
    "whole": 1.0,
    "nan": float("nan"),
    "ts": bson.Timestamp(7, 1),
    "min": bson.MinKey(),
    "code": bson.Code("f()", {"x": 1}),
    "query": {"$date": "mine", "$gt": 1},
    "text": "x",
}


@pytest.fixture
def store(mongo_url: str) -> str:
    with pymongo.MongoClient[dict[str, Any]](mongo_url) as client:
        ends = datetime.datetime(2030, 1, 1)
        client.get_default_database()["sessions"].insert_one({"_id": "abc", "expires": ends, "session": SESSION})
    return f"{mongo_url}&collection=sessions"


def stored(store: str, session_id: str = "abc") -> dict[str, Any]:
    with pymongo.MongoClient[dict[str, Any]](store.replace("&collection=sessions", "")) as client:
        collection = client.get_default_database().get_collection("sessions", MILLIS)
        document = collection.find_one({"_id": session_id})
    assert document is not None
    session: dict[str, Any] = document["session"]
    return session


def test_shown_data_is_what_mongodbs_own_library_reads(capsys: pytest.CaptureFixture[str], store: str) -> None:
    code, text, _ = run(capsys, "show", store, "abc", "--json")
    data = json.loads(text)["data"]
    assert code == 0
    assert data.pop("query") == {"$literal": SESSION["query"]}
    read = json_util.loads(json.dumps(data), json_options=READING)
    assert bson.encode(read) == bson.encode({key: value for key, value in SESSION.items() if key != "query"})


def test_every_shown_value_set_again_is_no_edit(capsys: pytest.CaptureFixture[str], store: str) -> None:
    data = json.loads(run(capsys, "show", store, "abc", "--json")[1])["data"]
    for field, value in data.items():
        code, text, _ = run(
            capsys, "edit", store, "abc", "--set", f"{field}={json.dumps(value)}", "--json", "--no-check"
        )
        assert (code, json.loads(text)["state"]) == (0, "unchanged"), field
        arguments = ("edit", store, "abc", "--set", f"new_{field}={json.dumps(value)}", "--no-check")
        code, _, errors = run(capsys, *arguments)
        assert (code, field, errors) == (0, field, "")
    now = stored(store)
    copied = {key.removeprefix("new_"): value for key, value in now.items() if key.startswith("new_")}
    assert bson.encode(copied) == bson.encode(SESSION)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('at={"$date":"2026-01-02T00:00:00Z"}', bson.DatetimeMS(1767312000000)),
        ('oid="64b7f0c2a1b2c3d4e5f60719"', bson.ObjectId("64b7f0c2a1b2c3d4e5f60719")),
        ("dec=20.5", bson.Decimal128("20.5")),
        ("long=6", bson.Int64(6)),
        ('text={"$numberLong":"6"}', bson.Int64(6)),
        ('text={"a":[{"$oid":"64b7f0c2a1b2c3d4e5f60719"}]}', {"a": [bson.ObjectId("64b7f0c2a1b2c3d4e5f60719")]}),
        ('fresh={"$binary":{"base64":"AQI=","subType":"00"}}', b"\1\2"),
    ],
)
def test_set_value_has_the_type_that_is_meant(
    capsys: pytest.CaptureFixture[str], store: str, value: str, expected: object
) -> None:
    code, _, errors = run(capsys, "edit", store, "abc", "--set", value, "--no-check")
    assert (code, errors) == (0, "")
    field = value.partition("=")[0]
    now = stored(store)
    assert bson.encode({"v": now[field]}) == bson.encode({"v": expected})
    others = [key for key in SESSION if key != field]
    assert bson.encode({key: now[key] for key in others}) == bson.encode({key: SESSION[key] for key in others})


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ('oid="hello"', '"$oid"'), ("dec=[]", "$numberDecimal"), ('bin="AQI="', "$binary"), ('re="/b/"', "$regularExpression"),
        ("at=5", "2026-11-24"), ("ts=5", "$timestamp"), ("long=1.5", "int64"), ("whole=9007199254740993", "$numberLong"),
        ("fresh=1e999", "Infinity"), ('text={"$oid":"x"}', "24 hex"),
    ],
)  # fmt: skip
def test_value_without_a_type_is_refused_with_the_form_to_write(
    capsys: pytest.CaptureFixture[str], store: str, value: str, form: str
) -> None:
    code, _, errors = run(capsys, "edit", store, "abc", "--set", value)
    assert code == 2
    assert form in errors
    assert bson.encode(stored(store)) == bson.encode(SESSION)


def test_other_type_takes_the_place_of_a_field_that_was_removed(capsys: pytest.CaptureFixture[str], store: str) -> None:
    assert run(capsys, "edit", store, "abc", "--remove", "oid", "--set", 'oid="hello"', "--no-check")[0] == 0
    assert stored(store)["oid"] == "hello"


def test_new_session_beside_documents_is_extended_json_and_elsewhere_plain(
    capsys: pytest.CaptureFixture[str], store: str, tmp_path: Path
) -> None:
    data = '{"at":{"$date":"2026-01-02T00:00:00Z"},"own":{"$literal":{"$date":1}}}'
    assert run(capsys, "create", store, "new", "--data", data)[0] == 0
    now = stored(store, "new")
    assert (now["at"], now["own"]) == (bson.DatetimeMS(1767312000000), {"$date": 1})
    files = f"file://{tmp_path}"
    assert run(capsys, "create", files, "new", "--data", data)[0] == 0
    assert run(capsys, "edit", files, "new", "--set", 'to={"$oid":5}', "--no-check")[0] == 0
    assert json.loads((tmp_path / "new.json").read_bytes()).items() >= {**json.loads(data), "to": {"$oid": 5}}.items()
