"""The window's manners: unsaved edits after a crash, previews, the command log, masked secrets, the clipboard, asking."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLineEdit, QMessageBox
from pytestqt.qtbot import QtBot

from inspector.app import Launch, open_window
from inspector.core.secret import Secret
from inspector.services.settings.command_log import CommandLog
from inspector.services.settings.profiles import Environment, Profile, ProfileBook, SecretPlace, sealed_path
from inspector.services.settings.recovery import Recovery, UnsavedEdit
from inspector.services.settings.sealed_file import SealedFile
from inspector.services.settings.secrets import SecretStore
from inspector.ui.base import clipboard
from inspector.ui.base.plain import PlainLabel
from inspector.ui.session.unsaved_edits import DISCARD_AND_QUIT
from inspector.ui.stores.confirm_store import NameDialog
from inspector.ui.stores.connect_dialog import ConnectDialog
from inspector.ui.stores.open_store import StoreState
from inspector.ui.stores.secret_dialogs import SecretDialog
from inspector.ui.stores.secret_line import SecretLine
from inspector.ui.window.main_window import MainWindow
from tests.ui.conftest import WAIT_MS, OpenWindow, heartbeat, make_window
from tests.ui.window.test_window import open_session0, url, write

__all__ = ["heartbeat", "make_window", "url"]

VALUE = "tok-edited-value"


def keeper(folder: Path) -> SecretStore:
    """Return a secret store that lasts, in a sealed file of the test's own."""
    sealed = SealedFile(folder / "keeper.sealed")
    if sealed.exists:
        sealed.unlock("a passphrase")
    else:
        sealed.create("a passphrase")
    return SecretStore(sealed=sealed)


def edit_of(after: bytes, profile_id: str = "shop") -> UnsavedEdit:
    return UnsavedEdit(
        profile_id=profile_id, container="0", key=b"sess:session0", before=b'{"cookie":{}}', after=after,
        expires_at_ms=None, read_at_ms=1, edited_at_ms=1,
    )  # fmt: skip


def crash(recovery: Recovery) -> None:
    """Let go of the lock as the end of a process does."""
    recovery.file.close(removes=False)


# --- what is on the disk --------------------------------------------------------------------------------------------


def test_unsaved_edits_are_sealed_and_found_after_a_crash(tmp_path: Path) -> None:
    first = Recovery(tmp_path, keeper(tmp_path))
    assert first.keep([edit_of(b'{"role":"tok-edited-value"}')])
    files = [path for path in (tmp_path / "unsaved").iterdir() if path.is_file()]
    assert all(VALUE.encode() not in path.read_bytes() for path in files)
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in files if path.suffix == ".sealed")
    crash(first)
    second = Recovery(tmp_path, keeper(tmp_path))
    assert [edit.after for edit in second.find_left()] == [b'{"role":"tok-edited-value"}']
    second.forget_left()
    assert Recovery(tmp_path, keeper(tmp_path)).find_left() == ()
    assert list((tmp_path / "unsaved").glob("*.sealed")) == []


def test_edits_of_a_window_that_still_runs_are_not_taken(tmp_path: Path) -> None:
    running = Recovery(tmp_path, keeper(tmp_path))
    running.keep([edit_of(b"{}")])
    assert Recovery(tmp_path, keeper(tmp_path)).find_left() == ()
    running.close()


def test_without_a_place_for_the_key_nothing_is_written(tmp_path: Path) -> None:
    recovery = Recovery(tmp_path, SecretStore(use_keyring=False))
    assert not recovery.keep([edit_of(b"{}")])
    assert not (tmp_path / "unsaved").exists()


@pytest.mark.parametrize("damage", [b"", b"\0" * 200, b"session-inspector edits 1\n" + b"x" * 60])
def test_damaged_unsaved_edits_are_left_and_do_not_stop_the_start(tmp_path: Path, damage: bytes) -> None:
    first = Recovery(tmp_path, keeper(tmp_path))
    first.keep([edit_of(b"{}")])
    crash(first)
    path = next((tmp_path / "unsaved").glob("*.sealed"))
    path.write_bytes(damage)
    second = Recovery(tmp_path, keeper(tmp_path))
    assert second.find_left() == ()
    second.forget_left()
    assert path.read_bytes() == damage


