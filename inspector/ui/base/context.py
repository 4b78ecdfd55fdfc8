"""What every page is given: the theme, the job runner and the services of this run; builds nothing itself."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.services.sessions.journal import Journal
from inspector.services.sessions.journal_file import JournalFile
from inspector.services.settings.command_log import CommandLog
from inspector.services.settings.plugins import Plugin
from inspector.services.settings.profiles import ProfileBook
from inspector.services.settings.secrets import SecretStore
from inspector.services.settings.unfinished_files import UnfinishedFiles
from inspector.ui.base.clipboard import clear_secret
from inspector.ui.base.jobs import JobRunner, Lane
from inspector.ui.base.theme import Theme

_LAST_WRITE_S = 2.0


@dataclass(frozen=True, slots=True)
class Context:
    """The services of one run of the window. `history`: what keeps the journal for the
    next one. `compute`: a lane for pure computing (sorting, filtering, parsing);
    `counting`: one for what may come later (chips and plots); `vault`: one for the keyring, which may take seconds.
    `plugins`: the packages of others that were loaded, or why not."""

    theme: Theme
    jobs: JobRunner
    book: ProfileBook
    secrets: SecretStore
    journal: Journal
    history: JournalFile
    commands: CommandLog
    unfinished: UnfinishedFiles
    compute: Lane
    counting: Lane
    vault: Lane
    plugins: tuple[Plugin, ...] = ()

    def close(self) -> None:
        """Take a secret off the clipboard, deliver nothing more, and let the lanes end."""
        clear_secret()
        self.jobs.close()
        self.compute.close()
        self.counting.close()
        self.vault.close()
        if self.history.is_pending:
            self.vault.join(_LAST_WRITE_S)  # a keyring that hangs does not hold the window
        self.history.close()
