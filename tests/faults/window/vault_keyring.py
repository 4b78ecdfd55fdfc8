"""A keyring for child processes of the tests: a file whose path is in VAULT_PATH, outside of the program's folder."""

from __future__ import annotations

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend


class VaultKeyring(KeyringBackend):
    """Keeps everything under the entry's name."""

    priority = 1.0

    def _read(self) -> dict[str, str]:
        path = Path(os.environ["VAULT_PATH"])
        return dict(json.loads(path.read_text())) if path.exists() else {}

    def get_password(self, service: str, username: str) -> str | None:
        return self._read().get(username)

    def set_password(self, service: str, username: str, password: str) -> None:
        Path(os.environ["VAULT_PATH"]).write_text(json.dumps({**self._read(), username: password}))

    def delete_password(self, service: str, username: str) -> None:
        kept = self._read()
        kept.pop(username, None)
        Path(os.environ["VAULT_PATH"]).write_text(json.dumps(kept))
