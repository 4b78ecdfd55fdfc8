"""Adding or changing a store: its address as URL or form, its password and secrets, and a test of the connection."""

from __future__ import annotations

import contextlib
import time

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from inspector.core.field_path import FieldPathError, parse_field_path
from inspector.core.secret import Secret
from inspector.frameworks import FRAMEWORKS
from inspector.services.connection import connect, split_url
from inspector.services.settings.profiles import Environment, Profile, new_profile_id
from inspector.services.settings.secrets import SecretStore
from inspector.services.table_survey import has_tables
from inspector.ui.base.choice_box import ChoiceBox
from inspector.ui.base.context import Context
from inspector.ui.base.jobs import Job, Lane
from inspector.ui.base.plain import PlainLabel, add_row, tell
from inspector.ui.base.small_screen import fit_screen
from inspector.ui.base.trouble import describe_trouble
from inspector.ui.stores.secret_dialogs import SEALED_FILE
from inspector.ui.stores.secret_line import LARGEST_SECRET_BYTES, TOO_LARGE, SecretLine, SecretLines
from inspector.ui.stores.store_form import StoreForm
from inspector.ui.stores.table_dialog import TableDialog
from store_adapters.contract import Count, StoreInfo
from store_adapters.errors import BadStoreAddress, TableUnclear


