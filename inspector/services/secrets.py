"""Where secrets live: the system keyring, or memory for this run; never a file. Knows no window."""

from __future__ import annotations

import base64
import secrets
import threading
from typing import Any

from inspector.core.secret import Secret

_SERVICE = "session-inspector"
# Backends which keep nothing, or keep it in a file that anyone can read.
_REFUSED = ("keyring.backends.fail", "keyring.backends.null", "keyrings.alt", "keyrings.cryptfile")


class SecretStore:
    """Secrets by id. Talks to the keyring, which may take seconds: never on the GUI thread.

    Without a usable keyring (none, locked, or a plaintext one, which is refused) everything stays in memory for this
    run; `is_persistent` is then False and `trouble` says why in a sentence.
    """

    def __init__(self, *, use_keyring: bool = True) -> None:
        self._lock = threading.Lock()
        self._memory: dict[str, Secret] = {}
        self._use_keyring = use_keyring
        self._backend: Any = None
        self._is_looked_up = False
        self._trouble = "" if use_keyring else "Secrets are kept in memory for this run only."

    @property
    def is_persistent(self) -> bool:
        with self._lock:
            return self._keyring() is not None

    @property
    def trouble(self) -> str:
        with self._lock:
            self._keyring()
            return self._trouble

    def put_public(self, secret: Secret, secret_id: str) -> None:
        """Know a secret that is none, such as the demo's, in memory only; never asks the keyring."""
        with self._lock:
            self._memory[secret_id] = secret

    def put(self, secret: Secret, secret_id: str = "") -> str:
        """Keep the secret and return its id (a new random one unless given)."""
        secret_id = secret_id or secrets.token_hex(8)
        with self._lock:
            self._memory[secret_id] = secret
            keyring = self._keyring()
            if keyring is not None:
                # The name may hold anything but a line end; the bytes need not be text.
                text = base64.b64encode(secret.reveal()).decode() + "\n" + secret.name
                self._ask(lambda: keyring.set_password(_SERVICE, secret_id, text))
        return secret_id

    def get(self, secret_id: str) -> Secret | None:
        """Return the secret, None when it is not known (any more)."""
        with self._lock:
            if secret_id in self._memory:
                return self._memory[secret_id]
            keyring = self._keyring()
            text = self._ask(lambda: keyring.get_password(_SERVICE, secret_id)) if keyring is not None else None
            if not isinstance(text, str):
                return None
            coded, _, name = text.partition("\n")
            try:
                secret = Secret(base64.b64decode(coded, validate=True), name)
            except ValueError:
                return None
            self._memory[secret_id] = secret
            return secret

    def remove(self, secret_id: str) -> None:
        """Forget the secret."""
        with self._lock:
            known = self._memory.pop(secret_id, None)
            keyring = self._keyring()
            if keyring is not None and (
                known is not None or self._ask(lambda: keyring.get_password(_SERVICE, secret_id)) is not None
            ):
                self._ask(lambda: keyring.delete_password(_SERVICE, secret_id))

    def _keyring(self) -> Any:
        if self._is_looked_up or not self._use_keyring:
            return self._backend
        self._is_looked_up = True
        import keyring

        backend = keyring.get_keyring()
        inner = getattr(backend, "backends", None) or [backend]
        usable = [one for one in inner if not type(one).__module__.startswith(_REFUSED)]
        if usable:
            self._backend = usable[0]
        else:
            self._trouble = "This system has no keyring, so secrets are kept in memory for this run only."
        return self._backend

    def _ask(self, act: Any) -> Any:
        """Talk to the keyring; after a failure (locked, gone) memory is used for the rest of the run."""
        import keyring.errors

        try:
            return act()
        except keyring.errors.PasswordDeleteError:
            return None
        except (keyring.errors.KeyringError, OSError, RuntimeError):
            self._backend = None
            self._trouble = "The system keyring refused, so secrets are kept in memory for this run only."
            return None
