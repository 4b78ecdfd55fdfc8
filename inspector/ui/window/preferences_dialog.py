"""Preferences: the theme, what new sessions and stores begin with, and where secrets are kept."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QVBoxLayout,
    QWidget,
)

from inspector.services.sessions.journal import AGE_DAYS
from inspector.services.settings.profiles import SecretPlace, Settings
from inspector.ui.base.choice_box import ChoiceBox
from inspector.ui.base.number_box import NumberBox
from inspector.ui.base.plain import PlainLabel, add_row
from inspector.ui.base.small_screen import fit_screen, make_scrollable
from inspector.ui.base.theme import Theme

_THEMES = (("system", "Same as system"), ("light", "Light"), ("dark", "Dark"))
_PLACES = (
    (SecretPlace.KEYRING, "In the system's keyring"),
    (SecretPlace.FILE, "In a file sealed with a passphrase"),
    (SecretPlace.MEMORY, "In memory, for this run only"),
)
_MINUTE_MS = 60_000


class PreferencesDialog(QDialog):
    """Shows the theme at once and takes it back when cancelled. `settings` is the result."""

    def __init__(
        self, settings: Settings, theme: Theme, secrets_words: str, edits_words: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Preferences")
        self.setMinimumWidth(460)
        self._before = settings
        self._theme = theme
        layout = QVBoxLayout(self)
        inside = QWidget()
        form = QFormLayout(inside)
        form.setHorizontalSpacing(18)
        form.setVerticalSpacing(10)
        self.theme_choice = ChoiceBox()
        self.theme_choice.setAccessibleName("Theme")
        for value, words in _THEMES:
            self.theme_choice.addItem(words, value)
        self.theme_choice.setCurrentIndex(max(0, self.theme_choice.findData(settings.theme)))
        self.theme_choice.currentIndexChanged.connect(lambda _row: theme.choose(self.theme_choice.currentData()))
        add_row(form, "Theme", self.theme_choice)
        self.age_edit = NumberBox("Lifetime of a new session", 1, 525_600, " minutes")
        self.age_edit.setValue(max(1, settings.default_max_age_ms // _MINUTE_MS))
        add_row(form, "Lifetime of a new session", self.age_edit)
        self.live_box = QCheckBox("Follow changes as soon as a store opens")
        self.live_box.setChecked(settings.live_by_default)
        add_row(form, "Live", self.live_box)
        self._add_list_memory(form, settings)
        self.place_choice = ChoiceBox()
        self.place_choice.setAccessibleName("Where secrets are kept")
        for place, words in _PLACES:
            self.place_choice.addItem(words, place)
        self.place_choice.setCurrentIndex(self.place_choice.findData(settings.secret_place))
        add_row(form, "Secrets", self.place_choice)
        add_row(form, "", PlainLabel(secrets_words, role="muted", wrap=True))
        self.history_box = QCheckBox(f"Keep what you write here for {AGE_DAYS} days, sealed")
        self.history_box.setChecked(settings.keep_history)
        add_row(form, "History", self.history_box)
        self.plugins_box = QCheckBox("Load installed store and framework packages at startup")
        self.plugins_box.setToolTip("Third-party code that runs inside this program. Help › About lists what's loaded.")
        self.plugins_box.setChecked(settings.plugins)
        add_row(form, "Plugins", self.plugins_box)
        add_row(form, "Unsaved edits", PlainLabel(edits_words, role="muted", wrap=True))
        layout.addWidget(make_scrollable(inside), 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.button(QDialogButtonBox.StandardButton.Ok).setProperty("role", "primary")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.rejected.connect(lambda: theme.choose(self._before.theme))
        layout.addWidget(buttons)
        self.resize(fit_screen(self, 560, 480))

    def _add_list_memory(self, form: QFormLayout, settings: Settings) -> None:
        self.memory_edit = NumberBox("Memory for list values", 16, 65_536, " MB")
        self.memory_edit.setValue(settings.list_memory_mb)
        add_row(form, "Memory for a list", self.memory_edit)
        self.beyond_choice = ChoiceBox()
        self.beyond_choice.setAccessibleName("What to do with values beyond it")
        for drops, words in ((False, "Compress the rest"), (True, "Drop the rest: filters can't see it")):
            self.beyond_choice.addItem(words, drops)
        self.beyond_choice.setCurrentIndex(int(settings.list_drops))
        add_row(form, "", self.beyond_choice)

    @property
    def settings(self) -> Settings:
        return Settings(
            theme=self.theme_choice.currentData(),
            live_by_default=self.live_box.isChecked(),
            demo_prepared=self._before.demo_prepared,
            last_store=self._before.last_store,
            secret_place=self.place_choice.currentData(),
            default_max_age_ms=self.age_edit.value() * _MINUTE_MS,
            list_memory_mb=self.memory_edit.value(),
            list_drops=self.beyond_choice.currentData(),
            keep_history=self.history_box.isChecked(),
            plugins=self.plugins_box.isChecked(),
        )
