"""From what the command line says to an open store and its secrets; prints nothing."""

from __future__ import annotations

import getpass
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from inspector.cli._output import BadUsage, FileTrouble
from inspector.core.secret import Secret
from inspector.services.connection import Connection, connect, split_url
from inspector.services.settings.command_log import CommandLog
from inspector.services.settings.profiles import Profile, ProfileBook, SecretPlace, default_folder, sealed_path
from inspector.services.settings.sealed_file import SealedFile, SealedFileError
from inspector.services.settings.secrets import SecretStore
from store_adapters.errors import BadStoreAddress
from store_adapters.known_kinds import kind_of_scheme
from store_adapters.registry import parse_address

_SECRET_BYTES = 64 * 1024
_PASSWORD = "password-"


@contextmanager
def opened(
    store: str, secret_sources: Sequence[tuple[str, str]] = (), log: CommandLog | None = None
) -> Iterator[Connection]:
    """Open a store by URL or by a profile's name, and close it afterwards. `BadStoreAddress`, `StoreError`.

    `secret_sources`: variables and files with the store's password, and with the secrets that open encrypted records.
    `log`: hears what is sent.
    """
    more = read_secrets(secret_sources)
    profile, secrets = find_store(store, secret_sources)
    connection = connect(profile, secrets, more, log=log)
    try:
        yield connection
    finally:
        connection.store.close()


def known_profiles() -> tuple[Profile, ...]:
    """Return the stores that are kept in the window."""
    return ProfileBook(default_folder()).profiles


def find_store(store: str, secret_sources: Sequence[tuple[str, str]] = ()) -> tuple[Profile, SecretStore]:
    """Return the profile for a URL or a name, with the secrets it speaks of; a password that is given comes first."""
    given = read_password(secret_sources)
    book = ProfileBook(default_folder())
    known = None if "://" in store else book.find(store)
    if known is not None:
        if given is None:
            return known, open_secrets(book)
        secrets = SecretStore(use_keyring=False)
        return msgspec.structs.replace(known, password_id=secrets.put(given), secret_ids=()), secrets
    if re.fullmatch(r"[^:/\\,~@]*", store) and not store.startswith((".", "redis-cli ", "valkey-cli ", "mongosh ")):
        raise BadUsage(
            f"There's no profile named {store}. Give a profile's name or a URL such as redis://localhost:6379/0"
        )
    url, password = split_url(store)
    password = given or password or _password_around(url)
    secrets = SecretStore(use_keyring=False)
    password_id = secrets.put(password) if password is not None else ""
    return Profile(id="command-line", name=url.partition("?")[0], url=url, password_id=password_id), secrets


def read_password(sources: Sequence[tuple[str, str]]) -> Secret | None:
    """Return the store's password from the variable or the file that was named last, None where none was."""
    named = [(kind.removeprefix(_PASSWORD), name) for kind, name in sources if kind.startswith(_PASSWORD)]
    if not named:
        return None
    secret = _read_secret(*named[-1])
    # An editor ends a file with a line feed, and a password holds none.
    return Secret(secret.reveal().rstrip(b"\r\n"), "password")


def _password_around(url: str) -> Secret | None:
    """Return the password that the store's own client would take."""
    name = kind_of_scheme(parse_address(url).scheme).password_variable
    text = os.environ.get(name, "") if name else ""
    return Secret.from_text(text, name) if text else None


def holds_password(store: str) -> bool:
    """True where an argument holds a password, which other users of this machine can read there."""
    try:
        return split_url(store)[1] is not None
    except BadStoreAddress:
        return False


def kept_secrets() -> SecretStore:
    """Return the secrets of the window that need no passphrase."""
    place = ProfileBook(default_folder()).settings.secret_place
    return SecretStore(use_keyring=place is SecretPlace.KEYRING)


def open_secrets(book: ProfileBook) -> SecretStore:
    """Return where the window keeps secrets too; the passphrase of a sealed file is asked for. `BadUsage`."""
    if book.settings.secret_place is not SecretPlace.FILE:
        return SecretStore(use_keyring=book.settings.secret_place is SecretPlace.KEYRING)
    sealed = SealedFile(sealed_path(book.folder))
    if sealed.exists:
        if not sys.stdin.isatty():
            raise BadUsage("The secrets are in a sealed file: run this in a terminal, or give them with --secret-env.")
        try:
            sealed.unlock(getpass.getpass("Passphrase for the secrets: "))
        except SealedFileError as error:
            raise BadUsage(str(error)) from None
    return SecretStore(sealed=sealed)


def read_secrets(sources: Sequence[tuple[str, str]], store: str = "") -> tuple[Secret, ...]:
    """Return the secrets from variables and files, in order, then those of a profile. Files keep every byte."""
    found = [_read_secret(kind, name) for kind, name in sources if not kind.startswith(_PASSWORD)]
    if store:
        profile, secrets = find_store(store)
        found += [secret for secret in map(secrets.get, profile.secret_ids) if secret is not None]
    return tuple(found)


def _read_secret(kind: str, name: str) -> Secret:
    if kind == "env":
        text = os.environ.get(name)
        if text is None:
            raise BadUsage(f"The environment variable {name} is not set.")
        return Secret.from_text(text, name)
    try:
        with Path(name).open("rb") as file:
            data = file.read(_SECRET_BYTES + 1)
    except OSError as error:
        raise FileTrouble(f"The secret file {name} cannot be read: {error.strerror}.") from None
    if len(data) > _SECRET_BYTES:
        raise BadUsage(f"The secret file {name} is larger than 64 KB.")
    return Secret(data, Path(name).name)
