"""Hidden characters and long lines: seen on the screen, unchanged in what is edited, harmless in what is copied."""

from __future__ import annotations

import json
import subprocess
import unicodedata

import pytest
import redis
from pytestqt.qtbot import QtBot

from inspector.codecs import parse_json
from inspector.core.display import cut_lines, escape_display, escape_json, escape_lines, is_hidden
from inspector.services.cookies.signed_cookie import curl_line
from inspector.ui.base.plain import PlainLabel
from inspector.ui.session.tabs.raw_tab import text_of_bytes
from tests.ui.conftest import WAIT_MS, OpenWindow, heartbeat, make_window

__all__ = ["heartbeat", "make_window"]  # fixtures

CLASSES = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
# What a text box of Qt changes, or hides: reliability of the document depends on none of it.
ODD = "no\u00a0break \u2028 \u2029 \ufdd0 \ufeff \u202e \u200b \ud800 \U000e0041 \x7f é 😀"


def test_every_hidden_character_is_spelled_out() -> None:
    hidden = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) in CLASSES]
    assert all(is_hidden(char) for char in hidden[::97])
    shown = escape_display("".join(hidden[:3000]), 3000)
    assert shown.isprintable()
    assert escape_display("a\u202eb") == "a‹U+202E›b"
    assert escape_lines("a\nb\x00\r") == "a\nb‹U+0000›‹U+000D›"


def test_label_shows_hidden_characters_and_no_more_than_a_page(qtbot: QtBot) -> None:
    label = PlainLabel("x\u202ey\x1b[31m\nsecond" + "n" * 5000)
    qtbot.addWidget(label)
    assert label.text().startswith("x‹U+202E›y‹U+001B›[31m\nsecond")
    assert len(label.text()) < 2100


@pytest.mark.parametrize("text", [ODD, "\u0301" * 50, "\U0001f469\u200d\U0001f469", "\x80\x9b"])
def test_json_with_hidden_characters_escaped_means_the_same(text: str) -> None:
    source = json.dumps({text: [text]}, ensure_ascii=False).replace("\ud800", "\\ud800")
    escaped = escape_json(source)
    assert not any(is_hidden(char) or char == "\xa0" for char in escaped)
    assert parse_json(escaped) == parse_json(source)


def test_cutting_lines_loses_nothing() -> None:
    text = "a" * 5000 + "\n\nb\n" + "c" * 2000
    assert cut_lines(text).replace("\n", "") == text.replace("\n", "")
    assert max(map(len, cut_lines(text).split("\n"))) == 2000
    assert cut_lines("short\n\nlines") == "short\n\nlines"


def test_bytes_are_shown_with_hidden_characters_spelled_out() -> None:
    assert text_of_bytes(b"a\x00\xff\n" + "\u202e".encode()) == "a\\x00\\xff\n‹U+202E›"


@pytest.mark.parametrize("value", ["plain", "it's", "a\x1b[201~\nrm -rf", "\u202ex\\n", "\x07'\\'", "é\u200b"])
def test_copied_command_holds_no_control_character_and_says_the_same(value: str) -> None:
    line = curl_line(f"a={value}", "http://localhost/")
    assert not any(is_hidden(char) for char in line)
    said = subprocess.run(
        ["bash", "-c", line.replace("curl -i -H", "printf '%s|'", 1)], capture_output=True, check=True, text=True
    ).stdout
    assert said == f"Cookie: a={value}|http://localhost/|"


def test_editing_json_changes_no_character_that_qt_would(qtbot: QtBot, make_window: OpenWindow, redis_url: str) -> None:
    payload = json.dumps({"cookie": {"path": "/"}, "odd": ODD, "n": 1}, ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )
    payload = payload.replace("\ud800".encode("utf-8", "surrogatepass"), b"\\ud800")
    with redis.Redis.from_url(redis_url) as client:
        client.set("sess:odd", payload, ex=9000)
    window = make_window(f"{redis_url}?prefix=sess:")
    window.go_to_session(b"sess:odd")
    qtbot.waitUntil(lambda: window.panel.opened is not None, timeout=WAIT_MS)
    panel = window.panel
    panel.tabs.setCurrentIndex(1)
    text = panel.json_tab.edit.toPlainText()
    assert not any(is_hidden(char) for char in text if char != "\n")
    panel.json_tab.edit.setPlainText(text.replace('"n": 1', '"n": 2'))
    qtbot.waitUntil(lambda: panel.can_review, timeout=WAIT_MS)
    assert panel.draft is not None
    assert [change.field for change in panel.draft.changes()] == ["n"]
    panel.draft.discard()