# --- in the window --------------------------------------------------------------------------------------------------


@pytest.fixture
def lasting_home(tmp_path: Path, url: str) -> Path:
    """A program folder whose one store is `url`, so that its profile is the same at the next start."""
    home = tmp_path / "home"
    ProfileBook(home).put(Profile(id="shop", name="shop", url=url))
    return home


def start(qtbot: QtBot, home: Path) -> MainWindow:
    window = open_window(Launch(store="shop"), home, keeper(home))
    window.resize(1280, 720)
    window.show()
    qtbot.waitUntil(lambda: window.current is not None and window.current.progress.is_complete, timeout=WAIT_MS)
    return window


def leave(window: MainWindow) -> None:
    stores = list(window.stores.values())
    window.close()
    assert all(store.join(10) for store in stores)
    window.deleteLater()


def test_edits_survive_a_crash_are_offered_and_saved_and_forgotten(
    qtbot: QtBot, lasting_home: Path, url: str, monkeypatch: pytest.MonkeyPatch, hooks: None
) -> None:
    write(url, "session0", "role", '"user"')
    window = start(qtbot, lasting_home)
    window.go_to_session(b"sess:session0")
    qtbot.waitUntil(lambda: window.panel.opened is not None, timeout=WAIT_MS)
    window.panel.edit_field("role", f'"{VALUE}"')
    qtbot.waitUntil(lambda: bool(list((lasting_home / "unsaved").glob("*.sealed"))), timeout=WAIT_MS)
    crash(window.unsaved.recovery)
    monkeypatch.setattr(window.unsaved.recovery, "close", lambda: None)
    monkeypatch.setattr("inspector.ui.session.unsaved_edits.ask_loss", lambda *_words: DISCARD_AND_QUIT)
    leave(window)
    write(url, "session0", "theirs", '"kept"')

    again = start(qtbot, lasting_home)
    qtbot.waitUntil(lambda: hasattr(again.unsaved, "box"), timeout=WAIT_MS)
    box = again.unsaved.box
    assert isinstance(box, QMessageBox)
    assert "shop" in box.informativeText()
    next(button for button in box.buttons() if button.text() == "Restore").click()
    assert "session0" in box.informativeText()
    # Nobody has to look for the session: it is shown by itself, and marked in the list.
    qtbot.waitUntil(lambda: again.panel.key == b"sess:session0" and again.panel.can_review, timeout=WAIT_MS)
    assert again.panel.unsaved() == 1
    assert again.sessions_page.selected_count == 1
    again.saving.review()
    qtbot.waitUntil(lambda: again.saving.dialog is not None, timeout=WAIT_MS)
    dialog = again.saving.dialog
    assert dialog is not None
    assert [change.field for change in dialog.review.changes] == ["role", "theirs"]
    dialog.save_button.click()
    qtbot.waitUntil(lambda: again.panel.unsaved() == 0, timeout=WAIT_MS)
    assert again.panel.opened is not None
    saved = again.panel.opened.raw.payload
    assert VALUE.encode() in saved
    assert b"kept" in saved
    qtbot.waitUntil(lambda: not list((lasting_home / "unsaved").glob("*.sealed")), timeout=WAIT_MS)
    leave(again)


@pytest.fixture
def hooks() -> Any:
    import sys
    import threading

    kept = sys.excepthook, threading.excepthook, sys.unraisablehook
    yield
    sys.excepthook, threading.excepthook, sys.unraisablehook = kept
    QGuiApplication.clipboard().clear()


def edited_without_a_place(qtbot: QtBot, make_window: OpenWindow, url: str) -> MainWindow:
    """Edit a session while nothing can seal the edit; it is told already."""
    write(url, "session0", "role", '"user"')
    window: MainWindow = open_session0(qtbot, make_window, url)
    window.panel.edit_field("role", f'"{VALUE}"')
    qtbot.waitUntil(lambda: "t survive a crash" in window.panel.bar.changes_label.toolTip(), timeout=WAIT_MS)
    return window


