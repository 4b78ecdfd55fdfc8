"""What an import would do, and whether it may replace."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QPlainTextEdit, QVBoxLayout, QWidget

from inspector.core.display import escape_display
from inspector.services.bulk.import_sessions import ImportReport
from inspector.services.settings.profiles import Profile
from inspector.ui.base.plain import PlainLabel


class ImportDialog(QDialog):
    """Shows a dry run's report. `replaces` holds the choice once it is accepted."""

    def __init__(self, report: ImportReport, profile: Profile, file_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Import sessions")
        self.setMinimumWidth(520)
        self._report = report
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        title = f"Import from {escape_display(file_name, 80)} into {escape_display(profile.name, 60)}?"
        layout.addWidget(PlainLabel(title, role="title", wrap=True))
        told = (
            (report.created, "are new and will be created", "text"),
            (report.same, "are already present and identical", "muted"),
            (report.existing, "are present with different content", "warn"),
            (report.expired, "have expired and will be skipped", "muted"),
            (report.failed, "aren't valid sessions for this store and will be skipped", "error"),
        )
        layout.addWidget(PlainLabel(f"{report.lines:,} lines, of which", role="muted"))
        for number, words, role in told:
            if number or role == "text":
                layout.addWidget(PlainLabel(f"{number:,} {words}", role=role))
        if report.troubles:
            box = QPlainTextEdit("\n".join(escape_display(words, 200) for words in report.troubles))
            box.setReadOnly(True)
            box.setAccessibleName("Lines that will be skipped")
            box.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
            box.setMaximumHeight(110)
            layout.addWidget(box)
        self.replace_box = QCheckBox(f"Replace the {report.existing:,} that are present with different content")
        self.replace_box.setVisible(report.existing > 0)
        self.replace_box.toggled.connect(lambda _on: self._enable())
        layout.addWidget(self.replace_box)
        words = "An import can't be undone as a whole. A session that the application changes in the meantime is left alone."
        layout.addWidget(PlainLabel(words, role="muted", wrap=True))
        row = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.import_button = row.addButton("Import", QDialogButtonBox.ButtonRole.AcceptRole)
        self.import_button.setProperty("role", "primary")
        row.accepted.connect(self.accept)
        row.rejected.connect(self.reject)
        layout.addWidget(row)
        self._enable()

    @property
    def replaces(self) -> bool:
        return self.replace_box.isChecked()

    def _enable(self) -> None:
        self.import_button.setEnabled(self._report.created > 0 or self.replaces)
