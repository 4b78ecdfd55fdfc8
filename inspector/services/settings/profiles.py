"""Stores and preferences a person keeps, in files without any secret; knows no window and no keyring."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from pathlib import Path
from typing import TypeVar

import msgspec

from inspector.services.settings.safe_file import backup_of, narrow_mode, read_whole, sweep_leftovers, write_safely
from store_adapters.identity import family_of, identify

_T = TypeVar("_T")


class Environment(Enum):
    DEVELOPMENT = "development"
    STAGING = "staging"
    PRODUCTION = "production"


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """One store. `url` never holds a password: `password_id` and `secret_ids` name entries of the SecretStore.

    `user_path`: where this application keeps its user ("user.username"), "" for the usual places.
    `cookie_name`, `site_url`: for signed cookies and curl commands. `family`: the library whose rules hold ("express-session",
    "@fastify/session", "koa-session", "another library"), "" for what each record looks like.
    `gentle`: the list is read at half the rate; None: where the environment is production.
    """

    id: str
    name: str
    url: str
    environment: Environment = Environment.DEVELOPMENT
    read_only: bool = False
    user_path: str = ""
    cookie_name: str = "connect.sid"
    site_url: str = "http://localhost:3000/"
    family: str = ""
    gentle: bool | None = None
    password_id: str = ""
    secret_ids: tuple[str, ...] = ()

    @property
    def is_gentle(self) -> bool:
        return self.environment is Environment.PRODUCTION if self.gentle is None else self.gentle

    @property
    def is_kept_from_demo(self) -> bool:
        return self.read_only or self.environment is Environment.PRODUCTION


class SecretPlace(Enum):
    """Where secrets are kept from one run to the next."""

    KEYRING = "keyring"
    MEMORY = "memory"  # not at all
    FILE = "file"  # sealed with a passphrase


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Preferences. `theme`: "system", "light" or "dark". `list_memory_mb`: how much of the values a list keeps as they
    are; beyond, they are compressed, or with `list_drops` forgotten. `keep_history`: from one run to the next.
    `version`: of the file's form."""

    version: int = 1
    theme: str = "system"
    live_by_default: bool = False
    demo_prepared: bool = False
    last_store: str = ""
    default_max_age_ms: int = 86_400_000
    list_memory_mb: int = 1024
    list_drops: bool = False
    secret_place: SecretPlace = SecretPlace.KEYRING
    keep_history: bool = True


class _ProfileFile(msgspec.Struct, frozen=True, kw_only=True):
    version: int = 1
    profiles: tuple[Profile, ...] = ()


class _Version(msgspec.Struct, frozen=True):
    version: int = 1


_VERSION = 1
_ASKED_AT_ONCE = 16


