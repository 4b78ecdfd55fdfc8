"""What every page is given: the theme, the job runner and the services of this run; builds nothing itself."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.services.bulk.unfinished_files import UnfinishedFiles
from inspector.services.sessions.journal import Journal
from inspector.services.settings.command_log import CommandLog
from inspector.services.settings.profiles import ProfileBook
from inspector.services.settings.secrets import SecretStore
from inspector.ui.base.clipboard import clear_secret
from inspector.ui.base.jobs import JobRunner, Lane
from inspector.ui.base.theme import Theme


@dataclass(frozen=True, slots=True)
class Context:
    """The services of one run of the window. `compute`: a lane for pure computing (sorting, filtering, parsing);
    `counting`: one for what may come later (chips and plots); `vault`: one for the keyring, which may take seconds."""

    theme: Theme
    jobs: JobRunner
    book: ProfileBook
    secrets: SecretStore
    journal: Journal
    commands: CommandLog
    unfinished: UnfinishedFiles
    compute: Lane
    counting: Lane
    vault: Lane

    def close(self) -> None:
        """Take a secret off the clipboard, deliver nothing more, and let the lanes end."""
        clear_secret()
        self.jobs.close()
        self.compute.close()
        self.counting.close()
        self.vault.close()
