"""Stores and preferences a person keeps, in files without any secret; knows no window and no keyring."""

from __future__ import annotations

import os
import secrets
from enum import Enum
from pathlib import Path
from typing import TypeVar

import msgspec

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


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Preferences. `theme`: "system", "light" or "dark". `list_memory_mb`: how much of the values a list keeps as they
    are; beyond, they are compressed, or with `list_drops` forgotten."""

    theme: str = "system"
    live_by_default: bool = False
    demo_prepared: bool = False
    last_store: str = ""
    default_max_age_ms: int = 86_400_000
    list_memory_mb: int = 1024
    list_drops: bool = False


class ProfileBook:
    """Profiles and settings in one folder, written atomically with a `.bak`.

    A broken file is kept aside and told in `troubles`, and the `.bak` is read in its place; nothing is overwritten.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.troubles: tuple[str, ...] = ()
        self._profiles = self._load("profiles.json", tuple[Profile, ...], ())
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
        self._save("profiles.json", self._profiles)

    def remove(self, profile_id: str) -> None:
        """Forget a profile; the store it speaks of is not touched. `OSError`."""
        self._profiles = tuple(profile for profile in self._profiles if profile.id != profile_id)
        self._save("profiles.json", self._profiles)

    def change_settings(self, settings: Settings) -> None:
        """Keep the preferences. `OSError`."""
        self._settings = settings
        self._save("settings.json", settings)

    def _load(self, name: str, kind: type[_T], default: _T) -> _T:
        path = self._folder / name
        for candidate in (path, path.with_suffix(".bak")):
            try:
                data = candidate.read_bytes()
            except FileNotFoundError:
                continue
            except OSError as error:
                self._tell(f"{candidate} cannot be read ({error.strerror}).")
                continue
            try:
                return msgspec.json.decode(data, type=kind)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                self._keep_aside(candidate)
        return default

    def _keep_aside(self, path: Path) -> None:
        aside = path.with_name(f"{path.name}.broken-{secrets.token_hex(3)}")
        try:
            path.rename(aside)
        except OSError:
            self._tell(f"{path} is damaged and could not be moved away.")
            return
        self._tell(f"{path.name} was damaged. It is kept as {aside}, and what was saved before is used.")

    def _tell(self, words: str) -> None:
        self.troubles = (*self.troubles, words)

    def _save(self, name: str, value: object) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / name
        data = msgspec.json.format(msgspec.json.encode(value), indent=2)
        fresh = path.with_name(f".{name}.{secrets.token_hex(4)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if path.exists():
                path.replace(path.with_suffix(".bak"))
            fresh.replace(path)
        except OSError:
            fresh.unlink(missing_ok=True)
            raise


def new_profile_id() -> str:
    """Return a fresh id for a profile."""
    return secrets.token_hex(8)


def default_folder() -> Path:
    """Return the platform's configuration folder for the program (SESSION_INSPECTOR_HOME overrides it)."""
    override = os.environ.get("SESSION_INSPECTOR_HOME")
    if override:
        return Path(override)
    import platformdirs

    return Path(platformdirs.user_config_dir("session-inspector", appauthor=False))