class ConnectDialog(QDialog):
    """`profile_ready(profile)` once it is accepted and its secrets are kept. Nothing secret goes into the profile."""

    profile_ready = Signal(object)  # Profile

    def __init__(self, context: Context, profile: Profile | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Change the store" if profile else "Connect a store")
        # Its buttons stay on a small screen: the fields scroll.
        self.resize(fit_screen(self, 600, 620))
        self._context = context
        self._before = profile
        self._job: Job | None = None
        self._test_began = 0.0
        self._test_clock = QTimer(self, interval=1000)
        self._test_clock.timeout.connect(self._tell_test)
        self._lane: Lane | None = None
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(self._build_fields())
        layout.addWidget(scroll, 1)
        layout.addLayout(self._build_test())
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.connect_button = buttons.addButton(
            "Save" if profile else "Connect", QDialogButtonBox.ButtonRole.AcceptRole
        )
        self.connect_button.setProperty("role", "primary")
        buttons.accepted.connect(self.accept_store)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)
        self.connect_button.setDefault(True)  # heard once it is in the dialog
        self.url_line.setFocus()
        self.url_line.selectAll()
        self.finished.connect(lambda _code: self._stop_test())
        self._fill(profile or Profile(id=new_profile_id(), name="", url="redis://localhost:6379/0?prefix=sess:"))

    # --- fields -------------------------------------------------------------------------------------------------

    def _build_fields(self) -> QWidget:
        inside = QWidget()
        form = self._rows = QFormLayout(inside)
        form.setContentsMargins(0, 4, 12, 4)
        form.setHorizontalSpacing(18)
        form.setVerticalSpacing(9)
        self.name_line = _line("Name")
        self.name_line.setPlaceholderText("shop · Redis")
        self.url_line = _line("Address")
        self.url_line.setPlaceholderText("redis://localhost:6379/0?prefix=sess:")
        self.url_line.textChanged.connect(self._url_changed)
        self.url_line.textEdited.connect(self.show_in_form)
        self.form = StoreForm()
        self.form.address_changed.connect(self._show_form_address)
        self.tables_button = QPushButton("Find tables…")
        self.tables_button.setAutoDefault(False)
        self.tables_button.clicked.connect(lambda _checked=False: self._find_tables())
        self._tables_row = QWidget()
        beside = QHBoxLayout(self._tables_row)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.addWidget(self.tables_button)
        beside.addWidget(PlainLabel("Choose it from those of the database.", role="muted"), 1)
        self.address_error = PlainLabel("", role="error", wrap=True)
        self.password_line = SecretLine("Password", self._context.theme)
        self.environment_choice = ChoiceBox()
        self.environment_choice.setAccessibleName("Environment")
        for environment in Environment:
            self.environment_choice.addItem(environment.value.capitalize(), environment)
        self.framework_choice = ChoiceBox()
        self.framework_choice.setAccessibleName("Written by")
        self.framework_choice.addItem("Detect automatically", "")
        for framework in FRAMEWORKS:
            self.framework_choice.addItem(framework.title, framework.name)
        self.read_only_box = QCheckBox("Read-only: nothing can be written from here")
        self.gentle_choice = ChoiceBox()
        self.gentle_choice.setAccessibleName("How to read the list")
        for gentle, words in (
            (None, "Gently in production, otherwise at full rate"),
            (True, "Gently: at half the rate"),
            (False, "At full rate"),
        ):
            self.gentle_choice.addItem(words, gentle)
        self.secret_lines = SecretLines("Secret", self._context.theme)
        self.user_line = _line("Path to the user")
        self.user_line.setPlaceholderText("the usual places (user.username, passport.user, userId …)")
        self.cookie_line = _line("Cookie name")
        self.site_line = _line("Site address")
        for words, field in (
            ("Name", self.name_line),
            ("Address", self.url_line),
            ("", self.address_error),
            ("", self.form),
            ("Password", self.password_line),
            ("", self._tables_row),
            ("Environment", self.environment_choice),
            ("", self.read_only_box),
            ("Read the list", self.gentle_choice),
            ("Secrets", self.secret_lines),
            ("Written by", self.framework_choice),
            ("User path", self.user_line),
            ("Cookie name", self.cookie_line),
            ("Site", self.site_line),
        ):
            add_row(form, words, field)
        return inside

    def _build_test(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.test_button = QPushButton("Test connection")
        self.test_button.clicked.connect(self._test)
        row.addWidget(self.test_button)
        self.test_label = PlainLabel("", role="muted", wrap=True)
        row.addWidget(self.test_label, 1)
        return row

    def _fill(self, profile: Profile) -> None:
        self._id = profile.id
        self.name_line.setText(profile.name)
        self.url_line.setText(profile.url)
        self.form.show_url(profile.url)
        self.environment_choice.setCurrentIndex(self.environment_choice.findData(profile.environment))
        self.read_only_box.setChecked(profile.read_only)
        self.gentle_choice.setCurrentIndex((None, True, False).index(profile.gentle))
        self.framework_choice.setCurrentIndex(max(0, self.framework_choice.findData(profile.framework)))
        self.user_line.setText(profile.user_path)
        self.cookie_line.setText(profile.cookie_name)
        self.site_line.setText(profile.site_url)
        kept = "saved; type to replace them" if profile.secret_ids else ""
        self.secret_lines.setPlaceholderText(kept or "the signing secret first, older ones below")
        if profile.password_id:
            self.password_line.setPlaceholderText("saved; type to replace it")

    def show_in_form(self, url: str) -> None:
        self.form.show_url(url)

    def _show_form_address(self, url: str) -> None:
        # The form's address has no password: one that was typed into the address goes into its own field.
        with contextlib.suppress(BadStoreAddress):
            password = split_url(self.url_line.text())[1]
            if password is not None and not self.password_line.text():
                self.password_line.setText(password.reveal().decode("utf-8", "surrogateescape"))
        self.url_line.setText(url)

    def _url_changed(self, text: str) -> None:
        try:
            split_url(text)
        except BadStoreAddress as error:
            self.address_error.setText(f"{error.message} {error.remedy}".strip())
        else:
            self.address_error.setText("")
        self._rows.setRowVisible(self.address_error, bool(self.address_error.text()))
        self._rows.setRowVisible(self._tables_row, has_tables(text))
        self.test_label.setText("")
        self.connect_button.setEnabled(not self.address_error.text())

    def read(self) -> tuple[Profile, Secret | None, tuple[Secret, ...]]:
        """Return the profile, the password and the secrets that were typed. `BadStoreAddress`, `FieldPathError`."""
        url, password = split_url(self.url_line.text())
        if self.password_line.text():
            password = Secret.from_text(self.password_line.text(), "password")
        if self.user_line.text().strip():
            parse_field_path(self.user_line.text().strip())
        lines = self.secret_lines.texts()
        if any(len(text.encode("utf-8", "surrogatepass")) > LARGEST_SECRET_BYTES for text in lines):
            raise BadStoreAddress(TOO_LARGE)
        secrets = tuple(Secret.from_text(line, f"secret {number}") for number, line in enumerate(lines, 1))
        before = self._before
        profile = Profile(
            id=self._id,
            name=self.name_line.text().strip() or name_from(url),
            url=url,
            environment=self.environment_choice.currentData(),
            read_only=self.read_only_box.isChecked(),
            gentle=self.gentle_choice.currentData(),
            user_path=self.user_line.text().strip(),
            cookie_name=self.cookie_line.text().strip() or "connect.sid",
            site_url=self.site_line.text().strip() or "http://localhost:3000/",
            framework=self.framework_choice.currentData(),
            password_id=before.password_id if before else "",
            secret_ids=before.secret_ids if before else (),
        )
        return profile, password, secrets

    # --- the table ----------------------------------------------------------------------------------------------

    def _find_tables(self) -> None:
        try:
            profile, password, secrets = self.read()
        except (BadStoreAddress, FieldPathError) as error:
            self._show_test(str(error), "error")
            return
        profile, keeper = _with_password(profile, password, self._context.secrets)
        dialog = TableDialog(self._context, profile, keeper, secrets, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.address_chosen.connect(self._take_address)
        dialog.open()

    def _take_address(self, url: str) -> None:
        self._show_form_address(url)
        self.form.show_url(url)

    # --- test and accept ----------------------------------------------------------------------------------------

    def _test(self) -> None:
        if self._job is not None and not self._job.is_finished:
            self._stop_test()
            self._show_test("Stopped.", "muted")
            return
        try:
            profile, password, _secrets = self.read()
        except (BadStoreAddress, FieldPathError) as error:
            self._show_test(str(error), "error")
            return
        self._test_began = time.monotonic()
        self._tell_test()
        self._test_clock.start()
        self._lane = self._lane or Lane("connection test")
        self._job = self._context.jobs.submit(
            self._lane,
            lambda: _try_connection(profile, password, self._context.secrets),
            owner=self,
            done=self._tested,
            failed=self._test_failed,
        )

    def _tested(self, found: tuple[StoreInfo, Count, bool]) -> None:
        info, count, can_write = found
        about = "" if count.exact else "about "
        noun = "session" if count.number == 1 else "sessions"
        self._show_test(
            f"{info.product} {info.version}".strip() + f": {about}{count.number:,} {noun}, "
            f"{'can write' if can_write else 'read-only'}, Live by {info.watch_method}, {info.round_trip_ms:.1f} ms.",
            "ok",
        )

    def _test_failed(self, error: Exception) -> None:
        trouble = describe_trouble(error)
        more = "Or press Find tables above." if isinstance(error, TableUnclear) else ""
        self._show_test(" ".join(part for part in (trouble.text, trouble.remedy, more) if part), "error")

    def _tell_test(self) -> None:
        self._show_test(f"Connecting … {time.monotonic() - self._test_began:.0f} s", "muted")
        self.test_button.setText("Stop")

    def _show_test(self, words: str, role: str) -> None:
        self._test_clock.stop()
        self.test_button.setText("Test connection")
        self.test_label.show_role(role)
        self.test_label.setText(words)

    def _stop_test(self) -> None:
        if self._job is not None:
            self._job.cancel()
        if self._lane is not None:
            self._lane.close()
            self._lane = None

    def accept_store(self) -> None:
        try:
            profile, password, secrets = self.read()
        except (BadStoreAddress, FieldPathError) as error:
            self._show_test(str(error), "error")
            return
        keeper = self._context.secrets
        self.connect_button.setEnabled(False)

        def keep() -> tuple[Profile, str]:
            kept = keep_secrets(profile, password, secrets, keeper)
            return kept, keeper.trouble if password is not None or secrets else ""

        def done(found: tuple[Profile, str]) -> None:
            kept, trouble = found
            self.profile_ready.emit(kept)
            self.accept()
            if trouble:
                tell(self.parentWidget(), "The secrets won't be kept after a restart", trouble, SEALED_FILE)

        self._context.jobs.submit(self._context.vault, keep, owner=self, done=done, failed=self._test_failed)


def keep_secrets(
    profile: Profile, password: Secret | None, secrets: tuple[Secret, ...], keeper: SecretStore
) -> Profile:
    """Put the password and the secrets into the secret store; return the profile that names them. May take seconds."""
    from msgspec.structs import replace

    if password is not None:
        profile = replace(profile, password_id=keeper.put(password, profile.password_id))
    if secrets:
        for old in profile.secret_ids:
            keeper.remove(old)
        profile = replace(profile, secret_ids=tuple(keeper.put(secret) for secret in secrets))
    return profile


def _with_password(profile: Profile, password: Secret | None, keeper: SecretStore) -> tuple[Profile, SecretStore]:
    """Return the profile with the password that was typed, and what holds it: for a try, in memory, so that it isn't kept."""
    from msgspec.structs import replace

    if password is None:
        return profile, keeper
    keeper = SecretStore(use_keyring=False)
    return replace(profile, password_id=keeper.put(password), secret_ids=()), keeper


def _try_connection(profile: Profile, password: Secret | None, keeper: SecretStore) -> tuple[StoreInfo, Count, bool]:
    profile, keeper = _with_password(profile, password, keeper)
    connection = connect(profile, keeper)
    try:
        return connection.info, connection.store.count(), connection.store.capabilities.can_write
    finally:
        connection.store.close()


def _line(name: str) -> QLineEdit:
    line = QLineEdit()
    line.setAccessibleName(name)
    return line


def name_from(url: str) -> str:
    """Return a name for a store that was given none: its host, service, database, folder or file, and its kind."""
    scheme, _, rest = url.partition(":")
    parts = [part for part in rest.partition("?")[0].rpartition("@")[2].split("/") if part]
    # A number alone, as a Redis database has it, names nothing.
    place = next((part for part in reversed(parts) if not part.isdecimal()), "")
    return f"{place} · {scheme}" if place else scheme