def test_without_a_keyring_it_says_that_edits_would_not_survive(
    qtbot: QtBot, make_window: OpenWindow, url: str, tmp_path: Path
) -> None:
    window = edited_without_a_place(qtbot, make_window, url)
    assert not (tmp_path / "home" / "unsaved").exists()
    words = window.statusBar().currentMessage()
    assert "t survive a crash" in words, "said where it is read without the mouse over it"
    assert "File › Preferences" in words, "and what to do about it"


def test_edits_made_before_secrets_have_a_place_are_sealed_once_they_have(
    qtbot: QtBot, make_window: OpenWindow, url: str, tmp_path: Path
) -> None:
    window = edited_without_a_place(qtbot, make_window, url)
    sealed = SealedFile(sealed_path(tmp_path / "home"))
    sealed.create("passphrase one")
    window.preferences.take_place(SecretPlace.FILE, sealed)
    folder = tmp_path / "home" / "unsaved"
    qtbot.waitUntil(lambda: len(list(folder.glob("*.sealed"))) == 1, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: "a crash loses nothing" in window.panel.bar.changes_label.toolTip(), timeout=WAIT_MS)


def test_review_shows_the_command_that_a_save_would_send(qtbot: QtBot, make_window: OpenWindow, url: str) -> None:
    write(url, "session0", "role", '"user"')
    window = open_session0(qtbot, make_window, url)
    window.panel.edit_field("role", f'"{VALUE}"')
    window.saving.review()
    qtbot.waitUntil(lambda: window.saving.dialog is not None, timeout=WAIT_MS)
    dialog = window.saving.dialog
    dialog.preview_button.click()
    qtbot.waitUntil(lambda: bool(dialog.commands_label.text()), timeout=WAIT_MS)
    words = dialog.commands_label.text()
    assert words.startswith("SET sess:sess… <")
    assert words.endswith("bytes> XX KEEPTTL (compare-and-set script)")
    assert VALUE not in words


def test_command_log_shows_what_was_sent_and_no_value(qtbot: QtBot, make_window: OpenWindow, url: str) -> None:
    write(url, "session0", "role", '"user"')
    window = open_session0(qtbot, make_window, url)
    window.actions_book["command_log"].trigger()
    assert window.commands.isVisible()
    window.panel.edit_field("role", f'"{VALUE}"')
    window.saving.review()
    qtbot.waitUntil(lambda: window.saving.dialog is not None, timeout=WAIT_MS)
    window.saving.dialog.save_button.click()
    qtbot.waitUntil(lambda: "EVAL (compare-and-set script)" in window.commands.edit.toPlainText(), timeout=WAIT_MS)
    text = window.commands.edit.toPlainText()
    assert "SCAN … MATCH" in text
    assert "GETRANGE × 3" in text
    assert VALUE not in text
    assert "session0" not in text
    window.actions_book["command_log"].trigger()
    assert not window.commands.isVisible()


def test_command_log_is_bounded() -> None:
    log = CommandLog(10)
    for number in range(100):
        log.note("shop", f"GET {number}")
    assert [sent.words for sent in log.after(0)] == [f"GET {number}" for number in range(90, 100)]
    assert [sent.words for sent in log.after(98)] == ["GET 98", "GET 99"]


