"""Stores and preferences a person keeps, in files without any secret."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from inspector.services.settings.safe_file import (
    backup_of,
    locked,
    narrow_mode,
    read_whole,
    sweep_leftovers,
    write_safely,
)
from store_adapters.identity import family_of, identify

_T = TypeVar("_T")
_S = TypeVar("_S", bound=msgspec.Struct)


class Environment(Enum):
    DEVELOPMENT = "development"
    STAGING = "staging"
    PRODUCTION = "production"


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """One store. `url` never holds a password: `password_id` and `secret_ids` name entries of the SecretStore.

    `user_path`: where this application keeps its user ("user.username"), "" for the usual places.
    `cookie_name`, `site_url`: for signed cookies and curl commands. `framework`: whose rules hold, by its name ("express-session",
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
    framework: str = msgspec.field(default="", name="family")
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
    `plugins`: packages of others are loaded at the start. `version`: of the file's form."""

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
    plugins: bool = False


class ProfileFile(msgspec.Struct, frozen=True, kw_only=True):
    version: int = 1
    profiles: tuple[Profile, ...] = ()


class _Version(msgspec.Struct, frozen=True):
    version: int = 1


_VERSION = 1
_ASKED_AT_ONCE = 16
_PROFILES, _SETTINGS = "profiles.json", "settings.json"
_DAMAGED = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


@dataclass(frozen=True, slots=True)
class BookContents:
    """What the files held when they were read. `writes`: how often this book had written by then."""

    profiles: tuple[Profile, ...]
    settings: Settings
    writes: int


class ProfileBook:
    """Profiles and settings in one folder, written atomically with a `.bak`.

    Other windows write the same files. Each change is made to what is there at that moment, under a lock, field by field, and what
    others have changed meanwhile is known from then on; `read_again` and `take` learn of it without a change.

    A broken file is kept aside and told in `troubles`, and the `.bak` is read in its place. A file of a newer version of
    the program, or one that cannot be read, stays as it is: what is changed in this run is then not kept, and `OSError`
    says so. Nothing that was not understood is ever overwritten.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._locked: dict[str, str] = {}
        self._writes = 0
        self.troubles: tuple[str, ...] = ()
        self._profiles = self._load(_PROFILES, ProfileFile, ProfileFile()).profiles
        self._settings = self._load(_SETTINGS, Settings, Settings())

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
        known = next((one for one in self._profiles if one.id == profile.id), None)
        self._profiles = _with_profile(self._profiles, profile)

        def change(there: ProfileFile) -> ProfileFile:
            theirs = next((one for one in there.profiles if one.id == profile.id), None)
            mine = profile if known is None or theirs is None else _merge_fields(known, profile, theirs)
            return replace(there, profiles=_with_profile(there.profiles, mine))

        self._change_profiles(change)

    def remove(self, profile_id: str) -> None:
        """Forget a profile; the store it speaks of is not touched. `OSError`."""
        self._profiles = _without_profile(self._profiles, profile_id)
        self._change_profiles(lambda there: replace(there, profiles=_without_profile(there.profiles, profile_id)))

    def change_settings(self, settings: Settings) -> None:
        """Keep the preferences that differ from those known. `OSError`."""
        known, self._settings = self._settings, settings
        self._settings = self._rewrite(
            _SETTINGS, Settings, lambda there: _merge_fields(known, settings, there), settings
        )

    def read_again(self) -> BookContents | None:
        """Return what the files hold now, None when they cannot be understood at this moment. Changes nothing; any thread."""
        writes = self._writes
        try:
            profiles, settings = self._read(_PROFILES, ProfileFile), self._read(_SETTINGS, Settings)
        except (OSError, _Newer, *_DAMAGED):
            return None
        kept = self._profiles if profiles is None else profiles.profiles
        return BookContents(kept, settings or self._settings, writes)

    def take(self, found: BookContents) -> bool:
        """Know what `read_again` found from now on; False when it is nothing new, or older than what this book wrote."""
        if found.writes != self._writes or (found.profiles, found.settings) == (self._profiles, self._settings):
            return False
        self._profiles, self._settings = found.profiles, found.settings
        return True

    def remember_store(self, profile_id: str) -> None:
        """Keep which store was shown last, at once: the next start shows it after a crash as well. Where it cannot be written,
        the next start shows another one."""
        if profile_id != self._settings.last_store:
            with contextlib.suppress(OSError):
                self.change_settings(replace(self._settings, last_store=profile_id))

    def _load(self, name: str, kind: type[_T], default: _T) -> _T:
        path = self._folder / name
        sweep_leftovers(self._folder, name)
        for candidate in (path, backup_of(path)):
            try:
                data = read_whole(candidate)
            except FileNotFoundError:
                continue
            except OSError as error:
                self._lock(name, f"{candidate} cannot be read ({error.strerror}). It is left unchanged.")
                continue
            if narrow_mode(candidate):
                self._tell(f"{candidate} could be read or changed by other users. Now only you can access it.")
            try:
                return _decode(data, kind)
            except _Newer:
                words = f"{candidate} was written by a newer version of this program. It is left unchanged."
                self._lock(name, words)
                return default
            except _DAMAGED:
                self._keep_aside(candidate, name)
        return default

    def _keep_aside(self, path: Path, name: str) -> None:
        aside = path.with_name(f"{path.name}.broken-{secrets.token_hex(3)}")
        try:
            path.rename(aside)
        except OSError:
            self._lock(name, f"{path} is damaged and couldn't be moved aside. It is left unchanged.")
            return
        self._tell(f"{path.name} was damaged. It's kept as {aside}; the previous version is used.")

    def _lock(self, name: str, words: str) -> None:
        self._locked[name] = words
        self._tell(f"{words} Changes you make in this run aren't saved.")

    def _tell(self, words: str) -> None:
        self.troubles = (*self.troubles, words)

    def _change_profiles(self, change: Callable[[ProfileFile], ProfileFile]) -> None:
        mine = ProfileFile(profiles=self._profiles)
        self._profiles = self._rewrite(_PROFILES, ProfileFile, change, mine).profiles

    def _rewrite(self, name: str, kind: type[_T], change: Callable[[_T], _T], mine: _T) -> _T:
        """Make the change to what is in the file now, write it and return it; where nothing is there, write `mine`."""
        self._check_understood(name)
        with locked(self._folder / name):
            there = self._read_or_keep_aside(name, kind)
            value = mine if there is None else change(there)
            write_safely(self._folder / name, msgspec.json.format(msgspec.json.encode(value), indent=2))
            self._writes += 1
        return value

    def _read(self, name: str, kind: type[_T]) -> _T | None:
        try:
            return _decode(read_whole(self._folder / name), kind)
        except FileNotFoundError:
            return None

    def _read_or_keep_aside(self, name: str, kind: type[_T]) -> _T | None:
        path = self._folder / name
        try:
            return self._read(name, kind)
        except _Newer:
            self._lock(name, f"{path} was written by a newer version of this program. It is left unchanged.")
        except _DAMAGED:
            self._keep_aside(path, name)
        self._check_understood(name)
        return None

    def _check_understood(self, name: str) -> None:
        if name in self._locked:
            raise OSError(errno.EPERM, "the existing file wasn't recognised and is left unchanged")


def _with_profile(profiles: tuple[Profile, ...], profile: Profile) -> tuple[Profile, ...]:
    if any(known.id == profile.id for known in profiles):
        return tuple(profile if known.id == profile.id else known for known in profiles)
    return (*profiles, profile)


def _without_profile(profiles: tuple[Profile, ...], profile_id: str) -> tuple[Profile, ...]:
    return tuple(profile for profile in profiles if profile.id != profile_id)


def _merge_fields(base: _S, mine: _S, theirs: _S) -> _S:
    """Return `theirs` with the fields that were changed from `base` to `mine`; of a list, what was added and taken away."""
    changes: dict[str, object] = {}
    for name in mine.__struct_fields__:
        was, wanted, there = getattr(base, name), getattr(mine, name), getattr(theirs, name)
        if wanted == was:
            continue
        if isinstance(wanted, tuple):
            kept = tuple(one for one in there if one in wanted or one not in was)
            wanted = (*kept, *(one for one in wanted if one not in was and one not in kept))
        changes[name] = wanted
    return replace(theirs, **changes)


class _Newer(Exception):
    """The file says that it is of a later form than this program knows."""


def _decode(data: bytes, kind: type[_T]) -> _T:
    if kind is ProfileFile and data.lstrip().startswith(b"["):
        # The form of 0.1: the profiles alone.
        data = b'{"profiles":' + data + b"}"
    if msgspec.json.decode(data, type=_Version).version > _VERSION:
        raise _Newer
    return msgspec.json.decode(data, type=kind)


def guard_from_demo(
    profiles: Iterable[Profile], url: str, url_of: Callable[[Profile], str] = lambda one: one.url
) -> str:
    """Return why the demo server must not write to the store at `url`, "" when it may. Asks the servers: blocks for seconds.

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
    return f"{same[0].name} is marked as {word}: the demo server doesn't write there."


def new_profile_id() -> str:
    """Return a fresh id for a profile."""
    return secrets.token_hex(8)


def sealed_path(folder: Path) -> Path:
    """Return where the secrets are, when they are kept in a sealed file."""
    return folder / "secrets.sealed"


def default_data_folder() -> Path:
    """Return the platform's data folder for the program, where the demo keeps its files (SESSION_INSPECTOR_HOME overrides it)."""
    override = os.environ.get("SESSION_INSPECTOR_HOME")
    if override:
        return Path(override)
    import platformdirs

    return Path(platformdirs.user_data_dir("session-inspector", appauthor=False))


def default_folder() -> Path:
    """Return the platform's configuration folder for the program (SESSION_INSPECTOR_HOME overrides it)."""
    override = os.environ.get("SESSION_INSPECTOR_HOME")
    if override:
        return Path(override)
    import platformdirs

    return Path(platformdirs.user_config_dir("session-inspector", appauthor=False))