class ProfileBook:
    """Profiles and settings in one folder, written atomically with a `.bak`.

    A broken file is kept aside and told in `troubles`, and the `.bak` is read in its place. A file of a newer version of
    the program, or one that cannot be read, stays as it is: what is changed in this run is then not kept, and `OSError`
    says so. Nothing that was not understood is ever overwritten.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._locked: dict[str, str] = {}
        self.troubles: tuple[str, ...] = ()
        self._profiles = self._load("profiles.json", _ProfileFile, _ProfileFile()).profiles
        self._settings = self._load("settings.json", Settings, Settings())

    @property
    def folder(self) -> Path:
        return self._folder

    @property
    def profiles(self) -> tuple[Profile, ...]:
        return self._profiles

    @property
    def settings(self) -> Settings:
        return self._settings

    def find(self, name_or_id: str) -> Profile | None:
        """Return the profile of that id, else the one of that name; None when there is none."""
        by_id = (profile for profile in self._profiles if profile.id == name_or_id)
        by_name = (profile for profile in self._profiles if profile.name == name_or_id)
        return next(by_id, None) or next(by_name, None)

    def put(self, profile: Profile) -> None:
        """Add the profile or replace the one with its id, and save. `OSError`."""
        if any(known.id == profile.id for known in self._profiles):
            self._profiles = tuple(profile if known.id == profile.id else known for known in self._profiles)
        else:
            self._profiles = (*self._profiles, profile)
        self._save_profiles()

    def remove(self, profile_id: str) -> None:
        """Forget a profile; the store it speaks of is not touched. `OSError`."""
        self._profiles = tuple(profile for profile in self._profiles if profile.id != profile_id)
        self._save_profiles()

    def change_settings(self, settings: Settings) -> None:
        """Keep the preferences. `OSError`."""
        self._settings = settings
        self._save("settings.json", settings)

    def remember_store(self, profile_id: str) -> None:
        """Keep which store was shown last, at once: the next start shows it after a crash as well. Where it cannot be written,
        the next start shows another one."""
        if profile_id != self._settings.last_store:
            with contextlib.suppress(OSError):
                self.change_settings(msgspec.structs.replace(self._settings, last_store=profile_id))

    def _load(self, name: str, kind: type[_T], default: _T) -> _T:
        path = self._folder / name
        sweep_leftovers(self._folder, name)
        for candidate in (path, backup_of(path)):
            try:
                data = read_whole(candidate)
            except FileNotFoundError:
                continue
            except OSError as error:
                self._lock(name, f"{candidate} cannot be read ({error.strerror}). It is left as it is.")
                continue
            if narrow_mode(candidate):
                self._tell(f"{candidate} could be read or changed by other users. It is for you alone now.")
            try:
                return _decode(data, kind)
            except _Newer:
                words = f"{candidate} was written by a newer version of this program. It is left as it is."
                self._lock(name, words)
                return default
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                self._keep_aside(candidate, name)
        return default

    def _keep_aside(self, path: Path, name: str) -> None:
        aside = path.with_name(f"{path.name}.broken-{secrets.token_hex(3)}")
        try:
            path.rename(aside)
        except OSError:
            self._lock(name, f"{path} is damaged and could not be moved away. It is left as it is.")
            return
        self._tell(f"{path.name} was damaged. It is kept as {aside}, and what was saved before is used.")

    def _lock(self, name: str, words: str) -> None:
        self._locked[name] = words
        self._tell(f"{words} What you change in this run is not kept.")

    def _tell(self, words: str) -> None:
        self.troubles = (*self.troubles, words)

    def _save_profiles(self) -> None:
        self._save("profiles.json", _ProfileFile(profiles=self._profiles))

    def _save(self, name: str, value: object) -> None:
        if name in self._locked:
            raise OSError(errno.EPERM, "the file there was not understood and is left as it is")
        data = msgspec.json.format(msgspec.json.encode(value), indent=2)
        write_safely(self._folder / name, data)


class _Newer(Exception):
    """The file says that it is of a later form than this program knows."""


def _decode(data: bytes, kind: type[_T]) -> _T:
    if kind is _ProfileFile and data.lstrip().startswith(b"["):
        # The form of 0.1: the profiles alone.
        data = b'{"profiles":' + data + b"}"
    if msgspec.json.decode(data, type=_Version).version > _VERSION:
        raise _Newer
    return msgspec.json.decode(data, type=kind)


def guard_from_demo(
    profiles: Iterable[Profile], url: str, url_of: Callable[[Profile], str] = lambda one: one.url
) -> str:
    """Return why the demo server may not write to the store at `url`, "" when it may. Asks the servers: blocks for seconds.

    It writes without asking, as applications do: never into a store that one of the profiles calls production or read-only,
    whatever its address there. `url_of`: a profile's address with its password, without which a server may not say who it is.
    """
    profiles, family = tuple(profiles), family_of(url)
    marked = [one for one in profiles if one.is_kept_from_demo and family and family_of(one.url) == family]
    if not marked:
        return ""
    with ThreadPoolExecutor(_ASKED_AT_ONCE) as pool:
        own = next((one for one in profiles if one.url == url), None)
        found = pool.submit(identify, url if own is None else url_of(own))
        others = list(pool.map(lambda one: identify(url_of(one)), marked))
        same = [profile for profile, other in zip(marked, others, strict=True) if found.result().is_same(other)]
    if not same:
        return ""
    word = "production" if same[0].environment is Environment.PRODUCTION else "read-only"
    return f"{same[0].name} is marked as {word}: the demo server does not write there."


def new_profile_id() -> str:
    """Return a fresh id for a profile."""
    return secrets.token_hex(8)


def sealed_path(folder: Path) -> Path:
    """Return where the secrets are, when they are kept in a sealed file."""
    return folder / "secrets.sealed"


def default_folder() -> Path:
    """Return the platform's configuration folder for the program (SESSION_INSPECTOR_HOME overrides it)."""
    override = os.environ.get("SESSION_INSPECTOR_HOME")
    if override:
        return Path(override)
    import platformdirs

    return Path(platformdirs.user_config_dir("session-inspector", appauthor=False))