def test_deletion_in_production_shows_its_commands_and_wants_the_name(
    qtbot: QtBot, make_window: OpenWindow, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = make_window(url)
    live = Profile(id="live", name="the live shop", url=url, environment=Environment.PRODUCTION)
    window.put_profile(live, keep=False)
    qtbot.waitUntil(lambda: window.current is not None and window.current.progress.is_complete, timeout=WAIT_MS)
    assert window.status.environment_label.text() == "production"
    seen: list[str] = []

    def look(dialog: NameDialog) -> int:
        seen.extend(label.text() for label in dialog.findChildren(PlainLabel))
        assert not dialog.button.isEnabled()
        dialog.line.setText("the live sho")
        assert not dialog.button.isEnabled()
        dialog.line.setText("the live shop")
        assert dialog.button.isEnabled()
        return 0

    monkeypatch.setattr(NameDialog, "exec", look)
    assert window.current is not None
    window.saving.delete(window.current, b"sess:session0")
    words = "\n".join(seen)
    assert "DEL sess:sess… (compare-and-set script)" in words
    assert window.current.catalogue is not None
    assert len(window.current.catalogue) == 3


def test_secret_is_masked_and_shown_only_while_the_eye_is_held(qtbot: QtBot) -> None:
    line = SecretLine("Password", text="tok-shown")
    qtbot.addWidget(line)
    line.show()
    assert line.line.echoMode() is QLineEdit.EchoMode.Password
    assert line.line.displayText() == "●" * 9
    qtbot.mousePress(line.eye, Qt.MouseButton.LeftButton)
    assert line.line.displayText() == "tok-shown"
    qtbot.mouseRelease(line.eye, Qt.MouseButton.LeftButton)
    assert line.line.displayText() == "●" * 9


def test_concealed_copy_is_marked_and_gone_after_its_time(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clipboard, "CLEAR_AFTER_MS", 20)
    clipboard.copy_secret("tok-copied")
    board = QGuiApplication.clipboard()
    assert board.text() == "tok-copied"
    assert bytes(board.mimeData().data("x-kde-passwordManagerHint").data()) == b"secret"
    assert board.mimeData().hasFormat("org.nspasteboard.ConcealedType")
    assert any("ExcludeClipboardContent" in name for name in board.mimeData().formats())
    qtbot.waitUntil(lambda: board.text() == "", timeout=WAIT_MS)


def test_what_was_copied_meanwhile_stays_on_the_clipboard(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clipboard, "CLEAR_AFTER_MS", 0)
    board = QGuiApplication.clipboard()
    clipboard.copy_secret("tok-copied")
    board.setText("a shopping list")
    later: list[str] = []
    QTimer.singleShot(1, lambda: later.append(board.text()))  # runs out after the one that would clear it
    qtbot.waitUntil(lambda: bool(later), timeout=WAIT_MS)
    assert later == ["a shopping list"]
    assert board.text() == "a shopping list"


def test_clipboard_keeps_a_secret_for_thirty_seconds() -> None:
    assert clipboard.CLEAR_AFTER_MS == 30_000


def test_f61_password_that_is_not_known_is_asked_for_and_kept_nowhere(
    qtbot: QtBot, make_window: OpenWindow, url: str
) -> None:
    window = make_window(url)
    window.put_profile(Profile(id="locked", name="locked", url=url, password_id="lost"), keep=False)
    qtbot.waitUntil(lambda: bool(window.findChildren(SecretDialog)), timeout=WAIT_MS)
    dialog = window.findChildren(SecretDialog)[0]
    assert not dialog.button.isEnabled()
    assert window.current is not None and window.current.state is StoreState.FAILED
    dialog.reject()
    assert window.context.secrets.get("lost") is None


def test_f49_megabyte_secret_is_refused_in_words_and_not_cut(qtbot: QtBot, make_window: OpenWindow, url: str) -> None:
    window = make_window(url)
    dialog = ConnectDialog(window.context, None, window)
    dialog.secret_lines.put("x" * 1_000_000)
    assert len(dialog.secret_lines.texts()[0]) == 1_000_000
    dialog.accept_store()
    assert "larger than 64 KB" in dialog.test_label.text()
    assert window.context.book.profiles == ()


def test_f49_secrets_that_are_empty_are_none_and_their_order_is_kept(
    qtbot: QtBot, make_window: OpenWindow, url: str
) -> None:
    window = make_window(url)
    dialog = ConnectDialog(window.context, None, window)
    dialog.secret_lines.put("newest\n\nolder\noldest")
    assert dialog.secret_lines.texts() == ("newest", "older", "oldest")
    _profile, _password, secrets = dialog.read()
    assert secrets == tuple(
        Secret.from_text(text, f"secret {number}") for number, text in enumerate(("newest", "older", "oldest"), 1)
    )
