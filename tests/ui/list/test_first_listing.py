"""What a window does once the first listing of a real MongoDB was told: the index of its keys follows."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from pymongo import MongoClient
from pytestqt.qtbot import QtBot

from inspector.services.catalogue.catalogue import Catalogue
from inspector.services.catalogue.listing import index_keys
from store_adapters.contract import CancelToken
from tests.ui.conftest import WAIT_MS, OpenWindow

MANY = 4500


def test_keys_are_indexed_after_the_list_and_found_before(
    qtbot: QtBot, make_window: OpenWindow, mongo_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with MongoClient[dict[str, Any]](mongo_url) as client:
        ends = datetime.datetime(2099, 1, 1)
        rows = [{"_id": f"s{number:06d}", "expires": ends, "session": '{"cookie":{}}'} for number in range(MANY)]
        client.get_default_database()["sessions"].insert_many(rows)
    told: list[tuple[int | None, bool]] = []

    def look_and_index(catalogue: Catalogue, cancel: CancelToken) -> None:
        found, is_behind = catalogue.find(b"s004321"), catalogue.index_some()
        index_keys(catalogue, cancel)
        told.append((found, is_behind))

    monkeypatch.setattr("inspector.services.catalogue.large_rows.index_keys", look_and_index)
    window = make_window(mongo_url)
    qtbot.waitUntil(lambda: bool(told), timeout=WAIT_MS)
    assert told == [(4321, True)]
    assert window.current is not None and window.current.catalogue is not None
    assert not window.current.catalogue.index_some()
    assert window.current.catalogue.find(b"s004321") == 4321
