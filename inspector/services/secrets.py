"""Where secrets live: the system keyring, or memory for this run; never a file. Knows no window."""

from __future__ import annotations

from inspector.core.secret import Secret


class SecretStore:
    """Secrets by id. Talks to the keyring, which may take seconds: never on the GUI thread.

    Without a usable keyring (none, locked, or a plaintext one, which is refused) everything stays in memory for this
    run; `is_persistent` is then False and `trouble` says why in a sentence.
    """

    def __init__(self, *, use_keyring: bool = True) -> None:
        raise NotImplementedError

    @property
    def is_persistent(self) -> bool:
        raise NotImplementedError

    @property
    def trouble(self) -> str:
        raise NotImplementedError

    def put(self, secret: Secret, secret_id: str = "") -> str:
        """Keep the secret and return its id (a new random one unless given)."""
        raise NotImplementedError

    def get(self, secret_id: str) -> Secret | None:
        raise NotImplementedError

    def remove(self, secret_id: str) -> None:
        raise NotImplementedError
