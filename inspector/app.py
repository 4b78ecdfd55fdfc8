"""The desktop program: makes the services, the window, and ends quickly; the only maker of global state."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from PySide6.QtCore import QSize, QTimer
from PySide6.QtWidgets import QApplication

from inspector import __version__
from inspector.core.secret import Secret
from inspector.demo.demo_secret import DEMO_SECRET
from inspector.demo.prepare import choose_demo_folder, demo_store_url, prepare_demo
from inspector.services.checkpoint import pause_with
from inspector.services.connection import split_url
from inspector.services.sessions.decoder import DECODER
from inspector.services.sessions.journal import Journal
from inspector.services.sessions.journal_file import JournalFile
from inspector.services.settings.command_log import CommandLog
from inspector.services.settings.plugins import Plugin, load_plugins
from inspector.services.settings.profiles import (
    Profile,
    ProfileBook,
    SecretPlace,
    default_data_folder,
    default_folder,
    new_profile_id,
    sealed_path,
)
from inspector.services.settings.sealed_file import SealedFile
from inspector.services.settings.secrets import SecretStore
from inspector.services.settings.unfinished_files import UnfinishedFiles
from inspector.ui.base.context import Context
from inspector.ui.base.icons import app_icon
from inspector.ui.base.interpreter_tuning import tune_interpreter
from inspector.ui.base.jobs import JobRunner, Lane
from inspector.ui.base.plain import tell
from inspector.ui.base.small_screen import FRAME_HEIGHT
from inspector.ui.base.system_needs import find_missing_font
from inspector.ui.base.theme import Theme
from inspector.ui.base.trouble import describe_trouble
from inspector.ui.base.turns import give_way
from inspector.ui.stores.secret_dialogs import open_sealed_file
from inspector.ui.window.end_signals import EndSignals
from inspector.ui.window.fault_reports import FaultReports
from inspector.ui.window.leftovers import offer_leftovers
from inspector.ui.window.main_window import MainWindow
from store_adapters.errors import BadStoreAddress
from store_adapters.portability import forbid_core_dump
from store_adapters.registry import load_driver

DEMO_PROFILE = "demo"
DEMO_SECRET_ID = "demo-secret"
_NO_FONT = 2
_IDLE_MS = 200
"""After the window was asked for: it is painted, and nobody has found the first button yet."""


@dataclass(frozen=True, slots=True)
class Launch:
    """How the window was asked for. `store`: a URL or a profile's name, `password`: of that URL; `demo`: begin on the demo
    with its server; `plugins`: load packages of others for this run, whatever the preferences say."""

    store: str = ""
    password: Secret | None = None
    demo: bool = False
    tour: Path | None = None
    plugins: bool = False


def main(launch: Launch | None = None) -> NoReturn:
    """Run the window until it is closed, then end the process with its exit code."""
    launch = launch or Launch()
    _keep_faults_private()
    application = make_application()
    if missing := find_missing_font():
        print(f"session-inspector: {missing}", file=sys.stderr)
        _leave(_NO_FONT)
    # A tour changes sessions, so it goes through a demo of its own.
    folder = Path(tempfile.mkdtemp(prefix="session-inspector-tour-")) if launch.tour is not None else None
    faults_of(application).install_for_process(folder or default_folder())
    unfinished = UnfinishedFiles(folder or default_folder())
    window = open_window(launch, folder, None, unfinished)
    EndSignals(window, lambda number: _end(unfinished, number))
    _show(window)
    tune_interpreter(window)
    if launch.tour is not None:
        from inspector.tour import Tour

        tour = Tour(window, launch.tour)
        QTimer.singleShot(0, tour.start)
        code = application.exec()
        _leave(tour.exit_code or code)
    _leave(application.exec())


def _show(window: MainWindow) -> None:
    """Show the window; on a screen that has no room for it and its frame, maximized, so that nothing is cut off."""
    room = window.screen().availableSize() - QSize(0, FRAME_HEIGHT)
    if window.width() > room.width() or window.height() > room.height():
        window.showMaximized()
    else:
        window.show()
    # Nothing is marked until a person does something; Ctrl+1 goes into the list.
    window.setFocus()


def _end(unfinished: UnfinishedFiles, number: int) -> NoReturn:
    """End as a signal asks: unsaved edits are sealed as after a crash, and half an export is not left behind."""
    unfinished.remove_own()
    _leave(128 + number)


def _leave(code: int) -> NoReturn:
    # Everything is saved and closed by now. Taking Qt's objects apart in Python's order can crash, and a lane may still
    # sit in a driver's call: the process ends here, at once.
    DECODER.close()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def make_application() -> QApplication:
    """Return the QApplication with its names, and with faults going to a message instead of an end."""
    found = QApplication.instance()
    application = found if isinstance(found, QApplication) else QApplication(["session-inspector"])
    application.setApplicationName("session-inspector")
    application.setApplicationDisplayName("Session Inspector")
    application.setApplicationVersion(__version__)
    application.setDesktopFileName("session-inspector")
    application.setWindowIcon(app_icon())
    faults_of(application).install()
    return application


def faults_of(application: QApplication) -> FaultReports:
    """Return what takes the faults of the program; one for each application."""
    return application.findChild(FaultReports) or FaultReports(application)


def open_window(
    launch: Launch,
    folder: Path | None = None,
    secrets: SecretStore | None = None,
    unfinished: UnfinishedFiles | None = None,
) -> MainWindow:
    """Make the services and the window, and open what was asked for."""
    application = make_application()
    pause_with(give_way)
    demo_folder = folder or choose_demo_folder(default_folder(), default_data_folder())
    folder = folder or default_folder()
    book = ProfileBook(folder)
    secrets = secrets or _make_secrets(book)
    secrets.put_for_this_run(Secret.from_text(DEMO_SECRET, "demo"), DEMO_SECRET_ID)
    theme = Theme(application)
    theme.choose(book.settings.theme)
    journal, vault = Journal(), Lane("vault")
    context = Context(
        theme=theme,
        jobs=JobRunner(application),
        book=book,
        secrets=secrets,
        journal=journal,
        history=JournalFile(journal, folder, secrets, lambda: book.settings.keep_history, vault.put),
        commands=CommandLog(),
        unfinished=unfinished or UnfinishedFiles(folder),
        compute=Lane("compute"),
        counting=Lane("counting"),
        vault=vault,
        plugins=_load_plugins() if launch.plugins or book.settings.plugins else (),
    )
    window = MainWindow(context, demo_store_url(demo_folder))
    for words in book.troubles:
        QTimer.singleShot(0, window, lambda words=words: tell(window, "A settings file had a problem", words))
    # After the first paint, so that nothing stands between a person and the window.
    last = book.settings.last_store
    QTimer.singleShot(0, window, lambda: _unlock_first(window, context, launch, demo_folder, last))
    QTimer.singleShot(_IDLE_MS, window, lambda: _use_idle_time(book.profiles))
    return window


def _load_plugins() -> tuple[Plugin, ...]:
    DECODER.use_plugins()
    return load_plugins()


def _use_idle_time(profiles: tuple[Profile, ...]) -> None:
    lane = Lane("import ahead")
    lane.put(lambda: _import_ahead(profiles))
    lane.close()


def _import_ahead(profiles: tuple[Profile, ...]) -> None:
    """Import what will be asked for next, while the window is idle: connecting or a first look would wait for it.

    On a lane, and therefore nothing that imports Qt: its classes come into being on the GUI thread only.
    """
    for url in dict.fromkeys(profile.url for profile in profiles) or ("redis://localhost",):
        with contextlib.suppress(BadStoreAddress):
            load_driver(url)
    import inspector.demo.server
    import inspector.demo.traffic
    import inspector.services.cookies.har_report
    import inspector.services.cookies.verify_cookie  # noqa: F401


def _make_secrets(book: ProfileBook) -> SecretStore:
    place = book.settings.secret_place
    sealed = SealedFile(sealed_path(book.folder)) if place is SecretPlace.FILE else None
    return SecretStore(use_keyring=place is SecretPlace.KEYRING, sealed=sealed)


def _unlock_first(window: MainWindow, context: Context, launch: Launch, demo_folder: Path, last: str) -> None:
    """Ask for the passphrase where secrets are in a sealed file; go on without it when it is not given."""

    def go_on(_is_open: bool) -> None:
        _open_first(window, context, launch, demo_folder, last)
        window.unsaved.offer(lambda: window.stores)
        offer_leftovers(context, window)
        QTimer.singleShot(_IDLE_MS, window, window.take_up_history)

    sealed = context.secrets.sealed
    if sealed is None or sealed.is_open:
        go_on(True)
    else:
        open_sealed_file(context, window, sealed, go_on)


def _open_first(window: MainWindow, context: Context, launch: Launch, demo_folder: Path, last: str) -> None:
    if launch.store:
        _open_asked(window, context, launch.store, launch.password)
        return
    if last in window.stores and not launch.demo and launch.tour is None:
        window.offer_store(last)
        return
    context.jobs.submit(
        context.compute,
        lambda: prepare_demo(demo_folder),
        owner=window,
        done=lambda url: _open_demo(window, url, with_server=launch.demo),
        failed=lambda error: window.note(f"The demo couldn't be prepared. {describe_trouble(error).text}"),
    )


def _open_asked(window: MainWindow, context: Context, store: str, given: Secret | None) -> None:
    from inspector.ui.stores.connect_dialog import keep_secrets, name_from

    profile = context.book.find(store)
    if profile is not None:
        window.offer_store(profile.id)
        return
    try:
        url, password = split_url(store)
        password = given or password
    except Exception as error:
        trouble = describe_trouble(error)
        tell(window, "That store can't be opened", f"{trouble.text} {trouble.remedy}")
        return
    fresh = Profile(id=new_profile_id(), name=name_from(url), url=url)
    context.jobs.submit(
        context.vault,
        lambda: keep_secrets(
            fresh, password, (), SecretStore(use_keyring=False) if password is None else context.secrets
        ),
        owner=window,
        done=lambda kept: _offer(window, kept, keep=False),
        failed=lambda error: window.note(describe_trouble(error).text),
    )


def _offer(window: MainWindow, profile: Profile, *, keep: bool = True) -> None:
    window.add_profile(profile, keep=keep)
    window.offer_store(profile.id)


def _open_demo(window: MainWindow, url: str, *, with_server: bool) -> None:
    if DEMO_PROFILE in window.stores and window.stores[DEMO_PROFILE].profile.url == url:
        window.offer_store(DEMO_PROFILE)
    else:
        profile = Profile(id=DEMO_PROFILE, name="Demo (files)", url=url, secret_ids=(DEMO_SECRET_ID,))
        _offer(window, profile)
    if with_server:
        window.demo_page.start_server(window.demo_page.form.settings())


def _keep_faults_private() -> None:
    """No dump of the memory, which holds secrets, and no line of a library's log, which may quote values."""
    forbid_core_dump()
    logging.getLogger().addHandler(logging.NullHandler())
