"""Where secrets live: the system keyring, a file sealed with a passphrase, or memory for this run. Knows no window."""

from __future__ import annotations

import base64
import contextlib
import secrets
import threading
from typing import Any, Protocol

from inspector.core.secret import Secret
from inspector.services.settings.sealed_file import SealedFile, SealedFileError

_SERVICE = "session-inspector"
# Backends which keep nothing, or keep it in a file that anyone can read.
_REFUSED = ("keyring.backends.fail", "keyring.backends.null", "keyrings.alt", "keyrings.cryptfile")


_MEMORY_ONLY = "Secrets are kept in memory for this run only."


class _Keeper(Protocol):
    """Something that keeps texts by name from one run to the next."""

    def get(self, name: str) -> str | None: ...

    def put(self, name: str, text: str) -> None: ...

    def remove(self, name: str) -> None: ...


class SecretStore:
    """Secrets by id. Talks to the keyring, which may take seconds: never on the GUI thread.

    `use_keyring`: False keeps everything in memory. `sealed`: a file to keep them in instead; it must be unlocked first.
    Without a usable place (no keyring, a locked one, a plain-text one, which is refused; a sealed file that stays locked)
    secrets are known for this run only: nothing is stored anywhere else, `is_persistent` is False and `trouble` says why.
    """

    def __init__(self, *, use_keyring: bool = True, sealed: SealedFile | None = None) -> None:
        self._lock = threading.Lock()
        self._memory: dict[str, Secret] = {}
        self._public: set[str] = set()  # which are never kept
        self._use_keyring = use_keyring and sealed is None
        self._sealed = sealed
        self._keeper: _Keeper | None = None
        self._is_looked_up = False
        self._trouble = "" if self._use_keyring or sealed is not None else _MEMORY_ONLY

    @property
    def sealed(self) -> SealedFile | None:
        """The file to be unlocked, None where secrets are kept elsewhere."""
        return self._sealed

    @property
    def is_persistent(self) -> bool:
        with self._lock:
            return self._find_keeper() is not None

    @property
    def trouble(self) -> str:
        with self._lock:
            self._find_keeper()
            return self._trouble

    def move_to(self, *, use_keyring: bool = True, sealed: SealedFile | None = None) -> None:
        """Keep secrets elsewhere from now on. Those that are known go along; the old place keeps what it has."""
        with self._lock:
            self._use_keyring = use_keyring and sealed is None
            self._sealed = sealed
            self._keeper, self._is_looked_up = None, False
            self._trouble = "" if self._use_keyring or sealed is not None else _MEMORY_ONLY
            if self._find_keeper() is not None:
                for secret_id, secret in self._memory.items():
                    if secret_id not in self._public:
                        self._keep(secret_id, secret)

    def put_for_this_run(self, secret: Secret, secret_id: str) -> None:
        """Know a secret until the program ends and keep it nowhere; never asks the keyring."""
        with self._lock:
            self._memory[secret_id] = secret
            self._public.add(secret_id)

    def put(self, secret: Secret, secret_id: str = "") -> str:
        """Keep the secret and return its id (a new random one unless given)."""
        secret_id = secret_id or secrets.token_hex(8)
        with self._lock:
            self._memory[secret_id] = secret
            self._public.discard(secret_id)
            self._keep(secret_id, secret)
        return secret_id

    def get(self, secret_id: str) -> Secret | None:
        """Return the secret, None when it is not known (any more)."""
        with self._lock:
            if secret_id in self._memory:
                return self._memory[secret_id]
            keeper = self._find_keeper()
            text = self._ask(lambda: keeper.get(secret_id)) if keeper is not None else None
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
            self._memory.pop(secret_id, None)
            keeper = self._find_keeper()
            if keeper is not None:
                self._ask(lambda: keeper.remove(secret_id))

    def _keep(self, secret_id: str, secret: Secret) -> None:
        keeper = self._find_keeper()
        if keeper is not None:
            # The name may hold anything but a line end; the bytes need not be text.
            text = base64.b64encode(secret.reveal()).decode() + "\n" + secret.name
            self._ask(lambda: keeper.put(secret_id, text))

    def _find_keeper(self) -> _Keeper | None:
        if self._sealed is not None:
            # Unlocked at any time, or never.
            if not self._sealed.is_open:
                self._trouble = f"{self._sealed.path.name} is locked. {_MEMORY_ONLY}"
                return None
            if not self._is_looked_up:
                self._keeper, self._is_looked_up, self._trouble = self._sealed, True, ""
            return self._keeper
        if not self._is_looked_up and self._use_keyring:
            self._is_looked_up = True
            self._keeper = self._ask(_find_keyring)
            if self._keeper is None and not self._trouble:
                self._trouble = f"This system has no secure keyring. {_MEMORY_ONLY}"
        return self._keeper

    def _ask(self, act: Any) -> Any:
        """Talk to the keeper; after a failure (locked, gone) memory is used for the rest of the run."""
        try:
            return act()
        except SealedFileError as error:
            self._give_up(str(error))
        except OSError as error:
            self._give_up(f"The secret store can't be used ({error.strerror}).")
        except Exception:
            # The border to the system's keyring: its backends raise whatever their bus or library raises, and the
            # text may quote what was to be kept.
            self._give_up("The system's keyring refused.")
        return None

    def _give_up(self, words: str) -> None:
        self._keeper, self._is_looked_up = None, True
        self._trouble = f"{words} {_MEMORY_ONLY}"


class _Keyring:
    """The usable backend of the system's keyring."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    def get(self, name: str) -> str | None:
        found = self._backend.get_password(_SERVICE, name)
        return found if isinstance(found, str) else None

    def put(self, name: str, text: str) -> None:
        self._backend.set_password(_SERVICE, name, text)

    def remove(self, name: str) -> None:
        import keyring.errors

        if self._backend.get_password(_SERVICE, name) is not None:
            with contextlib.suppress(keyring.errors.PasswordDeleteError):
                self._backend.delete_password(_SERVICE, name)


def _find_keyring() -> _Keyring | None:
    import keyring

    backend = keyring.get_keyring()
    inner = getattr(backend, "backends", None) or [backend]
    usable = [one for one in inner if not _is_refused(type(one))]
    return _Keyring(usable[0]) if usable else None


def _is_refused(kind: type) -> bool:
    """True for a backend, or a child of one, that keeps nothing or keeps it where anyone can read it."""
    return any(base.__module__.startswith(_REFUSED) for base in kind.__mro__)
