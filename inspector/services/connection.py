"""A profile made live: its open store, its secrets, its list."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from inspector.core.field_path import FieldPathError, parse_field_path
from inspector.core.secret import Secret
from inspector.frameworks import find_framework, user_paths
from inspector.services.catalogue.catalogue import Catalogue
from inspector.services.catalogue.text_column import MemoryLimit
from inspector.services.sessions.open_session import PLAIN, DecodeContext, UserPaths
from inspector.services.settings.command_log import CommandLog
from inspector.services.settings.profiles import Profile
from inspector.services.settings.secrets import SecretStore
from store_adapters.contract import SessionStore, StoreInfo
from store_adapters.errors import StoreRefused
from store_adapters.options import Limits
from store_adapters.registry import format_address, open_store, parse_address


@dataclass(frozen=True, slots=True)
class Connection:
    """`reading`: how its records are read; `secrets` are the ones of its cookies and of encrypted records."""

    profile: Profile
    store: SessionStore
    catalogue: Catalogue
    info: StoreInfo
    secrets: tuple[Secret, ...]
    reading: DecodeContext = PLAIN

    @property
    def can_write(self) -> bool:
        return self.store.capabilities.can_write

    @property
    def write_refusal(self) -> str:
        """Why nothing can be written; "" where it can."""
        if self.can_write:
            return ""
        reason = self.store.capabilities.write_refusal
        return f"Sessions can only be viewed here. {reason}" if reason else "This store is open read-only."


class PasswordWanted(StoreRefused):
    """The store has a password which is not known in this run: ask for it."""


def connect(
    profile: Profile,
    secrets: SecretStore,
    more: tuple[Secret, ...] = (),
    limit: MemoryLimit = MemoryLimit(),
    log: CommandLog | None = None,
) -> Connection:
    """Open the profile's store (read-only when it says so) and learn what it is. Blocks; `StoreError`.

    `more`: secrets that come before the profile's own. `limit`: of the list's memory. `log`: hears what is sent.
    `PasswordWanted`.
    """
    store = open_profile(profile, secrets, log)
    try:
        info = store.info()
    except BaseException:
        store.close()
        raise
    known = more + tuple(secret for secret in map(secrets.get, profile.secret_ids) if secret is not None)
    reading = context_of(profile, known)
    return Connection(profile, store, Catalogue(store, reading, limit), info, known, reading)


def told_framework(connection: Connection, profile: Profile) -> Connection:
    """Return the connection with its records read as the framework's that the changed profile names."""
    return replace(connection, profile=profile, reading=context_of(profile, connection.secrets))


def context_of(profile: Profile, secrets: tuple[Secret, ...]) -> DecodeContext:
    """Return how the profile's records are read."""
    told = find_framework(profile.framework)
    return DecodeContext(user_paths_of(profile) or user_paths(told), secrets, told)


def open_profile(
    profile: Profile, secrets: SecretStore, log: CommandLog | None = None, limits: Limits = Limits()
) -> SessionStore:
    """Open the profile's store alone. Blocks; `StoreError`, `PasswordWanted`."""
    check_password(profile, secrets)
    url = url_with_password(profile, secrets)
    if log is not None:
        limits = replace(limits, on_command=partial(log.note, profile.name))
    return open_store(url, read_only=profile.read_only, limits=limits)


def check_password(profile: Profile, secrets: SecretStore) -> None:
    """Refuse to go on without a password that the profile has. `PasswordWanted`."""
    if profile.password_id and secrets.get(profile.password_id) is None:
        raise PasswordWanted("The password of this store is not known in this run.", secrets.trouble)


def url_with_password(profile: Profile, secrets: SecretStore) -> str:
    """Return the profile's URL with its password, where that is known: to be opened, and neither shown nor kept."""
    password = secrets.get(profile.password_id) if profile.password_id else None
    if password is None:
        return profile.url
    address = replace(parse_address(profile.url), password=password.reveal().decode("utf-8", "surrogateescape"))
    return format_address(address, with_password=True)


def user_paths_of(profile: Profile) -> UserPaths:
    """Return the profile's own place of the user as the paths to look at; () for the usual places."""
    try:
        return (parse_field_path(profile.user_path),) if profile.user_path.strip() else ()
    except FieldPathError:
        return ()


def split_url(url: str) -> tuple[str, Secret | None]:
    """Return the URL without its password, and the password, for a profile to keep apart. `BadStoreAddress`."""
    address = parse_address(url)
    password = Secret.from_text(address.password, "password") if address.password else None
    return format_address(replace(address, password="")), password
