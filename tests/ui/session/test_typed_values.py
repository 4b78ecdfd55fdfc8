"""Values typed in the real window: JSON is offered as what it is, types convert or are refused, wrong JSON text is kept."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import bson
import pymongo
import pytest
import redis
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QLineEdit
from pytestqt.qtbot import QtBot

from inspector.codecs import CodecError, change_type, format_json, parse_json
from inspector.core.field_path import find_path, parse_field_path
from inspector.core.node import child
from inspector.ui.session.session_tabs import JSON
from inspector.ui.session.tabs.node_tree import TYPE, VALUE
from inspector.ui.window.main_window import MainWindow
from tests.ui.conftest import WAIT_MS, OpenWindow

ITEM = '{"sku":"PAD-03","name":"Mouse pad","qty":1}'
OID = bson.ObjectId("64b7f0c2a1b2c3d4e5f60718")


@pytest.fixture
def shop(qtbot: QtBot, make_window: OpenWindow, redis_url: str) -> MainWindow:
    with redis.Redis.from_url(redis_url) as client:
        client.set("sess:a", b'{"cookie":{},"items":[{"sku":"KB-01"}],"note":"","pin":"12","flag":true}', ex=9000)
        client.set("sess:b", b'{"cookie":{},"user":"ann"}', ex=9000)
    window = make_window(f"{redis_url}?prefix=sess:")
    show(qtbot, window, b"sess:a")
    return window


@pytest.fixture
def documents(qtbot: QtBot, make_window: OpenWindow, mongo_url: str) -> MainWindow:
    session = {
        "cookie": {"path": "/"},
        "oid": OID,
        "dec": bson.Decimal128("1.50"),
        "own": {"$date": "mine"},
        "note": "",
    }
    ends = datetime.datetime(2030, 1, 1)
    with pymongo.MongoClient[dict[str, Any]](mongo_url) as client:
        client.get_default_database()["sessions"].insert_one({"_id": "a", "expires": ends, "session": session})
    window = make_window(f"{mongo_url}&collection=sessions")
    show(qtbot, window, b"a")
    return window


def show(qtbot: QtBot, window: MainWindow, key: bytes) -> None:
    window.go_to_session(key)
    panel = window.panel

    def is_shown() -> bool:
        return panel.key == key and panel.draft is not None and panel.draft.opened.raw.ref.key == key

    qtbot.waitUntil(is_shown, timeout=WAIT_MS)


def line_at(window: MainWindow, field: str) -> QLineEdit:
    tab = window.panel.data_tab
    path = find_path(tab.model.root, parse_field_path(field))
    assert path is not None
    index = tab.model.index_at(path, VALUE)
    tab.tree.setCurrentIndex(index)
    tab.tree.edit(index)
    return tab.tree.viewport().findChildren(QLineEdit)[-1]


def type_value(qtbot: QtBot, window: MainWindow, field: str, text: str) -> None:
    line = line_at(window, field)
    line.selectAll()
    qtbot.keyClicks(line, text)
    qtbot.keyClick(line, Qt.Key.Key_Return)
    tree = window.panel.data_tab.tree
    qtbot.waitUntil(lambda: tree.state() != QAbstractItemView.State.EditingState, timeout=WAIT_MS)


def text_of(window: MainWindow, field: str) -> str:
    root = window.panel.data_tab.model.root
    path = find_path(root, parse_field_path(field))
    assert path is not None
    return format_json(child(root, path), None)


def test_json_typed_as_a_value_is_offered_as_an_object(qtbot: QtBot, shop: MainWindow) -> None:
    tab = shop.panel.data_tab
    type_value(qtbot, shop, "note", ITEM)
    assert text_of(shop, "note").startswith('"')
    assert (tab.offer.isVisible(), tab.offer.value_button.text()) == (True, "Store as object")
    qtbot.mouseClick(tab.offer.value_button, Qt.MouseButton.LeftButton)
    assert text_of(shop, "note") == ITEM
    assert not tab.offer.isVisible()
    tab.undo()
    assert text_of(shop, "note").startswith('"'), "one step back it is the text that was typed"


def test_json_that_is_meant_as_text_stays_text(qtbot: QtBot, shop: MainWindow) -> None:
    tab = shop.panel.data_tab
    type_value(qtbot, shop, "note", "[1]")
    assert tab.offer.value_button.text() == "Store as array"
    qtbot.mouseClick(tab.offer.text_button, Qt.MouseButton.LeftButton)
    assert (text_of(shop, "note"), tab.offer.isVisible()) == ('"[1]"', False)
    type_value(qtbot, shop, "pin", "13")
    assert not tab.offer.isVisible(), "a number in the place of a text of digits is meant as one"
    type_value(qtbot, shop, "note", "hello {")
    assert not tab.offer.isVisible()


def test_change_of_type_in_the_window_reads_the_text(qtbot: QtBot, shop: MainWindow) -> None:
    type_value(qtbot, shop, "note", ITEM)
    tab = shop.panel.data_tab
    tab.delegate.typed.emit(tab.tree.currentIndex().siblingAtColumn(TYPE), "object")
    assert text_of(shop, "note") == ITEM


@pytest.mark.parametrize(
    ("text", "type_name", "expected"),
    [
        ('"{\\"a\\": [1.10]}"', "object", '{"a":[1.10]}'), ('"[1, 2]"', "array", "[1,2]"), ('{"a":1}', "string", '"{\\"a\\":1}"'),
        ("[1,2]", "string", '"[1,2]"'), ('""', "object", "{}"), ("null", "array", "[]"), ('{"0":"x","1":"y"}', "array", '["x","y"]'),
        ('["x"]', "object", '{"0":"x"}'), ('"1.50"', "number", "1.50"), ("true", "number", "1"), ('"false"', "bool", "false"),
        ("1", "bool", "true"), ("12", "string", '"12"'), ("[]", "null", "null"), ("{}", "number", "0"), ("5", "null", "null"),
    ],
)  # fmt: skip
def test_change_of_type_converts_what_can_be_converted(text: str, type_name: str, expected: str) -> None:
    assert format_json(change_type(parse_json(text), type_name), None) == expected


@pytest.mark.parametrize(
    ("text", "type_name"),
    [
        ('"hello"', "object"), ('"{"', "object"), ('"[1]"', "object"), ('"{}"', "array"), ("5", "object"), ("true", "array"),
        ('{"a":1}', "array"), ('{"a":1}', "number"), ('{"a":1}', "bool"), ('{"a":1}', "null"), ("[1]", "null"), ("[1]", "number"),
        ('"hello"', "number"), ('"hello"', "bool"), ("5", "bool"), ('"soon"', "date"), ('"x"', "objectId"), ("1.5", "int64"),
        ("1.5", "int32"),
    ],
)  # fmt: skip
def test_change_of_type_that_would_lose_something_is_refused_in_words(text: str, type_name: str) -> None:
    with pytest.raises(CodecError, match=r"\w+ .*\."):
        change_type(parse_json(text), type_name)


def test_bson_value_keeps_its_type_in_the_tree(qtbot: QtBot, documents: MainWindow) -> None:
    type_value(qtbot, documents, "oid", "64b7f0c2a1b2c3d4e5f60719")
    assert text_of(documents, "oid") == '{"$oid":"64b7f0c2a1b2c3d4e5f60719"}'
    type_value(qtbot, documents, "dec", "2.50")
    assert text_of(documents, "dec") == '{"$numberDecimal":"2.50"}'
    type_value(qtbot, documents, "note", '{"$date":"2026-01-02T00:00:00Z"}')
    offer = documents.panel.data_tab.offer
    assert offer.value_button.text() == "Store as date"
    qtbot.mouseClick(offer.value_button, Qt.MouseButton.LeftButton)
    assert text_of(documents, "note") == '{"$date":"2026-01-02T00:00:00.000Z"}'


def to_json_tab(qtbot: QtBot, window: MainWindow) -> Callable[[str], None]:
    panel = window.panel
    panel.tabs.setCurrentIndex(JSON)
    edit = panel.json_tab.edit
    qtbot.waitUntil(lambda: bool(edit.toPlainText()), timeout=WAIT_MS)

    def put(text: str) -> None:
        edit.setPlainText(text)

    return put


def test_json_tab_shows_and_reads_extended_json(qtbot: QtBot, documents: MainWindow) -> None:
    panel = documents.panel
    put = to_json_tab(qtbot, documents)
    text = panel.json_tab.edit.toPlainText()
    assert '"oid": {\n    "$oid": "64b7f0c2a1b2c3d4e5f60718"\n  }' in text
    assert '"own": {"$literal": {\n    "$date": "mine"\n  }}' in text
    put(text.replace("5f60718", "5f60719").replace('"mine"', '"yours"'))
    qtbot.waitUntil(lambda: panel.can_review, timeout=WAIT_MS)
    assert panel.draft is not None
    assert [change.field for change in panel.draft.changes()] == ["oid", "own.$date"]
    put(text.replace('{\n    "$oid": "64b7f0c2a1b2c3d4e5f60718"\n  }', '"hello"'))
    qtbot.waitUntil(lambda: "oid: It holds an objectId" in panel.json_tab.message.text(), timeout=WAIT_MS)


def test_wrong_json_text_is_kept_over_another_session(qtbot: QtBot, shop: MainWindow) -> None:
    panel = shop.panel
    to_json_tab(qtbot, shop)('{"cookie": {}, "user": oops')
    qtbot.waitUntil(lambda: "not valid JSON" in panel.json_tab.message.text(), timeout=WAIT_MS)
    show(qtbot, shop, b"sess:b")
    assert panel.unsaved() == 1
    qtbot.waitUntil(lambda: '"ann"' in panel.json_tab.edit.toPlainText(), timeout=WAIT_MS)
    show(qtbot, shop, b"sess:a")
    assert panel.json_tab.edit.toPlainText() == '{"cookie": {}, "user": oops'
    qtbot.waitUntil(lambda: "not valid JSON" in panel.json_tab.message.text(), timeout=WAIT_MS)
    assert not panel.can_review


def test_discarded_json_text_comes_back_with_an_undo(qtbot: QtBot, shop: MainWindow) -> None:
    panel = shop.panel
    to_json_tab(qtbot, shop)('{"cookie": {}, "user": oops')
    qtbot.waitUntil(lambda: "not valid JSON" in panel.json_tab.message.text(), timeout=WAIT_MS)
    qtbot.mouseClick(panel.bar.discard_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "KB-01" in panel.json_tab.edit.toPlainText(), timeout=WAIT_MS)
    assert panel.unsaved() == 0
    panel.data_tab.undo()
    assert panel.json_tab.edit.toPlainText() == '{"cookie": {}, "user": oops'
    assert panel.unsaved() == 1


def test_edit_in_the_tree_puts_wrong_json_text_onto_the_undo_stack(qtbot: QtBot, shop: MainWindow) -> None:
    panel = shop.panel
    to_json_tab(qtbot, shop)("{oops")
    qtbot.waitUntil(lambda: not panel.json_tab.is_settled, timeout=WAIT_MS)
    panel.edit_field("flag", "false")
    assert '"flag": false' in panel.json_tab.edit.toPlainText()
    panel.data_tab.undo()
    assert panel.json_tab.edit.toPlainText() == "{oops"
