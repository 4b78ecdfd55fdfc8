"""Two reads of a large session are compared off the GUI thread, and what was seen still comes to the history in order."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from inspector.ui.session import seen_reads
from inspector.ui.session.session_tabs import HISTORY
from tests.ui.conftest import WAIT_MS, OpenWindow

SID = "a" * 32


def write(folder: Path, number: int) -> None:
    rows = [{"id": place, "name": f"row {place}", "seen": number if place == 7 else 0} for place in range(40_000)]
    cookie = {"originalMaxAge": 86_400_000, "expires": None, "httpOnly": True, "path": "/"}
    text = json.dumps({"cookie": cookie, "rows": rows, "number": number, "__lastAccess": 4_102_444_800_000})
    (folder / f"{SID}.json").write_text(text)


def test_reads_are_compared_off_the_gui_thread(
    qtbot: QtBot, make_window: OpenWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []
    compare = seen_reads.TwoReads.compare

    def watched(reads: seen_reads.TwoReads) -> object:
        threads.append(threading.current_thread().name)
        return compare(reads)

    monkeypatch.setattr(seen_reads.TwoReads, "compare", watched)
    folder = tmp_path / "sessions"
    folder.mkdir()
    write(folder, 0)
    window = make_window(f"file://{folder}")
    window.go_to_session(f"{SID}.json".encode())
    qtbot.waitUntil(lambda: window.panel.opened is not None, timeout=WAIT_MS)
    window.panel.tabs.setCurrentIndex(HISTORY)
    for number in (1, 2):
        write(folder, number)
        before = window.panel.opened
        window.panel.reload()
        qtbot.waitUntil(lambda before=before: window.panel.opened is not before, timeout=WAIT_MS)  # type: ignore[misc]
    assert threads == ["compute", "compute"]
    shown = [window.panel.history_tab.list.item(row).text() for row in range(window.panel.history_tab.list.count())]
    assert len(shown) == 2 and all("number" in text for text in shown)
