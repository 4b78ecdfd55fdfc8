"""Stores and preferences a person keeps, in files without any secret; knows no window and no keyring."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

import msgspec


class Environment(Enum):
    DEVELOPMENT = "development"
    STAGING = "staging"
    PRODUCTION = "production"


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """One store. `url` never holds a password: `password_id` and `secret_ids` name entries of the SecretStore.

    `user_path`: where this application keeps its user ("user.username"), "" for the usual places.
    `cookie_name`, `site_url`: for signed cookies and curl commands.
    """

    id: str
    name: str
    url: str
    environment: Environment = Environment.DEVELOPMENT
    read_only: bool = False
    user_path: str = ""
    cookie_name: str = "connect.sid"
    site_url: str = "http://localhost:3000/"
    password_id: str = ""
    secret_ids: tuple[str, ...] = ()


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Preferences. `theme`: "system", "light" or "dark"."""

    theme: str = "system"
    live_by_default: bool = False
    demo_prepared: bool = False
    last_store: str = ""
    default_max_age_ms: int = 86_400_000


class ProfileBook:
    """Profiles and settings in one folder, written atomically with a `.bak`; a broken file is kept and told, never overwritten.

    `troubles` are sentences about files that could not be read.
    """

    troubles: tuple[str, ...]

    def __init__(self, folder: Path) -> None:
        raise NotImplementedError

    @property
    def profiles(self) -> tuple[Profile, ...]:
        raise NotImplementedError

    @property
    def settings(self) -> Settings:
        raise NotImplementedError

    def find(self, name_or_id: str) -> Profile | None:
        raise NotImplementedError

    def put(self, profile: Profile) -> None:
        """Add the profile or replace the one with its id, and save."""
        raise NotImplementedError

    def remove(self, profile_id: str) -> None:
        raise NotImplementedError

    def change_settings(self, settings: Settings) -> None:
        raise NotImplementedError


def default_folder() -> Path:
    """Return the platform's configuration folder for the program (SESSION_INSPECTOR_HOME overrides it)."""
    raise NotImplementedError
