"""Every item model under Qt's model tester, while its contents change."""

from __future__ import annotations

import json

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from inspector.codecs import parse_json
from inspector.core.edits import Edit, InsertEntry, MoveEntry, RemoveEntry, RenameKey, SetValue, apply_edit
from inspector.core.node import Node
from inspector.demo.request_log import RequestEntry
from inspector.services.catalogue.catalogue import Catalogue
from inspector.services.catalogue.session_row import Column
from inspector.ui.base.theme import Theme
from inspector.ui.demo.request_table import MOST_ROWS, RequestTableModel
from inspector.ui.list.session_table import SessionTableModel
from inspector.ui.session.tabs.node_tree import NAME, TYPE, VALUE, NodeTreeModel
from store_adapters.contract import CancelToken
from store_adapters.registry import open_store

TREE = '{"cookie":{"path":"/"},"user":{"role":"user"},"cart":["a","b","c"],"n":1}'
EDITS: tuple[Edit, ...] = (
    SetValue((1, 0), parse_json('"admin"')),
    InsertEntry((2,), 1, None, parse_json('{"deep":[1,2]}')),
    RenameKey((3,), "number"),
    MoveEntry((2, 0), 3),
    MoveEntry((2, 3), 0),
    RemoveEntry((2, 1)),
    SetValue((1,), parse_json("[1,2,3]")),
    SetValue((1,), parse_json('"text"')),
    SetValue((3,), parse_json('{"a":{}}')),
    SetValue((), parse_json('{"all":"new"}')),
)


def theme() -> Theme:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    return Theme(application)


def contents(model: NodeTreeModel, parent: QModelIndex = QModelIndex()) -> list[object]:
    rows: list[object] = []
    for row in range(model.rowCount(parent)):
        index = model.index(row, NAME, parent)
        rows.append((model.data(index), model.edit_text(index.siblingAtColumn(VALUE)), contents(model, index)))
    return rows


def test_tree_follows_every_edit_and_its_undo(qtbot: QtBot) -> None:
    root = parse_json(TREE)
    model = NodeTreeModel(theme())
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.show_tree(root, root, (), is_editable=True)
    contents(model)
    inverses: list[tuple[Edit, Node]] = []
    now = root
    for edit in EDITS:
        before = now
        now, inverse = apply_edit(now, edit)
        inverses.append((inverse, before))
        model.show_edit(edit, now)
        fresh = NodeTreeModel(theme())
        fresh.show_tree(root, now, (), is_editable=True)
        assert contents(model) == contents(fresh)
    for inverse, before in reversed(inverses):
        model.show_edit(inverse, before)
        assert model.root is before
    assert [model.data(model.index(row, NAME)) for row in range(4)] == ["cookie", "user", "cart", "n"]


def test_edited_and_added_rows_are_marked_in_words(qtbot: QtBot) -> None:
    root = parse_json(TREE)
    model = NodeTreeModel(theme())
    changed, _ = apply_edit(root, SetValue((3,), parse_json("2")))
    changed, _ = apply_edit(changed, InsertEntry((), 4, "new", parse_json("true")))
    model.show_tree(root, changed, (), is_editable=True)
    assert model.data(model.index(3, VALUE)) == "1 → 2"
    assert "edited" in model.data(model.index(3, TYPE))
    assert "added" in model.data(model.index(4, TYPE))


def test_stored_markup_is_shown_as_text(qtbot: QtBot) -> None:
    root = parse_json(json.dumps({"x": "<b>" + "bold" * 20 + "</b><img src='file:///etc/passwd'>"}))
    model = NodeTreeModel(theme())
    model.show_tree(root, root, (), is_editable=False)
    tip = model.data(model.index(0, VALUE), Qt.ItemDataRole.ToolTipRole)
    assert "<img" not in tip
    assert "&lt;img" in tip
    assert not model.flags(model.index(0, VALUE)) & Qt.ItemFlag.ItemIsEditable


def test_session_table_grows_and_shrinks(qtbot: QtBot) -> None:
    store = open_store("memory:model")
    for number in range(5000):
        store.create(store.ref_for(f"s{number:04}"), b'{"cookie":{}}', None)
    catalogue = Catalogue(store)
    for batch in store.list_records(CancelToken()):
        catalogue.append(batch)
    model = SessionTableModel()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    positions = catalogue.select(None, Column.SESSION, descending=False, now_ms=0)
    model.show_rows(catalogue, positions)
    assert model.match_count == 5000
    while model.canFetchMore(QModelIndex()):
        model.fetchMore(QModelIndex())
    assert model.rowCount() == 5000
    assert model.row_of(b"s4999") == 4999
    model.show_rows(catalogue, positions[:10])
    assert model.rowCount() == 10
    model.show_rows(None, ())
    assert model.rowCount() == 0


def test_request_table_keeps_the_newest(qtbot: QtBot) -> None:
    model = RequestTableModel()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    for start in range(0, MOST_ROWS + 500, 500):
        model.add([RequestEntry(n, "GET", f"/{n}", 200, None, (), ()) for n in range(start, start + 500)])
    assert model.rowCount() == MOST_ROWS
    newest = model.row(MOST_ROWS - 1)
    assert newest is not None
    assert newest.path == f"/{MOST_ROWS + 499}"
    model.show_rows(())
    assert model.rowCount() == 0
