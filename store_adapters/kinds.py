"""What the program knows of a kind of store, as one value: its addresses, its form, its words, where its code is.

Such a value costs nothing to import: what opens a store is named ("package.module:Class.method") and imported when it is needed.
A kind that somebody else wrote is the same value, registered through `known_kinds.register`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from importlib import import_module
from typing import Any

from store_adapters.contract import Capabilities
from store_adapters.record_form import PLAIN_CLOCK, ExpiryClock, PayloadForm


class Place(Enum):
    """What follows the scheme of an address."""

    SERVER = "server"  # //user:password@host:port,…/path
    SOCKET = "socket"  # //user:password@/path
    PATH = "path"  # ///path
    NAME = "name"  # a bare name, or nothing


class Part(Enum):
    """The part of an address that a field of the form shows."""

    HOSTS = "hosts"
    USER = "user"
    PATH = "path"
    OPTION = "option"  # the option of the field's name


class Browse(Enum):
    """What a field's button chooses."""

    NOTHING = "nothing"
    FOLDER = "folder"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class FormField:
    """A line of the form in which a store is connected; fields of the same name in several kinds share one line."""

    name: str
    label: str
    part: Part
    example: str = ""
    """Shown grey while the line is empty."""
    start: str = ""
    """What stands in the line of a new store."""
    browse: Browse = Browse.NOTHING
    browse_title: str = ""
    keeps_empty: bool = False
    """An empty option is meant and written, as a prefix that lists every key."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """One spelling of a store's address: `redis://`, `rediss://`, `unix://`."""

    name: str
    example: str
    opener: str
    """What opens it: called with `(address, limits, read_only=…)`, returns a `SessionStore`."""
    place: Place = Place.SERVER
    options: frozenset[str] = frozenset()
    option_aliases: Mapping[str, str] = field(default_factory=dict)
    """How other drivers spell an option, in lower case."""
    drivers: tuple[str, ...] = ()
    """The modules that the opener imports when it connects."""
    application: str = ""
    """What opens the application's side of it for the demo server: called with `(address, limits, keeps_forever=…)`."""
    default_host: str = "localhost"
    """Where a server is meant by an address without a host; "" leaves it to the driver."""


@dataclass(frozen=True, slots=True)
class StoreKind:
    """A kind of store. `name` is short and stays the same: it stands in exports; `label` is for people."""

    name: str
    label: str
    schemes: tuple[Scheme, ...]
    """The first is the one the form writes."""
    scheme_aliases: Mapping[str, str] = field(default_factory=dict)
    fields: tuple[FormField, ...] = ()
    """The lines of its form, in order; without any it is connected by its address alone."""
    tls_scheme: str = ""
    """The scheme that the form's box for TLS switches to."""
    form: PayloadForm = PayloadForm.TEXT
    clock: ExpiryClock = PLAIN_CLOCK
    can_persist: bool = True
    unused_options: frozenset[str] = frozenset()
    """Options that are understood and change nothing here: time limits, pools and text forms are the program's own."""
    password_variable: str = ""
    """The environment variable from which its own client takes the password."""
    identify: str = ""
    """What finds out which server it is: called with the address, returns a `StoreIdentity`. Without it, the address tells."""
    survey: str = ""
    """What looks over the tables of its database: called with `(address, limits)`, returns a `Survey`. With it, the form and the
    command line offer to find the table, and the schemes take the options `table`, `schema` where a table has one, and `DESCRIBED`
    (`tables/survey.py`)."""

    def capabilities(
        self,
        *,
        write_refusal: str = "",
        can_write: bool = True,
        read_expiry: Callable[[bytes], int | None] | None = None,
        library: str = "",
        clock: ExpiryClock | None = None,
        form: PayloadForm | None = None,
    ) -> Capabilities:
        """Return what a store of this kind can do, with what only the open store knows."""
        return Capabilities(
            self.name,
            can_write=can_write and not write_refusal,
            can_persist=self.can_persist,
            read_expiry=read_expiry,
            write_refusal=write_refusal,
            library=library,
            form=form or self.form,
            clock=clock or self.clock,
        )


def load(place: str) -> Any:
    """Import and return what `place` names, as "package.module:Class.method"."""
    module, _, path = place.partition(":")
    found: Any = import_module(module)
    for name in path.split("."):
        found = getattr(found, name)
    return found
